"""What a request begins with, as the selection suggests: guesses, for people to change. Pure."""

from collections.abc import Collection

from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.services.planning import waiting_dependents

_MANY = 3
"""Waiting prompts beyond which nobody means `before all of them` without saying so."""


def between(
    snapshot: Snapshot, selected: int | None, marked: Collection[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Run-after and run-before of a new prompt: right behind the selected one, before the few that wait for it.

    Marked prompts are what it runs after; then nothing is guessed about the rest.
    """
    if marked:
        return tuple(n for n in snapshot.graph.order if n in marked), ()
    if selected is None or snapshot.steps[selected].state is StepState.SKIPPED:
        return (), ()
    waiting = waiting_dependents(snapshot, (selected,))
    return (selected,), waiting if len(waiting) <= _MANY else ()


def to_fix(snapshot: Snapshot, selected: int | None, marked: Collection[int]) -> tuple[int, ...]:
    """The prompts whose work a patch corrects: those that are marked, else the selected one."""
    chosen = marked or ({selected} if selected is not None else ())
    return tuple(number for number in snapshot.graph.order if number in chosen)
