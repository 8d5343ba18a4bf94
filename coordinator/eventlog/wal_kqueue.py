"""macOS: a kqueue watch on the log's directory for files that come and go, and on the -wal for what happens to it.

The database file itself is never opened here: closing a descriptor on it would drop SQLite's locks. The -wal has none.
"""

import os
import select
import sys
from pathlib import Path

from coordinator.eventlog.connection import wal
from coordinator.filewatch.stop import BELL, GONE, WRITTEN, Stop

assert sys.platform == "darwin"

_LEFT = select.KQ_NOTE_DELETE | select.KQ_NOTE_RENAME
_NOTES = _LEFT | select.KQ_NOTE_WRITE | select.KQ_NOTE_EXTEND | select.KQ_NOTE_ATTRIB


class Kqueue:
    """Raises OSError where the directory can't be watched."""

    def __init__(self, path: Path) -> None:
        self._wal_path = wal(path)
        self._directory = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        self._queue = select.kqueue()
        self._wal = -1
        self._add(self._directory)
        self._reopen()

    def wait(self, stop: Stop, timeout: float | None) -> int:
        """What was seen, as flags; 0 after `timeout` seconds or as soon as `stop` is set."""
        stopped = select.kevent(stop.fileno(), select.KQ_FILTER_READ, select.KQ_EV_ADD)
        seen = 0
        for event in self._queue.control([stopped], 16, timeout):
            if event.ident == stop.fileno():
                return 0
            seen |= self._meaning(event)
        return seen

    def _meaning(self, event: select.kevent) -> int:
        if event.ident == self._directory:
            if event.fflags & _LEFT:
                return GONE
            self._reopen()
            return BELL
        if event.fflags & _LEFT:
            self._reopen()
            return BELL
        return BELL if event.fflags & select.KQ_NOTE_ATTRIB else WRITTEN

    def _reopen(self) -> None:
        if self._wal >= 0:
            os.close(self._wal)
        try:
            self._wal = os.open(self._wal_path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._wal = -1
        else:
            self._add(self._wal)

    def _add(self, fd: int) -> None:
        flags = select.KQ_EV_ADD | select.KQ_EV_CLEAR
        self._queue.control([select.kevent(fd, select.KQ_FILTER_VNODE, flags, _NOTES)], 0)

    def close(self) -> None:
        if self._wal >= 0:
            os.close(self._wal)
        os.close(self._directory)
        self._queue.close()
