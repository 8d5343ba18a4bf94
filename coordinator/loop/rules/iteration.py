"""Iterations: the flows that start, what becomes of a Planner's decision, and the phase that begins. Pure."""

from collections.abc import Iterator

from coordinator.loop.actions import Begin, Dispatch
from coordinator.model import iteration
from coordinator.model.snapshot import Snapshot


def iterate(snapshot: Snapshot, now: float) -> Iterator[Begin | Dispatch]:
    """What an iteration comes to next: another phase, else flows that start in the present one."""
    there = snapshot.round
    if there is None:
        return
    move = iteration.next_move(snapshot, now)
    if move is not None:
        yield Begin((there.number, there.phase), move)
    else:
        yield from (Dispatch(*start) for start in iteration.flows_due(snapshot, now))


def times(snapshot: Snapshot, now: float) -> Iterator[float]:
    """Unix seconds when flows that came to nothing are tried again."""
    yield from iteration.times(snapshot, now)
