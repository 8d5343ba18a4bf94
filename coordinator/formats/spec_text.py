"""A specification as people write one: its title, and what of an intent stands below its headings. Pure text.

It is kept whole in `milestone.md`, below the intent that was found in it and a line that says so.
"""

import re
from collections.abc import Iterator

from coordinator.errors import UsageError
from coordinator.formats.frontmatter import parse, split
from coordinator.formats.intent_text import SPECIFICATION, fenced_rows
from coordinator.lazy import regex
from coordinator.lazy.typing import NamedTuple
from coordinator.model.intent import LONGEST_GOAL, LONGEST_ITEM, Intent, intent
from coordinator.model.problem import Problem
from coordinator.model.spec import Spec
from coordinator.model.text import clip, plain

_LONGEST_TITLE = 120
_NAMES: dict[str, tuple[str, ...]] = {
    "goal": (
        *(
            "goal",
            "goals",
            "objective",
            "objectives",
            "aim",
            "aims",
            "purpose",
            "intent",
            "summary",
            "executivesummary",
        ),
        *("tldr", "overview", "whatwewant", "what", "userstory", "problem", "problemstatement", "description"),
        *("introduction", "motivation", "why", "background", "context"),
    ),
    "non_goals": (
        *("nongoals", "nongoal", "notgoals", "outofscope", "notinscope", "nonobjectives", "notrequired"),
        *("whatthisisnot", "whatwewontdo", "whatisnotincluded", "exclusions"),
    ),
    "constraints": (
        *("constraints", "constraint", "technicalconstraints", "restrictions", "limitations", "guardrails"),
        *("boundaries", "nonfunctionalrequirements", "rules"),
    ),
    "criteria": (
        *("successcriteria", "successcriterion", "acceptancecriteria", "acceptancecriterion", "definitionofdone"),
        *("donewhen", "done", "exitcriteria", "acceptance", "criteria", "acceptancetests", "successmetrics"),
        *("requirements", "functionalrequirements", "mustbetrue", "checklist", "deliverables"),
    ),
}
"""Part of an intent → what its heading may be called, in letters alone; the earlier one counts where there are two."""
_BESIDE_THE_POINT = _NAMES["goal"].index("problem")
"""From this one on they tell how it came to be wanted: what stands right below the title says more."""
_PARTS = {name: (part, rank) for part, names in _NAMES.items() for rank, name in enumerate(names)}

_ATX = regex.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_UNDERLINE = regex.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_LABEL = regex.compile(
    r" {0,3}(?:\*\*|__)(?P<bold>[^*_]{1,60}?):?(?:\*\*|__):?[ \t]*$|(?P<words>[A-Za-z][A-Za-z -]{1,40}):[ \t]*$"
)
_ITEM = regex.compile(r"([ \t]*)(?:[-*+•]|\d{1,9}[.)])[ \t]+(\S.*)$")
_RULE = regex.compile(r"[ \t]*\|?[ \t:|-]*-{2,}[ \t:|-]*$")
_BESIDE_TEXT = 7
"""Level of a heading that is a line in bold, or ends with a colon: below all others."""


class _Heading(NamedTuple):
    row: int
    below: int
    """Row of what stands below it."""
    level: int
    text: str


class _Section(NamedTuple):
    rank: int
    """Among the names of its part."""
    rows: list[str]


def read_spec(data: bytes, name: str, *, title: str = "") -> Spec:
    """A specification with what is found in it; `name` is what it is called in errors. `title`: in place of its own.

    UsageError for one that is empty or no text.
    """
    if b"\0" in data:
        raise UsageError(f"{name} is no text", "a specification is text: Markdown, or plain words")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{name} is no UTF-8 text: byte {error.start}, in line {line}", "save it as UTF-8") from None
    if not plain(text).replace("·", "").strip():
        raise UsageError(f"{name} is empty", "say in it what is to be true, and how to tell that it is")
    text = "\n".join(re.split(r"\r\n|\r|\n", text)).strip("\n") + "\n"
    own, body = _own_title(text)
    rows = body.splitlines()
    headings = list(_headings(rows))
    return Spec(title=title or own or _title(rows, headings), text=text, intent=_intent(rows, headings))


def spec_of(document: bytes, title: str) -> Spec:
    """The specification that a milestone's file holds; the whole body, where none was handed in."""
    sections = split(document, "")
    text = document.decode("utf-8", "replace") if isinstance(sections, Problem) else sections.text[sections.body :]
    _, mark, kept = text.partition(SPECIFICATION)
    try:
        return read_spec((kept if mark else text).encode(), "it", title=title)
    except UsageError:
        return Spec(title, "")


def has_spec(document: bytes) -> bool:
    return SPECIFICATION.encode() in document


def with_spec(body: str, spec: Spec) -> str:
    """The body of a milestone's file with this specification, in the place of the one that it held."""
    head = body.partition(SPECIFICATION)[0].rstrip()
    return f"{head}\n\n{SPECIFICATION}\n\n{spec.text}".lstrip("\n")


def _own_title(text: str) -> tuple[str, str]:
    """The title in a frontmatter of its own, and what stands below that."""
    front = parse(text.encode(), "", mend=True)
    if isinstance(front, Problem):
        return "", text
    found = (front.values.get(key) for key in ("title", "name"))
    title = next((value for value in found if isinstance(value, str) and value.strip()), "")
    return _one_line(title), text.encode()[front.body :].decode()


def _title(rows: list[str], headings: list[_Heading]) -> str:
    """The first heading of the highest level, unless it is called after a part; else the first line that says much."""
    own = [heading for heading in headings if heading.level < _BESIDE_TEXT and _part(heading.text) is None]
    named = next((heading for heading in own if heading.level == 1), own[0] if own else None)
    if named is not None and _one_line(named.text):
        return _one_line(named.text)
    taken = {row for heading in headings for row in range(heading.row, heading.below)}
    said = (_one_line(_item(row)) for place, row in enumerate(rows) if place not in taken)
    return next((line.rstrip(".:") for line in said if any(map(str.isalnum, line))), "Untitled")


def _intent(rows: list[str], headings: list[_Heading]) -> Intent:
    """Goal and lists below headings that are called so; the goal may be what stands before the first other heading."""
    found: dict[str, list[_Section]] = {}
    for heading, content in _sections(rows, headings):
        named = _part(heading.text)
        if named is not None:
            found.setdefault(named[0], []).append(_Section(named[1], content))
    best = {part: _best(sections) for part, sections in found.items()}
    section = next(iter(best.pop("goal", ())), _Section(0, []))
    goal = "\n".join(section.rows).strip()
    if not goal or section.rank >= _BESIDE_THE_POINT:
        goal = _lead(rows, headings) or goal
    lists = {part: tuple(item for one in sections for item in _items(one.rows)) for part, sections in best.items()}
    made = intent(goal[:LONGEST_GOAL], **lists)
    return Intent(made.goal, *(tuple(_once(items)) for items in (made.non_goals, made.constraints, made.criteria)))


def _best(sections: list[_Section]) -> list[_Section]:
    """Those of the name that says most surely what it is; of one name all, as of stories with criteria of their own."""
    said = [section for section in sections if any(map(str.strip, section.rows))] or sections
    first = min(section.rank for section in said)
    return [section for section in said if section.rank == first]


def _lead(rows: list[str], headings: list[_Heading]) -> str:
    """What stands between the title and the first heading below it; without headings the first paragraph."""
    real = [heading for heading in headings if heading.level < _BESIDE_TEXT]
    if not real:
        return "\n".join(rows).strip().split("\n\n")[0]
    above = "\n".join(rows[: real[0].row]).strip()
    if above or _part(real[0].text) is not None:
        return above
    end = headings[1].row if len(headings) > 1 else len(rows)
    return "\n".join(rows[real[0].below : end]).strip()


def _sections(rows: list[str], headings: list[_Heading]) -> Iterator[tuple[_Heading, list[str]]]:
    """Each heading with what belongs to it: up to one of its own level or above, or one that begins another part."""
    for place, heading in enumerate(headings):
        content, at = [], heading.below
        for later in headings[place + 1 :]:
            if later.level <= heading.level or _part(later.text) is not None:
                content += rows[at : later.row]
                break
            content += rows[at : later.row]
            at = later.below
        else:
            content += rows[at:]
        yield heading, content


def _headings(rows: list[str]) -> Iterator[_Heading]:
    """Headings of Markdown in both ways, and lines that stand for one: in bold, or ending with a colon."""
    fenced = fenced_rows(rows)
    for row, line in enumerate(rows):
        if row in fenced or not line.strip():
            continue
        atx, label = _ATX.match(line), _LABEL.match(line)
        under = _UNDERLINE.match(rows[row + 1]) if row + 1 < len(rows) and row + 1 not in fenced else None
        if atx is not None:
            yield _Heading(row, row + 1, len(atx[1]), atx[2])
        elif under is not None and not _ITEM.match(line) and "|" not in line and (not row or not rows[row - 1].strip()):
            yield _Heading(row, row + 2, 1 if under[1][0] == "=" else 2, line.strip())
        elif label is not None and _part(text := label["bold"] or label["words"]) is not None:
            yield _Heading(row, row + 1, _BESIDE_TEXT, text)


def _part(heading: str) -> tuple[str, int] | None:
    """The part of an intent that a heading names, and how surely."""
    return _PARTS.get(re.sub(r"[^a-z]", "", re.sub(r"\(.*?\)", "", heading).casefold()))


def _items(rows: list[str]) -> list[str]:
    """The items of lists and the rows of tables; where there are none, each paragraph."""
    fenced = fenced_rows(rows)
    items: list[str] = []
    depth = -1
    for place, row in enumerate(rows):
        found = None if place in fenced else _ITEM.match(row)
        if found is not None:
            indent = len(found[1].expandtabs(4))
            if items and depth >= 0 and indent > depth + 1:
                items[-1] = f"{items[-1]}; {found[2]}"
            else:
                items.append(found[2])
                depth = indent
        elif place not in fenced and row.lstrip().startswith("|"):
            headed = place + 1 < len(rows) and _RULE.match(rows[place + 1])
            if not headed and not _RULE.match(row):
                items.append(": ".join(filter(None, (cell.strip() for cell in row.strip().strip("|").split("|")))))
            depth = -1
        elif depth >= 0 and row.strip() and row[:1] in " \t" and place not in fenced:
            items[-1] = f"{items[-1]} {row.strip()}"
        elif row.strip():
            depth = -1
    if not items:
        items = [" ".join(text.split()) for text in re.split(r"\n[ \t]*\n", "\n".join(rows)) if text.strip()]
    return [clip(item, LONGEST_ITEM) for item in items]


def _once(items: tuple[str, ...]) -> Iterator[str]:
    seen: set[str] = set()
    for item in items:
        if item.casefold() not in seen:
            seen.add(item.casefold())
            yield item


def _item(row: str) -> str:
    found = _ITEM.match(row)
    return found[2] if found else row


def _one_line(text: str) -> str:
    """A title on one line, without marks of Markdown around it."""
    line = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(plain(text).split()))
    return clip(re.sub(r"[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}", r"\1", line).lstrip("# ").strip(), _LONGEST_TITLE)
