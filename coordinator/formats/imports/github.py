"""GitHub issues, as `gh issue list --json …` prints them: one JSON list, kept as a file of the tree."""

from coordinator.formats.imports.json_text import load
from coordinator.formats.imports.sections import cut, listed
from coordinator.formats.imports.text import one_line, priority_of
from coordinator.lazy import regex
from coordinator.lazy.typing import Any
from coordinator.model.imported import Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import amount, plain

PATH = "github/issues.json"
"""What the list is called in the tree: there is no such file."""
FIELDS = ("number", "title", "body", "state", "stateReason", "labels", "milestone", "url")
"""What has to be asked for."""
_AFTER = regex.compile(r"(?im)^[ \t>*-]*\*{0,2}(?:blocked by|depends on|after)\*{0,2}:?\*{0,2}[ \t]+(.+)$")
_NUMBER = regex.compile(r"(?:(?<![\w/])#|/issues/)(\d{1,9})\b")
_PARENT = regex.compile(r"(?im)^[ \t>*-]*\*{0,2}(?:part of|parent)\*{0,2}:?\*{0,2}[ \t]+(?:#|\S*/issues/)(\d{1,9})\b")
_PRIORITY = regex.compile(r"(?i)(?:prio(?:rity)?[ :/_-]*)?([a-z0-9]+)")
_URL = regex.compile(r"https://[^/\s]+/([\w.-]+/[\w.-]+)/issues/\d+")
_NAMES_PRIORITY = regex.compile(r"(?i)prio|^p\d$")
_BLOCKED = ("blocked", "on hold")
_AT_WORK = ("in progress", "in-progress", "wip", "doing")


def _may_be(path: str) -> bool:
    return path == PATH


def _detect(tree: Tree) -> Detected | None:
    data = tree.files.get(PATH)
    found = load(data, PATH) if data is not None else None
    if not isinstance(found, list):
        return None
    count = sum(isinstance(one, dict) and {"number", "title", "state"} <= one.keys() for one in found)
    return Detected(0.9, amount(count, "issue")) if count else None


def _read(tree: Tree) -> Items:
    data = tree.files.get(PATH)
    found = load(data, PATH) if data is not None else []
    if isinstance(found, Problem):
        return Items((), (found,))
    items: list[Item] = []
    problems: list[Problem] = []
    for issue in reversed(found) if isinstance(found, list) else ():  # gh lists the newest first
        number = issue.get("number") if isinstance(issue, dict) else None
        if isinstance(number, int) and not isinstance(number, bool):
            items.append(_item(issue, number))
        else:
            problems.append(Problem(plain(PATH), 0, "no-id", "an issue without a number", "update gh", warning=True))
    return Items(tuple(items), tuple(problems))


def _item(issue: dict[str, Any], number: int) -> Item:
    body = _text(issue.get("body"))
    rest, sections = cut(body.replace("\r\n", "\n"), ("Acceptance Criteria", "Definition of Done"))
    labels = _names(issue.get("labels"))
    milestone = _name(issue.get("milestone"))
    url = _text(issue.get("url"))
    part_of, place = _PARENT.search(body), _URL.fullmatch(url)
    repository = place[1] if place is not None else ""
    after = [each for line in _AFTER.finditer(body) for each in _NUMBER.findall(line[1])]
    return Item(
        key=f"{repository}#{number}",
        title=one_line(_text(issue.get("title"))) or f"#{number}",
        path=PATH,
        status=_status(issue, labels),
        word=_text(issue.get("state")),
        body="\n\n".join(part for part in (rest.strip(), f"Issue: {one_line(url)}" if url else "") if part),
        dependencies=tuple(f"{repository}#{each}" for each in dict.fromkeys(after)),
        priority=next(filter(None, map(_priority, labels)), None),
        criteria=tuple(each for section in sections for each in listed(section)),
        parent=f"{repository}#{part_of[1]}" if part_of is not None else "",
        labels=(*labels, *([milestone] if milestone else [])),
    )


def _status(issue: dict[str, Any], labels: list[str]) -> TaskStatus:
    if _text(issue.get("state")).casefold() == "closed":
        reason = _text(issue.get("stateReason")).casefold().replace("_", " ")
        return TaskStatus.CANCELLED if reason in ("not planned", "duplicate") else TaskStatus.DONE
    folded = {label.casefold().rpartition(":")[2].strip() for label in labels}
    if folded & set(_BLOCKED):
        return TaskStatus.BLOCKED
    return TaskStatus.IN_PROGRESS if folded & set(_AT_WORK) else TaskStatus.TODO


def _priority(label: str) -> Any:
    """The priority that a label names: `priority: high`, `P1`."""
    word = _PRIORITY.fullmatch(label.strip())
    return priority_of(word[1]) if word is not None and _NAMES_PRIORITY.search(label) else None


def _names(value: object) -> list[str]:
    return [name for each in value if (name := _name(each))] if isinstance(value, list) else []


def _name(value: object) -> str:
    """The name of a label, or the title of a milestone."""
    if isinstance(value, dict):
        return one_line(_text(value.get("name")) or _text(value.get("title")))
    return one_line(_text(value))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    return ()  # no file: the forge is told


FORM = Form("github", "GitHub issues, read by gh: github or github:OWNER/NAME", _may_be, _detect, _read, _write_back)
