"""Beans: a Markdown file each in `.beans`, named after its id; the frontmatter has no id, but may start with it as a
comment."""

from coordinator.formats.imports.task_file import TaskFile, is_in, is_own, keys_of, read_files, write
from coordinator.formats.imports.text import priority_of, status_of
from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace
from coordinator.model.imported import Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.text import amount

_KEYS = frozenset((b"title", b"status", b"type"))
_TIMES = frozenset((b"created_at", b"updated_at"))
_COMMENT = regex.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n#[ \t]*([^\s#]+)[ \t]*\r?\n")
_WORDS = {TaskStatus.IN_PROGRESS: "in-progress", TaskStatus.DONE: "completed"}


def _may_be(path: str) -> bool:
    return is_in(path, ".beans")


def _is_ours(path: str) -> bool:
    return _may_be(path) and is_own(path, ".beans")


def _is_one(path: str, data: bytes) -> bool:
    keys = keys_of(data)
    return _may_be(path) and keys >= _KEYS and bool(keys & _TIMES) and b"id" not in keys


def _detect(tree: Tree) -> Detected | None:
    count = sum(_is_one(path, data) for path, data in tree.files.items())
    return Detected(0.9, f"{amount(count, 'bean')} with title, status and type") if count else None


def _read(tree: Tree) -> Items:
    blocking: dict[str, list[str]] = {}

    def item(file: TaskFile) -> Item:
        found = _item(file, tree.files[file.path])
        for key in file.words("blocking"):
            blocking.setdefault(key, []).append(found.key)
        return found

    read = read_files(tree, _is_ours, _is_one, item)
    items = [
        replace(item, dependencies=tuple(dict.fromkeys((*item.dependencies, *blocking.get(item.key, ())))))
        for item in read.items
    ]
    return Items(tuple(items), read.problems)


def _item(file: TaskFile, data: bytes) -> Item:
    comment = _COMMENT.match(data)
    name = comment[1].decode("utf-8", "replace") if comment is not None else ""
    kind, word = file.word("type"), file.word("status")
    title = file.word("title") or file.title or file.stem
    return Item(
        key=name if name and file.stem.startswith(name) else file.stem.partition("--")[0] or file.stem,
        title=title,
        path=file.path,
        status=TaskStatus.BLOCKED if word == "draft" else status_of(word) or TaskStatus.TODO,
        word=word,
        body=file.text(title),
        dependencies=file.words("blocked_by"),
        priority=priority_of(file.word("priority")),
        criteria=file.criteria,
        parent=file.word("parent"),
        labels=((kind,) if kind != "task" else ()) + file.words("tags"),
    )


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    return write(tree, item, status, _WORDS)


FORM = Form("beans", "beans: a file each in .beans", _may_be, _detect, _read, _write_back)
