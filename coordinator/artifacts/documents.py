"""The milestone and the alignment document: what engineers intend, what agents report, what engineers say to it.

`alignment.md` is append-only. Each agent's summary is a section of its own, its text quoted line by line so that
nothing in it can pass for a heading; the engineer's steering stands below the summary that it steers.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from coordinator.artifacts.files import NotAFile, TooLarge, read_limited, sha256, write_atomic
from coordinator.artifacts.flat import Nested
from coordinator.artifacts.frontmatter import parse, patch
from coordinator.artifacts.paths import Layout
from coordinator.errors import CoordError, StalePlan
from coordinator.model.problem import Problem
from coordinator.model.snapshot import Milestone
from coordinator.model.text import plain, plain_lines
from coordinator.redaction import redact

LIMIT = 16 * 1024 * 1024
"""Bytes of a document."""
ALIGNMENT_START = b"""\
# Alignment

What agents report, each report followed by what the engineer says to it. Append-only.
"""
MILESTONE_STATUSES = ("open", "done", "stuck")

_SECTION = re.compile(r"^## (?:Prompt 0*(\d{1,9})\b)?.*$", re.MULTILINE)
_WHOLE = "## Milestone"
"""Heading of what concerns no prompt in particular."""
_TRIES = 50


def read_milestone(layout: Layout) -> Milestone:
    """The milestone's title and status; an unreadable file gives what can be told."""
    return examine_milestone(layout)[0]


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


def add_summary(document: bytes, *, number: int, agent: str, text: str, at: str, outcome: str = "done") -> bytes:
    """The alignment document with an agent's summary appended; an `outcome` other than `done` is named."""
    newline, current = _decoded(document)
    quoted = newline.join(f"> {line}".rstrip() for line in plain_lines(redact(text.strip())))
    heading = _heading(number, agent, at, outcome)
    return _encoded(_joined(current, f"{heading}{newline * 2}{quoted}", newline))


def _heading(number: int, agent: str, at: str, outcome: str) -> str:
    came = "" if outcome == "done" else f" · {plain(outcome)}"
    return f"## Prompt {number:02d} · {plain(agent)} · {plain(at)}{came}"


def add_steering(document: bytes, *, number: int | None, text: str, who: str, at: str) -> bytes:
    """The alignment document with an engineer's words below the newest summary of the prompt.

    A prompt that has no summary yet gets a section of its own; so does the milestone as a whole (`number` None).
    """
    newline, current = _decoded(document)
    words = newline.join(_no_heading(line) for line in plain_lines(redact(text.strip())))
    steering = f"### Steering by {plain(who) or 'the engineer'} · {plain(at)}{newline * 2}{words}"
    title = _WHOLE if number is None else f"## Prompt {number:02d}"
    sections = [section for section in _sections(current) if section.number == number]
    if number is None:
        sections = [
            section for section in sections if current.startswith((_WHOLE + "\n", _WHOLE + "\r"), section.start)
        ]
    if not sections:
        return _encoded(_joined(current, f"{title}{newline * 2}{steering}", newline))
    end = sections[-1].end
    rest = current[end:]
    above = _joined(current[:end], steering, newline)
    return _encoded(above + (newline + rest if rest else ""))


def summaries(document: bytes, number: int) -> list[str]:
    """The sections about a prompt, oldest first, each with the steering below it."""
    _, current = _decoded(document)
    return [current[s.start : s.end].strip() for s in _sections(current) if s.number == number]


def append_summary(layout: Layout, *, number: int, agent: str, text: str, at: str, outcome: str = "done") -> None:
    """Append an agent's summary to `alignment.md`, once, durable, whoever else appends at the same time."""
    heading = _encoded(_heading(number, agent, at, outcome))

    def change(before: bytes) -> bytes:
        known = heading in before.splitlines()
        return before if known else add_summary(before, number=number, agent=agent, text=text, at=at, outcome=outcome)

    _change_alignment(layout, change)


def append_steering(layout: Layout, *, number: int | None, text: str, who: str, at: str) -> None:
    """Append an engineer's words to `alignment.md` below the summary that they steer, durable."""
    _change_alignment(layout, lambda before: add_steering(before, number=number, text=text, who=who, at=at))


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


class _Section(NamedTuple):
    number: int | None
    start: int
    end: int


def _sections(text: str) -> Iterator[_Section]:
    """Everything from one heading of the second level to the next."""
    found = list(_SECTION.finditer(text))
    for place, match in enumerate(found):
        end = found[place + 1].start() if place + 1 < len(found) else len(text)
        yield _Section(int(match[1]) if match[1] else None, match.start(), end)


def _joined(text: str, block: str, newline: str) -> str:
    """A block after a text, one blank line between them, a line break at the end."""
    if not text:
        return block + newline
    gap = "" if text.endswith(newline * 2) else newline if text.endswith(newline) else newline * 2
    return text + gap + block + newline


def _no_heading(line: str) -> str:
    stripped = line.lstrip(" ")
    return line[: len(line) - len(stripped)] + "\\" + stripped if stripped.startswith("#") else line.rstrip()


def _decoded(document: bytes) -> tuple[str, str]:
    """Line ending and text; bytes that are no UTF-8 survive the way there and back."""
    return "\r\n" if b"\r\n" in document else "\n", document.decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
