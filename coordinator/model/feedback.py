"""Feedback: what somebody found that is not as it should be, and what became of it. Pure."""

from collections.abc import Iterable
from enum import StrEnum

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.prompt import Priority

_WORD = regex.compile(r"\w+")
_FEWEST_WORDS = 3
"""A title of fewer words is in too many others by chance."""


class FeedbackStatus(StrEnum):
    OPEN = "open"
    PLANNED = "planned"
    """Prompts were made for it."""
    BACKLOG = "backlog"
    """Left for later, on purpose."""
    WAIVED = "waived"
    """A human said that it need not be dealt with."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One finding, as its file tells it; all of its words are untrusted text."""

    number: int
    title: str
    priority: Priority = Priority.MEDIUM
    category: str = ""
    """`security`, `tests`, `performance`, …"""
    status: FeedbackStatus = FeedbackStatus.OPEN
    source: str = ""
    """Who found it: an agent's id, or a human's name."""
    location: str = ""
    """`src/limit.py:40`, or other words for where it is."""
    issue: str = ""
    impact: str = ""
    suggestion: str = ""
    prompts: tuple[int, ...] = ()
    """What was planned for it."""
    milestone: str = ""
    iteration: int = 0
    reason: str = ""
    """Why it was waived or left, in a human's words."""
    path: str = field(default="", compare=False)
    """Relative to the project root."""
    document: bytes = field(default=b"", compare=False, repr=False)
    """The file as it was read."""

    @property
    def label(self) -> str:
        return f"{self.number:03d}"

    @property
    def subject(self) -> str:
        """Of its events on the log."""
        return f"feedback:{self.number}"

    @property
    def open(self) -> bool:
        return self.status is FeedbackStatus.OPEN


def same(known: Feedback, found: Feedback) -> bool:
    """Whether two findings are one: one title says what the other does, of the same file where both name one."""
    first, second = _words(known.title), _words(found.title)
    if first != second:
        short, long = sorted((first, second), key=len)
        if len(short) < _FEWEST_WORDS or not _within(short, long):
            return False
    places = _file(known.location), _file(found.location)
    return places[0] == places[1] or not all(places)


def already_known(items: Iterable[Feedback], found: Feedback) -> Feedback | None:
    """The finding that says the same already, whatever became of it; of several the first."""
    return next((item for item in sorted(items, key=lambda item: item.number) if same(item, found)), None)


def by_urgency(items: Iterable[Feedback]) -> tuple[Feedback, ...]:
    """Open ones first, each group by priority, then number."""
    return tuple(sorted(items, key=lambda item: (not item.open, item.priority.rank, item.number)))


def blocking(items: Iterable[Feedback]) -> tuple[Feedback, ...]:
    """What keeps a milestone from being done: open ones of high and of medium priority, the most urgent first."""
    return tuple(item for item in by_urgency(items) if item.open and item.priority is not Priority.LOW)


def _words(title: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(title.casefold()))


def _within(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    return any(long[at : at + len(short)] == short for at in range(len(long) - len(short) + 1))


def _file(location: str) -> str:
    """The file of a place, without its line."""
    return location.strip().split(":", 1)[0].removeprefix("./").casefold()
