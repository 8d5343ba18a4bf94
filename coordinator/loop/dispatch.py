"""Starts an attempt: claim, worktree, launch script, window. Killed anywhere in between, `resume` picks it up.

The claim is the loop's own: it holds capacity. All after that is a worker's, since git runs hooks, and CLIs are asked.
"""

from functools import partial
from pathlib import Path

from coordinator.agents.launch import environment, keeper
from coordinator.apply.kill import end_processes
from coordinator.apply.steps import agent_event, attempt_lock, step_event
from coordinator.changes import worktrees
from coordinator.changes.git import Git
from coordinator.changes.setup import CutShort, SetupFailed
from coordinator.errors import CoordError, Refused, StalePlan
from coordinator.failpoint import failpoint
from coordinator.lazy.dataclass import replace
from coordinator.loop.actions import Dispatch, Mark, Resume
from coordinator.loop.context import Context
from coordinator.loop.inheritance import Inherited, inherit, told
from coordinator.loop.launch_files import write_launch
from coordinator.loop.prompt_status import mark
from coordinator.loop.starts import free_name, hand_over, new_attempt, set_up, with_port
from coordinator.loop.worker import Task
from coordinator.model.loop_state import is_shared
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState, attempts_before
from coordinator.storage.files import digest_of
from coordinator.storage.given import keep_given
from coordinator.storage.journal import at_rest
from coordinator.terminals.life import life_of
from coordinator.terminals.listing import Window

_SHARED_MEANS = "One agent at a time; its work is there at once, past every gate, and coord can't take it back."


def dispatch(context: Context, snapshot: Snapshot, action: Dispatch) -> Task | None:
    """Claim a new attempt; what starts it is returned. Whatever prevents that becomes its failure.

    None when nothing is to be started: its prompt is another one by now, or somebody else's claim was faster.
    """
    prompt = snapshot.prompts[action.number]
    path = context.layout.root / prompt.path
    with at_rest(context.layout) as quiet:  # what a plan wrote into it may not have been told yet: read it first
        if not quiet or digest_of(path) != prompt.digest:
            context.touched.append(path)
            return None
        shared = is_shared(prompt, snapshot.settings)
        base = (
            "" if shared else context.base_branch
        )  # with none checked out for a moment it waits: nothing is claimed yet
        branch = "" if shared else _branch(context, action)
        attempt = new_attempt(context, prompt, action.attempt, base, branch=branch)
        last = snapshot.steps[action.number].attempt
        if last is not None:
            row = last.limits if last.interrupted else 0
            attempt = replace(attempt, interruptions=last.interruptions, limits=row)
        try:
            claimed = _claim(context, attempt)
        except StalePlan:
            context.touched.append(context.directory(attempt))
            return None
    if claimed is None:
        return None
    failpoint("dispatch-claimed")
    return partial(_start, context, snapshot, prompt, claimed)


def _claim(context: Context, attempt: Attempt) -> Attempt | None:
    """Claim an attempt, in strict mode with a user of its own; None while those who had one are being cleared away."""
    if context.users is None:
        context.claim(attempt)
        return attempt
    with context.users.free() as user:
        if user is not None:
            attempt = replace(attempt, user=user.name)
            context.claim(attempt)
            context.users.hold(user, attempt)
            return attempt
    ended = [held for held in map(context.reread, context.users.held()) if not held.state.live]
    for held in ended:
        context.retire(held)
    if not ended:
        raise CoordError("no user is free for another agent", "`coord strict setup --agents N` makes more of them")
    return None


def _branch(context: Context, action: Dispatch) -> str:
    """The branch that a worktree made ahead stands on, else a free name."""
    made = context.ahead.branch(action.work, action.attempt)
    return made or free_name(context, action.work, action.attempt)


def resume(context: Context, snapshot: Snapshot, action: Resume) -> None:
    """Finish a start that an earlier life of the loop did not: exactly one process of the attempt ever runs."""
    found = snapshot.steps[action.number].attempt
    if found is None:
        return
    attempt = context.reread(found)
    if attempt.state is not StepState.DISPATCHED:
        context.touched.append(context.directory(attempt))
        return
    alive = [window for window in context.windows(attempt) if not window.dead]
    if alive:
        _running(context, _with_base(context, with_port(context, attempt)), alive[0])
    elif (context.directory(attempt) / "started").exists():
        context.advance(attempt, StepState.RUNNING, step_event(attempt))  # it ran and is gone: settled as every other
    else:
        end_processes(context.layout, attempt)  # what is left of a set-up that was cut off
        _start(context, snapshot, snapshot.prompts[action.number], attempt)


def _start(context: Context, snapshot: Snapshot, prompt: Prompt, attempt: Attempt) -> None:
    try:
        if not prompt.lost:
            keep_given(context.directory(attempt), prompt)
        elif not prompt.source:
            raise CoordError("the file of its prompt is gone", f"bring {prompt.path} back, and restart it")
        last = next(attempts_before(attempt, context.find), None)
        context.check_ready(attempt.runtime)
        inherited = inherit(context, attempt) if attempt.branch else None
        attempt, tree, ready = _worktree(context, prompt, attempt, inherited)
        attempt = replace(attempt, branch=tree.branch, reason=tree.warning)
        if tree.warning:
            context.log_about(attempt, agent_event(attempt, "problem.worktree", reason=tree.warning))
        failpoint("dispatch-worktree")
        if ready:
            hand_over(context, attempt)
        else:
            set_up(context, attempt, tree)
        failpoint("dispatch-set-up")
        attempt = replace(attempt, base=tree.base, base_branch=tree.base_branch, digest=prompt.digest)
        existing = None if inherited is None else told(context, attempt, inherited)
        attempt = write_launch(context, snapshot, prompt, attempt, tree.cwd, last, existing)
        failpoint("dispatch-script")
        window = _open(context, attempt, tree.cwd)
        if window is None:
            context.touched.append(context.directory(attempt))
            return
        failpoint("dispatch-window")
    except CutShort:  # the next life of the loop does it again
        context.touched.append(context.directory(attempt))
        return
    except (CoordError, OSError) as error:
        _not_started(context, attempt, _sentence(error), unprepared=isinstance(error, SetupFailed))
        return
    mark(context, snapshot, Mark(prompt.number, PromptStatus.IN_PROGRESS, attempt.attempt))
    _running(context, attempt, window)


def _not_started(context: Context, attempt: Attempt, reason: str, *, unprepared: bool = False) -> None:
    """Let the attempt fail, unless it was ended meanwhile."""
    if context.reread(attempt).kill:  # that is why it did not start: whoever ends it says what becomes of the step
        context.touched.append(context.directory(attempt))
        return
    changes = {"reason": reason, "unprepared": unprepared, "port": attempt.port}
    try:
        context.retire(context.advance(attempt, StepState.FAILED, step_event(attempt), **changes))
    except Refused:
        context.touched.append(context.directory(attempt))


def _worktree(
    context: Context, prompt: Prompt, attempt: Attempt, inherited: Inherited | None
) -> tuple[Attempt, worktrees.WorktreeInfo, bool]:
    """Where an attempt works, and whether that is set up: what was made ahead if there is, else made now."""
    taken = context.ahead.take(attempt) if attempt.branch and inherited is None else None
    if taken is not None:
        return with_port(context, replace(attempt, port=taken.port)), taken.tree, taken.set_up
    tree = _make_worktree(context, prompt, attempt, resume=inherited is not None and inherited.taken)
    return with_port(context, attempt), tree, False


def _make_worktree(context: Context, prompt: Prompt, attempt: Attempt, *, resume: bool) -> worktrees.WorktreeInfo:
    if prompt.pipeline != "direct":
        raise CoordError(f"pipeline `{prompt.pipeline}` can't be had", "use `pipeline: direct`, or leave it out")
    if not attempt.branch:
        return _project_folder(context, attempt)
    base, env = attempt.base_branch or context.base_branch, environment(attempt, context.layout.root)
    create = partial(worktrees.create, context.layout, attempt.work, attempt.attempt, base, resume=resume, env=env)
    try:
        return create(branch=attempt.branch)
    except worktrees.BranchTaken:  # another project was faster since the name was chosen
        branch = free_name(context, attempt.work, attempt.attempt)
    context.amend(attempt, branch=branch)
    return create(branch=branch)


def _project_folder(context: Context, attempt: Attempt) -> worktrees.WorktreeInfo:
    """The project's own folder as the place of work, with plain words on the log about what that means."""
    root, git = context.layout.root, Git(context.layout.root)
    repository = git.is_repo()
    base = git.run("rev-parse", "--verify", "--quiet", "HEAD", ok=None).text if repository else ""
    why = "isolation is `shared`" if repository else "there is no git here (`git init` gives worktrees and review)"
    told = f"{attempt.agent} works in the project's own folder: {why}. {_SHARED_MEANS}"
    context.log_about(attempt, agent_event(attempt, "problem.shared_folder", reason=told))
    return worktrees.WorktreeInfo(attempt.work, attempt.attempt, root, root, "", base, "")


def _with_base(context: Context, attempt: Attempt) -> Attempt:
    """The attempt with what its worktree tells of its start."""
    if not attempt.branch:
        return attempt
    tree = worktrees.create(
        context.layout,
        attempt.work,
        attempt.attempt,
        attempt.base_branch or context.base_branch,
        branch=attempt.branch,
    )
    return replace(attempt, base=tree.base, base_branch=tree.base_branch)


def _open(context: Context, attempt: Attempt, cwd: Path) -> Window | None:
    """Start the attempt's process; None when its end was asked for meanwhile.

    Under the lock that asking for its end takes too: whoever asks finds the process, or there never is one.
    """
    launch = context.directory(attempt) / "launch.sh"
    name = attempt.work.checkout(attempt.attempt)
    env = environment(attempt, context.layout.root)
    with attempt_lock(context.layout, attempt):
        current = context.reread(attempt)
        if current.kill or current.state is not StepState.DISPATCHED:
            return None
        return context.terminals.open_window(
            [*keeper(), "sh", str(launch)], cwd=cwd, name=name, env=env, mark=context.mark(attempt)
        )


def _running(context: Context, attempt: Attempt, window: Window) -> None:
    dispatched = step_event(replace(attempt, state=StepState.DISPATCHED))
    context.pids[attempt.agent] = window.pid
    started = agent_event(attempt, "agent.started", runtime=attempt.runtime, window=window.id, pid=window.pid)
    try:
        context.advance(
            attempt,
            StepState.RUNNING,
            dispatched,
            started,
            window=window.id,
            pane=window.pane,
            server=life_of(window.server or context.terminals.process()),
            base=attempt.base,
            base_branch=attempt.base_branch,
            session=attempt.session,
            reason=attempt.reason,
            digest=attempt.digest,
            port=attempt.port,
        )
    except Refused:  # it was ended since its window was opened: nothing of it is to go on
        end_processes(context.layout, attempt)
        return
    failpoint("dispatch-running")


def _sentence(error: CoordError | OSError) -> str:
    if isinstance(error, CoordError):
        return f"{error.message}; {error.remedy}" if error.remedy else error.message
    return f"{error.strerror or error}: {error.filename or ''}"
