"""The alignment document as text: what agents report, and below each report what the engineer says to it."""

import re
from collections.abc import Iterator

from coordinator.lazy import regex
from coordinator.lazy.typing import NamedTuple
from coordinator.model.saying import Saying
from coordinator.model.text import plain, plain_lines
from coordinator.secrets.redaction import redact

ALIGNMENT_START = b"""\
# Alignment

What agents report, each report followed by what the engineer says to it. Append-only.
"""


_SECTION = regex.compile(r"^## (?:Prompt 0*(\d{1,9})\b)?.*$", re.MULTILINE)


_STEERING = regex.compile(r"^### Steering by (.+?)(?: · (\S+))?[ \t]*$", re.MULTILINE)


_WHOLE = "## Milestone"
"""Heading of what concerns no prompt in particular."""


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


def engineers_words(document: bytes) -> list[Saying]:
    """What the engineer says, in the order in which it stands: steering, and whatever else no agent is quoted with.

    What was written in by hand has the time of what stands before it.
    """
    _, current = _decoded(document)
    start = current.removeprefix(ALIGNMENT_START.decode().replace("\n", "\r\n" if b"\r\n" in document else "\n"))
    first = next(_sections(start), None)
    found = [Saying(text, human=True) for text in [_by_hand(start[: first.start] if first else start)] if text]
    at = ""
    for section in _sections(start):
        heading, _, body = start[section.start : section.end].partition("\n")
        told = heading.split(" · ")
        at = told[2].strip() if section.number is not None and len(told) > 2 else at
        marks = list(_STEERING.finditer(body))
        by_hand = _by_hand(body[: marks[0].start()] if marks else body)
        found += [Saying(by_hand, "", at, section.number, human=True)] if by_hand else []
        for place, mark in enumerate(marks):
            words = body[mark.end() : marks[place + 1].start() if place + 1 < len(marks) else len(body)].strip()
            at = mark[2] or at
            found += [Saying(words, mark[1], at, section.number, human=True)] if words else []
    return found


def _by_hand(text: str) -> str:
    """A text without what is quoted in it, and without its headings."""
    return "\n".join(line for line in text.splitlines() if not line.startswith((">", "#"))).strip()


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
