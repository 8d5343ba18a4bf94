"""Makes the worktree of an attempt ready to work in: ports, files that come along, the agent's user, the set-up."""

from coordinator.agents.launch import environment
from coordinator.apply.steps import agent_event
from coordinator.changes.agent_user import share
from coordinator.changes.branches import free_branch
from coordinator.changes.git import Git
from coordinator.changes.setup import copy_files, run_setup
from coordinator.changes.worktrees import WorktreeInfo
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import replace
from coordinator.loop.context import Context
from coordinator.loop.launch_files import hooks_environment
from coordinator.model.clock import utc_now
from coordinator.model.pipeline import DIRECT
from coordinator.model.prompt import Prompt
from coordinator.model.step import SETUP_LOG, Attempt, StepState
from coordinator.model.work import WorkId, prompt_work
from coordinator.observe.setup import wanted_setup
from coordinator.storage import ports


def new_attempt(context: Context, prompt: Prompt, count: int, base_branch: str, *, branch: str) -> Attempt:
    """An attempt as it is claimed; without a branch it works in the project's own folder."""
    now, work = utc_now(), prompt_work(prompt.number)
    return Attempt(
        work=work,
        attempt=count,
        run=context.run,
        epoch=context.book.run.epoch,
        state=StepState.DISPATCHED,
        since=now,
        started=now,
        agent=f"executor-{prompt.label}-{count}",
        runtime=prompt.agent or context.config.runtime,
        model=prompt.model or "",
        branch=branch,
        worktree=context.layout.rel(context.layout.worktree(work, count)) if branch else "",
        base_branch=base_branch,
        title=prompt.title,
        prompt_file=prompt.path,
        digest=prompt.digest,
        pipeline="" if prompt.pipeline == DIRECT else prompt.pipeline,
    )


def free_name(context: Context, work: WorkId, count: int) -> str:
    """A free name for the branch of an attempt; where git can't tell, making the worktree says why."""
    try:
        return free_branch(Git(context.layout.root), work, count)
    except CoordError:
        return work.branch(count)


def with_port(context: Context, attempt: Attempt) -> Attempt:
    """The attempt with ten ports of its own; where none can be had that is told, and it starts without."""
    if attempt.port:
        return attempt
    try:
        return replace(attempt, port=ports.claim(context.layout.root, context.directory(attempt) / "step.json"))
    except CoordError as error:
        context.log_about(attempt, agent_event(attempt, "problem.no_ports", reason=error.message))
        return attempt


def set_up(context: Context, attempt: Attempt, tree: WorktreeInfo) -> None:
    """Do all that is wanted in the new worktree of an attempt. Raises SetupFailed, and CutShort when the loop ends."""
    if attempt.in_place:
        return
    layout, wanted, log = context.layout, wanted_setup(context.config), context.directory(attempt) / SETUP_LOG
    left_out = copy_files(layout, tree.path, wanted, log, context.halt)
    if left_out:
        context.log_about(attempt, agent_event(attempt, "problem.not_copied", reason=left_out))
    hand_over(context, attempt)
    env = setup_environment(context, attempt, tree)
    run_setup(layout, tree.cwd, wanted, env, log, guest=context.guest(attempt), halt=context.halt)


def hand_over(context: Context, attempt: Attempt) -> None:
    """Strict mode: give the worktree to the user of the attempt."""
    guest = context.guest(attempt)
    if guest is not None:
        share(context.layout, attempt.work, attempt.attempt, guest, branch=attempt.branch)


def setup_environment(context: Context, attempt: Attempt, tree: WorktreeInfo) -> dict[str, str]:
    """What a set-up is told: whose worktree it is, where, and which ports are its own."""
    hooks = {} if context.users is not None else hooks_environment(context, attempt)
    return environment(attempt, context.layout.root) | hooks | {"COORD_WORKTREE": str(tree.path)}
