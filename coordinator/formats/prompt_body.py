"""The body of a prompt: markdown with sections that agents and rules look for. Pure text."""

import re
from collections.abc import Iterator
from itertools import pairwise

from coordinator.formats.markdown import words_of
from coordinator.lazy import regex
from coordinator.model.step import Attempt, Receipt
from coordinator.model.text import plain, plain_lines

_HEADING = regex.compile(r"^#{1,6}[ \t]+(\S.*)$", re.MULTILINE)
_ITEM = regex.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+(?:\[[ xX]\][ \t]*)?\S", re.MULTILINE)
_MARK = regex.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+(?:\[[ xX]\][ \t]*)?")
_HAND_OFF = regex.compile(
    r"^## (Attempt \d+ · (?:done|failed|blocked))[^\r\n]*\r?\n\r?\n((?:>[^\r\n]*(?:\r?\n|\Z))*)", re.MULTILINE
)
_GAP = regex.compile(r"\r?\n[ \t]*\r?\n")
TEMPLATE = "## Tasks\n\n- \n\n## Acceptance Criteria\n\n- \n"
"""What a new prompt's body starts from."""
CRITERIA = "acceptance criteria"
STEERING = "## Engineer Steering"
_SUMMARY = 4000
_LISTED = 400
_MOST = 12
"""Characters of a summary, characters of an item and items of a list that go into a prompt's file: agents may say any
amount, and the whole of it stays in the hand-off of the attempt."""


def body_for(title: str) -> str:
    """A body for a prompt of which only the title is known."""
    return f"## Tasks\n\n- {title}\n\n## Acceptance Criteria\n\n- {title}: a test shows it.\n- All other tests pass.\n"


def section(text: str, title: str) -> str:
    """The text below the heading `title`, whatever its level and case, up to the next heading; empty without one."""
    headings = list(_HEADING.finditer(text))
    for place, heading in enumerate(headings):
        if words_of(heading[1]).casefold() == title.casefold():
            end = headings[place + 1].start() if place + 1 < len(headings) else len(text)
            return text[heading.end() : end].strip()
    return ""


def has_criteria(text: str) -> bool:
    """There is a section `Acceptance Criteria` with at least one item that says something."""
    return bool(_ITEM.search(section(text, CRITERIA)))


def items(text: str, title: str) -> int:
    """How many items the section has; for a line such as `3 tasks, 2 criteria`."""
    return len(_ITEM.findall(section(text, title)))


def listed(text: str, title: str) -> tuple[str, ...]:
    """The items of the section, each in one line, without its mark; what stands behind an empty line is none of it."""
    return tuple(words for words, _ in _boxed(section(text, title)))


def boxes(text: str, title: str) -> tuple[tuple[str, bool], ...]:
    """As `listed`, each with whether its box is ticked."""
    return tuple(_boxed(section(text, title)))


def _boxed(content: str) -> Iterator[tuple[str, bool]]:
    starts = [match.start() for match in _ITEM.finditer(content)]
    for start, end in pairwise([*starts, len(content)]):
        item = _GAP.split(content[start:end], maxsplit=1)[0]
        mark = _MARK.match(item)
        ticked = mark is not None and mark[0].rstrip()[-2:].casefold() == "x]"
        yield " ".join(item[mark.end() if mark is not None else 0 :].split()), ticked


def last_hand_off(text: str) -> tuple[str, tuple[str, ...]]:
    """What `with_hand_off` appended last: `Attempt 2 · failed · …`, and the lines; empty where it never did."""
    found = list(_HAND_OFF.finditer(text))
    if not found:
        return "", ()
    lines = found[-1][2].splitlines()
    return found[-1][1], tuple(line.removeprefix(">").strip() for line in lines if line.startswith("> "))


def with_steering(source: bytes, words: str, at: str) -> bytes:
    """A prompt file with the engineer's words appended under `## Engineer Steering`; nothing else changes.

    `at`: UTC, ISO 8601. A second note joins the first when the section is the last one.
    """
    newline = "\r\n" if b"\r\n" in source else "\n"
    text = source.decode("utf-8")
    lines = [line.rstrip() for line in words.strip().splitlines()]
    note = f"- {at[:10]}: " + f"{newline}  ".join(lines) + newline
    if not text.endswith(newline):
        text += newline
    start = text.rfind(STEERING + newline)
    if start < 0 or f"{newline}## " in text[start + len(STEERING) :]:
        text += f"{newline}{STEERING}{newline}{newline}"
    return (text + note).encode("utf-8")


def with_hand_off(source: bytes, attempt: Attempt, receipt: Receipt) -> bytes:
    """A prompt file with what its agent handed off appended as a section; nothing else changes.

    The agent's words are quoted: nothing in them can pass for a part of the task. One hand-off is appended once.
    """
    newline = "\r\n" if b"\r\n" in source else "\n"
    said = f"{receipt.outcome} · {plain(receipt.agent)} · {plain(receipt.at)}"
    heading = f"## Attempt {attempt.attempt} · {said}".encode("utf-8", "replace")
    if b"\n" + heading in source:
        return source
    lines = plain_lines(_clipped(receipt.summary.strip(), _SUMMARY))
    for name, items in receipt.lists:
        more = [f"- and {len(items) - _MOST} more"] if len(items) > _MOST else []
        shown = [f"- {_clipped(plain(' '.join(item.split())), _LISTED)}" for item in items[:_MOST]]
        lines += ["", f"{name}:", *shown, *more]
    quoted = newline.join(f"> {line}".rstrip() for line in lines)
    gap = b"" if source.endswith(b"\n") else newline.encode()
    block = f"{newline * 2}{quoted}{newline}".encode("utf-8", "replace")
    return source + gap + newline.encode() + heading + block


def without_hand_off(body: str, attempt: int) -> str:
    """A body without the sections that `with_hand_off` appended for an attempt."""
    section = rf"^## Attempt {attempt} · (?:done|failed|blocked) · [^\r\n]*\r?\n\r?\n(?:>[^\r\n]*(?:\r?\n|\Z))*"
    return re.sub(section, "", body, flags=re.MULTILINE)


def _clipped(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit].rstrip()}…"
