"""Tickets of `tk`: a Markdown file each in `.tickets`, whose frontmatter has an id, a status and what it depends on."""

from coordinator.formats.imports.task_file import TaskFile, is_in, is_own, keys_of, noted, read_files, write
from coordinator.formats.imports.text import priority_of, status_of
from coordinator.model.imported import Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.text import amount

_EDGES = frozenset((b"deps", b"blocked-by"))
_KINDS = frozenset((b"type", b"priority", b"created"))
_WORDS = {TaskStatus.IN_PROGRESS: "in_progress", TaskStatus.DONE: "closed"}
"""It has none for what is blocked: that follows from what it depends on."""


def _may_be(path: str) -> bool:
    return is_in(path, ".tickets")


def _is_ours(path: str) -> bool:
    return _may_be(path) and is_own(path, ".tickets")


def _is_one(path: str, data: bytes) -> bool:
    keys = keys_of(data)
    return _may_be(path) and b"status" in keys and bool(keys & _EDGES) and bool(keys & _KINDS)


def _detect(tree: Tree) -> Detected | None:
    count = sum(_is_one(path, data) for path, data in tree.files.items())
    return Detected(0.9, f"{amount(count, 'ticket')} with status and deps") if count else None


def _read(tree: Tree) -> Items:
    return read_files(tree, _is_ours, _is_one, _item)


def _item(file: TaskFile) -> Item:
    kind, word = file.word("type"), file.word("status")
    return Item(
        key=file.word("id") or file.stem,
        title=file.title or file.word("title") or file.stem,
        path=file.path,
        status=status_of(word) or TaskStatus.TODO,
        word=word,
        body=noted(file.body, {"Related": file.words("links"), "Reference": file.words("external-ref")}),
        dependencies=(*file.words("deps"), *file.words("blocked-by")),
        priority=priority_of(file.word("priority")),
        criteria=file.criteria,
        parent=file.word("parent"),
        labels=((kind,) if kind and kind != "task" else ()) + file.words("tags"),
    )


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    return write(tree, item, status, _WORDS)


FORM = Form("tickets", "tickets of tk: a file each in .tickets", _may_be, _detect, _read, _write_back)
