"""Interrupted is not failed: tells whether an attempt ended because something below it went down."""

from coordinator.agents.launch import NO_WORKTREE, STARTED_BEFORE
from coordinator.loop.context import Context
from coordinator.model.step import Attempt
from coordinator.terminals.life import process_in, what_ended

OWN_FAULTS = (NO_WORKTREE, STARTED_BEFORE, 126, 127)
"""Exit statuses that tell of a start which can't work, whatever went down later."""
_FROM_OUTSIDE = (129, 137, 143)
"""Exit statuses of a hang-up, a kill and a termination: what an agent gets when others end."""


def what_cut_off(context: Context, attempt: Attempt) -> str:
    """What went down and took the attempt with it, for people; empty where it ended by itself, or has handed off.

    Its own end alone, with the tmux server alive and a loop that saw it or had been stopped in order, is a failure.
    """
    status = attempt.exit.status if attempt.exit is not None else None
    if attempt.receipt is not None or status in OWN_FAULTS:
        return ""
    ended = what_ended(attempt.server)
    if not ended and attempt.server and context.terminals.process() != process_in(attempt.server):
        ended = "server"  # it has hung up on its windows, and is about to go
    if ended:
        return "the machine" if ended == "machine" else "the tmux server"
    if (attempt.work, attempt.attempt) in context.orphans and (status is None or status in _FROM_OUTSIDE):
        return "the loop"
    return ""
