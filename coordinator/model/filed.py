"""What the log tells of findings: as they were filed, and what was said of them since. Pure.

Their files are anybody's to write. A milestone is not done by a finding that went away, or became less urgent, with
nobody who may having said so.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from coordinator.lazy.dataclass import dataclass, replace
from coordinator.lazy.typing import Any
from coordinator.model.event import ActorKind, Event
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.prompt import Priority
from coordinator.model.text import clip, plain
from coordinator.model.trust import GONE

EVENTS = ("feedback.filed", "feedback.planned", "feedback.waived", "plan.undone", "trust.given", "milestone.created")
"""Kinds that are read."""
_TITLE = 80
"""Characters of words that are told."""
_FOLDER = ".coord/feedback/"

State = tuple[str, tuple[int, ...] | None]
"""A status that is not `open`, and the prompts told with it; None: of prompts nothing was said."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A finding as the log has it."""

    number: int
    title: str
    priority: Priority
    """The least urgent that it was filed with, or a human made it."""
    milestone: str = ""
    """That it was filed for; empty: not told."""
    present: bool = True
    """It was filed since the present milestone began."""
    states: frozenset[State] = frozenset()
    """What its file may say instead of `open`."""
    ever: frozenset[State] = frozenset()
    """All that was ever told."""
    taken: str | None = None
    """Digest of the version that came past coord and that a human took; GONE: that there is none."""


class FiledFold:
    """Findings of all milestones by number; the very same mapping while nothing is new."""

    def __init__(self) -> None:
        self.known: Mapping[int, Filed] = {}

    def feed(self, event: Event) -> None:
        """Take the next event; those of other kinds change nothing."""
        if event.kind == "feedback.filed":
            self._filed(event)
        elif event.kind in ("feedback.planned", "feedback.waived"):
            self._said(event)
        elif event.kind == "plan.undone" and self.known:
            self.known = {number: replace(one, states=one.ever) for number, one in self.known.items()}
        elif event.kind == "milestone.created" and {"before", "again"} & event.data.keys():  # else it got its id
            self.known = {number: replace(one, present=False) for number, one in self.known.items()}
        elif event.kind == "trust.given":
            self._taken(event.data.get("contents"))

    def of(self, milestone: str) -> tuple[Filed, ...]:
        """Those of the present milestone, which has this name, in the order of numbers."""
        found = (one for one in self.known.values() if one.present or (one.milestone and one.milestone == milestone))
        return tuple(sorted(found, key=lambda one: one.number))

    def _filed(self, event: Event) -> None:
        number, data = _number(event), event.data
        if number is not None and number not in self.known:
            priority = _priority(data.get("priority")) or Priority.MEDIUM
            one = Filed(number, str(data.get("title") or ""), priority, str(data.get("milestone") or ""))
            self.known = {**self.known, number: one}

    def _said(self, event: Event) -> None:
        number = _number(event)
        one = self.known.get(number) if number is not None else None
        if one is None:
            return
        priority = _priority(event.data.get("priority"))
        if priority is not None and event.actor_kind == ActorKind.HUMAN and priority.rank > one.priority.rank:
            one = replace(one, priority=priority)
        status = FeedbackStatus.WAIVED if event.kind == "feedback.waived" else event.data.get("status")
        if status == FeedbackStatus.OPEN:
            one = replace(one, states=frozenset())
        elif status is not None:
            state = (str(status), _prompts(event.data.get("prompts")))
            one = replace(one, states=frozenset({state}), ever=one.ever | {state})
        self.known = {**self.known, one.number: one}

    def _taken(self, contents: Any) -> None:
        for path, digest in contents.items() if isinstance(contents, dict) else ():
            word, _, _ = str(path).removeprefix(_FOLDER).partition("-")
            if str(path).startswith(_FOLDER) and word.isdecimal() and int(word) in self.known:
                self.known = {**self.known, int(word): replace(self.known[int(word)], taken=str(digest))}


def changed_past_coord(
    filed: Iterable[Filed], items: Iterable[Feedback], here: Iterable[Feedback]
) -> Iterator[tuple[int, str]]:
    """Findings of the milestone that are less urgent, or further away, than anybody who may has said; words for each.

    The words end with how a human goes on.
    `items`: all findings whose files can be read; `here`: those of them that count for the milestone.
    """
    known, counted = {item.number: item for item in items}, {item.number for item in here}
    for one in filed:
        item = known.get(one.number)
        if one.priority is not Priority.LOW and not _is_taken(one, item):
            now = _now(one, item, one.number in counted)
            if now:
                told = f"feedback {one.number:03d} ({one.priority}) {now}: {clip(plain(one.title), _TITLE)}"
                way = _way_on(one, item, one.number in counted)
                yield one.number, f"{told}; nobody who may has said so: {way}"


def _now(one: Filed, item: Feedback | None, counts: bool) -> str:
    """What a finding is by now that nobody said; empty: it is as it was said."""
    if item is None:
        return "has no file that can be read"
    if not counts and item.milestone != one.milestone:
        return f"is said to be of another milestone, {clip(plain(item.milestone), _TITLE)}"
    if item.priority.rank > one.priority.rank:
        return f"is {item.priority} in its file"
    said = {(item.status.value, item.prompts), (item.status.value, None)} & one.states
    return "" if item.open or said else f"is {item.status} in its file"


def _way_on(one: Filed, item: Feedback | None, counts: bool) -> str:
    if item is None or (not counts and item.milestone != one.milestone):
        return "put its file back as it was"
    verb = f"priority {one.number} {item.priority}"
    if item.priority.rank <= one.priority.rank:
        verb = {"waived": f"waive {one.number} --reason R", "backlog": f"backlog {one.number}"}.get(
            item.status.value, ""
        )
    back = f"coord feedback reopen {one.number}" if not item.open else "put it back in its file"
    return f"if that is your word, coord feedback {verb}; else {back}" if verb else back


def _is_taken(one: Filed, item: Feedback | None) -> bool:
    """A human has looked at this very version."""
    return one.taken is not None and one.taken == (sha256(item.document).hexdigest() if item is not None else GONE)


def _number(event: Event) -> int | None:
    kind, _, number = event.subject.partition(":")
    return int(number) if kind == "feedback" and number.isdecimal() else None


def _priority(value: object) -> Priority | None:
    return Priority(value) if isinstance(value, str) and value in Priority.__members__.values() else None


def _prompts(value: object) -> tuple[int, ...] | None:
    return tuple(number for number in value if type(number) is int) if isinstance(value, list | tuple) else None
