"""Epics of CCPM: a folder each in `.claude/epics` with `epic.md`, and a Markdown file a task, named by its number."""

from pathlib import PurePosixPath

from coordinator.formats.imports.task_file import TaskFile, is_in, is_own, keys_of, noted, read_files, write
from coordinator.formats.imports.text import priority_of, status_of
from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace
from coordinator.model.imported import Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.text import amount

_TASK = frozenset((b"depends_on", b"parallel", b"conflicts_with"))
_NAMES = frozenset((b"name", b"title"))
_LEAST = frozenset((b"name", b"status"))
_EPIC = frozenset((b"progress", b"prd"))
_ASIDE = frozenset(("tasks", "archived", ".archived", "archive", ".archive"))
_NUMBER = regex.compile(r"#?0*(\d{1,9})[a-z]?(?:[-_.].*)?")
_TASK_WORDS = {TaskStatus.IN_PROGRESS: "in-progress", TaskStatus.DONE: "closed"}
_EPIC_WORDS = {TaskStatus.IN_PROGRESS: "in-progress", TaskStatus.DONE: "completed"}


def _may_be(path: str) -> bool:
    name = path.rpartition("/")[2]
    return is_in(path, ".claude") and (name == "epic.md" or name[:1].isdigit()) and not name.endswith("-analysis.md")


def _is_epic(path: str) -> bool:
    return path.rpartition("/")[2] == "epic.md"


def _is_ours(path: str) -> bool:
    return _may_be(path) and is_own(path, "epics")


def _is_one(path: str, data: bytes) -> bool:
    keys = keys_of(data)
    return (
        _may_be(path)
        and b"status" in keys
        and bool(keys & _NAMES)
        and bool(keys & (_EPIC if _is_epic(path) else _TASK))
    )


def _is_read(path: str, data: bytes) -> bool:
    """In an epic's folder also a file that says less."""
    return _is_one(path, data) or (_is_ours(path) and keys_of(data) >= _LEAST)


def _detect(tree: Tree) -> Detected | None:
    count = sum(_is_one(path, data) for path, data in tree.files.items() if not _is_epic(path))
    return Detected(0.9, f"{amount(count, 'task')} with name, status and depends_on") if count else None


def _read(tree: Tree) -> Items:
    read = read_files(tree, _is_ours, _is_read, _item)
    places = [_place(item.path) for item in read.items]
    numbers = {
        (place, _number(PurePosixPath(item.path).stem)): item.key
        for item, place in reversed([*zip(read.items, places, strict=True)])
        if not _is_epic(item.path)
    }
    epics = {item.key for item in read.items if _is_epic(item.path)}
    items = []
    for item, place in zip(read.items, places, strict=True):
        needed = tuple(numbers.get((place, _number(key)), _joined(place, key)) for key in item.dependencies)
        whole = numbers.get((place[:-1], _number(place[-1])), "") if len(place) > 1 else ""
        parent = whole or (place[0] if place and place[0] in epics and not _is_epic(item.path) else "")
        items.append(replace(item, dependencies=needed, parent=parent))
    return Items(tuple(items), read.problems)


def _item(file: TaskFile) -> Item:
    word = file.word("status")
    title = file.word("name") or file.word("title") or file.title or file.stem
    epic = _is_epic(file.path)
    return Item(
        key="/".join(_place(file.path)) or file.stem if epic else _joined(_place(file.path), file.stem),
        title=title,
        path=file.path,
        status=status_of(word) or TaskStatus.TODO,
        word=word,
        body=noted(file.text(title), {"Touches the same files as": file.words("conflicts_with")}),
        dependencies=() if epic else file.words("depends_on"),
        priority=priority_of(file.word("priority")),
        criteria=file.criteria,
        labels=("epic",) if epic else (),
    )


def _place(path: str) -> tuple[str, ...]:
    """The epic of a file, and the task that it is a part of: `login`, `login/012`."""
    folders = [folder for folder in path.split("/")[:-1] if folder not in _ASIDE]
    if "epics" in folders:
        return tuple(folders[len(folders) - folders[::-1].index("epics") :])
    return tuple(folders[-1:])


def _joined(place: tuple[str, ...], name: str) -> str:
    return "/".join((*place, name))


def _number(name: str) -> str:
    """What a task's file and whoever depends on it have in common: `012.md`, `#12` and `12` are the same."""
    found = _NUMBER.fullmatch(PurePosixPath(name).name)
    return found[1] if found is not None else name


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    return write(tree, item, status, _EPIC_WORDS if _is_epic(item.path) else _TASK_WORDS)


FORM = Form("ccpm", "epics of CCPM: a folder each in .claude/epics", _may_be, _detect, _read, _write_back)
