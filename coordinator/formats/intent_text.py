"""The intent as it stands in the body of `milestone.md`: sections of markdown, read forgivingly and changed one by one.

Whatever else an engineer wrote there stays byte for byte: other sections, their order, comments, line endings.
"""

import re
from collections.abc import Iterator

from coordinator.errors import Refused
from coordinator.formats.frontmatter import split
from coordinator.lazy import regex
from coordinator.lazy.typing import NamedTuple
from coordinator.model.intent import Intent, intent
from coordinator.model.problem import Problem

MILESTONE, MILESTONES = ".coord/milestone.md", ".coord/milestones"
SPECIFICATION = "<!-- The specification, as it was given. -->"
"""The line below which a milestone's file keeps it whole: no part of the intent, whatever its headings are called."""
TITLES = {
    "goal": "Goal",
    "non_goals": "Non-Goals",
    "constraints": "Constraints",
    "criteria": "Success Criteria",
}
"""Part of an intent → heading of its section."""

_NAMES = {
    "goal": "goal",
    "goals": "goal",
    "nongoals": "non_goals",
    "constraints": "constraints",
    "successcriteria": "criteria",
}
_LINE = regex.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_HEADING = regex.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_FENCE = regex.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = regex.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)")
_ESCAPED = regex.compile(r"^([ \t]*)\\(\\*[#`~])")
_SPECIAL = regex.compile(r"^([ \t]*)(\\*[#`~])")


class _Section(NamedTuple):
    part: str
    start: int
    """Where its content starts, in characters."""
    end: int
    text: str
    heading: int = 0
    """Where its heading starts."""


def read_intent(text: str) -> Intent:
    """The intent in a body; of two sections with the same heading the first counts."""
    found: dict[str, str] = {}
    for section in _sections(text):
        found.setdefault(section.part, section.text)
    goal = "\n".join(_ESCAPED.sub(r"\1\2", line, count=1) for line in found.pop("goal", "").splitlines())
    return intent(goal, **{part: tuple(_items(content)) for part, content in found.items()})


def intent_of(document: bytes | None) -> Intent:
    """The intent in a milestone's file; an empty one when there is no file. Refused when it can't be taken apart."""
    if document is None:
        return Intent()
    sections = split(document, MILESTONE)
    if isinstance(sections, Problem):
        raise Refused(f"{MILESTONE}: {sections.message}", sections.remedy)
    return read_intent(sections.text[sections.body :])


def with_intent(text: str, wanted: Intent) -> str:
    """The body with those sections replaced that say something else; missing ones are added where they belong."""
    newline = "\r\n" if "\r\n" in text else "\n"
    before = read_intent(text)
    for part in TITLES:
        if getattr(before, part) != getattr(wanted, part):
            text = _with_part(text, part, _rendered(wanted, part), newline)
    return text


def with_document(text: str, document: str) -> str:
    """A document in the place of the body: all of it, and of the body whatever was no intent and isn't in it.

    Reads as the document does.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    text, mark, spec = text.partition(SPECIFICATION)
    document, given, other = document.partition(SPECIFICATION)
    if mark or given:
        below = f"{given}{other}" if given else f"{mark}{spec}"
        return f"{with_document(text, document).rstrip()}{newline * 2}{below}"
    whole = newline.join(document.splitlines()).rstrip() + newline if document.strip() else ""
    if _has(text, whole) and read_intent(text) == read_intent(document):
        return text
    rest = [part for part in _others(text) if part.strip() and not _has(whole, part)]
    first = rest.pop(0) if rest and text.startswith(rest[0]) and not _HEADING.fullmatch(rest[0].strip("\r\n")) else ""
    kept = [part.strip("\r\n") for part in rest]
    before = first.strip("\r\n") + newline * 2 if first else ""
    found = before + (newline * 2).join([whole.rstrip("\r\n"), *kept]) + newline
    if read_intent(found) == read_intent(document):
        return found
    return (newline * 2).join([first.strip("\r\n"), *kept, whole]).lstrip("\r\n")


def without_empty(text: str) -> str:
    """The text without headings of the intent below which nothing stands: a form has them all."""
    for section in reversed(list(_sections(text))):
        if not section.text.strip():
            text = text[: section.heading] + text[section.end :]
    return text


def _has(text: str, part: str) -> bool:
    """Whether the lines of the part stand in the text, one after the other."""
    return f"\n{_plain_lines(part)}\n" in f"\n{_plain_lines(text)}\n"


def _plain_lines(text: str) -> str:
    return "\n".join(text.strip().splitlines())


def _others(text: str) -> Iterator[str]:
    """What stands outside of the sections that hold the intent."""
    place = 0
    for section in _sections(text):
        yield text[place : section.heading]
        place = section.end
    yield text[place:]


def _with_part(text: str, part: str, content: list[str], newline: str) -> str:
    block = "".join(line + newline for line in content)
    sections = {section.part: section for section in reversed(list(_sections(text)))}
    end = _end(text)
    own = sections.get(part)
    if own is not None:
        head = text[: own.start] + ("" if text[: own.start].endswith(("\n", "\r")) else newline)
        gap = newline if block and text[own.end :] else ""
        return head + newline + block + gap + text[own.end :]
    order = list(TITLES)
    above = [sections[name].end for name in order[: order.index(part)] if name in sections]
    place = max(above, default=end)
    head, tail = text[:place], text[place:]
    if head and not head.endswith(("\n", "\r")):
        head += newline
    if head and not head.endswith(newline * 2):
        head += newline
    return f"{head}## {TITLES[part]}{newline * 2}{block}{newline if tail else ''}{tail}"


def _rendered(wanted: Intent, part: str) -> list[str]:
    """The lines of a section; those that markdown would take for a heading or a fence are escaped."""
    if part == "goal":
        return [
            _SPECIAL.sub(r"\1\\\2", line, count=1) if _SPECIAL.match(line) else line
            for line in wanted.goal.splitlines()
        ]
    return [f"- {item}" for item in getattr(wanted, part)]


def _sections(text: str) -> Iterator[_Section]:
    """The sections that hold the intent, each up to the next heading of its own level or above."""
    part, level, start, place, top, lines = "", 0, 0, 0, 0, list[str]()
    found = _LINE.findall(text[: _end(text)])
    fenced = fenced_rows(found)
    for row, line in enumerate(found):
        heading = None if row in fenced else _HEADING.match(line.rstrip("\r\n"))
        if heading and (not part or len(heading[1]) <= level):
            if part:
                yield _Section(part, start, place, "".join(lines), top)
            part = _NAMES.get(re.sub(r"[^a-z]", "", heading[2].casefold()), "")
            level, top, start, lines = len(heading[1]), place, place + len(line), []
        else:
            lines.append(line)
        place += len(line)
    if part:
        yield _Section(part, start, place, "".join(lines), top)


def _end(text: str) -> int:
    """Where the specification begins."""
    place = text.find(SPECIFICATION)
    return len(text) if place < 0 else place


def fenced_rows(lines: list[str]) -> set[int]:
    """Rows of fenced code; a fence that is never closed is none."""
    rows: set[int] = set()
    mark, begun = "", 0
    for row, line in enumerate(lines):
        found = _FENCE.match(line)
        if not found:
            continue
        if not mark:
            mark, begun = found[1], row
        elif found[1].startswith(mark):
            rows.update(range(begun, row + 1))
            mark = ""
    return rows


def _items(text: str) -> Iterator[str]:
    """The items of a list, lines that belong together joined; a paragraph that is no item is one as well."""
    item: list[str] = []
    for line in [*text.splitlines(), ""]:
        heading = _HEADING.match(line)
        if item and (heading or _ITEM.match(line) or not line.strip()):
            yield " ".join(item)
            item = []
        if line.strip() and not heading:
            item.append(line.strip())
