"""task-master: `tasks.json`, lists of tasks under tags, each with its sub-tasks."""

from collections.abc import Iterator, Mapping, Sequence

from coordinator.formats.imports.json_text import DEPTH, Span, index, load
from coordinator.formats.imports.sections import listed
from coordinator.formats.imports.text import one_line, priority_of, put, status_of
from coordinator.lazy.dataclass import dataclass
from coordinator.model.imported import Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import amount, clip, plain

_MASTER = "master"
"""The tag that needs no naming."""
_WORDS = {TaskStatus.IN_PROGRESS: '"in-progress"', TaskStatus.DONE: '"done"', TaskStatus.BLOCKED: '"deferred"'}
"""How the tool says it, in JSON; it knows no blocked task, only one that is put off."""
_TEXTS = ("description", "details")
_CRITERIA = ("acceptanceCriteria", "testStrategy")

Way = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a list of tasks is."""

    path: str
    tag: str
    """Empty for the one that needs no naming."""
    way: Way
    """Keys and places that lead to the list in the file."""


def _may_be(path: str) -> bool:
    name = path.rpartition("/")[2].casefold()
    return name.endswith(".json") and "task" in name


def _detect(tree: Tree) -> Detected | None:
    count, tags = 0, 0
    for _, _, tasks in _lists(tree, []):
        fitting = sum(_is_task(task) for task in tasks)
        count += fitting
        tags += fitting > 0
    return Detected(0.9, f"{amount(count, 'task')} with id and status under {amount(tags, 'tag')}") if count else None


def _is_task(task: object) -> bool:
    return (
        isinstance(task, dict)
        and {"id", "title", "status"} <= task.keys()
        and bool(task.keys() & {"dependencies", "subtasks", "details", "testStrategy"})
    )


def _read(tree: Tree) -> Items:
    items: list[Item] = []
    problems: list[Problem] = []
    for place, spans, tasks in _lists(tree, problems):
        items += _tasks(place, spans, tasks, problems)
    return Items(tuple(items), tuple(problems))


@dataclass(frozen=True, slots=True)
class _Spans:
    """Where statuses stand in a file."""

    found: Mapping[Way, Span]
    at: Mapping[int, int]
    """Characters → bytes, of these places."""
    lines: Mapping[int, int]


def _lists(tree: Tree, problems: list[Problem]) -> Iterator[tuple[_Place, _Spans, Sequence[object]]]:
    """Each list of tasks that looks like the tool's."""
    for path, data in tree.files.items():
        if not _may_be(path) or b'"tasks"' not in data:
            continue
        document = load(data, path)
        if isinstance(document, Problem):
            problems.append(document)
        elif isinstance(document, dict):
            lists = list(_in_document(path, document))
            if any(_is_task(task) for _, tasks in lists for task in tasks):
                spans = _spans(data.decode())
                yield from ((place, spans, tasks) for place, tasks in lists)


def _in_document(path: str, document: Mapping[str, object]) -> Iterator[tuple[_Place, Sequence[object]]]:
    old = document.get("tasks")
    if isinstance(old, list):  # before there were tags
        yield _Place(path, "", ("tasks",)), old
        return
    for tag, inner in document.items():
        tasks = inner.get("tasks") if isinstance(inner, dict) else None
        if isinstance(tasks, list):
            yield _Place(path, "" if tag == _MASTER else tag, (tag, "tasks")), tasks


def _spans(text: str) -> _Spans:
    found = index(text, "status")
    at: dict[int, int] = {}
    lines: dict[int, int] = {}
    last, size, line = 0, 0, 1
    for place in sorted({place for span in found.values() for place in span}):
        size += len(text[last:place].encode())
        line += text.count("\n", last, place)
        at[place], lines[place], last = size, line, place
    return _Spans(found, at, lines)


# ── one list


def _tasks(place: _Place, spans: _Spans, tasks: Sequence[object], problems: list[Problem]) -> list[Item]:
    items: list[Item] = []
    tops = {_name(task.get("id")) for task in tasks if isinstance(task, dict)}
    for at, task in enumerate(tasks):
        _task(place, spans, (*place.way, at), task, "", tops, items, problems)
    return items


def _task(
    place: _Place,
    spans: _Spans,
    way: Way,
    task: object,
    parent: str,
    siblings: set[str],
    items: list[Item],
    problems: list[Problem],
) -> None:
    """A task, then its parts. `parent`: its id within the list, empty for a task that is no part."""
    span = spans.found.get((*way, "status"))
    line = spans.lines[span.start] if span is not None else 1
    name = _name(task.get("id")) if isinstance(task, dict) else ""
    if not isinstance(task, dict) or not name:
        where = f"part of {plain(parent)}" if parent else "task"
        message = f"a {where} without an id"
        problems.append(Problem(plain(place.path), line, "no-id", message, "give it one there", warning=True))
        return
    own = name if not parent or name.startswith(f"{parent}.") else f"{parent}.{name}"
    word = _text(task.get("status"))
    items.append(
        Item(
            key=_key(place, own),
            title=one_line(_text(task.get("title"))) or own,
            path=place.path,
            line=line,
            status=status_of(word) or TaskStatus.TODO,
            word=word,
            body=_body(task),
            dependencies=tuple(_key(place, each) for each in _dependencies(task, parent, siblings)),
            priority=priority_of(_text(task.get("priority"))),
            criteria=_criteria(task),
            parent=_key(place, parent) if parent else "",
            labels=(place.tag,) if place.tag else (),
            at=(-1, -1) if span is None else (spans.at[span.start], spans.at[span.end]),
        )
    )
    parts = task.get("subtasks")
    if isinstance(parts, list) and len(way) < DEPTH:
        inner = {_name(part.get("id")).rpartition(".")[2] for part in parts if isinstance(part, dict)}
        for at, part in enumerate(parts):
            _task(place, spans, (*way, "subtasks", at), part, own, inner, items, problems)


def _key(place: _Place, name: str) -> str:
    return f"{place.tag}/{name}" if place.tag else name


def _dependencies(task: Mapping[str, object], parent: str, siblings: set[str]) -> list[str]:
    """What it depends on, by ids within the list: a bare number in a part is another part of the same task."""
    stated = task.get("dependencies")
    found = [_name(each) for each in stated] if isinstance(stated, list) else []
    return [f"{parent}.{each}" if parent and each in siblings else each for each in found if each]


def _body(task: Mapping[str, object]) -> str:
    return "\n\n".join(text for key in _TEXTS if (text := _text(task.get(key)).strip()))


def _criteria(task: Mapping[str, object]) -> tuple[str, ...]:
    """By what it is known to be done: the items of a list, or the whole text as one."""
    found: list[str] = []
    for key in _CRITERIA:
        value = task.get(key)
        if isinstance(value, list):
            found += [one_line(_text(each)) for each in value]
        else:
            text = _text(value)
            found += listed(text) or [one_line(text)]
    return tuple(each for each in found if each)


def _name(value: object) -> str:
    """An id as a text; empty for what can't be one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return ""
    return clip(one_line(str(value)), 60)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    if item.status is status:
        return ()
    if item.at[0] < 0:
        message = f"{plain(item.key)} has no status to change"
        return Problem(plain(item.path), item.line, "unwritable", message, "give it one there")
    return put(tree, item, _WORDS[status])


FORM = Form("task-master", "task-master: tasks.json with tags and sub-tasks", _may_be, _detect, _read, _write_back)
