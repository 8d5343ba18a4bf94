"""The milestone and the alignment document: what engineers intend, what agents report, what engineers say to it.

`alignment.md` is append-only. Each agent's summary is a section of its own, its text quoted line by line so that
nothing in it can pass for a heading; the engineer's steering stands below the summary that it steers.
"""

from collections.abc import Callable

from coordinator.errors import CoordError, StalePlan
from coordinator.formats.alignment import ALIGNMENT_START, _encoded, _heading, add_summary
from coordinator.formats.flat_yaml import Nested
from coordinator.formats.frontmatter import parse, patch
from coordinator.model.problem import Problem
from coordinator.model.snapshot import Milestone
from coordinator.storage.files import NotAFile, TooLarge, read_limited, sha256, write_atomic
from coordinator.storage.paths import Layout

LIMIT = 16 * 1024 * 1024
"""Bytes of a document."""
MILESTONE_STATUSES = ("open", "done", "stuck")

_TRIES = 50


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
    return made, None


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
