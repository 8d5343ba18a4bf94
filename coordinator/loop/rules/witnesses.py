"""What shows that criteria are met: numbers for those that have none, and commands that are to run now. Pure."""

from collections.abc import Iterator

from coordinator.loop.actions import NumberCriteria, RunWitness
from coordinator.model import acceptance
from coordinator.model.criterion_numbers import unnumbered
from coordinator.model.snapshot import Snapshot
from coordinator.model.witnesses import Leave, wanted


def show(snapshot: Snapshot, now: float) -> Iterator[NumberCriteria | RunWitness]:
    """What is to be done about the criteria of a milestone that iterates, and of prompts. What is asked about waits."""
    if not snapshot.loop.alive or snapshot.loop.asked != "running" or snapshot.unfinished:
        return
    yield from _of_milestone(snapshot)
    if snapshot.checks is not None:
        for want in acceptance.wanted(snapshot.checks, snapshot.questions):
            given = want.leave is Leave.GIVEN
            yield RunWitness(want.command, snapshot.checks.base, want.criteria, given, asks=False)


def _of_milestone(snapshot: Snapshot) -> Iterator[NumberCriteria | RunWitness]:
    there = snapshot.round
    if there is None:
        return
    new = unnumbered(there.criteria, there.numbers)
    if new:
        yield NumberCriteria(new)
    for want in wanted(there, snapshot.questions):
        if want.leave in (Leave.GIVEN, Leave.SANDBOX):
            yield RunWitness(want.command, there.base, want.criteria, want.leave is Leave.GIVEN)
