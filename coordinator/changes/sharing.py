"""Strict mode: another user works in an attempt's worktree and commits to its branch, and can change little else.

The worktree's files become that user's; its folder and its `.git` file do not, and the sticky bit keeps them in place:
whoever could put another one there would have the loop's own git run programs. In the repository the user may add
objects, and branches below `coord/`. Hooks, configuration, `HEAD`, packs and every other branch stay out of reach.

All of it is done by descriptors, never through a link: the user who is let in may be at work in there already.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from coordinator.changes.git import Git, branch_name
from coordinator.changes.places import Places
from coordinator.errors import CoordError
from coordinator.regular import read_line

_SHARED = 0o3775
"""Sticky, so that each user removes only what is his; set-group-id, so that new folders are shared too."""
_COMMITTING = ("index", "HEAD", "ORIG_HEAD", "logs", "refs")
"""What git writes in a worktree's own folder when somebody commits."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Guest:
    """The user who is let in."""

    uid: int
    gid: int
    words: tuple[str, ...] = ()
    """What makes a command run as this user: it goes in front of it."""
    env: Mapping[str, str] = field(default_factory=dict)


def share(places: Places, number: int, attempt: int, guest: Guest, *, branch: str = "") -> None:
    """Let a guest work on an attempt; calling it again is safe. Needs root. CoordError when the system refuses."""
    git, tree = Git(places.root), places.worktree(number, attempt)
    common, branch = git.place.common, branch or branch_name(number, attempt)
    try:
        hand_over(tree, guest)
        admin = _admin(tree)
        _open(admin, guest)
        (admin / "config.worktree").touch()  # ours, so that it can't be theirs
        for name in _COMMITTING:
            _give(admin / name, guest)
        for byte in range(256):
            folder = common / "objects" / f"{byte:02x}"  # all of them: who may add one could add a link
            folder.mkdir(exist_ok=True)
            _open(folder, guest)
        for top in (common / "refs/heads", common / "logs/refs/heads"):
            own = top / branch
            own.parent.mkdir(parents=True, exist_ok=True)
            _open(own.parent, guest)
            _give(own, guest)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CoordError(f"can't share the worktree {tree.name}: {reason}", "strict mode needs root") from error


def hand_over(tree: Path, guest: Guest) -> None:
    """Give a guest what is in a checkout, but neither its folder nor its `.git`. Raises OSError."""
    _open(tree, guest)
    for path in tree.iterdir():
        if path.name != ".git":
            _give(path, guest)


def _open(folder: Path, guest: Guest) -> None:
    """Let the guest's group add to a folder."""
    fd = os.open(folder, _FOLDER)
    try:
        os.fchown(fd, -1, guest.gid)
        os.fchmod(fd, _SHARED)
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


def _admin(tree: Path) -> Path:
    """The repository's own folder of a worktree."""
    text = read_line(tree / ".git")
    return Path(os.path.normpath(tree / text.removeprefix("gitdir:").strip()))
