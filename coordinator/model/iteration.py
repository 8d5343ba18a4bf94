"""The rules of an iteration: which flows start now, when a phase ends, what may be DONE, and what is STUCK. Pure."""

from collections import Counter
from collections.abc import Iterator

from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import NamedTuple
from coordinator.model.clock import timestamp
from coordinator.model.failures import MOST_ALIKE, failure_words
from coordinator.model.loop_state import again_at, held_by_questions
from coordinator.model.may_be_done import refusals_of_done
from coordinator.model.queue import live_attempts
from coordinator.model.round import PLANNER, VERIFIER, Decided, Decision, Phase, Round
from coordinator.model.settings import backoff
from coordinator.model.snapshot import LoopState, Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import clip, plain
from coordinator.model.witnesses import Leave, wanted
from coordinator.model.work import WorkId, flow_work

__all__ = [
    "FLOW_TRIES",
    "MOST_ALIKE",
    "PLANNER_TRIES",
    "Move",
    "Start",
    "changes_something",
    "flows_due",
    "left",
    "needs_word",
    "next_move",
    "refusals_of_done",
    "times",
    "to_apply",
]

PLANNER_TRIES = 5
"""Planners in a row without a result after which it is STUCK."""
FLOW_TRIES = 3
"""Attempts of a Verifier or a specialist in an iteration; after them it goes on without their word."""
_LONGEST = 200
"""Columns of a failure's own words."""
_CHANGES = ("prompts", "edits", "cancel", "feedback")
"""Keys of a Planner's hand-in that change something where they are not empty."""


@dataclass(frozen=True, slots=True)
class Move:
    """What the iteration comes to next."""

    iteration: int
    phase: Phase
    reason: str
    """A sentence that says why, for people."""
    decision: Decision | None = None
    """DONE or STUCK where it is decided."""
    remedy: str = ""
    """Of STUCK: what a human could do."""


class Start(NamedTuple):
    """A flow that is to start now."""

    work: WorkId
    attempt: int
    """Its number: it goes on over iterations and runs."""


def next_move(snapshot: Snapshot, now: float) -> Move | None:
    """The phase that is to begin now, or the end of it all; None while the present one goes on."""
    there = snapshot.round
    if there is None or not _goes_on(snapshot):
        return None
    match there.phase:
        case Phase.PLANNING:
            return _after_planning(snapshot, there)
        case Phase.EXECUTING:
            return _after_executing(snapshot, there)
        case Phase.FEEDBACK:
            return _after_feedback(snapshot, there)
        case Phase.DECIDED:
            if snapshot.milestone.status != "open":
                return None
            return Move(there.number + 1, Phase.PLANNING, "a human lets it go on")


def flows_due(snapshot: Snapshot, now: float) -> tuple[Start, ...]:
    """The flows that start now, as far as there is room for them beside the agents at work."""
    there = snapshot.round
    if there is None or not _goes_on(snapshot) or held_by_questions(snapshot.questions, snapshot.graph) is None:
        return ()
    free = snapshot.loop.max_parallel - len(live_attempts(snapshot)) - len(snapshot.live_flows)
    due = [work for work in _flows_wanted(snapshot, there) if _due_at(snapshot, there, work) <= now]
    return tuple(Start(work, snapshot.flow_counts.get(work.flow, 0) + 1) for work in due[: max(0, free)])


def times(snapshot: Snapshot, now: float) -> Iterator[float]:
    """Unix seconds when flows that came to nothing are tried again."""
    there = snapshot.round
    if there is not None and _goes_on(snapshot):
        yield from (at for work in _flows_wanted(snapshot, there) if (at := _due_at(snapshot, there, work)) > now)


def changes_something(decided: Decided) -> bool:
    """Whether there is anything to apply of what a Planner handed in."""
    return any(decided.plan.get(key) for key in _CHANGES) or decided.plan.get("learnings") is not None


def to_apply(snapshot: Snapshot) -> Decided | None:
    """The decision whose plan is neither applied nor refused yet; None: there is none."""
    there = snapshot.round
    decided = there.decided if there is not None and there.phase is Phase.PLANNING else None
    if decided is None or decided.applied or decided.refused or not changes_something(decided):
        return None
    return decided


def needs_word(snapshot: Snapshot, decided: Decided) -> bool:
    """Whether a human has to confirm a Planner's plan before it is applied."""
    which = snapshot.settings.planner_plans
    first = snapshot.round is not None and not snapshot.round.plans
    return decided.decision is Decision.CONTINUE and (which == "all" or (which == "first" and first))


def left(snapshot: Snapshot) -> tuple[int, ...]:
    """Prompts that are neither merged nor cancelled."""
    ended = (StepState.MERGED, StepState.SKIPPED)
    return tuple(number for number, step in snapshot.steps.items() if step.state not in ended)


def _goes_on(snapshot: Snapshot) -> bool:
    """The loop lives and is asked to run, no plan is half-way, and its milestone is not done."""
    loop = snapshot.loop
    return loop.alive and loop.asked == "running" and not snapshot.unfinished and snapshot.milestone.status != "done"


def _after_planning(snapshot: Snapshot, there: Round) -> Move | None:
    decided = there.decided
    if snapshot.live_flows:
        return None
    if decided is None and _outdated(snapshot, there):
        return Move(there.number, Phase.FEEDBACK, "the base has moved since it was verified")
    if decided is None or decided.refused:
        return _fruitless(there)
    if to_apply(snapshot) is not None:
        return None
    match decided.decision:
        case Decision.STUCK:
            why = decided.blocker or decided.reason
            return _stuck(there, f"the Planner says: {why}", "give what is missing, then `coord resume`")
        case Decision.DONE:
            refusals = refusals_of_done(snapshot)
            if not refusals:
                return Move(there.number, Phase.DECIDED, decided.reason, Decision.DONE)
            return Move(there.number, Phase.EXECUTING, f"DONE is refused: {'; '.join(refusals)}")
        case Decision.CONTINUE:
            return Move(there.number, Phase.EXECUTING, decided.intent or decided.reason)


def _outdated(snapshot: Snapshot, there: Round) -> bool:
    """The base is another one than the Verifier saw just before, and nothing is left to be done: DONE can't be said."""
    verdict = there.verdict
    fresh = verdict is not None and verdict.iteration == there.number - 1 and verdict.commit != there.base
    return fresh and bool(there.base) and not left(snapshot)


def _fruitless(there: Round) -> Move | None:
    if there.number > there.max_iterations:
        return _too_many(there)
    if there.empty_plans >= PLANNER_TRIES:
        reasons = there.turned_away if there.decided is None else there.decided.refused
        newest = f"; the newest plan was refused: {clip(plain('; '.join(reasons)), _LONGEST)}" if reasons else ""
        why = f"{there.empty_plans} Planners in a row came to no result{newest}"
        return _stuck(there, why, "look at their last screens and at `coord doctor`, then `coord resume`")
    return None


def _after_executing(snapshot: Snapshot, there: Round) -> Move | None:
    if snapshot.live_flows or live_attempts(snapshot):
        return None
    if not left(snapshot) and not snapshot.unusable:
        return Move(there.number, Phase.FEEDBACK, "no prompt is left")
    if snapshot.loop.state is not LoopState.STUCK:
        return None
    alike = _most_alike(there)
    if alike:
        why = f"the same failure for the {MOST_ALIKE}rd time: {_as_said(snapshot, alike)}"
        return _stuck(there, why, "mend its cause, edit or cancel the prompt, then `coord resume`")
    if snapshot.settings.on_failure != "plan":
        return _stuck(there, snapshot.loop.reason, "edit, restart or cancel what holds it, then `coord resume`")
    return _again(there, f"the Planner is to see it: {snapshot.loop.reason}")


def _as_said(snapshot: Snapshot, alike: str) -> str:
    """The newest failure of a kind in its own words."""
    said = (step.reason for _, step in sorted(snapshot.steps.items(), reverse=True) if step.reason)
    return next((clip(plain(words), _LONGEST) for words in said if failure_words(words) == alike), alike)


def _after_feedback(snapshot: Snapshot, there: Round) -> Move | None:
    if left(snapshot):
        return Move(there.number, Phase.EXECUTING, "there are new prompts")
    if snapshot.live_flows or next(_flows_wanted(snapshot, there), None) is not None or _held(snapshot, there):
        return None
    if any(want.leave is not Leave.REFUSED for want in wanted(there, snapshot.questions)):
        return None
    return _again(there, "Verifier and specialists have spoken")


def _again(there: Round, reason: str) -> Move:
    return _too_many(there) if there.number >= there.max_iterations else Move(there.number + 1, Phase.PLANNING, reason)


def _too_many(there: Round) -> Move:
    remedy = "see what the iterations came to (`coord milestone show`), then `coord resume` for as many again"
    return _stuck(there, f"{there.number} iterations have not come to an end", remedy)


def _stuck(there: Round, reason: str, remedy: str) -> Move:
    return Move(there.number, Phase.DECIDED, reason, Decision.STUCK, remedy)


def _most_alike(there: Round) -> str:
    return next((words for words, count in Counter(there.failures).most_common(1) if count >= MOST_ALIKE), "")


def _flows_wanted(snapshot: Snapshot, there: Round) -> Iterator[WorkId]:
    """Flows that the phase needs, that are not at work and that nobody holds."""
    for name in _names(there):
        work = flow_work(there.number, name)
        last = snapshot.attempt_of(work)
        if last is None or not (last.state.live or last.held or _through(snapshot, there, work, last)):
            yield work


def _held(snapshot: Snapshot, there: Round) -> bool:
    """A human holds a flow back that the phase needs."""
    found = ((work, snapshot.attempt_of(work)) for work in (flow_work(there.number, name) for name in _names(there)))
    return any(last is not None and last.held and not _through(snapshot, there, work, last) for work, last in found)


def _names(there: Round) -> tuple[str, ...]:
    match there.phase:
        case Phase.PLANNING:
            return (PLANNER,)
        case Phase.FEEDBACK:
            return (VERIFIER, *there.specialists)
        case _:
            return ()


def _through(snapshot: Snapshot, there: Round, work: WorkId, last: Attempt) -> bool:
    """Nothing more is to be expected of a flow in this iteration."""
    if work.flow == PLANNER:
        return there.empty_plans >= PLANNER_TRIES or (there.decided is not None and not there.decided.refused)
    if there.tries.get(work.flow, 0) >= FLOW_TRIES:
        return True
    if work.flow == VERIFIER:
        return there.verdict is not None and there.verdict.commit == there.base
    return last.state is StepState.MERGED or work.subject in there.spoken


def _due_at(snapshot: Snapshot, there: Round, work: WorkId) -> float:
    """Unix seconds when a flow may start; what came to nothing waits, twice as long each time."""
    last = snapshot.attempt_of(work)
    if last is None or last.state is StepState.MERGED:
        return 0.0
    if last.state is StepState.PENDING:
        return again_at(last, snapshot.settings) or 0.0
    tries = there.empty_plans if work.flow == PLANNER else there.tries.get(work.flow, 0)
    return timestamp(last.since) + backoff(snapshot.settings, tries) if tries else 0.0
