"""Linux: one inotify watch on the log's directory, so that the -wal may come and go."""

import os
import select
import time
from pathlib import Path

from coordinator.filewatch import inotify
from coordinator.filewatch.stop import BELL, GONE, WRITTEN, Stop

_LEFT = inotify.DELETE_SELF | inotify.MOVE_SELF
_PLACE = inotify.CREATE | inotify.DELETE | inotify.MOVED_TO
_MASK = inotify.MODIFY | inotify.ATTRIB | _PLACE | _LEFT | inotify.ONLYDIR


class Inotify:
    """Raises OSError where the system has no watch left."""

    def __init__(self, path: Path) -> None:
        self._inotify = inotify.Inotify()
        try:
            self._inotify.add(path.parent, _MASK)
        except OSError:
            self._inotify.close()
            raise
        self._database, self._wal = os.fsencode(path.name), os.fsencode(path.name + "-wal")

    def wait(self, stop: Stop, timeout: float | None) -> int:
        """What was seen, as flags; 0 after `timeout` seconds or as soon as `stop` is set."""
        deadline = None if timeout is None else time.monotonic() + timeout
        poll = select.poll()
        poll.register(self._inotify.fileno(), select.POLLIN)
        poll.register(stop.fileno(), select.POLLIN)
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            ready = [fd for fd, _ in poll.poll(left)]
            if not ready or stop.fileno() in ready:
                return 0
            seen = self._read()
            if seen:
                return seen

    def _read(self) -> int:
        seen = 0
        for _, mask, name in self._inotify.read():
            seen |= self._meaning(mask, name)
        return seen

    def _meaning(self, mask: int, name: bytes) -> int:
        if mask & (_LEFT | inotify.UNMOUNT | inotify.IGNORED):
            return GONE
        if mask & inotify.OVERFLOW:
            return BELL
        if name == self._wal:
            return BELL if mask & inotify.ATTRIB else WRITTEN
        if name == self._database and mask & _PLACE:
            return BELL
        return 0

    def close(self) -> None:
        self._inotify.close()
