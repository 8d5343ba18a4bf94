"""Backlog.md: a Markdown file a task in `backlog/tasks/`, with its id, status and dependencies in the frontmatter."""

from collections.abc import Mapping

from coordinator.errors import CoordError
from coordinator.formats.flat_yaml import Nested, Value, read_flat
from coordinator.formats.frontmatter import Frontmatter, parse, patch
from coordinator.formats.imports.sections import cut, listed
from coordinator.formats.imports.task_file import keys_of
from coordinator.formats.imports.text import decoded, difference, one_line, priority_of, status_of
from coordinator.lazy import regex
from coordinator.model.imported import Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import amount, clip, plain

_FILE = regex.compile(r"(?i)(?:.*/)?[a-z][a-z0-9]*-\d+(?:\.\d+)*(?:[ _.-].*)?\.md")
_CONFIG = ("config.yml", "config.yaml", "backlog.config.yml")
_ID = regex.compile(r"[A-Za-z][A-Za-z0-9]*-\d+(?:\.\d+)*")
_COMMENT = regex.compile(r"(?<![ \t])[ \t]*<!--(?:(?!<!--)[^\n])*?-->[ \t]*\r?\n?")
_NUMBER = regex.compile(r"^#\d+[ \t]+")
_OTHERS = ("assignee", "created_date", "labels", "dependencies")
"""Keys that the tool writes into every task; one of them has to be there besides id, title and status."""
_LEAST = frozenset((b"id", b"title", b"status"))
_LISTS = (("references", "References"), ("documentation", "Documentation"), ("modified_files", "Files"))
_WORDS = {TaskStatus.IN_PROGRESS: "In Progress", TaskStatus.DONE: "Done"}


def _may_be(path: str) -> bool:
    return path.rpartition("/")[2] in _CONFIG or bool(_FILE.fullmatch(path))


def _detect(tree: Tree) -> Detected | None:
    likely = [each for each in _candidates(tree) if keys_of(each[1]) >= _LEAST]
    if any(_task(*each) is not None for each in likely):
        count = len(likely)  # a glance tells of the others
    else:
        count = sum(_task(*each) is not None for each in _candidates(tree))
    return Detected(0.95, f"{amount(count, 'file')} with id, title and status") if count else None


def _read(tree: Tree) -> Items:
    statuses = _statuses(tree)
    items: list[Item] = []
    problems: list[Problem] = []
    for path, data in _candidates(tree):
        front = parse(data, plain(path), mend=True)
        if isinstance(front, Problem):
            if data.startswith((b"---", b"\xef\xbb\xbf---")):
                problems.append(front)
        elif _is_task(front):
            found = _item(path, data, front, statuses)
            (problems if isinstance(found, Problem) else items).append(found)  # type: ignore[arg-type]
    return Items(tuple(sorted(items, key=_place)), tuple(problems))


def _candidates(tree: Tree) -> list[tuple[str, bytes]]:
    return [(path, data) for path, data in tree.files.items() if _FILE.fullmatch(path)]


def _task(path: str, data: bytes) -> Frontmatter | None:
    front = parse(data, path, mend=True)
    return front if not isinstance(front, Problem) and _is_task(front) else None


def _is_task(front: Frontmatter) -> bool:
    """Whether it has what the tool writes into each task; an id may be missing, since people forget it."""
    keys = front.values.keys()
    has_id = bool(_ID.fullmatch(_text(front.values.get("id", "")))) or "id" not in keys
    return has_id and {"title", "status"} <= keys and any(key in keys for key in _OTHERS)


def _item(path: str, data: bytes, front: Frontmatter, statuses: Mapping[str, TaskStatus]) -> Item | Problem:
    key = _text(front.values.get("id", "")).upper()
    line = front.lines.get("title", 1)
    if not key:
        return Problem(plain(path), line, "no-id", "a task without an id", "give it one: `id: TASK-1`", warning=True)
    if _folder(path) == "drafts" or key.startswith("DRAFT-"):
        return Problem(plain(path), line, "draft", f"{key} is a draft", "promote it there", warning=True)
    word = _text(front.values["status"])
    body, criteria = _body(data[front.body :].decode("utf-8", "replace"), front)
    return Item(
        key=key,
        title=one_line(_text(front.values["title"])),
        path=path,
        line=line,
        status=_status(path, word, statuses),
        word=word,
        body=body,
        dependencies=tuple(each.upper() for each in _texts(front.values.get("dependencies", ()))),
        priority=priority_of(_text(front.values.get("priority", ""))),
        criteria=criteria,
        parent=_text(front.values.get("parent_task_id", "")).upper() or key.rpartition(".")[0],
        labels=(*_texts(front.values.get("labels", ())), *_texts(front.values.get("milestone", ()))),
    )


def _body(text: str, front: Frontmatter) -> tuple[str, tuple[str, ...]]:
    """What is to be done, and by what it is known to be done."""
    rest, sections = cut(text, ("Acceptance Criteria", "Definition of Done"))
    criteria = [each for section in sections for each in listed(section)]
    parts = [_COMMENT.sub("", rest).strip()]
    for key, title in _LISTS:
        if values := _texts(front.values.get(key, ())):
            parts.append(f"## {title}\n\n" + "\n".join(f"- {one_line(value)}" for value in values))
    numberless = (_NUMBER.sub("", each) for each in criteria)
    return "\n\n".join(part for part in parts if part), tuple(numberless)


def _status(path: str, word: str, statuses: Mapping[str, TaskStatus]) -> TaskStatus:
    status = statuses.get(word.casefold()) or status_of(word) or TaskStatus.TODO
    if _folder(path) == "completed":
        return TaskStatus.DONE
    if _folder(path) == "archive":
        return status if status is TaskStatus.DONE else TaskStatus.CANCELLED
    return status


def _folder(path: str) -> str:
    """Which of the tool's folders it is in: `tasks`, `completed`, `drafts` or `archive`."""
    parts = path.split("/")[-3:-1]
    return "archive" if "archive" in parts else parts[-1] if parts else ""


def _place(item: Item) -> tuple[bool, str, tuple[int, ...]]:
    """Tasks at hand first, each after the number of its id."""
    head, _, numbers = item.key.rpartition("-")
    kept = _folder(item.path) in ("completed", "archive")
    return kept, head, tuple(int(number[:9]) for number in numbers.split("."))


def _statuses(tree: Tree) -> dict[str, TaskStatus]:
    """What the project's own statuses mean: by their words, or by their place; the last one is the end."""
    words = _own_words(tree)
    last = len(words) - 1
    by_place = {0: TaskStatus.TODO, last: TaskStatus.DONE}
    return {
        word.casefold(): by_place.get(at) or status_of(word) or TaskStatus.IN_PROGRESS for at, word in enumerate(words)
    }


def _own_words(tree: Tree) -> tuple[str, ...]:
    """The statuses that the project has, in their order; empty where that was not read."""
    for path, data in tree.files.items():
        if path.rpartition("/")[2] not in _CONFIG or b"statuses" not in data:
            continue
        text = decoded(data, path)
        entries = None if isinstance(text, Problem) else read_flat(text.removeprefix("\ufeff"))
        words = next((entry.value for entry in entries or () if entry.key == "statuses"), ())
        if isinstance(words, tuple) and len(words) > 1:
            return words
    return ()


def _text(value: Value) -> str:
    return value.strip() if isinstance(value, str) and not isinstance(value, Nested) else ""


def _texts(value: Value) -> list[str]:
    found = value if isinstance(value, tuple) else (_text(value),)
    return [each.strip() for each in found if each.strip()]


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    data = tree.files[item.path]
    own = _own_word(tree, status)
    if item.status is status or not own:
        return ()
    try:
        return difference(item.path, data, patch(data, {"status": own}))
    except CoordError as error:
        return Problem(plain(item.path), item.line, "unwritable", clip(error.message, 160), error.remedy)


def _own_word(tree: Tree, status: TaskStatus) -> str:
    """The project's word for a status; empty: it has none."""
    meant = _statuses(tree)
    if not meant:
        return _WORDS.get(status, "")
    fitting = [word for word in _own_words(tree) if meant[word.casefold()] is status]
    named = (word for word in fitting if status_of(word) is status)
    return next(named, fitting[0] if fitting else "")


FORM = Form("backlog.md", "Backlog.md: a file a task in backlog/tasks/", _may_be, _detect, _read, _write_back)
