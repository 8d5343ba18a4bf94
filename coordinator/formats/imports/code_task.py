"""Code tasks: a `*.code-task.md` each, with headings for what is to be done and its criteria, and perhaps a status."""

from pathlib import PurePosixPath

from coordinator.formats.imports.task_file import TaskFile, no_task, parts, settled, take_apart, unknown_status, write
from coordinator.formats.imports.text import decoded, status_of
from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace
from coordinator.model.imported import BytePatch, Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import amount

_SUFFIX = ".code-task.md"
_SIGNS = regex.compile(rb"(?i)^##[ \t]+(?:description|acceptance criteria|technical requirements)\b|^# (?:code )?task:")
_OPENING = regex.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n")
_PLACE = regex.compile(r"task-(\d{1,9})(?!\d).*")
_TITLE = regex.compile(r"(?i)(?:code[ \t-]+)?task:[ \t]*")
_WORDS = {TaskStatus.IN_PROGRESS: "in_progress", TaskStatus.DONE: "completed"}


def _may_be(path: str) -> bool:
    return path.endswith(_SUFFIX)


def _is_one(path: str, data: bytes) -> bool:
    return _may_be(path) and any(_SIGNS.match(line) for line in data.splitlines())


def _detect(tree: Tree) -> Detected | None:
    count = sum(_is_one(path, data) for path, data in tree.files.items())
    return Detected(0.9, f"{amount(count, 'code task')} with description or criteria") if count else None


def _read(tree: Tree) -> Items:
    items: list[Item] = []
    problems: list[Problem] = []
    for path, data in tree.files.items():
        if not _may_be(path):
            continue
        if not _is_one(path, data):
            problems.append(no_task(path, data))
            continue
        file = take_apart(path, data) if _OPENING.match(data) else _bare(path, data)
        if isinstance(file, Problem):
            problems.append(file)
            continue
        items.append(item := settled(_item(file)))
        if item.word and status_of(item.word) is None:
            problems.append(unknown_status(path, 1, item.word))
    return Items(_in_sequence(items), tuple(problems))


def _bare(path: str, data: bytes) -> TaskFile | Problem:
    text = decoded(data, path)
    return text if isinstance(text, Problem) else TaskFile(path, {}, *parts(text.removeprefix("\ufeff")))


def _item(file: TaskFile) -> Item:
    name = PurePosixPath(file.path)
    word = file.word("status")
    return Item(
        key=file.path.removesuffix(_SUFFIX),
        title=_TITLE.sub("", file.title, count=1) or name.name.removesuffix(_SUFFIX).replace("-", " "),
        path=file.path,
        status=status_of(word) or TaskStatus.TODO,
        word=word,
        body=file.body,
        criteria=file.criteria,
    )


def _in_sequence(items: list[Item]) -> tuple[Item, ...]:
    """Tasks of a folder that are numbered are meant to be done one after the other: each needs those before it."""
    numbered: dict[str, dict[int, list[str]]] = {}
    for item in items:
        path = PurePosixPath(item.path)
        if (found := _PLACE.fullmatch(path.name)) is not None:
            numbered.setdefault(str(path.parent), {}).setdefault(int(found[1]), []).append(item.key)
    before: dict[str, tuple[str, ...]] = {}
    for places in numbered.values():
        keys: tuple[str, ...] = ()
        for place in sorted(places):
            before |= dict.fromkeys(places[place], keys)
            keys = tuple(places[place])
    return tuple(replace(item, dependencies=before.get(item.key, ())) for item in items)


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    data = tree.files[item.path]
    if _OPENING.match(data) or status not in _WORDS:
        return write(tree, item, status, _WORDS)
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    start = len(data) - len(data.removeprefix(b"\xef\xbb\xbf"))
    added = newline.join((b"---", b"status: " + _WORDS[status].encode(), b"---", b""))
    return (BytePatch(item.path, start, start, added),)


FORM = Form("code-task", "code tasks: *.code-task.md", _may_be, _detect, _read, _write_back)
