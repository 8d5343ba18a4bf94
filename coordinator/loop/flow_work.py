"""What is different about attempts at flows: a checkout that is only looked at, and an end that is told, not merged."""

from contextlib import suppress
from functools import partial

from coordinator.agents.launch import environment
from coordinator.apply.kill import end_processes
from coordinator.apply.steps import agent_event
from coordinator.changes import readonly
from coordinator.changes.git import Git
from coordinator.changes.lending import take_back
from coordinator.changes.worktrees import WorktreeInfo
from coordinator.errors import CoordError
from coordinator.loop.context import Context
from coordinator.model.clock import utc_now
from coordinator.model.event import Draft
from coordinator.model.flow import FILES, SPECIALIST
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import WorkId
from coordinator.storage.flows import find_flow
from coordinator.storage.records import BadRecord, read_json, write_json

_BEGAN = "checkout.json"
"""In an attempt's directory: what was changed in its checkout when that was ready."""
_NAMED = 200
"""Files that the log names as changed."""


def new_flow_attempt(context: Context, snapshot: Snapshot, work: WorkId, count: int) -> Attempt:
    """An attempt at a flow as it is claimed: on the commit that the base branch is at now."""
    flow, config, now = find_flow(context.layout, work.flow), context.config, utc_now()
    git = Git(context.layout.root)
    shared = snapshot.settings.isolation == "shared" and not git.is_repo()
    base_branch = "" if shared else context.base_branch
    return Attempt(
        work=work,
        attempt=count,
        run=context.run,
        epoch=context.book.run.epoch,
        state=StepState.DISPATCHED,
        since=now,
        started=now,
        agent=f"{work.flow}-{work.iteration}-{count}",
        role=flow.role if flow is not None else work.flow if work.flow in FILES else SPECIALIST,
        runtime=(flow.agent if flow is not None else "") or config.runtime,
        model=flow.model if flow is not None else "",
        worktree="" if shared else context.layout.rel(context.layout.worktree(work, count)),
        base="" if shared else git.base_commit(base_branch),
        base_branch=base_branch,
        title=flow.title if flow is not None else work.flow,
    )


def check_flow(context: Context, attempt: Attempt) -> None:
    """CoordError where there is no such flow that an agent could be told."""
    name = attempt.work.flow
    if find_flow(context.layout, name) is None:
        raise CoordError(f"there is no flow `{name}` that can be used", "`coord validate` tells what is wrong with it")


def checkout(context: Context, attempt: Attempt) -> WorktreeInfo:
    """Make the checkout in which an attempt at a flow looks around."""
    layout, work, count = context.layout, attempt.work, attempt.attempt
    env = environment(attempt, layout.root)
    return readonly.create(layout, work, count, attempt.base, base_branch=attempt.base_branch, env=env)


def note_checkout(context: Context, attempt: Attempt) -> None:
    """Note how the checkout is now that it is ready: what changes from here on, its agent changes."""
    if not attempt.in_place:
        found = readonly.state_of(context.layout, attempt.work, attempt.attempt)
        write_json(context.directory(attempt) / _BEGAN, {"changed": sorted(found)})


def tell_changes(context: Context, attempt: Attempt) -> None:
    """Log what the agent of a read-only checkout left changed in it, once. Its processes are ended before."""
    if attempt.in_place or attempt.tidied:
        return
    end_processes(context.layout, attempt)
    with suppress(CoordError):
        take_back(context.layout, attempt.work, attempt.attempt)
    try:
        before = read_json(str(context.directory(attempt) / _BEGAN))
    except BadRecord:
        before = None
    if before is None:
        return  # it was never ready
    listed = before.get("changed")
    began = frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()
    look = partial(readonly.changed_since, context.layout, attempt.work, attempt.attempt)
    try:
        files = look(attempt.base, began)
    except (CoordError, OSError) as error:
        said = error.message if isinstance(error, CoordError) else str(error)
        files = (f"what it changed can't be told: {said}",)
    if files:
        more = {"more": len(files) - _NAMED} if len(files) > _NAMED else {}
        data = {"agent": attempt.agent, "attempt": attempt.attempt, "files": list(files[:_NAMED]), **more}
        context.log_about(attempt, Draft("ownership.violated", attempt.work.subject, data))


def drop_checkout(context: Context, attempt: Attempt) -> None:
    """Throw the checkout away, with all that is in it; what prevents that is logged."""
    if attempt.in_place:
        return
    tell_changes(context, attempt)
    why = readonly.drop(context.layout, attempt.work, attempt.attempt)
    if why:
        context.log_about(attempt, agent_event(attempt, "problem.worktree_kept", reason=why))
