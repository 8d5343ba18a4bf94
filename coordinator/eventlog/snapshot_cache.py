"""What a snapshot remembers of the log: questions, reviews, hand-offs, and which prompts were touched since then."""

from pathlib import Path

from coordinator.eventlog import wait_cache
from coordinator.eventlog.filters import EVERYTHING, Filter
from coordinator.eventlog.questions import QuestionFold
from coordinator.eventlog.store import EventLog
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.clock import timestamp
from coordinator.model.event import ActorKind, Event
from coordinator.model.handoff import HAND_OFF, HandOffs
from coordinator.model.prompt import PromptStatus
from coordinator.model.prompt_rows import KIND as DESCRIPTION
from coordinator.model.prompt_rows import Row, rows_after
from coordinator.model.snapshot import Question, Review, Sample, Span
from coordinator.model.step import Attempt, Receipt
from coordinator.model.work import WorkId
from coordinator.model.work_times import ENDS, KIND, MOST, Samples, Waiting
from coordinator.model.work_times import EVENTS as WAIT_EVENTS

if TYPE_CHECKING:
    from coordinator.model.round_fold import RoundFold
    from coordinator.model.witness_fold import WitnessFold

_ROUNDS = frozenset(
    {
        *("verdict.given", "planner.decided", "plan.applied", "iteration.refused", "step.failed", "step.blocked"),
        *("milestone.created", "milestone.status", "feedback.planned", "feedback.waived", "handoff.given"),
        *("feedback.filed", "trust.given"),
        *("intent.set", "question.answered", "criterion.accepted", "prompt.created", "prompt.edited"),
        *("prompt.cancelled", "plan.undone", "witness.begun", "witness.run", "witness.left"),
        *("witness.asked", "run.criteria"),
    }
)
"""What the folds of an iteration read: kept until somebody asks for them, which most commands never do."""
_KINDS = (
    *sorted(_ROUNDS),
    *("question.asked", "question.assumed", "question.answered", "run.asked", "change.approved", "change.rejected"),
    *("prompt.created", "prompt.edited", "prompt.cancelled", "milestone.status", "run.started", HAND_OFF, DESCRIPTION),
    *("conflict.detected", "trust.given"),
)
_ALL_KINDS = (*_KINDS, *WAIT_EVENTS)
_PAGE = 1000
_WORTH_KEEPING = 2000
"""Events of a first look after which what waited is kept for the next one."""
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
        """What the newest `milestone.status` event says; empty when there is none. A run that began since opens it, and
    another milestone has none yet."""
        self._questions = QuestionFold()
        self._hand_offs = HandOffs()
        self._waiting = Waiting()
        self._waits_known = False
        """What is read now was taken into `_waiting` by who looked before."""
        self._samples = Samples()
        self._birth = ""
        self._for_rounds: list[Event] = []
        """What the folds of an iteration have not been fed yet."""
        self._folds: tuple[RoundFold, WitnessFold] | None = None

    @property
    def rounds(self) -> "RoundFold":
        """What was said in the iterations of the milestone."""
        return self._fed()[0]

    @property
    def shown(self) -> "WitnessFold":
        """What ran for which criterion, and what humans accepted."""
        return self._fed()[1]

    def _fed(self) -> "tuple[RoundFold, WitnessFold]":
        if self._folds is None:
            from coordinator.model.round_fold import RoundFold
            from coordinator.model.witness_fold import WitnessFold

            self._folds = (RoundFold(), WitnessFold())
        for event in self._for_rounds:
            self._folds[0].feed(event)
            self._folds[1].feed(event)
        self._for_rounds.clear()
        return self._folds

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
        touched: set[int] = set()
        if self.head:
            self._read(touched, head, EVERYTHING)
        elif head:
            known, self._waiting = wait_cache.kept(self._log, birth)
            self._waits_known = True
            self._read(touched, known, Filter(kinds=_KINDS, as_of=known))
            self._waits_known = False
            new = self._read(touched, head, Filter(kinds=_ALL_KINDS, as_of=head))
            self._catch_up(self.head)
            if new > _WORTH_KEEPING:
                wait_cache.keep(self._log, birth, self.head, self._waiting)
        return frozenset(touched)

    def _read(self, touched: set[int], until: int, where: Filter) -> int:
        """Take in events up to the number `until`, or some more; returns how many."""
        count = 0
        while self.head < until:
            events = self._log.since(self.head, _PAGE, where)
            count += len(events)
            touched.update(event.prompt for event in events if event.prompt is not None)
            self._feed(events)
            self.head = events[-1].seq if len(events) == _PAGE else max(until, events[-1].seq if events else 0)
        return count

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
        self._for_rounds, self._folds = [], None

    def _feed(self, events: tuple[Event, ...]) -> None:
        self._questions.feed(events)
        self._hand_offs.feed(events)
        for event in events:
            if not self._waits_known:
                self._waiting.feed(event)
                self._samples.feed(event, self._waiting)
            if event.kind in _ROUNDS:
                self._for_rounds.append(event)
                if self.milestone_status == "stuck" and event.actor_kind == ActorKind.HUMAN:
                    self.milestone_status = self._after_word(event)
            if event.kind == "milestone.status":
                self.milestone_status = str(event.data.get("status") or "")
            elif event.kind == "milestone.created":
                self.milestone_status = ""
            elif event.kind == "run.started" and self.milestone_status in ("", "done"):
                self.milestone_status = "open"  # from now on the log alone tells it, not a file that agents may write
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

    def _after_word(self, event: Event) -> str:
        """The status of a milestone that is stuck, once a human has done something about it."""
        from coordinator.model.round_fold import RESUMES

        said_so = self.rounds.resumed and self.rounds.stuck is None
        return "open" if said_so and event.kind in RESUMES else self.milestone_status

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
