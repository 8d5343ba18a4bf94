"""Reading within limits, and telling one version of a file from the next."""

import errno
import importlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from coordinator.errors import CoordError
from coordinator.model.text import plain

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


class TooLarge(CoordError):
    """The file is larger than what it may be for its purpose."""


class NotAFile(CoordError):
    """A folder, a symbolic link, a pipe or a device where a regular file is expected."""


def failure(verb: str, path: str, error: OSError) -> CoordError:
    """The error of the system, in words for people."""
    reason = (error.strerror or str(error)).lower()
    return CoordError(f"can't {verb} {plain(path)}: {reason}", _REMEDIES.get(error.errno or 0, "see the reason given"))


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
