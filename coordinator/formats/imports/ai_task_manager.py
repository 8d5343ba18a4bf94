"""Plans of AI Task Manager: a folder each in `.ai/task-manager`, with a Markdown file a task in its `tasks`."""

from pathlib import PurePosixPath

from coordinator.formats.imports.task_file import TaskFile, is_in, is_own, keys_of, noted, read_files, write
from coordinator.formats.imports.text import status_of
from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace
from coordinator.model.imported import Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.text import amount

_KEYS = frozenset((b"id", b"status"))
_OTHERS = frozenset((b"group", b"skills", b"plan_id"))
_NAME = regex.compile(r"0*(\d{1,9})--.*")
_ASKS = "needs-clarification"
_WORDS = {TaskStatus.IN_PROGRESS: "in-progress", TaskStatus.BLOCKED: _ASKS, TaskStatus.DONE: "completed"}


def _may_be(path: str) -> bool:
    return is_in(path, ".ai") and _NAME.fullmatch(PurePosixPath(path).name) is not None


def _is_ours(path: str) -> bool:
    return _may_be(path) and is_own(path, "task-manager")


def _is_one(path: str, data: bytes) -> bool:
    keys = keys_of(data)
    return _may_be(path) and keys >= _KEYS and b"dependencies" in keys and bool(keys & _OTHERS)


def _detect(tree: Tree) -> Detected | None:
    count = sum(_is_one(path, data) for path, data in tree.files.items())
    return Detected(0.9, f"{amount(count, 'task')} with id, status and group") if count else None


def _read(tree: Tree) -> Items:
    read = read_files(tree, _is_ours, _is_one, _item)
    items = [
        replace(item, dependencies=tuple(_key(item.path, key) for key in item.dependencies)) for item in read.items
    ]
    return Items(tuple(items), read.problems)


def _item(file: TaskFile) -> Item:
    word, group = file.word("status"), file.word("group")
    title = file.title.removeprefix("Task: ") or file.word("title") or file.stem.partition("--")[2].replace("-", " ")
    return Item(
        key=_key(file.path, file.word("id") or file.stem.partition("--")[0]),
        title=title,
        path=file.path,
        status=TaskStatus.BLOCKED if word == _ASKS else status_of(word) or TaskStatus.TODO,
        word=word,
        body=noted(file.body, {"Skills": file.words("skills")}),
        dependencies=file.words("dependencies"),
        criteria=file.criteria,
        labels=(group,) if group else (),
    )


def _key(path: str, number: str) -> str:
    """A plan's folder and a task's number, without the zeros that people put before it or not."""
    parent = PurePosixPath(path).parent
    plan = parent.parent.name if parent.name == "tasks" else parent.name
    short = number.lstrip("0") or number
    return f"{plan}/{short}" if plan else short


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    return write(tree, item, status, _WORDS)


FORM = Form(
    "ai-task-manager", "plans of AI Task Manager: folders in .ai/task-manager", _may_be, _detect, _read, _write_back
)
