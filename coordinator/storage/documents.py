"""The milestone and the alignment document: what engineers intend, what agents report, what engineers say to it.

`alignment.md` is append-only. Each agent's summary is a section of its own, its text quoted line by line so that
nothing in it can pass for a heading; the engineer's steering stands below the summary that it steers.
"""

from collections.abc import Callable, Mapping

from coordinator.errors import CoordError, StalePlan
from coordinator.formats.alignment import ALIGNMENT_START, _encoded, _heading, add_summary
from coordinator.formats.flat_yaml import Nested
from coordinator.formats.frontmatter import parse, patch
from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any
from coordinator.model.problem import Problem
from coordinator.model.settings import Budget
from coordinator.model.snapshot import Milestone
from coordinator.storage.files import NotAFile, TooLarge, read_limited, sha256, write_atomic
from coordinator.storage.paths import Layout

LIMIT = 16 * 1024 * 1024
"""Bytes of a document."""
HANDOVER = "-handover"
"""What the name of a milestone's hand-over page ends in, and no id does."""
MILESTONE_STATUSES = ("open", "done", "stuck")

_TRIES = 50
_ID = regex.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DOLLARS = regex.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def examine_milestone(layout: Layout) -> tuple[Milestone, Problem | None]:
    """The milestone, and what is wrong with its file."""
    shown, untitled = layout.rel(layout.milestone), Milestone("Untitled milestone")
    try:
        data = read_limited(layout.milestone, LIMIT)
    except FileNotFoundError:
        return untitled, None
    except (OSError, CoordError) as error:
        message = error.message if isinstance(error, CoordError) else (error.strerror or "unreadable").lower()
        return untitled, Problem(shown, 0, "unreadable", message, "check the file and its permissions")
    return read_milestone(data, shown)


def read_milestone(data: bytes, shown: str) -> tuple[Milestone, Problem | None]:
    """The milestone that a file tells of, and what is wrong with it; `shown` is what the file is called."""
    untitled = Milestone("Untitled milestone")
    front = parse(data, shown)
    if isinstance(front, Problem):
        return untitled, front
    title, status = (front.values.get(key, "") for key in ("title", "status"))
    if not isinstance(title, str) or isinstance(title, Nested):
        return untitled, Problem(shown, front.lines["title"], "bad-value", "title: not a text", "write one text")
    made = Milestone(" ".join(title.split()) or untitled.title, status if status in MILESTONE_STATUSES else "open")
    if status and status not in MILESTONE_STATUSES:
        allowed = ", ".join(MILESTONE_STATUSES)
        return made, Problem(shown, front.lines["status"], "bad-status", f"status: not one of {allowed}", "correct it")
    for key, (read, allowed) in _KEYS.items():
        value = front.values.get(key, "")
        try:
            made = replace(made, **{key: read(value if isinstance(value, str) else "[]")}) if value else made
        except ValueError:
            return made, Problem(
                shown, front.lines[key], f"bad-{key.replace('_', '-')}", f"{key}: not {allowed}", "correct it"
            )
    return made, None


def is_milestone_id(text: str) -> bool:
    """Whether it can name a milestone, and the file that keeps it."""
    return bool(_ID.fullmatch(text)) and not text.casefold().endswith(HANDOVER)


def _id(text: str) -> str:
    if not is_milestone_id(text):
        raise ValueError(text)
    return text


def _flag(text: str) -> bool:
    if text not in ("true", "yes", "on", "false", "no", "off"):
        raise ValueError(text)
    return text in ("true", "yes", "on")


def _plans(text: str) -> str:
    if text not in ("first", "all", "auto"):
        raise ValueError(text)
    return text


def _budget(text: str) -> Budget:
    if text == "none":
        return Budget()
    if not _DOLLARS.fullmatch(text) or not float(text):
        raise ValueError(text)
    return Budget(cost_usd=float(text))


_KEYS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "id": (_id, f"a name of letters, digits, - and _ that does not end in {HANDOVER}"),
    "iterate": (_flag, "true or false"),
    "budget": (_budget, "an amount of US dollars, or none"),
    "planner_plans": (_plans, "first, all or auto"),
}
"""What else its frontmatter may hold: how it is read, and what it has to be."""


def write_status(layout: Layout, status: str) -> bool:
    """Write the milestone's status into its file, and nothing else; False when that can't be done, and it stays."""
    for _ in range(_TRIES):
        try:
            before = read_limited(layout.milestone, LIMIT)
            after = patch(before, {"status": status})
            if after != before:
                write_atomic(layout.milestone, after, expect=sha256(before))
        except StalePlan:
            continue  # an engineer saved it meanwhile
        except (OSError, CoordError):
            return False
        return True
    return False


def append_summary(layout: Layout, *, number: int, agent: str, text: str, at: str, outcome: str = "done") -> None:
    """Append an agent's summary to `alignment.md`, once, durable, whoever else appends at the same time."""
    heading = _encoded(_heading(number, agent, at, outcome))

    def change(before: bytes) -> bytes:
        known = heading in before.splitlines()
        return before if known else add_summary(before, number=number, agent=agent, text=text, at=at, outcome=outcome)

    _change_alignment(layout, change)


def alignment_problem(layout: Layout) -> Problem | None:
    """Why no summary could be written into the alignment document; None where it can, and where it is not there yet."""
    shown = layout.rel(layout.alignment)
    try:
        read_limited(layout.alignment, LIMIT)
    except FileNotFoundError:
        return None
    except (NotAFile, TooLarge, OSError) as error:
        small = isinstance(error, TooLarge)
        reason = "is too large" if small else "is no file" if isinstance(error, NotAFile) else "can't be read"
        message = f"{reason}: what agents hand off is on the log, and can't be written there"
        remedy = "move it away: it is begun anew" if not isinstance(error, PermissionError) else "check its permissions"
        return Problem(shown, 0, "bad-alignment", message, remedy)
    return None


def _change_alignment(layout: Layout, change: Callable[[bytes], bytes]) -> None:
    for attempt in range(_TRIES):
        try:
            before: bytes | None = read_limited(layout.alignment, LIMIT)
        except FileNotFoundError:
            before = None
        except (TooLarge, NotAFile):
            raise
        except OSError as error:
            reason = (error.strerror or "unreadable").lower()
            raise CoordError(f"can't read {layout.rel(layout.alignment)}: {reason}", "check its permissions") from error
        after = change(ALIGNMENT_START if before is None else before)
        if after == before:
            return
        try:
            write_atomic(layout.alignment, after, expect=None if before is None else sha256(before))
        except StalePlan:
            if attempt == _TRIES - 1:
                raise
            continue
        return
