"""Lets an attempt go on where the one before it ended: on its commits, and in its very worktree.

What is not committed, and what is ignored, comes along by moving the worktree with its submodules: nothing is copied,
nothing is committed.
"""

import os
from pathlib import Path

from coordinator.changes.diff import change_of
from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.safekeeping import sync
from coordinator.changes.submodules import follow_move
from coordinator.failpoint import failpoint
from coordinator.model.step import Attempt

_HAS_SUBMODULES = "containing submodules"
"""What git says of a worktree that it would move if it had none."""


def take_over(places: Places, attempt: Attempt, last: Attempt) -> bool:
    """Give an attempt the work of the last one; False when there is none, or when it can't be had.

    Killed anywhere in between, doing it again completes it. Whatever can't be moved stays where it is.
    """
    git = Git(places.root)
    tip, mine = git.head(last.branch), git.head(attempt.branch)
    if not tip or (mine and mine != tip):
        return False
    new, old = places.worktree(attempt.work, attempt.attempt), places.worktree(last.work, last.attempt)
    if not os.path.lexists(new):
        if not mine and change_of(places, last).empty:
            return False  # a fresh start has what landed meanwhile
        if not mine:
            git.run("branch", "--no-track", attempt.branch, tip, writes=True)
        failpoint("takeover-branched")
        _move(git, old, new, (last.branch, attempt.branch))
    elif not os.path.lexists(old):
        _follow(git, old, new)  # it may have been moved by a loop that was killed then
    return True


def _move(git: Git, old: Path, new: Path, branches: tuple[str, str]) -> None:
    """Move a worktree that stands on one of the branches, and let it stand on the second; another stays as it is.

    Its index and its files are not touched.
    """
    before, after = branches
    checkouts, place = git.checkouts(), os.path.realpath(old)
    stands = [c.branch for c in checkouts if os.path.realpath(c.path) == place]
    if any(os.path.realpath(c.path).startswith(place + os.sep) for c in checkouts):
        return  # another worktree in it would be where git doesn't find it
    if not old.is_dir() or not stands or stands[0] not in branches:
        return
    git.run("symbolic-ref", "HEAD", f"refs/heads/{after}", cwd=old, writes=True)
    failpoint("takeover-switched")
    moved = git.run("worktree", "move", "--", str(old), str(new), ok=None, writes=True)
    if moved.status and not (_HAS_SUBMODULES in moved.err and _move_with_submodules(git, old, new)):
        git.run("symbolic-ref", "HEAD", f"refs/heads/{before}", cwd=old, writes=True)  # such as one that is locked


def _move_with_submodules(git: Git, old: Path, new: Path) -> bool:
    """What git itself does not do; False when it can't be done."""
    admin = git.admin(old)
    if admin is None or os.path.lexists(admin / "locked"):
        return False
    try:
        old.rename(new)
    except OSError:
        return False
    sync([new.parent])
    _follow(git, old, new)
    return True


def _follow(git: Git, old: Path, new: Path) -> None:
    """Have a worktree that is in a new place known there, and its submodules with it; safe to call again."""
    if git.admin(new) is None:
        git.run("worktree", "repair", "--", str(new), ok=None, writes=True)
    admin = git.admin(new)
    if admin is not None:
        follow_move(git, admin, old, new)
