"""What a new attempt builds on: the branch and the worktree of the newest one before it that left something."""

from itertools import islice

from coordinator.agents.brief import Existing
from coordinator.apply.kill import end_processes
from coordinator.changes.diff import change_of
from coordinator.changes.lending import take_back
from coordinator.changes.takeover import take_over
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from coordinator.loop.context import Context
from coordinator.model.change import Change
from coordinator.model.step import Attempt, StepState, attempts_before

_LOOKED_AT = 20
"""Attempts that are looked through for one that left something: some never got as far as a branch."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """The attempt that left something, and whether the new one goes on from it."""

    source: Attempt
    taken: bool


def inherit(context: Context, attempt: Attempt) -> Inherited | None:
    """Let an attempt go on where the last one that left something ended; None when none did.

    What still runs of that one is ended first. Not taken where a human wants a fresh start.
    """
    for source in islice(attempts_before(attempt, context.find), _LOOKED_AT):
        if not source.branch:
            continue
        if source.state is StepState.MERGED:
            return None
        if source.fresh:
            return Inherited(source, taken=False)
        end_processes(context.layout, source)
        take_back(context.layout, source.work, source.attempt)
        if take_over(context.layout, attempt, source):
            return Inherited(source, taken=True)
    return None


def told(context: Context, attempt: Attempt, inherited: Inherited) -> Existing | None:
    """What an agent is told of it; None when nothing is there, or git can't tell."""
    source = inherited.source
    try:
        theirs = change_of(context.layout, source)
        mine = change_of(context.layout, attempt) if inherited.taken else theirs
    except CoordError:
        return None
    there = () if theirs.unreadable else _uncommitted(theirs)
    existing = Existing(
        source.attempt,
        source.branch,
        here=inherited.taken,
        commits=tuple(f"{commit.sha[:10]} {commit.subject}" for commit in mine.commits),
        files=_uncommitted(mine) if inherited.taken else (),
        elsewhere=there,
        place=source.worktree,
        behind=inherited.taken and mine.fork != mine.base_tip,
    )
    return existing if existing.commits or existing.files or existing.elsewhere else None


def _uncommitted(change: Change) -> tuple[str, ...]:
    return (*change.modified, *change.untracked)
