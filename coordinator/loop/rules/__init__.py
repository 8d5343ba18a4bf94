"""The rules of the loop: what is to be done now, from what is. Pure; they may be asked again at any time."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from coordinator.loop.actions import Action, AskOver, Dispatch, Mark, Tidy
from coordinator.loop.rules import budgets, decisions, flows, housekeeping, iteration, pipeline, prompts, witnesses
from coordinator.model.snapshot import Snapshot

RULES: tuple[Callable[[Snapshot, float], Iterable[Action]], ...] = (
    budgets.used_up,
    decisions.carry_out,
    prompts.go_on,
    flows.go_on,
    pipeline.go_on,
    pipeline.end_orphans,
    iteration.iterate,
    prompts.start,
    witnesses.show,
    housekeeping.keep_house,
    flows.clear_up,
    pipeline.clear_up,
)
"""Snapshot and time (Unix seconds) → actions. Most urgent first: budgets, a Planner's decision, attempts that ended and
merges, new attempts, then house-keeping."""
TIMES: tuple[Callable[[Snapshot, float], Iterable[float]], ...] = (
    prompts.times,
    flows.times,
    pipeline.times,
    iteration.times,
    budgets.times,
)
"""Snapshot and time → moments (Unix seconds) when time alone gives a rule something to do."""


def step(snapshot: Snapshot, now: float) -> tuple[Action, ...]:
    """What is to be done now, most urgent first."""
    wanted = [action for rule in RULES for action in rule(snapshot, now)]
    return tuple(_agreed(wanted, snapshot))


def next_due(snapshot: Snapshot, now: float) -> float | None:
    """Unix seconds of the next moment when time alone gives the loop something to do."""
    return min((at for times in TIMES for at in times(snapshot, now) if at > now), default=None)


def _agreed(wanted: Sequence[Action], snapshot: Snapshot) -> Iterator[Action]:
    """What the rules want, without what another one of them keeps from being done.

    Nothing starts before a question that comes up is on the log, nor while a plan is not whole: what depends on what
    is not known before. What is to start again need not be marked as ended.
    """
    starts = {action.number for action in wanted if isinstance(action, Dispatch) and action.number}
    held = bool(snapshot.unfinished) or any(isinstance(action, AskOver) for action in wanted)
    for action in wanted:
        if isinstance(action, Dispatch) and held:
            continue
        if isinstance(action, Mark | Tidy) and action.number in starts:
            continue
        yield action
