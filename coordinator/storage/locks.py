"""Locks between processes: the kernel's, on files and folders, gone with their holder."""

import errno
import fcntl
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from coordinator.errors import CoordError
from coordinator.model.text import plain
from coordinator.storage.reading import failure

LONGEST = 30.0
"""Seconds that anybody waits for a lock: whoever holds one for longer is not through with something, but stands."""


class Lock:
    """An exclusive `flock` on a file (made when missing) or a folder; the kernel frees it when its holder dies.

    Two Lock objects exclude each other also within a process. Not for NFS, as the event log is not.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._fd = -1

    def acquire(self, *, wait: bool = True, patience: float = 0.25) -> bool:
        """Take the lock; without `wait`, give up after `patience` seconds and return False.

        The patience outlasts a look by `is_held`, which takes the lock for some microseconds. Raises CoordError when
        somebody holds it for longer than anybody should.
        """
        deadline = time.monotonic() + (LONGEST if wait else patience)
        while True:
            fd = self._open()
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _still_there(fd, self.path):
                    self._fd = fd
                    return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(fd)
                    if wait:
                        raise _held(self.path) from None
                    return False
                time.sleep(_some_part_of(0.002 if wait else 0.005))
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)

    @property
    def is_in_place(self) -> bool:
        """It is held on what others are going to open."""
        return self._fd >= 0 and _still_there(self._fd, self.path)

    def renew(self) -> bool:
        """Hold it on what others open by now, whatever somebody put there; False when one of these has it."""
        if self.is_in_place:
            return True
        if not _is_lockable(self.path):
            with suppress(OSError):
                os.unlink(self.path)
        new = Lock(self.path)
        if not new.acquire(wait=False):
            return False
        self.release()
        self._fd, new._fd = new._fd, -1
        return True

    def release(self) -> None:
        """Free the lock; harmless when it is not held."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as found:
            if found.errno not in (errno.ENOTDIR, errno.ENOENT, errno.ELOOP):
                raise
            try:
                if self.path.endswith(".lock") and not _is_lockable(self.path):
                    os.unlink(self.path)  # it is there to be locked, and for nothing else
                return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
            except OSError as error:
                raise failure("lock", self.path, error) from error

    def __enter__(self) -> "Lock":
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def _held(path: str) -> CoordError:
    return CoordError(
        f"another program has held {plain(path)} locked for {LONGEST:g} s", f"see which, by `fuser -v {path}`"
    )


def _still_there(fd: int, path: str) -> bool:
    """The lock is worth something only on the file that others are going to open."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False


def _is_lockable(path: str) -> bool:
    """A file, a folder, or nothing yet: not a pipe or a link that somebody put in its place."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def is_held(path: Path | str) -> bool:
    """Somebody holds the `Lock` on this path right now."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _some_part_of(longest: float) -> float:
    """A time by chance, so that those who wait do not keep step; of the system's, since `random` is slow to import."""
    return longest * (1 + os.urandom(1)[0]) / 256
