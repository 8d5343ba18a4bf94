"""Reading within limits, and telling one version of a file from the next."""

import errno
import os
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.formats.digest import _sha256
from coordinator.lazy.typing import NamedTuple
from coordinator.model.text import plain
from coordinator.safefiles.regular import NotRegular, open_regular

_CHUNK = 1 << 20
_DIGEST_LIMIT = 1 << 28
"""Bytes of a file that is held against another version of it: a larger one is nobody's version of a text."""
_TICK, _COARSE = 50_000_000, 2_500_000_000  # nanoseconds
_REMEDIES = {
    errno.ENOSPC: "free some disk space and try again",
    errno.EDQUOT: "free some disk space and try again",
    errno.EACCES: "check the permissions of the folder",
    errno.EPERM: "check the permissions of the folder",
    errno.EROFS: "the file system is read-only: mount it writable",
    errno.EISDIR: "move the folder away that stands in its place",
    errno.ENOTDIR: "move the file away that stands in the place of its folder",
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


def read_limited(path: Path | str, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes; a larger one is not read at all.

    Raises TooLarge, NotAFile (also for a symbolic link), or the OSError of the system, such as FileNotFoundError.
    """
    return read_regular(str(path), limit)[0]


def read_regular(path: str, limit: int) -> tuple[bytes, os.stat_result]:
    """Like `read_limited`, and the status of the very file that was read."""
    fd, status = _open(path, limit)
    try:
        return _read_up_to(fd, path, status.st_size, limit), status
    finally:
        os.close(fd)


def _open(path: str, limit: int) -> tuple[int, os.stat_result]:
    try:
        fd = open_regular(path, follow=False)
    except NotRegular:
        raise NotAFile(f"{plain(path)} is not a regular file", "put a regular file there") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise NotAFile(f"{plain(path)} is a symbolic link", "put the file itself there") from None
        if error.errno in (errno.ENXIO, errno.ENODEV):
            raise NotAFile(f"{plain(path)} is not a regular file", "put a regular file there") from None
        raise
    status = os.fstat(fd)
    if status.st_size > limit:
        os.close(fd)
        raise TooLarge(f"{plain(path)} has {status.st_size:,} bytes", f"keep it below {limit:,} bytes")
    return fd, status


def _read_up_to(fd: int, path: str, size: int, limit: int) -> bytes:
    data = os.read(fd, size + 1)
    if len(data) == size:
        return data
    while more := os.read(fd, _CHUNK):  # it grew or shrank meanwhile, or the read was short
        data += more
        if len(data) > limit:
            raise TooLarge(f"{plain(path)} grows beyond {limit:,} bytes", "end the program that writes it")
    return data


class FileKey(NamedTuple):
    """Tells one version of a file from the next without reading it, once its time stamps are settled."""

    modified: int
    """Nanoseconds."""
    size: int
    inode: int
    changed: int
    """Nanoseconds; nobody sets it back as `modified` is."""

    @property
    def newest(self) -> int:
        """The time stamp that `is_settled` is asked about."""
        return max(self.modified, self.changed)


def file_key(status: os.stat_result) -> FileKey:
    """The key of a file with this status."""
    return FileKey(status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)


def is_settled(changed: int, read: int) -> bool:
    """A time stamp that is old enough to tell the next change from what was read at `read`; both nanoseconds.

    Time stamps have the grain of the kernel's timer tick, on some file systems of one or two seconds.
    """
    return changed < read - (_COARSE if changed % 1_000_000_000 == 0 else _TICK)


def digest_of(path: Path | str, limit: int = _DIGEST_LIMIT) -> str | None:
    """SHA-256 of a file; None when there is none. Raises TooLarge, NotAFile and OSError like `read_limited`."""
    try:
        fd, status = _open(str(path), limit)
    except FileNotFoundError:
        return None
    try:
        seen, digest = 0, _sha256(b"")
        while data := os.read(fd, min(status.st_size + 1, _CHUNK)):
            digest.update(data)
            seen += len(data)
            if seen > limit:
                raise TooLarge(f"{plain(str(path))} grows beyond {limit:,} bytes", "end the program that writes it")
        return digest.hexdigest()
    finally:
        os.close(fd)
