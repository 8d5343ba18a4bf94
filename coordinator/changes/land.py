"""Moving the base branch to a finished merge commit, without touching anything of the engineer's that is in the way."""

import os
from pathlib import Path

from coordinator.changes.command import Done, failure
from coordinator.changes.fast_forward_repair import Note, forget, note, settle
from coordinator.changes.git import Checkout, Git
from coordinator.changes.outcome import Waiting
from coordinator.changes.safekeeping import branch_files, files_written, keep_branch, sync
from coordinator.lazy import regex
from coordinator.model.text import plain
from coordinator.safefiles.regular import read_line

_FAST_FORWARD = (
    *("merge", "--ff-only", "--quiet", "--no-stat", "--no-squash", "--commit"),
    *("--no-autostash", "--no-overwrite-ignore", "--no-verify-signatures"),
)
"""Spelled out, so that no setting of the engineer makes it stash, squash or overwrite an ignored file."""
_LOCK = regex.compile(r"Unable to create '([^']*\.lock)': File exists")
_IN_THE_WAY = ("would be overwritten", "would lose untracked files", "not uptodate", "not up to date")


def land(git: Git, branch: str, commit: str, expected: str, hold: int) -> Waiting | None:
    """Move `branch` from `expected` to its descendant `commit`; None when that is done, else what has to go first.

    Where the branch is checked out, its files follow, and git itself refuses if a change of the engineer is in the way.
    `hold` is the descriptor of the merge lock: git keeps it as long as it lives. Nothing was changed if it has to wait,
    nor if it raises GitError.
    """
    git.base_commit(branch)  # renamed or deleted meanwhile: says so
    held = _held_by_rebase(git, branch)
    if held:
        return held
    here = next((checkout for checkout in git.checkouts() if checkout.branch == branch), None)
    if here is None:
        return _move_ref(git, branch, commit, expected, hold)
    if not here.path.is_dir():
        where = plain(str(here.path))
        return Waiting(f"{plain(branch)} is checked out in {where}, which is gone: restore it or `git worktree prune`")
    note(git, Note(str(here.path), branch, expected, commit))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as beside:
        written = beside.submit(files_written, git, here.path, expected, commit)
        done = git.run(*_FAST_FORWARD, commit, cwd=here.path, ok=None, writes=True, hold=hold)
    if done.status:
        refusal = _refusal(here, branch, done)
        if refusal is not None:
            forget(git)
            return refusal
        settle(git)
        lock = _LOCK.search(done.err)
        if lock is None:
            raise failure(done, ("merge",))
        return _locked(here, lock[1])
    sync([*written.result(), *branch_files(git, branch)])
    forget(git)
    if git.head(branch) != commit:
        return Waiting(f"{plain(str(here.path))} left the branch {plain(branch)} during the merge")
    return None


def _move_ref(git: Git, branch: str, commit: str, expected: str, hold: int) -> Waiting | None:
    args = ("update-ref", "-m", "coord: merge", f"refs/heads/{branch}", commit, expected)
    done = git.run(*args, ok=None, writes=True, hold=hold)
    if done.status == 0:
        keep_branch(git, branch)
        return None
    if "but expected" in done.err:
        return Waiting(f"{plain(branch)} moved during the merge")
    raise failure(done, args)


def _refusal(here: Checkout, branch: str, done: Done) -> Waiting | None:
    """Why git refused to fast-forward a checkout, before it touched anything; None when it failed."""
    place = plain(str(here.path))
    if any(mark in done.err for mark in _IN_THE_WAY):
        files = tuple(line[1:] for line in done.err.splitlines() if line.startswith("\t"))
        return Waiting(f"uncommitted changes in {place} are in the way: commit or move them", files)
    if "index.lock': File exists" in done.err:
        lock = _LOCK.search(done.err)
        return _locked(here, lock[1] if lock is not None else "index.lock")
    if "not concluded your" in done.err or "unmerged files" in done.err:
        return Waiting(f"a merge or cherry-pick is under way in {place}: conclude or abort it")
    if "Not possible to fast-forward" in done.err:
        return Waiting(f"{plain(branch)} moved during the merge")
    return None


def _locked(here: Checkout, lock: str) -> Waiting:
    place = plain(str(here.path))
    return Waiting(f"another git command is at work in {place}, or died there: if none runs, delete {plain(lock)}")


def _held_by_rebase(git: Git, branch: str) -> Waiting | None:
    """A rebase works detached, and sets the branch in the end only if it is where it was."""
    name = f"refs/heads/{branch}"
    for folder in _git_dirs(git):
        if any(_content(folder / kind / "head-name") == name for kind in ("rebase-merge", "rebase-apply")):
            return Waiting(f"a rebase of {plain(branch)} is under way: finish or abort it")
    return None


def _git_dirs(git: Git) -> list[Path]:
    common = git.place.common
    try:
        return [common, *(Path(entry.path) for entry in os.scandir(common / "worktrees"))]
    except FileNotFoundError:
        return [common]


def _content(path: Path) -> str:
    try:
        return read_line(path)
    except OSError:
        return ""
