"""Starts an attempt: claim, worktree, launch script, window. Killed anywhere in between, `resume` picks it up.

The claim is the loop's own: it holds capacity. All after that is a worker's, since git runs hooks, and CLIs are asked.
"""

import os
import shlex
from functools import partial
from pathlib import Path

from coordinator.agents.brief import Brief, Existing, compose
from coordinator.agents.launch import coord_folder, environment, keeper, launch_script
from coordinator.agents.runtime import Job
from coordinator.agents.user import AgentUser, wrapped
from coordinator.apply.kill import end_processes
from coordinator.apply.steps import agent_event, attempt_lock, step_event
from coordinator.changes import worktrees
from coordinator.changes.agent_user import share
from coordinator.changes.branches import free_branch
from coordinator.changes.git import Git
from coordinator.errors import CoordError, Refused, StalePlan
from coordinator.failpoint import failpoint
from coordinator.formats.frontmatter import split
from coordinator.lazy.dataclass import replace
from coordinator.loop.actions import Dispatch, Mark, Resume
from coordinator.loop.context import Context
from coordinator.loop.inheritance import earlier, inherit, told
from coordinator.loop.prompt_status import mark
from coordinator.loop.worker import Task
from coordinator.model.clock import utc_now
from coordinator.model.loop_state import is_shared
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import WorkId, prompt_work
from coordinator.safefiles.regular import replace_file
from coordinator.secrets.redaction import redact
from coordinator.storage.files import digest_of, read_limited
from coordinator.storage.given import keep_given
from coordinator.storage.journal import at_rest
from coordinator.storage.packaged import packaged
from coordinator.terminals.life import life_of
from coordinator.terminals.listing import Window

FLOW = "EXECUTION.md"
_SHARED_MEANS = "One agent at a time; its work is there at once, past every gate, and coord can't take it back."
_TEXT_LIMIT = 256 * 1024
"""Bytes of flows and learnings that go into a prompt."""


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
        attempt = _new_attempt(context, prompt, action.attempt, base, shared=shared)
        last = snapshot.steps[action.number].attempt
        attempt = replace(attempt, interruptions=last.interruptions if last is not None else 0)
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
        _running(context, _with_base(context, attempt), alive[0])
    elif (context.directory(attempt) / "started").exists():
        context.advance(attempt, StepState.RUNNING, step_event(attempt))  # it ran and is gone: settled as every other
    else:
        _start(context, snapshot, snapshot.prompts[action.number], attempt)


def _new_attempt(context: Context, prompt: Prompt, count: int, base_branch: str, *, shared: bool) -> Attempt:
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
        branch="" if shared else _branch(context, work, count),
        worktree="" if shared else context.layout.rel(context.layout.worktree(work, count)),
        base_branch=base_branch,
        title=prompt.title,
        prompt_file=prompt.path,
        digest=prompt.digest,
    )


def _start(context: Context, snapshot: Snapshot, prompt: Prompt, attempt: Attempt) -> None:
    try:
        if not prompt.lost:
            keep_given(context.directory(attempt), prompt)
        elif not prompt.source:
            raise CoordError("the file of its prompt is gone", f"bring {prompt.path} back, and restart it")
        last = next(earlier(context, attempt), None)
        context.check_ready(attempt.runtime)
        inherited = inherit(context, attempt) if attempt.branch else None
        tree = _make_worktree(context, prompt, attempt, resume=inherited is not None and inherited.taken)
        attempt = replace(attempt, branch=tree.branch, reason=tree.warning)
        if tree.warning:
            context.log_about(attempt, agent_event(attempt, "problem.worktree", reason=tree.warning))
        guest = context.guest(attempt)
        if guest is not None and attempt.branch:
            share(context.layout, attempt.work, attempt.attempt, guest, branch=attempt.branch)
        failpoint("dispatch-worktree")
        attempt = replace(attempt, base=tree.base, base_branch=tree.base_branch, digest=prompt.digest)
        existing = None if inherited is None else told(context, attempt, inherited)
        attempt = _write_launch(context, snapshot, prompt, attempt, tree.cwd, last, existing)
        failpoint("dispatch-script")
        window = _open(context, attempt, tree.cwd)
        if window is None:
            context.touched.append(context.directory(attempt))
            return
        failpoint("dispatch-window")
    except (CoordError, OSError) as error:
        _not_started(context, attempt, _sentence(error))
        return
    mark(context, snapshot, Mark(prompt.number, PromptStatus.IN_PROGRESS, attempt.attempt))
    _running(context, attempt, window)


def _not_started(context: Context, attempt: Attempt, reason: str) -> None:
    """Let the attempt fail, unless it was ended meanwhile."""
    try:
        context.retire(context.advance(attempt, StepState.FAILED, step_event(attempt), reason=reason))
    except Refused:
        context.touched.append(context.directory(attempt))


def _make_worktree(context: Context, prompt: Prompt, attempt: Attempt, *, resume: bool) -> worktrees.WorktreeInfo:
    if prompt.pipeline != "direct":
        raise CoordError(f"pipeline `{prompt.pipeline}` can't be had", "use `pipeline: direct`, or leave it out")
    if not attempt.branch:
        return _project_folder(context, attempt)
    base = attempt.base_branch or context.base_branch
    try:
        return worktrees.create(
            context.layout, attempt.work, attempt.attempt, base, branch=attempt.branch, resume=resume
        )
    except worktrees.BranchTaken:  # another project was faster since the name was chosen
        branch = _branch(context, attempt.work, attempt.attempt)
    context.amend(attempt, branch=branch)
    return worktrees.create(context.layout, attempt.work, attempt.attempt, base, branch=branch, resume=resume)


def _branch(context: Context, work: WorkId, count: int) -> str:
    """A free name for the branch of an attempt; where git can't tell, making the worktree says why."""
    try:
        return free_branch(Git(context.layout.root), work, count)
    except CoordError:
        return work.branch(count)


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


def _write_launch(
    context: Context,
    snapshot: Snapshot,
    prompt: Prompt,
    attempt: Attempt,
    cwd: Path,
    last: Attempt | None,
    existing: Existing | None,
) -> Attempt:
    """Write `prompt.txt` and `launch.sh`; they need not survive a power cut, for the agent does not either."""
    directory = context.directory(attempt)
    job = Job(
        attempt,
        prompt,
        context.layout.coord,
        directory,
        cwd,
        directory / "prompt.txt",
        model=prompt.model,
        resume=_session(attempt, last),
        arguments=tuple(shlex.split(context.config.agent_arguments.get(attempt.runtime, ""))),
        headless=context.config.headless,
    )
    text = redact(_prompt_text(context, snapshot, prompt, attempt, last, existing))
    replace_file(job.prompt_file, text.encode("utf-8", "replace"))
    command = context.runtime(attempt.runtime).command(job)
    user = None if context.users is None else context.users.of(attempt)
    if user is not None:
        command = wrapped(command, user)
        _own_status(directory, user)
    env = environment(attempt, context.layout.root) | ({} if user is not None else _hooks(context, attempt))
    script = launch_script(job, command, env, coord_folder())
    replace_file(directory / "launch.sh", os.fsencode(script), 0o755)
    return replace(attempt, session=command.session)


def _hooks(context: Context, attempt: Attempt) -> dict[str, str]:
    """What has the engineer's hooks run for an agent's commits, where git would not find them in a worktree."""
    if not attempt.branch:
        return {}
    folder = Git(context.layout.root).lost_hooks(context.layout.worktree(attempt.work, attempt.attempt))
    if not folder:
        return {}
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    place = int(count) if count.isdecimal() else 0
    return {
        "GIT_CONFIG_COUNT": str(place + 1),
        f"GIT_CONFIG_KEY_{place}": "core.hooksPath",
        f"GIT_CONFIG_VALUE_{place}": folder,
    }


def _own_status(directory: Path, user: AgentUser) -> None:
    """Let the hooks of an agent's CLI tell its state, though they run as another user; and no other agent read it."""
    os.chown(directory, -1, user.gid)
    directory.chmod(0o750)
    status = directory / "status.jsonl"
    status.touch(0o640)
    os.chown(status, user.uid, user.gid)


def _session(attempt: Attempt, last: Attempt | None) -> str:
    """The session that the attempt goes on with: of the one before it, if that was stopped half-way or sent back."""
    if last is None or last.fresh or last.runtime != attempt.runtime or not last.session:
        return ""
    stopped = last.receipt is None and (last.exit is None or last.exit.status != 0)
    return last.session if stopped or last.continues else ""


def _prompt_text(
    context: Context,
    snapshot: Snapshot,
    prompt: Prompt,
    attempt: Attempt,
    last: Attempt | None,
    existing: Existing | None,
) -> str:
    own = f"prompt:{prompt.number}"
    before = []
    for number in snapshot.graph.dependencies.get(prompt.number, ()):
        done = snapshot.steps[number].attempt
        if done is not None and done.receipt is not None:
            before.append((snapshot.prompts[number], done.receipt))
    brief = Brief(
        attempt,
        prompt,
        body_of(prompt),
        flow=_flow(context),
        base_branch=attempt.base_branch,
        before=before,
        last=last,
        existing=existing,
        answered=[q for q in snapshot.questions if q.subject == own and not q.open],
        learnings=_text(context.layout.learnings),
    )
    return compose(brief)


def body_of(prompt: Prompt) -> str:
    """The prompt file below its frontmatter."""
    sections = split(prompt.source, prompt.path)
    return "" if isinstance(sections, Problem) else sections.text[sections.body :]


def _flow(context: Context) -> str:
    """The executor's instructions, the project's own before the packaged ones, without their frontmatter."""
    text = _text(context.layout.flows / FLOW)
    try:
        text = text or _text(packaged("flows") / FLOW)
    except CoordError:
        return ""
    sections = split(text.encode(), FLOW)
    return text if isinstance(sections, Problem) else sections.text[sections.body :]


def _text(path: Path) -> str:
    try:
        return read_limited(path, _TEXT_LIMIT).decode("utf-8", "replace")
    except (OSError, CoordError):
        return ""


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
        )
    except Refused:  # it was ended since its window was opened: nothing of it is to go on
        end_processes(context.layout, attempt)
        return
    failpoint("dispatch-running")


def _sentence(error: CoordError | OSError) -> str:
    if isinstance(error, CoordError):
        return f"{error.message}; {error.remedy}" if error.remedy else error.message
    return f"{error.strerror or error}: {error.filename or ''}"
