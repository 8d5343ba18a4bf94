"""Reading within limits, and writing so that no version of a file is ever torn or lost."""

import errno
import fcntl
import importlib
import itertools
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol

from coordinator.artifacts.exchange import exchange
from coordinator.errors import CoordError, StalePlan
from coordinator.model.text import plain

_TEMP = ".coord-tmp-"
_COUNTER = itertools.count()
_CHUNK = 1 << 20
_TICK, _COARSE = 50_000_000, 2_500_000_000  # nanoseconds
_REMEDIES = {
    errno.ENOSPC: "free some disk space and try again",
    errno.EDQUOT: "free some disk space and try again",
    errno.EACCES: "check the permissions of the folder",
    errno.EPERM: "check the permissions of the folder",
    errno.EROFS: "the file system is read-only: mount it writable",
    errno.ENOENT: "make the folder, or run `coord init`",
}


class _Anything:
    """The type of ANY."""


ANY: Final = _Anything()
"""For `expect`: whatever is there may be replaced."""


class TooLarge(CoordError):
    """The file is larger than what it may be for its purpose."""


class NotAFile(CoordError):
    """A folder, a symbolic link, a pipe or a device where a regular file is expected."""


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


def hasher(count: int = 1) -> Callable[[bytes], _Hash]:
    """A SHA-256 constructor for about `count` files: OpenSSL is 4 × as fast, but takes 2 ms to load."""
    for name in ("hashlib",) if count > 400 else ("_sha2", "_sha256", "hashlib"):
        try:
            found: Callable[[bytes], _Hash] = importlib.import_module(name).sha256
        except ImportError:
            continue
        return found
    raise AssertionError("every Python has hashlib")


_sha256 = hasher()


def sha256(data: bytes) -> str:
    """The fingerprint of a version: SHA-256, hex."""
    return _sha256(data).hexdigest()


def read_limited(path: Path | str, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes; a larger one is not read at all.

    Raises TooLarge, NotAFile (also for a symbolic link), or the OSError of the system, such as FileNotFoundError.
    """
    return read_regular(str(path), limit)[0]


def read_regular(path: str, limit: int) -> tuple[bytes, os.stat_result]:
    """Like `read_limited`, and the status of the very file that was read."""
    try:
        # O_NONBLOCK: opening a pipe must not wait for its writer
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise NotAFile(f"{plain(path)} is a symbolic link", "put the file itself there") from None
        if error.errno in (errno.ENXIO, errno.ENODEV):
            raise NotAFile(f"{plain(path)} is not a regular file", "put a regular file there") from None
        raise
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise NotAFile(f"{plain(path)} is not a regular file", "put a regular file there")
        if status.st_size > limit:
            raise TooLarge(f"{plain(path)} has {status.st_size:,} bytes", f"keep it below {limit:,} bytes")
        return _read_up_to(fd, path, status.st_size, limit), status
    finally:
        os.close(fd)


def _read_up_to(fd: int, path: str, size: int, limit: int) -> bytes:
    data = os.read(fd, size + 1)
    if len(data) == size:
        return data
    while more := os.read(fd, _CHUNK):  # it grew or shrank meanwhile, or the read was short
        data += more
        if len(data) > limit:
            raise TooLarge(f"{plain(path)} grows beyond {limit:,} bytes", "end the program that writes it")
    return data


def is_settled(changed: int, read: int) -> bool:
    """A time stamp that is old enough to tell the next change from what was read at `read`; both nanoseconds.

    Time stamps have the grain of the kernel's timer tick, on some file systems of one or two seconds.
    """
    return changed < read - (_COARSE if changed % 1_000_000_000 == 0 else _TICK)


def digest_of(path: Path | str) -> str | None:
    """SHA-256 of a file of any size; None when there is none. Raises NotAFile and OSError like `read_limited`."""
    try:
        return sha256(read_limited(path, 1 << 40))
    except FileNotFoundError:
        return None


class Lock:
    """An exclusive `flock` on a file (made when missing) or a folder; the kernel frees it when its holder dies.

    Two Lock objects exclude each other also within a process. Not for NFS, as the event log is not.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._fd = -1

    def acquire(self, *, wait: bool = True, patience: float = 0.25) -> bool:
        """Take the lock; without `wait`, give up after `patience` seconds and return False.

        The patience outlasts a look by `is_held`, which takes the lock for some microseconds.
        """
        deadline = time.monotonic() + patience
        while True:
            fd = self._open()
            try:
                fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _still_there(fd, self.path):
                    self._fd = fd
                    return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(fd)
                    return False
                time.sleep(0.005)
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)

    def release(self) -> None:
        """Free the lock; harmless when it is not held."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (NotADirectoryError, FileNotFoundError):
            try:
                return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            except OSError as error:
                raise failure("lock", self.path, error) from error

    def __enter__(self) -> "Lock":
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def _still_there(fd: int, path: str) -> bool:
    """The lock is worth something only on the file that others are going to open."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False


def is_held(path: Path | str) -> bool:
    """Somebody holds the `Lock` on this path right now."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def write_atomic(
    path: Path | str, data: bytes, *, expect: str | _Anything | None = ANY, mode: int | None = None
) -> None:
    """Replace a file, or make it with the folders above it: durable, and never seen half written.

    `expect` is the SHA-256 of the version to be replaced, or None for "must not exist"; StalePlan when the world is
    another, and then what is there stays, even if an editor saves at this very moment. The mode of an existing file is
    kept unless `mode` is given. Raises CoordError when the disk is full, the folder read-only, …
    """
    target = str(path)
    folder = os.path.dirname(target) or "."
    try:
        make_folder(folder)
        with Lock(folder):
            _refuse_special(target)
            if expect is not ANY and digest_of(target) != expect:
                raise _stale(target)
            staged = stage(target, data, mode)
            try:
                install(staged, target, expect)
            finally:
                discard(staged)
            sync_folder(folder)
    except OSError as error:
        raise failure("write", target, error) from error


def remove(path: Path | str, *, expect: str) -> None:
    """Delete a file durably if it is still the version `expect`; StalePlan otherwise, and it stays."""
    target = str(path)
    folder = os.path.dirname(target) or "."
    try:
        with Lock(folder):
            take_away(target, expect)
            sync_folder(folder)
    except OSError as error:
        raise failure("delete", target, error) from error


def stage(target: str, data: bytes, mode: int | None = None) -> str:
    """Write `data` to a temp file beside `target`, durable, with the mode and owner it will have; return its path."""
    status = _status(target)
    temp = temp_beside(target)
    fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        if status is not None and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            _keep_owner(fd, status)
        if mode is not None or status is not None:
            os.fchmod(fd, stat.S_IMODE(status.st_mode) if mode is None and status is not None else mode or 0)
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    except BaseException:
        discard(temp)
        raise
    finally:
        os.close(fd)
    return temp


def put(target: str, data: bytes) -> None:
    """Like `write_atomic`, for who holds the lock of the folder already. Raises OSError."""
    staged = stage(target, data)
    try:
        os.replace(staged, target)
    except BaseException:
        discard(staged)
        raise
    sync_folder(os.path.dirname(target) or ".")


def install(staged: str, target: str, expect: str | _Anything | None) -> None:
    """Put a staged file in its place if what is there is what is expected; StalePlan otherwise. Call under the lock."""
    if expect is ANY:
        os.replace(staged, target)
    elif expect is None:
        _install_new(staged, target)
    else:
        _install_over(staged, target, expect)


def _install_new(staged: str, target: str) -> None:
    try:
        os.link(staged, target)  # unlike a rename it never replaces
    except FileExistsError:
        raise _stale(target) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise _stale(target) from None
        os.rename(staged, target)


def _install_over(staged: str, target: str, expect: object) -> None:
    if digest_of(target) != expect:
        raise _stale(target)
    try:
        swapped = exchange(staged, target)
    except FileNotFoundError:
        raise _stale(target) from None
    if not swapped:
        os.replace(staged, target)
    elif digest_of(staged) != expect:
        _undo_exchange(staged, target)
        raise _stale(target)


def _undo_exchange(displaced: str, target: str) -> None:
    """Give an editor's version its place back; should the editor have saved once more, that newest one stays."""
    ours = os.stat(target, follow_symlinks=False).st_ino
    if exchange(displaced, target) and os.stat(displaced, follow_symlinks=False).st_ino != ours:
        exchange(displaced, target)


def take_away(target: str, expect: str) -> None:
    """Delete `target` if it is the version `expect`, StalePlan otherwise. Call under the lock of its folder."""
    if digest_of(target) != expect:
        raise _stale(target)
    aside = temp_beside(target)
    os.rename(target, aside)
    if digest_of(aside) != expect:  # an editor saved at this very moment
        if not os.path.lexists(target):
            os.rename(aside, target)
        raise _stale(target)
    discard(aside)


def make_folder(folder: str) -> None:
    """Make a folder and those above it, durably."""
    if os.path.isdir(folder):
        return
    above = os.path.dirname(folder)
    if above and above != folder:
        make_folder(above)
    try:
        os.mkdir(folder)
    except FileExistsError:
        return
    sync_folder(above or ".")


def sync_folder(folder: str) -> None:
    """Make renames in a folder survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def discard(path: str) -> None:
    """Remove a temp file that may be gone already."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def failure(verb: str, path: str, error: OSError) -> CoordError:
    """The error of the system, in words for people."""
    reason = (error.strerror or str(error)).lower()
    return CoordError(f"can't {verb} {plain(path)}: {reason}", _REMEDIES.get(error.errno or 0, "see the reason given"))


def _refuse_special(target: str) -> None:
    if os.path.lexists(target) and (os.path.islink(target) or not os.path.isfile(target)):
        raise NotAFile(f"{plain(target)} is not a regular file", "put a regular file there")


def _status(target: str) -> os.stat_result | None:
    """The status of a regular file, None where there is none."""
    try:
        status = os.lstat(target)
    except FileNotFoundError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _keep_owner(fd: int, status: os.stat_result) -> None:
    try:
        os.fchown(fd, status.st_uid, status.st_gid)
    except PermissionError:
        return  # only root can give files away; the content matters more


def _stale(path: str) -> StalePlan:
    return StalePlan(f"{plain(path)} has changed meanwhile", "look at it again, then repeat what you were doing")


def temp_beside(target: str) -> str:
    """A new name in the folder of `target` that tells who writes it: process id and its start time."""
    pid = os.getpid()
    name = f"{_TEMP}{pid}-{_start_time(pid)}-{next(_COUNTER)}"
    return os.path.join(os.path.dirname(target), name)


def is_temp(name: str) -> bool:
    """The file name is that of an unfinished write: nothing to look at."""
    return name.startswith(_TEMP)


def sweep_stale_temps(folder: Path | str) -> int:
    """Remove what killed writers left in a folder; return how many files that were. Live writers lose nothing."""
    try:
        names = [name for name in os.listdir(folder) if is_temp(name)]
    except OSError:
        return 0
    lock = Lock(folder)
    if not names or not lock.acquire(wait=False):
        return 0
    try:
        dead = [name for name in names if not _writer_lives(name)]
        for name in dead:
            discard(os.path.join(folder, name))
        return len(dead)
    finally:
        lock.release()


def _writer_lives(name: str) -> bool:
    pid, _, rest = name[len(_TEMP) :].partition("-")
    started = rest.partition("-")[0]
    if not (pid.isascii() and pid.isdigit() and len(pid) < 12):
        return False
    return process_lives(int(pid)) and _start_time(int(pid)) == started


def process_lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_time(pid: int) -> str:
    """Start of a process in clock ticks since boot; `0` where the system doesn't tell."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            return stream.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return "0"
