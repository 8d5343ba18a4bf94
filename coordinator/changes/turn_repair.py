"""Makes the worktree of a turn one that git can work in, whatever its agent did to it; nothing of its files is lost."""

import os
import shutil
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from coordinator.changes.command import GitError
from coordinator.changes.git import Git
from coordinator.changes.lending import point
from coordinator.changes.obstacles import find_obstacle
from coordinator.model.text import plain
from coordinator.safefiles.regular import read_line, replace_file

_STALE = 10.0
"""Seconds after which a lock is that of a git that was killed."""
_LONGEST_WALK = 100
"""Pipes that are taken out of a worktree before it is given up."""


def mend(
    git: Git, tree: Path, branch: str, make: Callable[[], object], aside: Callable[[], Path], *, alone: bool = True
) -> list[str]:
    """Have a folder be the worktree of its branch again; what was wrong, in words.

    `make` makes the worktree anew where it is gone, `aside` tells where a repository goes that is in its place. Raises
    what they raise. Unless it is `alone` in there, a lock that is new is somebody's.
    """
    said = []
    pointer = tree / ".git"
    if pointer.is_symlink() or (os.path.lexists(pointer) and not pointer.is_file()):
        shutil.move(pointer, aside())
        said.append(".git, which was another repository")
    admin = git.admin(tree) if tree.is_dir() else None
    if admin is None or not (admin / "commondir").is_file():
        make()
        said.append("its worktree, which was gone")
        admin = git.admin(tree)
    if admin is None:
        raise GitError(f"{plain(tree.name)} is no worktree of this repository any more", "restart the prompt")
    if not _leads_to(pointer, admin):
        point(tree, admin)
        said += [] if said else [".git, which led elsewhere"]
    for lock in (admin / "index.lock", admin / "HEAD.lock", git.place.common / "refs/heads" / f"{branch}.lock"):
        if alone or _is_old(lock):
            take_away(lock)
    own = f"ref: refs/heads/{branch}"
    head = _head(admin)
    if not head.startswith("ref: refs/heads/") and len(head) not in (40, 64):
        take_away(admin / "HEAD")
        replace_file(admin / "HEAD", f"{own}\n".encode())
        said.append("its HEAD, which led nowhere")
    return said


def _is_old(lock: Path) -> bool:
    try:
        return time.time() - lock.lstat().st_mtime > _STALE
    except OSError:
        return False


def take_away(path: Path) -> None:
    """Remove what is at a path of git's own, a folder too."""
    try:
        path.unlink(missing_ok=True)
    except (IsADirectoryError, PermissionError):
        shutil.rmtree(path, ignore_errors=True)


def take_pipes_out(tree: Path) -> list[str]:
    """Remove pipes and devices that git would wait at; their names."""
    found: list[str] = []
    while len(found) < _LONGEST_WALK:
        place = find_obstacle(tree)
        inside = os.path.relpath(place, tree) if place else os.pardir
        if inside.split(os.sep)[0] == os.pardir:
            break
        with suppress(FileNotFoundError):
            if stat.S_ISREG(os.lstat(place).st_mode):
                break
            os.unlink(place)
        found.append(inside)
    return found


def _leads_to(pointer: Path, admin: Path) -> bool:
    try:
        named = read_line(pointer).removeprefix("gitdir:").strip()
    except OSError:
        return False
    return os.path.realpath(os.path.join(pointer.parent, named)) == os.path.realpath(admin)


def _head(admin: Path) -> str:
    try:
        return read_line(admin / "HEAD")
    except OSError:
        return ""
