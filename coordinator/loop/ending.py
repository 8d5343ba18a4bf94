"""The very last act of a loop that is through: it ends its tmux session, when that is of no use to anybody."""

import os

from coordinator.model.snapshot import LoopState, Snapshot
from coordinator.model.step import StepState
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals
from coordinator.terminals.unused import end_unused


def end_session(terminals: Terminals, root: str, snapshot: Snapshot) -> None:
    """End the session once nothing is left to run; with it this process, where it runs in one of its windows.

    It stays while something else lives in it, somebody is attached, or a human may want to look at what an attempt
    showed last: all that is merged or given up has its last screen kept as a file. Raises TerminalError.
    """
    through = snapshot.loop.state in (LoopState.FINISHED, LoopState.IDLE) and not snapshot.unfinished
    if through and not any(_is_wanted(window, root, snapshot) for window in terminals.windows()):
        end_unused(terminals, os.getpid())


def _is_wanted(window: Window, root: str, snapshot: Snapshot) -> bool:
    """A window of an attempt that is not cleared up: it failed, or nothing is known of its prompt any more."""
    prompt = window.mark.get("prompt", "")
    if window.mark.get("root") != root or not prompt:
        return False
    step = snapshot.steps.get(int(prompt)) if prompt.isdecimal() else None
    if step is None or step.state not in (StepState.MERGED, StepState.SKIPPED):
        return True
    return step.attempt is not None and bool(step.attempt.window)
