"""Budgets that are used up: asked about once, ended where a human said so, and agents paused meanwhile. Pure."""

from collections.abc import Iterator

from coordinator.loop.actions import AskOver, EndOver, GoOn, Pause
from coordinator.model.budget import next_overrun, overruns
from coordinator.model.budget_pause import Wanted, all_wanted
from coordinator.model.loop_state import subject_number
from coordinator.model.snapshot import Snapshot


def used_up(snapshot: Snapshot, now: float) -> Iterator[AskOver | EndOver]:
    """What a budget asks for that is used up."""
    for over in overruns(snapshot, now):
        number = subject_number(over.subject)
        attempt = snapshot.steps[number].attempt if number is not None else None
        if over.question is None:
            yield AskOver(over.subject, over.about, over.text, over.options)
        elif over.to_end and number is not None and attempt is not None and attempt.state.live and not attempt.kill:
            yield EndOver(attempt.work, attempt.attempt)


def times(snapshot: Snapshot, now: float) -> Iterator[float]:
    """Unix seconds when the next budget is used up."""
    over = next_overrun(snapshot, now)
    if over is not None:
        yield over


def pauses(snapshot: Snapshot) -> tuple[Pause | GoOn, ...]:
    """Every agent at work stopped or let go on, however its processes are now: how a life of the loop begins."""
    return tuple(paused_as(one) for one in all_wanted(snapshot))


def paused_as(one: Wanted) -> Pause | GoOn:
    """What makes an agent's processes be as they have to be."""
    action = Pause if one.paused else GoOn
    return action(one.attempt.work, one.attempt.attempt, one.about)
