"""Feedback: what somebody found that is not as it should be, and what became of it. Pure."""

from collections.abc import Collection, Iterable
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


def own_findings(items: Iterable[Feedback], others: Collection[str]) -> tuple[Feedback, ...]:
    """The findings of the present milestone: all that carry no name of another one, `others`.

    One is filed with the milestone's title where that has no id yet: it may have another title by now, or an id.
    """
    return tuple(item for item in items if item.milestone not in others)


def same(known: Feedback, found: Feedback) -> bool:
    """Whether two findings are one: one title says what the other does, of the same file where both name one."""
    first, second = _words(known.title), _words(found.title)
    if first != second:
        short, long = sorted((first, second), key=len)
        if len(short) < _FEWEST_WORDS or not _within(short, long):
            return False
    places = _file(known.location), _file(found.location)
    return places[0] == places[1] or not all(places)


def alike(items: Iterable[Feedback], found: Feedback) -> tuple[Feedback, ...]:
    """The findings that say the same already, whatever became of them, by number."""
    return tuple(item for item in sorted(items, key=lambda item: item.number) if same(item, found))


def covers(known: Feedback, found: Feedback, filed_as: Priority, *, mended: bool) -> bool:
    """Whether one that says the same need not be filed again.

    `filed_as`: the priority with which `known` was filed, which only a human lowers. `mended`: every prompt that was
    planned for it has ended. So it is not as it should be still, or again; what is more urgent says more.
    """
    if min(known.priority.rank, filed_as.rank) > found.priority.rank:
        return False
    return not (known.status is FeedbackStatus.PLANNED and mended)


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
