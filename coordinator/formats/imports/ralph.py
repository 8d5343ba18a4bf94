"""Stories of Ralph: a `prd.json` with a list of stories, each with its criteria and whether it passes them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from coordinator.formats.imports.json_text import change, each, load
from coordinator.formats.imports.task_file import is_past, noted, settled
from coordinator.formats.imports.text import offset, one_line, priority_of
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.imported import BytePatch, Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import amount, plain

_LISTS = ("userStories", "user_stories", "stories", "features", "requirements", "items", "tasks")
_CRITERIA = ("acceptanceCriteria", "acceptance_criteria", "criteria", "steps")
_NEEDS = ("dependencies", "dependsOn", "depends_on", "blockedBy")
_PASSES = "passes"
_NAMELESS = frozenset(("", "ralph", "tasks", "plans", "scripts", "docs", "prd", "prds"))
"""Folders of any project's stories."""


class _Story(NamedTuple):
    """A story, and the way to it from the top of the document."""

    way: tuple[str | int, ...]
    values: Mapping[str, object]


def _may_be(path: str) -> bool:
    return path.endswith(".json") and "prd" in PurePosixPath(path).name.casefold()


def _stories(document: object) -> Iterator[_Story]:
    """The stories of a document; none where it is of another form."""
    if isinstance(document, list):
        found: tuple[tuple[tuple[str | int, ...], object], ...] = (((), document),)
    elif isinstance(document, dict):
        found = tuple(((name,), document.get(name)) for name in _LISTS)
    else:
        return
    for way, listed in found:
        if isinstance(listed, list) and any(isinstance(one, dict) and _PASSES in one for one in listed):
            for place, one in enumerate(listed):
                yield _Story((*way, place), one if isinstance(one, dict) else {})
            return


def _detect(tree: Tree) -> Detected | None:
    count = sum(1 for path, data in tree.files.items() if _may_be(path) for _ in _stories(load(data, path)))
    return Detected(0.9, f"{amount(count, 'task')} with criteria and passes") if count else None


def _read(tree: Tree) -> Items:
    items: list[Item] = []
    problems: list[Problem] = []
    for path, data in sorted(tree.files.items(), key=lambda file: is_past(file[0])):
        if not _may_be(path):
            continue
        document = load(data, path)
        if isinstance(document, Problem):
            problems.append(document)
            continue
        found: list[tuple[Item, float]] = []
        stories = list(_stories(document))
        for story, line in zip(stories, _lines(data.decode(), stories), strict=False):
            item = _item(path, line, story.values)
            if item is None:
                told = "a story without id and title"
                problems.append(Problem(plain(path), line, "no-id", told, "give it both there; it was left out"))
            else:
                found.append((settled(item), _rank(story.values)))
        items += _in_sequence(found)
    return Items(tuple(items), tuple(problems))


def _lines(text: str, stories: list[_Story]) -> Iterator[int]:
    """The line of each story, in one walk over the text."""
    line, place = 1, 0
    for span in each(text, *stories[0].way[:-1]) if stories else ():
        line, place = line + text.count("\n", place, span.start), span.start
        yield line


def _item(path: str, line: int, story: Mapping[str, object]) -> Item | None:
    prefix = _prefix(path)
    key, title = _key(story), _title(story)
    if not key:
        return None
    description = _text(story, "description")
    priority = story.get("priority")
    return Item(
        key=prefix + key,
        title=title or key,
        path=path,
        line=line,
        status=TaskStatus.DONE if story.get(_PASSES) is True else TaskStatus.TODO,
        word=json.dumps(story.get(_PASSES) is True),
        body=noted(description if one_line(description) != title else "", {"Notes": _texts(story.get("notes"))}),
        dependencies=tuple(prefix + one for name in _NEEDS for one in _texts(story.get(name))),
        priority=priority_of(priority) if isinstance(priority, str) else None,
        criteria=tuple(one_line(one) for name in _CRITERIA for one in _texts(story.get(name))),
    )


def _prefix(path: str) -> str:
    """What tells the stories of several files apart: the folder of a feature, the name of a file of its own."""
    file = PurePosixPath(path)
    folder = "" if file.parent.name.strip(".") in _NAMELESS else file.parent.name
    return "".join(f"{name}/" for name in (folder, "" if file.stem == "prd" else file.stem) if name)


def _title(story: Mapping[str, object]) -> str:
    return one_line(_text(story, "title") or _text(story, "name") or _text(story, "description"))


def _key(story: Mapping[str, object]) -> str:
    return _text(story, "id") or _title(story)


def _rank(story: Mapping[str, object]) -> float:
    priority = story.get("priority")
    known = isinstance(priority, (int, float)) and not isinstance(priority, bool)
    return float(priority) if known and abs(priority) < 1e9 else 1e9  # type: ignore[arg-type]


def _in_sequence(found: list[tuple[Item, float]]) -> list[Item]:
    """Ralph does one story after the other, the lowest priority first: each needs the one before it, unless the file
    says itself what needs what."""
    if any(item.dependencies for item, _ in found):
        return [item for item, _ in found]
    order = sorted(range(len(found)), key=lambda place: found[place][1])
    before = dict(zip(order[1:], order, strict=False))
    return [
        replace(item, dependencies=(found[before[place]][0].key,)) if place in before else item
        for place, (item, _) in enumerate(found)
    ]


def _text(story: Mapping[str, object], key: str) -> str:
    """A text, or a number as one."""
    value = story.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**18 else ""
    return value.strip() if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(text for one in listed if (text := _text({"": one}, "")))


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    if status is not TaskStatus.DONE or item.status is TaskStatus.DONE:
        return ()
    data = tree.files[item.path]
    document = load(data, item.path)
    if isinstance(document, Problem):
        return document
    stories = list(_stories(document))
    text = data.decode()
    spans = list(each(text, *stories[0].way[:-1])) if stories else []
    for story, span in zip(stories, spans, strict=False):
        mine = item.key == _prefix(item.path) + _key(story.values)
        if mine and item.line == text.count("\n", 0, span.start) + 1:
            if _PASSES in story.values:
                return change(data, item.path, True, *story.way, _PASSES)
            brace = offset(text, span.start + 1)
            return (BytePatch(item.path, brace, brace, b'"passes": true, '),)
    return ()


FORM = Form("ralph", "stories of Ralph: prd.json with passes", _may_be, _detect, _read, _write_back)
