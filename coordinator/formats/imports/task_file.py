"""A task a file: Markdown with frontmatter, as several tools keep them. Read leniently; one value of it changed."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from coordinator.errors import CoordError
from coordinator.formats import frontmatter
from coordinator.formats.flat_yaml import Nested, Value
from coordinator.formats.imports.sections import cut, listed
from coordinator.formats.imports.text import difference, one_line, status_of
from coordinator.formats.markdown import words_of
from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.imported import Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import clip, plain

CRITERIA = ("Acceptance Criteria",)
_KEY = regex.compile(rb"^([A-Za-z_][\w-]*):", re.MULTILINE)
_TITLE = regex.compile(r"\s*#[ \t]+(\S.*)")
_ITEM = regex.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]")
_NOTHING = {"", "[]", "none", "null", "~", "-", "n/a", "nothing"}
_PAST = frozenset(("archive", ".archive", "archived", ".archived"))
_MARK = b"\xef\xbb\xbf"


class TaskFile(NamedTuple):
    """One file, taken apart."""

    path: str
    values: Mapping[str, Value]
    title: str
    """The heading that the body starts with; empty without one."""
    body: str
    """Without that heading and the criteria."""
    criteria: tuple[str, ...]

    def word(self, key: str) -> str:
        """A scalar's text; empty where there is none."""
        value = self.values.get(key, "")
        return value.strip() if isinstance(value, str) and not isinstance(value, Nested) else ""

    def words(self, key: str) -> tuple[str, ...]:
        """The texts of a list; a single one may be written without, several with commas between them."""
        value = self.values.get(key, "")
        if isinstance(value, Nested):
            return ()
        texts = value if isinstance(value, tuple) else value.strip("[]").split(",")
        return tuple(found for text in texts if (found := text.strip(" \t\"'")).casefold() not in _NOTHING)

    def text(self, title: str) -> str:
        """The body, with its heading where that says something else than the title."""
        said = self.title.casefold().removeprefix("task:").strip()
        return f"# {self.title}\n\n{self.body}".strip() if said not in ("", title.casefold()) else self.body

    @property
    def stem(self) -> str:
        return PurePosixPath(self.path).stem

    @property
    def folder(self) -> str:
        """Name of the folder that it lies in; empty for that which is imported."""
        return PurePosixPath(self.path).parent.name


def is_in(path: str, folder: str) -> bool:
    """Whether a Markdown file may lie in a tool's folder, or in one that has no name of its own."""
    folders = path.split("/")[:-1]
    return path.endswith(".md") and (folder in folders or not any(one.strip(".") != one != ".." for one in folders))


def is_own(path: str, folder: str) -> bool:
    """Whether a file lies in a tool's folder for certain."""
    return folder in path.split("/")[:-1]


def is_past(path: str) -> bool:
    """Whether a file lies in a folder for what is over."""
    return not _PAST.isdisjoint(path.split("/")[:-1])


def settled(item: Item) -> Item:
    """A task as what it is where it lies: nobody does what was put away undone."""
    over = is_past(item.path) and item.status is not TaskStatus.DONE
    return replace(item, status=TaskStatus.CANCELLED) if over else item


def keys_of(data: bytes) -> frozenset[bytes]:
    """The keys of a file's frontmatter by a glance, to tell forms by; empty where there is none."""
    start = len(_MARK) if data.startswith(_MARK) else 0
    if not data.startswith(b"---", start):
        return frozenset()
    end = data.find(b"\n---", start + 3, frontmatter.LIMIT)
    return frozenset(_KEY.findall(data, start, end)) if end > 0 else frozenset()


def read_files(
    tree: Tree,
    is_ours: Callable[[str], bool],
    is_one: Callable[[str, bytes], bool],
    read: Callable[[TaskFile], Item | Problem],
) -> Items:
    """Read each file that is one of this form, what is over last; what is wrong with one stops no other.

    `is_ours`: by its path a file is the tool's own. If it is no task for all that, it is told.
    """
    items: list[Item] = []
    problems: list[Problem] = []
    for path, data in sorted(tree.files.items(), key=lambda file: is_past(file[0])):
        if not is_one(path, data):
            if is_ours(path) and not PurePosixPath(path).name.casefold().startswith("readme"):
                problems.append(no_task(path, data))
            continue
        file = take_apart(path, data)
        item = file if isinstance(file, Problem) else read(file)
        if isinstance(item, Problem):
            problems.append(item)
            continue
        items.append(settled(item))
        if item.word and status_of(item.word) is None and items[-1].status is TaskStatus.TODO:
            problems.append(unknown_status(path, item.line, item.word))
    return Items(tuple(items), tuple(problems))


def no_task(path: str, data: bytes) -> Problem:
    """Why a file that should be a task is none."""
    front = frontmatter.parse(data, plain(path), mend=True)
    if isinstance(front, Problem):
        return replace(front, warning=True)
    return Problem(plain(path), 1, "no-task", "its frontmatter is not that of a task", "left out", warning=True)


def unknown_status(path: str, line: int, word: str) -> Problem:
    message = f"nobody knows the status `{clip(plain(word), 40)}`; taken as to do"
    return Problem(plain(path), line, "unknown-status", message, "write one of the tool's own words", warning=True)


def take_apart(path: str, data: bytes) -> TaskFile | Problem:
    """Read a file: its frontmatter, mended where it is not quite YAML, and the body."""
    front = frontmatter.parse(data, plain(path), mend=True)
    if isinstance(front, Problem):
        return front
    return TaskFile(path, front.values, *parts(data[front.body :].decode()))


def parts(text: str) -> tuple[str, str, tuple[str, ...]]:
    """A body's title, which is its first heading if nothing stands before it, the rest of it, and its criteria."""
    heading = _TITLE.match(text)
    rest, sections = cut(text[heading.end() :] if heading is not None else text, CRITERIA)
    criteria = [each for section in sections for each in listed(section)]
    besides = [line for section in sections for line in section.split("\n") if _is_besides(line)]
    if not criteria:
        criteria, besides = [line for each in besides if (line := one_line(each))], []
    body = "\n\n".join(part for part in (rest.replace("\r\n", "\n").strip(), "\n".join(besides).strip()) if part)
    return one_line(words_of(heading[1])) if heading is not None else "", body, tuple(criteria)


def _is_besides(line: str) -> bool:
    """Whether a line of a section of criteria is words beside its list."""
    return bool(line.strip()) and line[0] not in " \t" and _ITEM.match(line) is None


def noted(body: str, notes: Mapping[str, tuple[str, ...]]) -> str:
    """A body with what the tool knows besides, a line each: `Related: a, b`."""
    told = "\n".join(f"{name}: {', '.join(texts)}" for name, texts in notes.items() if texts)
    return f"{body}\n\n{told}".strip() if told else body


def write(
    tree: Tree, item: Item, status: TaskStatus, words: Mapping[TaskStatus, str], key: str = "status"
) -> WriteBack:
    """The patch that gives the frontmatter's status another word; nothing where the tool has none for it."""
    word = words.get(status)
    if word is None or item.status is status or (is_past(item.path) and status is not TaskStatus.DONE):
        return ()
    data = tree.files[item.path]
    try:
        return difference(item.path, data, frontmatter.patch(data, {key: word}))
    except CoordError as error:
        return Problem(
            plain(item.path), item.line, "status-not-written", error.message, error.remedy or "change it there"
        )


def nested(value: Value) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The keys of a mapping within the frontmatter, with the texts of each that is a list of them, or a text."""
    if not isinstance(value, Nested):
        return
    from coordinator.formats.yaml_reader import YamlError, read_yaml

    first, *rest = str(value).split("\n")
    margin = min((len(line) - len(line.lstrip(" ")) for line in rest if line.strip()), default=0)
    try:
        nodes = read_yaml("\n".join([first, *(line[margin:] for line in rest)]))
    except YamlError:
        return
    for node in nodes:
        if isinstance(node.value, tuple):
            yield node.key, node.value
        elif not isinstance(node.value, Nested):
            yield node.key, (node.value,)
