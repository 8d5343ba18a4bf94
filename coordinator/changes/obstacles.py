"""What git would wait at for ever: a pipe or a device in the place of a file that it reads."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from coordinator.safefiles.regular import read_line

_READ = frozenset((".gitignore", ".gitattributes", ".gitmodules", ".mailmap"))
"""Files that git reads in the folders of a checkout."""
_STATE = frozenset(("HEAD", "config", "config.worktree", "index", "locked", "packed-refs", "shallow"))
_KEPT_BY_GIT = frozenset(("info", "logs", "objects", "refs", "worktrees"))
"""Files and folders of a git folder that belong to git alone, whoever else keeps something there."""
_ENOUGH = 20.0
"""Seconds of looking."""


def find_obstacle(checkout: Path) -> str:
    """The first such file in a checkout, or in its own git folders; empty when none is found in time.

    Other checkouts that lie in this one are left out, as git leaves them out.
    """
    deadline = time.monotonic() + _ENOUGH
    for place in _read_by_git(str(checkout)):
        if _holds_up(place):
            return place
        if time.monotonic() > deadline:
            break
    return ""


def remove_obstacles(checkout: Path) -> None:
    """Take pipes and devices out of the git folders of a checkout: they hold nothing, where git alone keeps files.

    Only in folders of our own.
    """
    for top in git_folders(str(checkout)):
        for depth, folder, names in _walk(top):
            if not depth:
                places = [name for name in names if name in _STATE]
            else:
                places = names if folder[len(top) + 1 :].partition("/")[0] in _KEPT_BY_GIT else []
            for place in (f"{folder}/{name}" for name in places):
                with suppress(OSError):  # another command may have been faster
                    if _holds_up(place) and os.stat(folder).st_uid == os.geteuid():
                        _take_away(place)


def _take_away(place: str) -> None:
    """Who waits at a pipe, as the git of another agent may, finds nothing in it and goes on."""
    other_end = os.open(place, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC) if _is_pipe(place) else -1
    try:
        os.unlink(place)
    finally:
        if other_end >= 0:
            os.close(other_end)


def _is_pipe(place: str) -> bool:
    return stat.S_ISFIFO(os.lstat(place).st_mode)


def _read_by_git(checkout: str) -> Iterator[str]:
    for folder in git_folders(checkout):
        for _, inside, names in _walk(folder):
            yield from (f"{inside}/{name}" for name in names)
    for _, inside, names in _walk(checkout, stop_at=".git"):
        yield from (f"{inside}/{name}" for name in names if name in _READ)


def _walk(top: str, stop_at: str = "") -> Iterator[tuple[int, str, list[str]]]:
    """Depth, folder and names of what is no folder in it; below the top, folders that hold `stop_at` are left out."""
    todo = [(0, top)]
    while todo:
        depth, folder = todo.pop()
        try:
            with os.scandir(folder) as entries:
                found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except OSError:
            continue
        if stop_at and depth and any(name == stop_at for name, _ in found):
            continue
        yield depth, folder, [name for name, is_folder in found if not is_folder]
        todo += [(depth + 1, f"{folder}/{name}") for name, is_folder in found if is_folder and name != stop_at]


def git_folders(checkout: str) -> list[str]:
    """The git folder of a checkout, and the one that it shares with others."""
    while not os.path.lexists(f"{checkout}/.git"):
        above = os.path.dirname(checkout)
        if above == checkout:
            return []
        checkout = above
    own = f"{checkout}/.git"
    if not os.path.isdir(own):
        try:
            own = os.path.join(checkout, read_line(own).removeprefix("gitdir:").strip())
        except OSError:
            return [checkout] if _holds_up(f"{checkout}/.git") else []
    try:
        shared = os.path.join(own, read_line(f"{own}/commondir"))
    except OSError:
        return [own]
    return [own, os.path.normpath(shared)]


def _holds_up(path: str) -> bool:
    """Opening it to read may never return, or reading it never end."""
    try:
        status, null = os.stat(path), os.stat(os.devnull)
    except OSError:
        return False
    return stat.S_ISFIFO(status.st_mode) or (stat.S_ISCHR(status.st_mode) and status.st_rdev != null.st_rdev)
