"""Being told that somebody appended: by the operating system where it can, by looking often where it can't.

After each commit the writer touches the `-wal` file (`connection.ring`). That wakes readers when the row can be read
already, which the writes themselves do not: they come before the fsync that makes the row visible. A touch needs no
reader to be alive, no path short enough for a socket, and no clean-up.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from coordinator.eventlog.connection import wal
from coordinator.filewatch.stop import BELL, GONE, WRITTEN, Stop
from coordinator.lazy.typing import Protocol


class Watch(Protocol):
    """One way of being told."""

    def wait(self, stop: Stop, timeout: float | None) -> int:
        """What was seen, as flags; 0 after `timeout` seconds or as soon as `stop` is set."""

    def close(self) -> None: ...


def watch(path: Path) -> Watch:
    """The best watch on the log at `path` that works here and now."""
    if not path.parent.is_dir():
        return Absent(path)
    maker: Callable[[Path], Watch] = Looking
    if sys.platform.startswith("linux"):
        from coordinator.eventlog.wal_inotify import Inotify

        maker = Inotify
    elif sys.platform == "darwin":
        from coordinator.eventlog.wal_kqueue import Kqueue

        maker = Kqueue
    try:
        return maker(path)
    except OSError:  # out of watches, or a file system that has none
        return Looking(path)


class Absent:
    """Waits for the directory itself."""

    _PAUSE = 0.2

    def __init__(self, path: Path) -> None:
        self._directory = path.parent

    def wait(self, stop: Stop, timeout: float | None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._directory.is_dir():
            left = self._PAUSE if deadline is None else min(self._PAUSE, deadline - time.monotonic())
            if left <= 0 or stop.wait(left):
                return 0
        return GONE

    def close(self) -> None: ...


class Looking:
    """Looks at the files' sizes and times: every 4 ms while things happen, every 50 ms when it has been quiet."""

    _BUSY, _QUIET, _CALM = 0.004, 0.05, 2.0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = time.monotonic()
        self._last = self._look()

    def wait(self, stop: Stop, timeout: float | None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            now = time.monotonic()
            pause = self._BUSY if now - self._changed < self._CALM else self._QUIET
            left = pause if deadline is None else min(pause, deadline - now)
            if left <= 0 or stop.wait(left):
                return 0
            found = self._look()
            if found != self._last:
                self._last, self._changed = found, time.monotonic()
                return BELL | WRITTEN if self._path.parent.is_dir() else GONE

    def _look(self) -> tuple[int, ...]:
        found: list[int] = []
        for path in (self._path, wal(self._path)):
            try:
                stat = os.stat(path)
            except OSError:
                found.append(0)
            else:
                found += (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        return tuple(found)

    def close(self) -> None: ...
