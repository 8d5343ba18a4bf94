"""Linux: one inotify watch on the log's directory, so that the -wal may come and go."""

import os
import select
import struct
import time
from pathlib import Path

from coordinator.filewatch.stop import BELL, GONE, WRITTEN, Stop

# <sys/inotify.h>
_MODIFY, _ATTRIB, _MOVED_TO, _CREATE, _DELETE = 0x2, 0x4, 0x80, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF, _UNMOUNT, _OVERFLOW, _IGNORED = 0x400, 0x800, 0x2000, 0x4000, 0x8000
_ONLYDIR = 0x01000000
_MASK = _MODIFY | _ATTRIB | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF | _ONLYDIR
_HEADER = struct.Struct("iIII")


class Inotify:
    """Raises OSError where the system has no watch left."""

    def __init__(self, path: Path) -> None:
        import ctypes  # only those who follow pay for it

        libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        if libc.inotify_add_watch(self._fd, os.fsencode(path.parent), _MASK) < 0:
            os.close(self._fd)
            raise OSError(ctypes.get_errno(), "inotify_add_watch")
        self._database, self._wal = os.fsencode(path.name), os.fsencode(path.name + "-wal")

    def wait(self, stop: Stop, timeout: float | None) -> int:
        """What was seen, as flags; 0 after `timeout` seconds or as soon as `stop` is set."""
        deadline = None if timeout is None else time.monotonic() + timeout
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
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
        buffer = os.read(self._fd, 65536)
        seen = offset = 0
        while offset < len(buffer):
            _, mask, _, length = _HEADER.unpack_from(buffer, offset)
            offset += _HEADER.size + length
            seen |= self._meaning(mask, buffer[offset - length : offset].rstrip(b"\0"))
        return seen

    def _meaning(self, mask: int, name: bytes) -> int:
        if mask & (_DELETE_SELF | _MOVE_SELF | _UNMOUNT | _IGNORED):
            return GONE
        if mask & _OVERFLOW:
            return BELL
        if name == self._wal:
            return BELL if mask & _ATTRIB else WRITTEN
        if name == self._database and mask & (_CREATE | _DELETE | _MOVED_TO):
            return BELL
        return 0

    def close(self) -> None:
        os.close(self._fd)
