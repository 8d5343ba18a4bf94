"""Pauses an attempt's agent by stopping its processes, and lets it go on. Both may be done again at any time."""

import os

from coordinator.agents.presence import agent_process
from coordinator.apply.steps import agent_event, event_id, record, reread
from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.failpoint import failpoint
from coordinator.model.event import Draft
from coordinator.model.snapshot import AgentState
from coordinator.model.step import Attempt, StepState
from coordinator.processes.table import is_stopped
from coordinator.storage.paths import Layout


def pause(layout: Layout, log: EventLog, attempt: Attempt, about: str) -> None:
    """Stop an agent until the question `about` a budget is answered; nothing is done to one that is being ended.

    Raises CoordError that names the processes which go on.
    """
    current = reread(layout, attempt)
    if not _at_work(current) or current.pid <= 1:
        return
    from coordinator.processes.suspend import stop_agent

    left = stop_agent(current.agent, layout.root, spare=current.pid, shared=lambda path: _is_shared(layout, path))
    failpoint("pause-stopped")
    if left:
        raise _would_not(current, "stop", left, "it may go on using more than its budget; answer the question about it")
    record(log, current, [_told(current, about, AgentState.PAUSED, "its budget is used up")])


def go_on(layout: Layout, log: EventLog, attempt: Attempt, about: str) -> None:
    """Let an agent go on after the question was answered; one that is being ended is left to that.

    Raises CoordError that names the processes which stay stopped.
    """
    current = reread(layout, attempt)
    if not _at_work(current):
        return
    from coordinator.processes.suspend import let_go_on

    left = let_go_on(current.agent, layout.root)
    failpoint("go-on-done")
    if left:
        raise _would_not(current, "go on", left, "send them SIGCONT by hand, as root if need be")
    if about:
        record(log, current, [_told(current, about, AgentState.WORKING, "it may go on")])


def is_paused(layout: Layout, attempt: Attempt) -> bool:
    """Whether an attempt's agent is stopped, and hears nothing."""
    return is_stopped(agent_process(str(layout.attempt(attempt.run, attempt.work, attempt.attempt))), attempt.pid)


def _at_work(attempt: Attempt) -> bool:
    return attempt.state is StepState.RUNNING and attempt.exit is None and not attempt.kill


def _is_shared(layout: Layout, path: str) -> bool:
    """The loop, people and other agents wait for locks on the project's files and git's; not on those of worktrees."""
    coord = f"{layout.coord}{os.sep}"
    if path.startswith(coord):
        return not path.startswith(f"{layout.worktrees}{os.sep}")
    return ".git/" in path


def _told(attempt: Attempt, about: str, state: AgentState, reason: str) -> Draft:
    """The event, with an id by which it is logged once for each question."""
    event = agent_event(attempt, "agent.status", state=state.value, reason=reason, about=about)
    return Draft(event.kind, event.subject, event.data, event_id(attempt, f"{event.kind}/{about}/{state.value}"))


def _would_not(attempt: Attempt, what: str, left: tuple[int, ...], remedy: str) -> CoordError:
    return CoordError(f"{attempt.agent} would not {what}: process {', '.join(map(str, left))}", remedy)
