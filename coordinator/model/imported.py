"""Tasks of another tool, as they are read from its files: what an import starts from."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority


class TaskStatus(StrEnum):
    """What any tool's own word for a status comes down to."""

    TODO = "to do"
    IN_PROGRESS = "in progress"
    BLOCKED = "blocked"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Tree:
    """Files that somebody else's tool wrote: all that a form may look at. Untrusted, and bounded by who made it."""

    files: Mapping[str, bytes] = field(repr=False)
    """Path relative to the project's root, POSIX separators, sorted → the whole content. What is imported may be one
    file, or any folder, also outside of the project (`../other/…`): where a form's own folder begins is its to see."""
    problems: tuple[Problem, ...] = ()
    """What was not read, and why: too large, a link, a pipe, too many."""


@dataclass(frozen=True, slots=True)
class Detected:
    """That files have a form, and how sure that is."""

    confidence: float
    """0 to 1. From 0.5 on `coord init` offers it; below, only an import that finds nothing better takes it."""
    evidence: str
    """What it rests on, in a few words for people: `12 files with an id and a status`."""


@dataclass(frozen=True, slots=True)
class Item:
    """One task of another tool. All texts are as they were written: untrusted."""

    key: str
    """What it is called there, unique within what is imported: `TASK-12`, `3.1`, `001-login/T007`."""
    title: str
    """One line."""
    path: str
    """The file that it stands in, as in `Tree.files`."""
    line: int = 1
    """1-based: where it stands in that file."""
    status: TaskStatus = TaskStatus.TODO
    word: str = ""
    """The status as it is written there."""
    body: str = ""
    """Markdown: what is to be done, without title and criteria."""
    dependencies: tuple[str, ...] = ()
    """Keys of items that come first, as far as they are known; a key that no item has is told to people."""
    priority: Priority | None = None
    criteria: tuple[str, ...] = ()
    """One line each."""
    parent: str = ""
    """Key of the item that it is a part of; empty: of none."""
    labels: tuple[str, ...] = ()
    at: tuple[int, int] = (-1, -1)
    """Bytes of the file that the status's word takes, for a form that writes back there; not every form needs it."""


@dataclass(frozen=True, slots=True)
class Items:
    """What was read: every task that could be, in the order in which they stand there, and what was wrong."""

    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Each names path, line, code, what is wrong and what to do; never stops other items from being read."""


@dataclass(frozen=True, slots=True)
class BytePatch:
    """Bytes of a file that become others; all others stay."""

    path: str
    start: int
    end: int
    """Offsets in the file as it was read; equal: something is put in between."""
    new: bytes


WriteBack = tuple[BytePatch, ...] | Problem
"""What tells a tool that one of its tasks has another status. Empty: it says so already, or has no word for it."""


@dataclass(frozen=True, slots=True)
class Form:
    """How one tool keeps its tasks. Pure: bytes in, values out."""

    name: str
    """What people give to `--format`, and the first part of a prompt's `source:`; `[a-z0-9.-]+`."""
    line: str
    """What it is, in a few words: `Backlog.md: a file a task in backlog/tasks/`."""
    may_be: Callable[[str], bool]
    """Whether a file of this path is worth reading at all: by name alone, cheap, and no evidence of anything."""
    detect: Callable[[Tree], Detected | None]
    """By content, never by name alone. None: not a trace."""
    read: Callable[[Tree], Items]
    """Never raises, whatever the bytes are."""
    write_back: Callable[[Tree, Item, TaskStatus], WriteBack]
    """For an item that `read` found in this very tree; `status` is in progress, blocked or done."""
    settle: Callable[[str, bytes], bytes] = lambda _, data: data
    """A file, by its path, after what was written back: with what follows from it, such as counts."""
