"""Strict mode: another user works in an attempt's worktree, in a repository of its own, and can change nothing else.

The worktree's files become that user's, and nobody else can enter it; its folder and its `.git` file do not, and the
sticky bit keeps them in place. When the attempt is over, the files are taken back.
What that user commits goes into a repository that is all its own (see `lending`); in the engineer's it may only read.

All of it is done by descriptors, never through a link: the user who is let in may be at work in there already.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.lending import Guest, make_store, point, store_of, take_back
from coordinator.errors import CoordError
from coordinator.model.work import WorkId

_LENT = 0o3770
"""Sticky, so that each user removes only what is his; set-group-id, so that new folders are shared too."""
_OURS = 0o700
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def share(places: Places, work: WorkId, attempt: int, guest: Guest, *, branch: str = "") -> None:
    """Let a guest work on an attempt; calling it again is safe. Needs root. CoordError when the system refuses."""
    git, tree = Git(places.root), places.worktree(work, attempt)
    try:
        take_back(places, work, attempt)
        close_store(git.place.common / "objects", guest)
        hand_over(tree, guest)
        new = make_store(git, tree, branch or work.branch(attempt))
        _give(new, guest)
        new.chmod(_OURS)  # its owner's now
        new.rename(store_of(tree))
        point(tree, store_of(tree))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CoordError(f"can't share the worktree {tree.name}: {reason}", "strict mode needs root") from error


def close_store(objects: Path, guest: Guest) -> None:
    """Take back what earlier versions opened: objects were added to the engineer's store by the guest itself."""
    for folder in objects.iterdir():
        status = folder.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_gid == guest.gid and status.st_mode & stat.S_IWGRP:
            folder.chmod(stat.S_IMODE(status.st_mode) & ~0o3022)
            for entry in folder.iterdir():
                if entry.lstat().st_uid == guest.uid:
                    os.chown(entry, os.geteuid(), -1, follow_symlinks=False)


def reclaim(tree: Path) -> None:
    """Take the files of a worktree from the guest for good; one that is gone is fine. Raises OSError."""
    us = Guest(os.geteuid(), os.getegid())
    with suppress(FileNotFoundError):
        _open(tree, us, _OURS)
        for path in tree.iterdir():
            _give(path, us)


def hand_over(tree: Path, guest: Guest) -> None:
    """Give a guest what is in a checkout, but neither its folder nor its `.git`. Raises OSError."""
    _open(tree, guest, _LENT)
    for path in tree.iterdir():
        if path.name != ".git":
            _give(path, guest)


def _open(folder: Path, guest: Guest, mode: int) -> None:
    """Let the guest's group into a folder, as far as the mode says."""
    fd = os.open(folder, _FOLDER)
    try:
        os.fchown(fd, -1, guest.gid)
        os.fchmod(fd, mode)
    finally:
        os.close(fd)


def _give(path: Path, guest: Guest) -> None:
    """Make a file, or a folder with all that is in it, the guest's; nothing that is not there."""
    parent = os.open(path.parent, _FOLDER)
    try:
        if _give_one(path.name, parent, guest):
            for _, folders, files, fd in os.fwalk(path.name, dir_fd=parent):
                for name in (*folders, *files):
                    _give_one(name, fd, guest)
    finally:
        os.close(parent)


def _give_one(name: str, folder: int, guest: Guest) -> bool:
    """Whether it is a folder. A file with a second name may be somebody else's under the other one."""
    with suppress(FileNotFoundError):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        is_folder = stat.S_ISDIR(status.st_mode)
        if is_folder or status.st_nlink == 1:
            os.chown(name, guest.uid, guest.gid, dir_fd=folder, follow_symlinks=False)
        return is_folder
    return False
