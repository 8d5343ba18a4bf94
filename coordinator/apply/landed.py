"""A change that was merged elsewhere and edited on the way: a human says as which commit it landed."""

from coordinator.apply.steps import advance, reread
from coordinator.changes.git import Git
from coordinator.errors import Refused
from coordinator.eventlog.store import EventLog
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import plain
from coordinator.observe.project import Project
from coordinator.storage.files import Lock
from coordinator.storage.paths import Layout


def landed_commit(layout: Layout, snapshot: Snapshot, number: int, name: str) -> tuple[Attempt, str, str]:
    """The open attempt of a prompt, the commit that `name` means, and the head of the attempt's branch.

    Refused where no change is open, where there is no such commit, where the base branch (here, or as it is at the
    forge) does not have it, and for a commit that was there before the attempt began.
    """
    step = snapshot.steps.get(number)
    attempt = step.attempt if step is not None else None
    if attempt is None or step is None or step.state is not StepState.CHANGE_OPEN or not attempt.branch:
        raise Refused(f"prompt {number:02d} has no open change", "`coord review` lists what is open")
    git, base = Git(layout.root), attempt.base_branch
    places = _bases(git, layout, base)
    commit = (
        "" if name.startswith("-") else git.run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", ok=None).text
    )
    if not commit:
        raise Refused(f"there is no commit {plain(name)} here", "`git fetch` brings it, `git log` shows its id")
    if not any(git.is_ancestor(commit, tip) for tip in places):
        raise Refused(f"{commit[:10]} is not part of {plain(base)}", f"name the commit that {plain(base)} has of it")
    if attempt.base and git.is_ancestor(commit, attempt.base):
        raise Refused(
            f"{commit[:10]} was there before attempt {attempt.attempt} began", "name the commit that brought its change"
        )
    tip = git.head(attempt.branch) or (attempt.commits[-1] if attempt.commits else "")
    return attempt, commit, tip


def land_now(layout: Layout, attempt: Attempt, commit: str) -> bool:
    """Record that a change landed, if no loop lives that does so, and the base branch here has it; whether it was."""
    git = Git(layout.root)
    tip = git.head(attempt.base_branch)
    lock = Lock(layout.loop_lock)
    if not tip or not git.is_ancestor(commit, tip) or not lock.acquire(wait=False):
        return False
    try:
        if reread(layout, attempt).state is not StepState.CHANGE_OPEN:
            return False
        with EventLog.open(layout.events_db) as log:
            advance(layout, log, attempt, StepState.MERGED, data={"landed": commit}, merged_as=commit, reason="")
    finally:
        lock.release()
    return True


def _bases(git: Git, layout: Layout, base: str) -> list[str]:
    """Where the base branch is: here, and at the forge as far as that can be told now."""
    config, tips = Project(layout).config, [git.head(base)]
    if config.gate == "forge":
        tracking = f"refs/remotes/{config.remote}/{base}"
        source = f"+refs/heads/{base}:{tracking}"
        git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", config.remote, source, writes=True, ok=None)
        tips.append(git.run("rev-parse", "--verify", "--quiet", tracking, ok=None).text)
    return [tip for tip in tips if tip]
