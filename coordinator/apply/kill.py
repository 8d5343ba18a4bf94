"""Ends an attempt for good: its whole process tree first, then its step as it was asked for."""

from contextlib import suppress

from coordinator.apply.handoff_files import handed_off, publish
from coordinator.apply.steps import advance, agent_event, amend, reread
from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.failpoint import failpoint
from coordinator.model.step import Attempt, StepState, suite_mark
from coordinator.processes.terminate import terminate_agent
from coordinator.storage.paths import Layout
from coordinator.storage.temp_files import sweep_stale_temps

_STATES = {"requeue": StepState.PENDING, "fail": StepState.FAILED, "hold": StepState.BLOCKED}
ENDABLE = (StepState.DISPATCHED, StepState.RUNNING, StepState.CHANGE_OPEN)
"""States in which a kill means something."""


def finish_kill(layout: Layout, log: EventLog, attempt: Attempt) -> Attempt:
    """End what is left of an attempt that has its `kill` set, and move its step on; harmless when that was done.

    Raises CoordError as `end_processes` does; the step stays as it is then.
    """
    current = reread(layout, attempt)
    if current.kill == "requeue" and starts_again(current):
        return advance(layout, log, current, StepState.PENDING, kill="", held=False, reason=current.reason)
    if not current.kill or current.state not in ENDABLE:
        return current
    if current.pipeline:
        _end_turns(layout, log, current)
    end_processes(layout, current)
    if not current.in_place:
        from coordinator.changes.lending import take_back

        take_back(layout, current.work, current.attempt)
    if current.state is StepState.CHANGE_OPEN:
        _end_marked(suite_mark(current.work, current.attempt), layout)  # its checks have nothing to check any more
    failpoint("kill-ended")
    with suppress(CoordError, OSError):  # what it handed off is on the log, whatever can't be written of it
        publish(layout, current, handed_off(log, current))
    return advance(
        layout,
        log,
        current,
        _STATES[current.kill],
        before=[agent_event(current, "agent.killed", reason=current.reason)],
        kill="",
        killed=True,
        held=current.kill != "requeue",
        reason=current.reason,
    )


def _end_turns(layout: Layout, log: EventLog, parent: Attempt) -> None:
    """End the turns of its pipeline that are at work."""
    from coordinator.storage.stage_attempts import turns_on_disk

    for turn in turns_on_disk(layout, parent):
        if turn.state.live:
            finish_kill(layout, log, amend(layout, turn, kill=parent.kill, reason=parent.reason))


def starts_again(attempt: Attempt) -> bool:
    """It is an ended attempt at a flow which a new one may follow: there is no file that could ask for one."""
    return bool(attempt.work.flow) and attempt.state in (StepState.FAILED, StepState.BLOCKED)


def has_landed(layout: Layout, attempt: Attempt) -> bool:
    """Whether the gate has merged an open change that nobody recorded yet; only then is it too late to end it.

    It lands under the lock of the attempt: who holds that learns it for good. False where git can't tell.
    """
    if attempt.state is not StepState.CHANGE_OPEN or not attempt.branch:
        return False
    from coordinator.changes.git import Git
    from coordinator.changes.history import find_merge

    with suppress(CoordError):
        git = Git(layout.root)
        base_tip = git.head(git.base_branch(attempt.base_branch))
        found = find_merge(
            git,
            attempt.work,
            attempt.attempt,
            branch=attempt.branch,
            tip="",
            base_tip=base_tip,
            start=attempt.base,
            run=attempt.run,
        )
        return found is not None
    return False


def end_processes(layout: Layout, attempt: Attempt) -> None:
    """End everything that runs for an attempt, detached children too, gracefully first and within a bound.

    What they were writing at that moment is cleared away.
    Raises CoordError that names the processes which would not end.
    """
    _end_marked(attempt.agent, layout)
    sweep_stale_temps(layout.attempt(attempt.run, attempt.work, attempt.attempt))


def _end_marked(mark: str, layout: Layout) -> None:
    ended = terminate_agent(mark, layout.root)
    if ended.survivors:
        pids = ", ".join(map(str, ended.survivors))
        raise CoordError(f"{mark} would not end: process {pids} is still there", "end it by hand, as root if need be")
