"""Flows of an iteration: how their attempts go on, and what is cleared away behind them. Pure.

Which flows start, and when, is for the rules of the iteration to say.
"""

from collections.abc import Iterator

from coordinator.loop.actions import Action, Tidy
from coordinator.loop.rules.prompts import advance, end_of
from coordinator.model.budget_pause import about_budgets
from coordinator.model.loop_state import again_at
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState


def go_on(snapshot: Snapshot, now: float) -> Iterator[Action]:
    """What each attempt at a flow comes to next that is live; one thing at most."""
    active = [attempt for attempt in snapshot.flows.values() if attempt.state.live or _again(attempt)]
    if not active:
        return
    agents = {agent.id: agent for agent in snapshot.agents}
    asked, limit = about_budgets(snapshot.questions), snapshot.settings.timeout
    for attempt in active:
        yield from advance(snapshot, attempt, agents.get(attempt.agent), asked, limit, now)


def _again(attempt: Attempt) -> bool:
    """It has ended, and a human wants a new one."""
    return attempt.kill == "requeue" and attempt.state in (StepState.FAILED, StepState.BLOCKED)


def clear_up(snapshot: Snapshot, now: float) -> Iterator[Tidy]:
    """Windows and checkouts of attempts that ended: nothing of them is wanted any more, whatever they came to."""
    for work, attempt in snapshot.flows.items():
        if not attempt.state.live and attempt.untidy and attempt.epoch:
            yield Tidy(work, attempt.attempt)


def times(snapshot: Snapshot, now: float) -> Iterator[float]:
    """Unix seconds when attempts at flows have used their time, and when those go on that were cut off."""
    asked = about_budgets(snapshot.questions)
    for attempt in snapshot.flows.values():
        if attempt.state.live:
            at = end_of(asked, attempt, snapshot.settings.timeout, now)
        else:
            at = again_at(attempt, snapshot.settings) if attempt.state is StepState.PENDING else None
        if at is not None:
            yield at
