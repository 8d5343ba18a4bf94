"""Linux's inotify: the one place that knows its numbers and its bytes."""

import os
import struct

# <sys/inotify.h>
MODIFY, ATTRIB, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x2, 0x4, 0x8, 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF, UNMOUNT, OVERFLOW, IGNORED, ONLYDIR = 0x400, 0x800, 0x2000, 0x4000, 0x8000, 0x01000000
_HEADER = struct.Struct("iIII")
_SIZE = 1 << 18  # bytes


class Inotify:
    """One descriptor for any number of watches. Raises OSError where the system has none left."""

    def __init__(self) -> None:
        import ctypes  # only those who follow pay for it

        self._libc = ctypes.CDLL(None, use_errno=True)
        self._errno = ctypes.get_errno
        self._fd: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(self._errno(), "inotify_init1")

    def add(self, path: str | os.PathLike[str], mask: int) -> int:
        """Watch a path; the number of the watch. OSError where that can't be."""
        watch: int = self._libc.inotify_add_watch(self._fd, os.fsencode(path), mask)
        if watch < 0:
            raise OSError(self._errno(), "inotify_add_watch")
        return watch

    def remove(self, watch: int) -> None:
        self._libc.inotify_rm_watch(self._fd, watch)

    def read(self) -> list[tuple[int, int, bytes]]:
        """What has happened, each with its watch, mask and name; none when there is nothing to read."""
        try:
            buffer = os.read(self._fd, _SIZE)
        except BlockingIOError:
            return []
        found = []
        offset = 0
        while offset < len(buffer):
            watch, mask, _, length = _HEADER.unpack_from(buffer, offset)
            offset += _HEADER.size + length
            found.append((watch, mask, buffer[offset - length : offset].rstrip(b"\0")))
        return found

    def fileno(self) -> int:
        """Readable when something has happened."""
        return self._fd

    def close(self) -> None:
        os.close(self._fd)
