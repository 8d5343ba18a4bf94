"""What was said in the iterations of a milestone, folded from events: verdicts, decisions, failures, what is stuck."""

from collections.abc import Mapping

from coordinator.lazy.dataclass import dataclass, replace
from coordinator.lazy.typing import Any
from coordinator.model.event import ActorKind, Event
from coordinator.model.failures import FailureFold
from coordinator.model.feedback import FeedbackStatus
from coordinator.model.filed import EVENTS as FILED_EVENTS
from coordinator.model.filed import FiledFold
from coordinator.model.handoff import HAND_OFF
from coordinator.model.milestone_names import MilestoneNames
from coordinator.model.round import Claim, Decided, Decision, Verdict
from coordinator.model.work import WorkId, work_about

REFUSED = "iteration.refused"
"""Why what a Planner decided was not taken, or came to nothing: `reasons`, and of one on the log its `decision`."""
RESUMES = frozenset(
    {
        *("intent.set", "question.answered", "criterion.accepted", "feedback.waived", "feedback.planned"),
        *("prompt.created", "prompt.edited", "prompt.cancelled", "plan.applied", "plan.undone", "milestone.status"),
    }
)
"""What a human does to a milestone that is stuck, and has it go on by."""
EVENTS = (
    *("verdict.given", "planner.decided", "plan.applied", REFUSED, "step.failed", "step.blocked", "milestone.created"),
    *("milestone.status", "feedback.planned", "feedback.waived", HAND_OFF),
    *FILED_EVENTS,
    *RESUMES,
)
"""Kinds that it reads."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A milestone that the loop said is stuck."""

    reason: str
    remedy: str
    iteration: int
    seq: int


class RoundFold:
    """Up to the last event fed; another milestone begins anew, but for findings that a human settled.

    Values stay the very same while nothing is new.
    """

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        """The newest."""
        self.stuck: Stuck | None = None
        """Where nobody has had it go on since."""
        self.resumed = 0
        """The iteration in which it was stuck last, when a human had it go on; 0: never."""
        self.plans = 0
        """Plans of Planners that were applied."""
        self.settled: frozenset[int] = frozenset()
        """Findings that a human waived or left for later."""
        self.names = MilestoneNames()
        self.filed = FiledFold()
        self.failures = FailureFold()
        self._decided: tuple[str, Decided] | None = None
        """The newest, with its run."""
        self._turned_away: tuple[str, int, tuple[str, ...]] = ("", 0, ())
        """Run, iteration and reasons of the newest plan that was not taken at all, while none was since."""
        self._spoken: frozenset[tuple[str, str]] = frozenset()
        """Run and subject of works whose hand-in is there."""

    def feed(self, event: Event) -> None:
        """Take the next event; those of other kinds change nothing."""
        if event.kind == "milestone.created":
            # findings are numbered through all milestones, and a human's word on one stays
            settled, names, filed = self.settled, self.names, self.filed
            self.__init__()  # type: ignore[misc]
            self.settled, self.names, self.filed = settled, names, filed
            names.feed(event)
        elif self.stuck is not None and event.actor_kind == ActorKind.HUMAN and event.kind in RESUMES:
            self._resume()
        self.filed.feed(event)
        self.failures.feed(event)
        do = _DO.get(event.kind)
        if do is not None:
            do(self, event)

    def decided(self, run: str, iteration: int) -> Decided | None:
        """What the Planner of an iteration of a run decided, with what became of it."""
        known = self._decided
        return known[1] if known is not None and known[0] == run and known[1].iteration == iteration else None

    def spoken(self, run: str) -> frozenset[str]:
        """Subjects of works of a run whose hand-in is on the log."""
        return frozenset(subject for of, subject in self._spoken if of == run)

    def turned_away(self, run: str, iteration: int) -> tuple[str, ...]:
        """Why the newest plan that a Planner of an iteration of a run handed in was not taken; none once one was."""
        return self._turned_away[2] if self._turned_away[:2] == (run, iteration) else ()

    def _resume(self) -> None:
        self.resumed, self.stuck = self.stuck.iteration if self.stuck is not None else 0, None
        self.failures.begin_anew()

    def _verdict(self, event: Event) -> None:
        given = verdict_of(event)
        self.verdict = given if given is not None else self.verdict
        self._has_spoken(event)

    def _decision(self, event: Event) -> None:
        decided = decided_of(event)
        if decided is None:
            return
        self._decided, self._turned_away = (event.run or "", decided), ("", 0, ())
        self._has_spoken(event)

    def _plan(self, event: Event) -> None:
        seq, known = event.data.get("decision"), self._decided
        if event.actor_kind != ActorKind.AGENT or type(seq) is not int:
            return
        self.plans += 1
        if known is not None and known[1].seq == seq:
            self._decided = (known[0], replace(known[1], applied=str(event.data.get("plan") or event.id)))

    def _refused(self, event: Event) -> None:
        known, decision = self._decided, event.data.get("decision")
        if event.actor_kind != ActorKind.SYSTEM:
            return
        reasons = _texts(event.data.get("reasons")) or ("it was refused",)
        if decision is None:
            self._turned_away = (event.run or "", _iteration(event, work_about(event.subject)), reasons)
        if known is None or known[1].seq != decision:
            return
        self._decided = (known[0], replace(known[1], refused=reasons))

    def _status(self, event: Event) -> None:
        if event.actor_kind == ActorKind.SYSTEM and event.data.get("status") == "stuck":
            reason, remedy = (str(event.data.get(key) or "") for key in ("reason", "remedy"))
            self.stuck = Stuck(reason, remedy, event.iteration or 1, event.seq)

    def _finding(self, event: Event) -> None:
        kind, _, number = event.subject.partition(":")
        if kind != "feedback" or not number.isdecimal() or event.actor_kind != ActorKind.HUMAN:
            return
        if event.kind == "feedback.planned" and event.data.get("status") is None:
            return  # another priority
        away = event.kind == "feedback.waived" or event.data.get("status") == FeedbackStatus.BACKLOG
        self.settled = self.settled | {int(number)} if away else self.settled - {int(number)}

    def _handed_off(self, event: Event) -> None:
        if event.data.get("outcome") == "done" and event.subject.startswith("flow:"):
            self._has_spoken(event)

    def _has_spoken(self, event: Event) -> None:
        if event.run and work_about(event.subject) is not None:
            self._spoken |= {(event.run, event.subject)}


_DO = {
    "verdict.given": RoundFold._verdict,
    "planner.decided": RoundFold._decision,
    "plan.applied": RoundFold._plan,
    REFUSED: RoundFold._refused,
    "milestone.status": RoundFold._status,
    "feedback.planned": RoundFold._finding,
    "feedback.waived": RoundFold._finding,
    HAND_OFF: RoundFold._handed_off,
}


def verdict_of(event: Event) -> Verdict | None:
    """The verdict that an event holds; None where it says nothing that can be read."""
    data, work = event.data, work_about(event.subject)
    met = data.get("met")
    if not isinstance(met, str):
        return None
    listed = data.get("criteria")
    claims = (_claim(item) for item in listed) if isinstance(listed, list) else ()
    return Verdict(
        met,
        _text(data, "rationale"),
        _texts(data.get("gaps")),
        tuple(claim for claim in claims if claim is not None),
        event.seq,
        event.actor,
        _iteration(event, work),
        _text(data, "commit"),
    )


def decided_of(event: Event) -> Decided | None:
    """The decision that an event holds; None where it is none of the three."""
    data, said = event.data, str(event.data.get("decision") or "")
    if said not in Decision.__members__:
        return None
    return Decided(
        Decision(said),
        _text(data, "reason"),
        event.seq,
        event.actor,
        _iteration(event, work_about(event.subject)),
        blocker=_text(data, "blocker"),
        intent=_text(data, "intent"),
        plan=dict(data),
    )


def _claim(item: object) -> Claim | None:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        return None
    return Claim(item["id"], _text(item, "status"), _text(item, "command"), _text(item, "note"))


def _iteration(event: Event, work: WorkId | None) -> int:
    """That of the work which said it: another one may have begun by the time that it was written down."""
    return work.iteration if work is not None and work.kind == "flow" else event.iteration or 0


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()
