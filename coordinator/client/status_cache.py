"""The status that was printed last, good for as long as nothing that it rests on has changed.

A status bar asks every second, and nearly always nothing has happened. Answering costs a look at time stamps and at
whether processes live: no reading, and none of the modules that reading takes. The file is a cache: it may go at any
time, and any doubt about it means to look properly.
"""

import os
import time

from coordinator.safefiles.regular import read_part
from coordinator.storage.root import COORD, find_root

_FORMAT = "1"
_LIMIT = 1 << 26  # bytes
_FIELD, _ITEM = "\x1e", "\x1f"
_FILES = (
    *("coord.yaml", "milestone.md", "loop.json", "events.db", "events.db-wal", "identity"),
    *("suites", "scripts", "flows", "setup.sh", "teardown.sh"),
)
_SETTLED = 2_000_000_000
"""Nanoseconds after which a file's time stamp is sure to tell of the next write, also on coarse file systems."""
_LONGEST = 60.0
"""Seconds that an answer may be given again, whatever the stamps say."""


def remembered(directory: str) -> str | None:
    """What `coord status --json` printed last; None when something may have changed since."""
    root = find_root(directory)
    if root is None:
        return None
    try:
        fields = read_part(_path(root), _LIMIT).decode().split(_FIELD)
        key, until, folders, pids, alive, stamp, text = fields
    except (OSError, ValueError):
        return None
    good = (
        key == _key(root)
        and time.time() < float(until)
        and all(_lives(int(pid)) for pid in pids.split(_ITEM) if pid)
        and alive == _loop_lives(root)
        and stamp == _stamp(root, [folder for folder in folders.split(_ITEM) if folder])[0]
    )
    return text if good else None


class Stamped:
    """The state of a project's files before a look: what the look gives is kept if they are the same after it."""

    def __init__(self, root: str, folders: list[str]) -> None:
        self._root = root
        self._folders = folders
        self._alive = _loop_lives(root)
        self._before = _stamp(root, folders)

    def remember(self, text: str, *, pids: list[int], until: float) -> None:
        """Keep the text, unless something changed meanwhile or is too young to tell; failing to is no failure.

        `pids`: processes it took for alive. `until`: Unix seconds when time alone makes it wrong; 0: never.
        """
        after, newest = _stamp(self._root, self._folders)
        young = newest > time.time_ns() - _SETTLED
        if after != self._before[0] or young or _FIELD in text:
            return
        latest = min(until or float("inf"), time.time() + _LONGEST)
        fields = [_key(self._root), repr(latest), _ITEM.join(self._folders), _ITEM.join(map(str, pids))]
        path = _path(self._root)
        temporary = f"{path}.{os.getpid()}"
        try:
            with open(temporary, "w", encoding="utf-8", newline="") as stream:
                stream.write(_FIELD.join([*fields, self._alive, after, text]))
            os.replace(temporary, path)
        except (OSError, UnicodeEncodeError):
            return


def _key(root: str) -> str:
    """What has to be the same program on the same project."""
    return f"{_FORMAT} {os.stat(__file__).st_mtime_ns} {root}"


def _path(root: str) -> str:
    return os.path.join(root, COORD, ".coord-status.json")


def _stamp(root: str, folders: list[str]) -> tuple[str, int]:
    """Names, time stamps, sizes and inodes of everything that a status rests on, and the newest time stamp."""
    coord = os.path.join(root, COORD)
    parts: list[str] = []
    newest = 0
    for name in _FILES:
        newest = max(newest, _note(os.path.join(coord, name), parts))
    for folder in (os.path.join(coord, "prompts"), *folders):
        newest = max(newest, _note(folder, parts), _note_folder(folder, parts, 0))
    newest = max(newest, _note_folder(os.path.join(coord, "journal"), parts, 0))
    newest = max(newest, _note_folder(os.path.join(coord, "runs"), parts, 4))
    return "\n".join(parts), newest


def _note(path: str, parts: list[str]) -> int:
    try:
        status = os.stat(path, follow_symlinks=False)
    except OSError:
        return 0
    parts.append(f"{path} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_size} {status.st_ino}")
    return max(status.st_mtime_ns, status.st_ctime_ns)


def _note_folder(folder: str, parts: list[str], depth: int) -> int:
    """Note what is in a folder, and in its folders down to `depth`."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return 0
    newest = 0
    for entry in entries:
        newest = max(newest, _note(entry.path, parts))
        if depth and entry.is_dir(follow_symlinks=False):
            newest = max(newest, _note_folder(entry.path, parts, depth - 1))
    return newest


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _loop_lives(root: str) -> str:
    """`y` while a loop process holds its lock."""
    import fcntl

    try:
        fd = os.open(os.path.join(root, COORD, "loop.lock"), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return "n"
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return "y"
    finally:
        os.close(fd)
    return "n"
