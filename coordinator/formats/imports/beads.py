"""Issues of beads: JSON Lines in `.beads`, an issue a line."""

import json
from collections.abc import Iterator, Mapping

from coordinator.formats.imports.json_text import change, find
from coordinator.formats.imports.task_file import noted, parts, settled, unknown_status
from coordinator.formats.imports.text import one_line, priority_of, status_of
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.imported import BytePatch, Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import amount, clip, plain

_SIGNS = frozenset(("issue_type", "priority", "created_at", "updated_at", "dependencies", "depends_on"))
_NEEDS = frozenset(("blocks", "waits-for"))
_PART, _OTHERWISE = "parent-child", "conditional-blocks"
_NO_WORK = frozenset(
    ("message", "molecule", "gate", "event", "agent", "role", "rig", "convoy", "slot", "merge-request")
)
"""Types of beads that keep other things than tasks."""
_WORDS = {TaskStatus.IN_PROGRESS: "in_progress", TaskStatus.BLOCKED: "blocked", TaskStatus.DONE: "closed"}
_LONGEST = 4 << 20
"""Bytes of a line."""
_BAD = 100


class _Line(NamedTuple):
    """One line of a file that is a JSON object."""

    number: int
    start: int
    data: bytes
    issue: Mapping[str, object]


def _may_be(path: str) -> bool:
    folders = path.split("/")[:-1]
    return path.endswith(".jsonl") and folders[-1:] in ([], [".beads"])


def _lines(path: str, data: bytes, problems: list[Problem]) -> Iterator[_Line]:
    """The lines that hold an object; where too many hold none, those after them are not looked at."""
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    number, bad = 0, 0
    while start < len(data) and bad < _BAD:
        number += 1
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        raw = data[start:end]
        place, start = start, end + 1
        if not raw.strip():
            continue
        try:
            value = json.loads(raw) if len(raw) <= _LONGEST else None
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            yield _Line(number, place, raw, value)
        else:
            bad += 1
            message = "this line is no JSON object" if len(raw) <= _LONGEST else "this line is too long"
            problems.append(Problem(plain(path), number, "bad-json", message, "mend it there; it was left out"))
    if bad == _BAD:
        message = f"{_BAD} lines are no JSON objects; what comes after them was not read"
        problems.append(Problem(plain(path), number, "too-many", message, "is that a file of beads?"))


def _is_issue(issue: Mapping[str, object]) -> bool:
    return (
        isinstance(issue.get("id"), str)
        and isinstance(issue.get("title"), str)
        and not _SIGNS.isdisjoint(issue)
        and issue.get("_type", "issue") == "issue"
    )


def _detect(tree: Tree) -> Detected | None:
    count = 0
    for path, data in tree.files.items():
        if _may_be(path):
            count += sum(_is_issue(line.issue) for line in _lines(path, data, []))
    return Detected(0.9, f"{amount(count, 'issue')} with id, title and priority") if count else None


def _read(tree: Tree) -> Items:
    items: list[Item] = []
    problems: list[Problem] = []
    for path, data in tree.files.items():
        if not _may_be(path):
            continue
        wrong: list[Problem] = []
        found = list(_lines(path, data, wrong))
        if not any(_is_issue(line.issue) for line in found):
            continue  # the tool's other files
        problems += wrong
        for line in found:
            if other := _other(line.issue):
                told = f"{clip(plain(_text(line.issue, 'id')), 60) or 'this'} is no task but {other}"
                problems.append(_problem(path, line, "no-task", told, "nothing: it stays where it is", warning=True))
            elif not _is_issue(line.issue):
                problems.append(_problem(path, line, "no-id", "an issue without id or title", "give it both there"))
            else:
                items.append(settled(_item(path, line, problems)))
    keys = {item.key for item in items}
    return Items(tuple(_with_parent(item, keys) for item in items), tuple(problems))


def _other(issue: Mapping[str, object]) -> str:
    """What a line holds that is no task; empty: it is one, or should be."""
    kind = _text(issue, "issue_type")
    if kind in _NO_WORK:
        return f"of type {kind}"
    if issue.get("pinned") is True or _text(issue, "status") == "pinned":
        return "pinned: something to know"
    return "" if issue.get("_type", "issue") == "issue" else "another record"


def _problem(path: str, line: _Line, code: str, message: str, remedy: str, *, warning: bool = False) -> Problem:
    return Problem(plain(path), line.number, code, message, remedy, warning=warning)


def _item(path: str, line: _Line, problems: list[Problem]) -> Item:
    issue = line.issue
    word, kind = _text(issue, "status"), _text(issue, "issue_type")
    status = TaskStatus.IN_PROGRESS if word == "hooked" else status_of(word or "open")
    if status is None:
        problems.append(unknown_status(path, line.number, word))
        status = TaskStatus.TODO
    edges = _edges(issue)
    if status is TaskStatus.TODO and (after := [key for kind_, key in edges if kind_ == _OTHERWISE]):
        status = TaskStatus.BLOCKED
        told = f"it is meant to be done only if `{clip(plain(after[0]), 60)}` fails; taken as blocked"
        problems.append(
            _problem(path, line, "conditional", told, "unblock it by hand if it comes to that", warning=True)
        )
    notes: dict[str, tuple[str, ...]] = {}
    for kind_, key in edges:
        if kind_ not in _NEEDS and kind_ != _PART:
            name = kind_.replace("-", " ").capitalize()
            notes[name] = (*notes.get(name, ()), key)
    priority = issue.get("priority")
    return Item(
        key=_text(issue, "id"),
        title=one_line(_text(issue, "title")),
        path=path,
        line=line.number,
        status=status,
        word=word,
        body=noted(_body(issue), notes),
        dependencies=tuple(dict.fromkeys(key for kind_, key in edges if kind_ in _NEEDS)),
        priority=priority_of(str(priority)) if isinstance(priority, (int, str)) else None,
        criteria=_criteria(_text(issue, "acceptance_criteria")),
        parent=next((key for kind_, key in edges if kind_ == _PART), _text(issue, "parent")),
        labels=((kind,) if kind and kind != "task" else ()) + _texts(issue.get("labels")),
    )


def _with_parent(item: Item, keys: set[str]) -> Item:
    """`bd-1.2` is a part of `bd-1`, also where that isn't said."""
    above, dot, last = item.key.rpartition(".")
    return replace(item, parent=above) if not item.parent and dot and last.isdecimal() and above in keys else item


def _edges(issue: Mapping[str, object]) -> list[tuple[str, str]]:
    """What it has to do with others: the type of each edge, and the key at its other end."""
    edges: list[tuple[str, str]] = []
    listed = issue.get("dependencies")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, str):
            edges.append(("blocks", one))
        elif isinstance(one, dict):
            key = _text(one, "depends_on_id") or _text(one, "id")
            kind = _text(one, "type") or _text(one, "dep_type") or _text(one, "dependency_type") or "blocks"
            if key:
                edges.append((kind, key))
    return edges


def _body(issue: Mapping[str, object]) -> str:
    sections = [_text(issue, "description")]
    named = ((name, _text(issue, name)) for name in ("design", "notes"))
    sections += [f"## {name.capitalize()}\n\n{text}" for name, text in named if text]
    return "\n\n".join(filter(None, sections))


def _criteria(text: str) -> tuple[str, ...]:
    """Items of a list, or what stands there as it is, a line each."""
    if not text:
        return ()
    listed = parts(f"## Acceptance Criteria\n{text}")
    return (
        listed[2]
        if listed[2] and not listed[1]
        else tuple(line for raw in text.splitlines() if (line := one_line(raw)))
    )


def _text(value: Mapping[str, object], key: str) -> str:
    found = value.get(key)
    return found.strip() if isinstance(found, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    if item.status is status:
        return ()
    data = tree.files[item.path]
    line = next((one for one in _lines(item.path, data, []) if one.number == item.line), None)
    if line is None:
        return ()
    text, word = line.data.decode(), _WORDS[status]
    if find(text, "status") is not None:
        return tuple(
            BytePatch(item.path, line.start + one.start, line.start + one.end, one.new)
            for one in change(line.data, item.path, word, "status")
        )
    brace = line.start + line.data.index(b"{") + 1
    return (BytePatch(item.path, brace, brace, f'"status":"{word}",'.encode()),)


FORM = Form("beads", "issues of beads: JSON Lines in .beads", _may_be, _detect, _read, _write_back)
