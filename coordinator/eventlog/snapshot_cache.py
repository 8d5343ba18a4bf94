"""What a snapshot remembers of the log: questions, reviews, hand-offs, and which prompts were touched since then."""

from pathlib import Path

from coordinator.eventlog.filters import EVERYTHING, Filter
from coordinator.eventlog.questions import QuestionFold
from coordinator.eventlog.store import EventLog
from coordinator.model.clock import timestamp
from coordinator.model.event import Event
from coordinator.model.handoff import HAND_OFF, HandOffs
from coordinator.model.prompt import PromptStatus
from coordinator.model.prompt_rows import KIND as DESCRIPTION
from coordinator.model.prompt_rows import Row, rows_after
from coordinator.model.snapshot import Question, Review, Sample, Span
from coordinator.model.step import Attempt, Receipt
from coordinator.model.work import WorkId
from coordinator.model.work_times import ENDS, KIND, MOST, Samples, Waiting
from coordinator.model.work_times import EVENTS as WAIT_EVENTS

_KINDS = (
    *("question.asked", "question.assumed", "question.answered", "run.asked", "change.approved", "change.rejected"),
    *("prompt.created", "prompt.edited", "prompt.cancelled", "milestone.status", "run.started", HAND_OFF, DESCRIPTION),
    *("conflict.detected", "trust.given"),
    *WAIT_EVENTS,
)
_PAGE = 1000
_ENDS_OF_ONE = 4
"""Ends of one agent that are read: it has one, and may be killed and lost besides."""
_ANY_ATTEMPT = 1_000_000_000
"""Of edits that were logged without the attempt that they were about."""


class LogMemory:
    """Reads a log on and keeps what matters; the first look reads those kinds only. Belongs to one thread."""

    def __init__(self, path: Path) -> None:
        self._log = EventLog(path, missing_ok=True)
        self.head = 0
        self.reviews: dict[int, Review] = {}
        """By prompt: the newest verdict on a change of it."""
        self.said_done: dict[int, int] = {}
        """By prompt: the newest attempt at the time when a human said that it is done, while nobody said otherwise."""
        self.given_up: dict[int, int] = {}
        """By prompt: the newest attempt at the time when a human cancelled it."""
        self.told: dict[str, dict[int, Row]] = {}
        """By name space, then number: what the loop told last of the prompt that has it, or had it."""
        self.present: dict[str, dict[int, Row]] = {}
        """The same of those that were not gone when the loop looked last."""
        self.direct: dict[str, str] = {}
        """Path → digest of versions that came past coord, while no human has taken them for theirs."""
        self.highest_number = 0
        self.milestone_status = ""
        """What the newest `milestone.status` event says; empty when there is none. A run that began since opens it."""
        self._questions = QuestionFold()
        self._hand_offs = HandOffs()
        self._waiting = Waiting()
        self._samples = Samples()
        self._birth = ""

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions, open ones first."""
        return self._questions.questions()

    @property
    def waits(self) -> tuple[Span, ...]:
        """What waited for a human, and waits; the very same while nothing is new."""
        return self._waiting.spans()

    @property
    def samples(self) -> tuple[Sample, ...]:
        """What the newest finished attempts took; the very same while none is new."""
        return self._samples.newest()

    def read_on(self) -> frozenset[int]:
        """Take in what the log has gained; returns the prompts that these events are about."""
        birth = self._log.birth()
        if birth != self._birth:
            self._forget()
            self._birth = birth
        head = self._log.head()
        where = EVERYTHING if self.head else Filter(kinds=_KINDS, as_of=head)
        touched: set[int] = set()
        since = self.head
        while since < head:
            events = self._log.since(since, _PAGE, where)
            touched.update(event.prompt for event in events if event.prompt is not None)
            self._feed(events)
            since = events[-1].seq if len(events) == _PAGE else max(head, events[-1].seq if events else 0)
        if not self.head:
            self._catch_up(since)
        self.head = since
        return frozenset(touched)

    def _catch_up(self, head: int) -> None:
        """Read of the ends of attempts as many as tell something."""
        for agent, began in self._waiting.asking():
            for event in self._log.tail(_ENDS_OF_ONE, Filter(kinds=ENDS, subject=agent, as_of=head)):
                if timestamp(event.ts) >= began:
                    self._waiting.feed(event)
        for event in self._log.tail(MOST, Filter(kinds=(KIND,), as_of=head)):
            self._samples.feed(event, self._waiting)

    def given(self, run: str, work: WorkId, attempt: int, agent: str = "") -> tuple[Receipt, ...]:
        """The hand-offs of an attempt, oldest first; the same object while none is new. `agent`: of nobody else."""
        return self._hand_offs.of(run, work, attempt, agent)

    def given_since(self, attempt: Attempt) -> tuple[Receipt, ...]:
        """Those that the log has gained since it was read: a file written from one may be seen before it."""
        newer = HandOffs()
        where = Filter(kinds=(HAND_OFF,), subject=attempt.work.subject)
        newer.feed(self._log.since(self.head, _PAGE, where))
        return newer.of(attempt.run, attempt.work, attempt.attempt, attempt.agent)

    def close(self) -> None:
        self._log.close()

    def _forget(self) -> None:
        """Another log is at the path now."""
        self.head, self.highest_number, self.milestone_status = 0, 0, ""
        self.reviews, self.said_done, self.given_up, self.told, self.present = {}, {}, {}, {}, {}
        self._questions, self._hand_offs = QuestionFold(), HandOffs()
        self._waiting, self._samples = Waiting(), Samples()
        self.direct = {}

    def _feed(self, events: tuple[Event, ...]) -> None:
        self._questions.feed(events)
        self._hand_offs.feed(events)
        for event in events:
            self._waiting.feed(event)
            self._samples.feed(event, self._waiting)
            if event.kind == "milestone.status":
                self.milestone_status = str(event.data.get("status") or "")
            elif event.kind == "run.started" and self.milestone_status == "done":
                self.milestone_status = "open"
            elif event.kind == DESCRIPTION:
                self._described(event)
            elif event.kind == "conflict.detected":
                self.direct = {**self.direct, **_versions(event, "after")}
            elif event.kind == "trust.given":
                taken = _versions(event, "contents").items()
                self.direct = {path: digest for path, digest in self.direct.items() if (path, digest) not in taken}
            number = event.prompt
            if number is None:
                continue
            if event.kind.startswith("prompt."):
                self.highest_number = max(self.highest_number, number)
            if event.kind == "prompt.edited":
                self._edited(event, number)
            elif event.kind == "prompt.cancelled":
                self.given_up = {**self.given_up, number: _attempt(event)}
            elif event.kind in ("change.approved", "change.rejected"):
                self.reviews = {**self.reviews, number: _review(event, number)}

    def _edited(self, event: Event, number: int) -> None:
        values = event.data.get("values")
        status = values.get("status") if isinstance(values, dict) else None
        if status == PromptStatus.DONE:
            self.said_done = {**self.said_done, number: _attempt(event)}
        elif status is not None:
            self.said_done = {n: count for n, count in self.said_done.items() if n != number}

    def _described(self, event: Event) -> None:
        """Take in which prompts the loop told of; a prompt that is gone is remembered."""
        space = str(event.data.get("folder") or "")
        self.present = {**self.present, space: rows_after(self.present.get(space, {}), event.data)}
        before = self.told.get(space, {})
        rows = rows_after(before, {**event.data, "gone": []})
        if rows != before:
            self.told[space] = rows
            self.highest_number = max(self.highest_number, *rows)


def _attempt(event: Event) -> int:
    """The attempt that a word about a prompt is about."""
    attempt = event.data.get("attempt")
    return attempt if isinstance(attempt, int) else _ANY_ATTEMPT


def _versions(event: Event, key: str) -> dict[str, str]:
    """Path → digest, as an event tells it."""
    told = event.data.get(key)
    return {str(path): str(digest) for path, digest in told.items()} if isinstance(told, dict) else {}


def _review(event: Event, number: int) -> Review:
    attempt = event.data.get("attempt")
    return Review(
        prompt=number,
        attempt=attempt if isinstance(attempt, int) else 0,
        approved=event.kind == "change.approved",
        commit=str(event.data.get("commit") or ""),
        by=event.actor,
        note=str(event.data.get("note") or ""),
        seq=event.seq,
        landed=str(event.data.get("landed") or ""),
    )
