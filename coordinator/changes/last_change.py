"""When anything in an agent's working folder changed last, by a look at time stamps: no lock, no index, no git."""

import os
from collections.abc import Iterator

from coordinator.safefiles.regular import read_line

_GIT = ".git"


def last_change(folder: str, *, apart: str = "") -> float:
    """Unix seconds of the newest change of a file, a folder or the commits; 0.0 when there is nothing to look at.

    Ignored files count: what a build or a test leaves behind is progress. `apart` is a folder that does not count.
    Time stamps of status changes are what is looked at: no program sets them as it likes.
    """
    return max((_changed(folder), _committed(folder), *_changes(folder, apart)), default=0.0)


def _changes(folder: str, apart: str) -> Iterator[float]:
    todo = [folder]
    while todo:
        try:
            entries = os.scandir(todo.pop())
        except OSError:
            continue  # gone meanwhile
        with entries:
            for entry in entries:
                if entry.name == _GIT or entry.path == apart:
                    continue
                try:
                    yield entry.stat(follow_symlinks=False).st_ctime
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                except OSError:
                    continue


def _committed(folder: str) -> float:
    """When its HEAD moved last. The index doesn't count: whoever asks for the status writes it."""
    git = os.path.join(folder, _GIT)
    if os.path.isfile(git):
        try:
            git = os.path.join(folder, read_line(git).removeprefix("gitdir:").strip())
        except OSError:
            return 0.0
    return max(_changed(os.path.join(git, "HEAD")), _changed(os.path.join(git, "logs", "HEAD")))


def _changed(path: str) -> float:
    try:
        return os.lstat(path).st_ctime
    except OSError:
        return 0.0
