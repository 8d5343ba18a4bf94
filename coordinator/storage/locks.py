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
from coordinator.safefiles.regular import read_part
from coordinator.storage.reading import failure

LONGEST = 30.0
"""Seconds that anybody waits for one who holds a lock: whoever holds it for longer is not through with something, but
stands."""
_TURNS = 20
"""Times that, which a lock is waited for at most, however many had it in turn."""
_LOOK = 0.5
"""Seconds between two looks who holds it."""
_KERNELS_LIST = "/proc/locks"


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
        patience = LONGEST if wait else patience
        waiting = Waiting(time.monotonic(), patience, patience * (_TURNS if wait else 1))
        while True:
            fd = self._open()
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _still_there(fd, self.path):
                    self._fd = fd
                    return True
            except BlockingIOError:
                now = time.monotonic()
                over = waiting.over(now, holder(fd) if wait and waiting.looks(now) else None)
                if over:
                    os.close(fd)
                    if wait:
                        raise _held(self.path, over) from None
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


class Waiting:
    """How long a lock is waited for: anew whenever somebody else has it, and not for ever."""

    def __init__(self, now: float, patience: float, most: float) -> None:
        """Seconds, on any clock that only goes on."""
        self._patience = patience
        self._since = self._looked = now
        self._end = now + most
        self._holder = ""

    def looks(self, now: float) -> bool:
        """It is time to look who holds the lock."""
        return now >= min(self._looked + _LOOK, self._since + self._patience)

    def over(self, now: float, holder: str | None) -> str:
        """Who had it for too long, in words; empty while there is patience. `holder`: empty where nobody can tell."""
        if holder is not None:
            self._looked = now
            if holder and holder != self._holder:
                self._holder, self._since = holder, now
        if now >= self._since + self._patience:
            return "another program has"
        return "one program after the other has" if now >= self._end else ""


def holder(fd: int) -> str:
    """Which process holds the lock on an open file, by its id; empty where the system doesn't tell."""
    try:
        listed = read_part(_KERNELS_LIST, 1 << 20).decode("ascii", "replace")
    except OSError:
        return ""
    number = f":{os.fstat(fd).st_ino}"
    for words in map(str.split, listed.splitlines()):
        if len(words) > 5 and words[1] == "FLOCK" and words[5].endswith(number):
            return words[4]
    return ""


def _held(path: str, who: str) -> CoordError:
    return CoordError(
        f"{who} held {plain(path)} locked for {LONGEST:g} s or longer", f"see which, by `fuser -v {path}`"
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
