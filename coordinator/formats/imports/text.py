"""What the forms have in common: bytes as text, statuses and priorities by any tool's word, patches."""

from collections.abc import Iterator

from coordinator.formats.markdown import bare_word
from coordinator.lazy import regex
from coordinator.lazy.typing import NamedTuple
from coordinator.model.imported import BytePatch, Item, TaskStatus, Tree
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority
from coordinator.model.text import plain

_BREAK = regex.compile(r"\r\n|\r|\n")
_BETWEEN = regex.compile(r"[\s_-]+")

_STATUSES = {
    word: status
    for status, words in {
        TaskStatus.TODO: "todo,to do,open,pending,ready,backlog,new,queued,planned,not started,draft,triage",
        TaskStatus.IN_PROGRESS: "in progress,doing,started,active,wip,ongoing,review,in review,claimed,working",
        TaskStatus.BLOCKED: "blocked,on hold,waiting,paused,deferred,pinned,hooked",
        TaskStatus.DONE: "done,complete,completed,closed,finished,resolved,merged,shipped,passed",
        TaskStatus.CANCELLED: "cancelled,canceled,scrapped,dropped,deleted,tombstone,obsolete,superseded,wont do,"
        "won't do,wontfix,rejected,abandoned,skipped,duplicate,archived",
    }.items()
    for word in words.split(",")
}
_PRIORITIES = {
    word: priority
    for priority, words in {
        Priority.HIGH: "critical urgent highest high p0 p1 0 1 must",
        Priority.MEDIUM: "medium med normal default moderate p2 2 should",
        Priority.LOW: "low lowest minor trivial backlog deferred p3 p4 3 4 could none",
    }.items()
    for word in words.split()
}


def status_of(word: str) -> TaskStatus | None:
    """The status that a tool's word stands for, whatever its case, marks and separators; None: nobody knows."""
    return _STATUSES.get(_BETWEEN.sub(" ", bare_word(word.casefold())))


def priority_of(word: str) -> Priority | None:
    """The same for a priority; numbers are those of tools that count from 0, the most urgent."""
    return _PRIORITIES.get(bare_word(word.casefold()))


def one_line(text: str) -> str:
    """A text as a title or a criterion: blanks and breaks become one blank."""
    return " ".join(text.split())


def decoded(data: bytes, path: str) -> str | Problem:
    """Bytes as text, a byte-order mark included: places in the one are places in the other."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem(plain(path), line, "not-utf8", f"byte {error.start} is not UTF-8", "save the file as UTF-8")


class Line(NamedTuple):
    """A line of a text, and where it stands."""

    number: int
    """1-based."""
    text: str
    """Without its end."""
    start: int
    """Characters before it."""
    at: int
    """Bytes before it."""


def lines(text: str) -> Iterator[Line]:
    """The lines of a text; only LF, CR LF and CR end one, as editors have it."""
    start, at, number = 0, 0, 1
    for end in _BREAK.finditer(text):
        line = text[start : end.start()]
        yield Line(number, line, start, at)
        at += _size(line) + end.end() - end.start()
        start, number = end.end(), number + 1
    yield Line(number, text[start:], start, at)


def _size(text: str) -> int:
    """Bytes of it."""
    return len(text) if text.isascii() else len(text.encode())


def offset(text: str, place: int) -> int:
    """The bytes that the first `place` characters take."""
    return place if text.isascii() else len(text[:place].encode())


def put(tree: Tree, item: Item, word: str) -> tuple[BytePatch, ...]:
    """The patch that writes a status's word where the item's own one stands; empty: it is that word."""
    new = word.encode()
    start, end = item.at
    return () if tree.files[item.path][start:end] == new else (BytePatch(item.path, start, end, new),)


def difference(path: str, before: bytes, after: bytes) -> tuple[BytePatch, ...]:
    """The least patch that makes one version the other; empty when they are the same."""
    if before == after:
        return ()
    shorter = min(len(before), len(after))
    front = _same(before[:shorter], after[:shorter])
    rest = shorter - front
    back = _same(before[len(before) - rest :][::-1], after[len(after) - rest :][::-1])
    return (BytePatch(path, front, len(before) - back, after[front : len(after) - back]),)


def _same(one: bytes, other: bytes) -> int:
    """How many bytes two texts of the same length have in common at their start."""
    low, high = 0, len(one)
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def patched(data: bytes, patches: tuple[BytePatch, ...]) -> bytes:
    """A file with its patches, whose places are those of the file as it was; they don't overlap."""
    for patch in sorted(patches, key=lambda one: (one.start, one.end), reverse=True):
        data = data[: patch.start] + patch.new + data[patch.end :]
    return data
