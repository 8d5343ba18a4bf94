"""Starts an attempt: claim, worktree, launch script, window. Killed anywhere in between, `resume` picks it up.

The claim is the loop's own: it holds capacity. All after that is a worker's, since git runs hooks, and CLIs are asked.
"""

from collections.abc import Callable
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
from coordinator.loop.contracts import flow_of_turn, prepare_turn, turn_environment
from coordinator.loop.flow_work import check_flow, checkout, new_flow_attempt, note_checkout
from coordinator.loop.inheritance import Inherited, inherit, told
from coordinator.loop.launch_files import write_launch
from coordinator.loop.prompt_status import mark
from coordinator.loop.prompt_text import write_turn
from coordinator.loop.starts import free_name, hand_over, new_attempt, set_up, with_port
from coordinator.loop.station_work import (
    check_pipeline,
    is_orphan,
    make_good,
    new_turn,
    parent_of,
    turn_before,
    with_start,
)
from coordinator.loop.worker import Task, beside
from coordinator.model.loop_state import is_shared
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState, attempts_before
from coordinator.model.turn_facts import facts_of
from coordinator.storage.files import digest_of
from coordinator.storage.given import keep_given
from coordinator.storage.journal import at_rest
from coordinator.terminals.errors import ServerLost
from coordinator.terminals.life import life_of
from coordinator.terminals.listing import Window

_LONGEST_NAME = 64
_SHARED_MEANS = "One agent at a time; its work is there at once, past every gate, and coord can't take it back."


def dispatch(context: Context, snapshot: Snapshot, action: Dispatch) -> Task | None:
    """Claim a new attempt; what starts it is returned. Whatever prevents that becomes its failure.

    None when nothing is to be started: its prompt is another one by now, or somebody else's claim was faster.
    """
    if action.work.flow:
        return _dispatch_flow(context, snapshot, action)
    if action.work.stage:
        return _dispatch_turn(context, snapshot, action)
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
        claimed = _claim(context, attempt, _claim_with_user)
    return None if claimed is None else partial(_start, context, snapshot, prompt, claimed)


def _dispatch_flow(context: Context, snapshot: Snapshot, action: Dispatch) -> Task | None:
    """The same for a flow of an iteration."""
    attempt = new_flow_attempt(context, snapshot, action.work, action.attempt)
    last = snapshot.flows.get(action.work)
    if last is not None:
        attempt = replace(attempt, interruptions=last.interruptions, limits=last.limits if last.interrupted else 0)
    claimed = _claim(context, attempt, _claim_with_user)
    return None if claimed is None else partial(_start, context, snapshot, None, claimed)


def _dispatch_turn(context: Context, snapshot: Snapshot, action: Dispatch) -> Task | None:
    """The same for a turn of a prompt's pipeline, which its position has written down."""
    parent, position = snapshot.steps[action.number].attempt, snapshot.pipelines.get(action.number)
    turn = position.turn(action.work.path) if position is not None else None
    if parent is None or position is None or turn is None or parent.attempt != action.attempt:
        return None
    make_good(context, parent, position)
    attempt = with_start(context, new_turn(context, snapshot, parent, position, turn))
    claimed = _claim(context, attempt, _claim_alone)
    return None if claimed is None else partial(_start_turn, context, snapshot, claimed)


def _claim(context: Context, attempt: Attempt, claim: Callable[[Context, Attempt], Attempt | None]) -> Attempt | None:
    """The attempt once it is claimed; None where it has to wait, or somebody else's claim was faster."""
    try:
        claimed = claim(context, attempt)
    except StalePlan:
        context.touched.append(context.directory(attempt))
        return None
    if claimed is not None:
        failpoint("dispatch-claimed")
    return claimed


def _claim_alone(context: Context, attempt: Attempt) -> Attempt:
    context.claim(attempt)
    return attempt


def _claim_with_user(context: Context, attempt: Attempt) -> Attempt | None:
    """In strict mode with a user of its own; None while those who had one are being cleared away."""
    if context.users is None:
        return _claim_alone(context, attempt)
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
    """Finish a start that was cut off with the loop or the tmux server: one process of the attempt ever runs."""
    found = snapshot.attempt_of(action.work)
    if found is None:
        return
    attempt = context.reread(found)
    if attempt.state is not StepState.DISPATCHED:
        context.touched.append(context.directory(attempt))
        return
    alive = [window for window in context.windows(attempt) if not window.dead]
    if alive:
        whole = attempt if attempt.work.stage else _with_base(context, with_port(context, attempt))
        _running(context, whole, alive[0])
    elif (context.directory(attempt) / "started").exists():
        context.advance(attempt, StepState.RUNNING, step_event(attempt))  # it ran and is gone: settled as every other
    else:
        end_processes(context.layout, attempt)  # what is left of a set-up that was cut off
        if attempt.work.stage:
            _start_turn(context, snapshot, attempt)
            return
        _start(context, snapshot, snapshot.prompts[action.number] if action.number else None, attempt)


def _start(context: Context, snapshot: Snapshot, prompt: Prompt | None, attempt: Attempt) -> None:
    try:
        if prompt is None:
            check_flow(context, attempt)
        elif prompt.lost and not prompt.source:
            raise CoordError("the file of its prompt is gone", f"bring {prompt.path} back, and restart it")
        elif attempt.pipeline:
            check_pipeline(context, attempt)
        given = beside(partial(_keep_given, context, attempt, prompt))
        last = next(attempts_before(attempt, context.find), None)
        if not attempt.pipeline:
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
        digest = prompt.digest if prompt is not None else ""
        attempt = replace(attempt, base=tree.base, base_branch=tree.base_branch, digest=digest)
        if prompt is None:
            note_checkout(context, attempt)
        if attempt.pipeline:
            given()
            _without_agent(context, snapshot, prompt, attempt)
            return
        existing = None if inherited is None else told(context, attempt, inherited)
        attempt = write_launch(context, snapshot, prompt, attempt, tree.cwd, last, existing)
        given()
        failpoint("dispatch-script")
        window = _open(context, attempt, tree.cwd)
        if window is None:
            context.touched.append(context.directory(attempt))
            return
        failpoint("dispatch-window")
    except CutShort:  # the next life of the loop does it again
        context.touched.append(context.directory(attempt))
        return
    except ServerLost:  # `resume` sees whether its process got to run, and ended with that server
        raise
    except (CoordError, OSError) as error:
        _not_started(context, attempt, _sentence(error), unprepared=isinstance(error, SetupFailed))
        return
    if prompt is not None:
        mark(context, snapshot, Mark(prompt.number, PromptStatus.IN_PROGRESS, attempt.attempt))
    _running(context, attempt, window)


def _without_agent(context: Context, snapshot: Snapshot, prompt: Prompt | None, attempt: Attempt) -> None:
    """What is started of a prompt with a pipeline: its worktree is ready, and stations are what works in it."""
    if prompt is not None:
        mark(context, snapshot, Mark(prompt.number, PromptStatus.IN_PROGRESS, attempt.attempt))
    dispatched = step_event(replace(attempt, state=StepState.DISPATCHED))
    kept = {name: getattr(attempt, name) for name in ("base", "base_branch", "branch", "reason", "digest", "port")}
    try:
        context.advance(attempt, StepState.RUNNING, dispatched, **kept)
    except Refused:  # it was ended meanwhile
        context.touched.append(context.directory(attempt))
    failpoint("dispatch-running")


def _start_turn(context: Context, snapshot: Snapshot, attempt: Attempt) -> None:
    """Start the agent of a turn in the worktree of its prompt."""
    try:
        prompt, parent = snapshot.prompts.get(attempt.prompt), parent_of(context, attempt)
        position = context.positions.of(parent) if parent is not None else None
        turn = position.turn(attempt.work.path) if position is not None else None
        if prompt is None or parent is None or position is None or turn is None:
            raise CoordError("what its pipeline wants of it can't be told", "look at pipeline-state.json")
        context.check_ready(attempt.runtime)
        tree = context.layout.worktree(attempt.work, attempt.attempt)
        last, facts = turn_before(snapshot, parent, position, turn), facts_of(position, turn)
        flow = flow_of_turn(context, facts.flow)
        prepare_turn(context, attempt, position, flow, (*facts.files, *facts.beside))
        write_turn(context, snapshot, prompt, attempt, position, turn, flow)
        more = turn_environment(context, attempt, turn.round)
        cwd, goes_on = tree / Git(context.layout.root).place.prefix, flow.resume == "session"
        attempt = write_launch(context, snapshot, prompt, attempt, cwd, last, None, more, goes_on=goes_on)
        failpoint("dispatch-script")
        window = _open(context, attempt, cwd)
        if window is None:
            context.touched.append(context.directory(attempt))
            return
        failpoint("dispatch-window")
    except ServerLost:
        raise
    except (CoordError, OSError) as error:
        _not_started(context, attempt, _sentence(error))
        return
    _running(context, attempt, window)


def _keep_given(context: Context, attempt: Attempt, prompt: Prompt | None) -> None:
    """Keep a prompt as it is given; of one that is lost by now that was done before."""
    if prompt is not None and not prompt.lost:
        keep_given(context.directory(attempt), prompt)


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
    context: Context, prompt: Prompt | None, attempt: Attempt, inherited: Inherited | None
) -> tuple[Attempt, worktrees.WorktreeInfo, bool]:
    """Where an attempt works, and whether that is set up: what was made ahead if there is, else made now."""
    taken = context.ahead.take(attempt) if attempt.branch and inherited is None else None
    if taken is not None:
        return with_port(context, replace(attempt, port=taken.port)), taken.tree, taken.set_up
    tree = _make_worktree(context, prompt, attempt, resume=inherited is not None and inherited.taken)
    return with_port(context, attempt), tree, False


def _make_worktree(
    context: Context, prompt: Prompt | None, attempt: Attempt, *, resume: bool
) -> worktrees.WorktreeInfo:
    if attempt.in_place:
        return _project_folder(context, attempt)
    if prompt is None:
        return checkout(context, attempt)
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
    name = _window_name(attempt)
    env = environment(attempt, context.layout.root)
    words, marked = [*keeper(), "sh", str(launch)], context.mark(attempt)
    try:
        with attempt_lock(context.layout, attempt):
            current = context.reread(attempt)
            if current.kill or current.state is not StepState.DISPATCHED or is_orphan(context, attempt):
                return None
            return context.terminals.open_window(words, cwd=cwd, name=name, env=env, mark=marked, once=True)
    except ServerLost:
        context.amend(attempt, server=context.server)
        raise


def _window_name(attempt: Attempt) -> str:
    """`07-1`, of a turn `07-1-implementer_2`: as much as tmux takes for a name."""
    own = attempt.work.checkout(attempt.attempt)
    path = attempt.work.path.replace("/", "-").replace(".", "_")
    return f"{own}-{path}"[:_LONGEST_NAME] if path else own


def _running(context: Context, attempt: Attempt, window: Window) -> None:
    dispatched = step_event(replace(attempt, state=StepState.DISPATCHED))
    context.pids[attempt.agent] = window.pid
    context.server = server = life_of(window.server or context.terminals.process())
    started = agent_event(attempt, "agent.started", runtime=attempt.runtime, window=window.id, pid=window.pid)
    try:
        context.advance(
            attempt,
            StepState.RUNNING,
            dispatched,
            started,
            window=window.id,
            pane=window.pane,
            server=server,
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
