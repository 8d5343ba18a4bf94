"""Files in places where others write: opened without waiting, only if they are regular files, within a size.

Agents can put a pipe, a device, a folder or an endless file wherever they can write. What is read there is read by
these functions, and nothing else; `tests/setup/test_reading.py` looks after that.
"""

import os
import stat

_Path = str | os.PathLike[str]
_PIECE = 1 << 20


class NotRegular(OSError):
    """A folder, a pipe, a device or, where none is followed, a symbolic link stands in the place of a file."""


def open_regular(path: _Path, *, follow: bool = True) -> int:
    """A descriptor to read a regular file by; never waits. Raises NotRegular, and the OSError of the system."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    return _regular(os.open(path, flags), path)


def open_to_append(path: _Path, mode: int = 0o600) -> int:
    """A descriptor to add lines by to a regular file, which is made if it is missing; never waits, follows no link."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | os.O_NOFOLLOW
    return _regular(os.open(path, flags, mode), path)


def read_part(path: _Path, limit: int, *, at: int = 0, follow: bool = True) -> bytes:
    """At most `limit` bytes of a regular file from the byte `at` on. Raises like `open_regular`."""
    fd = open_regular(path, follow=follow)
    try:
        return _read(fd, at, limit)
    finally:
        os.close(fd)


def read_line(path: _Path, limit: int = 8192) -> str:
    """The first line of a regular file, such as the path in a `.git`; never holds a NUL. Raises like `open_regular`."""
    return os.fsdecode(read_part(path, limit)).partition("\0")[0].partition("\n")[0].rstrip()


def read_end(path: _Path, limit: int, *, follow: bool = True) -> bytes:
    """The last bytes of a regular file, at most `limit`. Raises like `open_regular`."""
    fd = open_regular(path, follow=follow)
    try:
        return _read(fd, max(0, os.fstat(fd).st_size - limit), limit)
    finally:
        os.close(fd)


def replace_file(path: _Path, data: bytes, mode: int = 0o666) -> None:
    """Put a file in its place, whatever else was there but a folder; need not survive a power cut. Raises OSError."""
    temporary = f"{os.path.dirname(path) or os.curdir}/.{os.path.basename(path)}.{os.getpid()}.{os.urandom(4).hex()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
        finally:
            os.close(fd)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _regular(fd: int, path: _Path) -> int:
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise NotRegular(f"{path} is not a regular file")
    except BaseException:
        os.close(fd)
        raise
    return fd


def _read(fd: int, at: int, limit: int) -> bytes:
    pieces = []
    while limit > 0 and (piece := os.pread(fd, min(limit, _PIECE), at)):
        pieces.append(piece)
        at += len(piece)
        limit -= len(piece)
    return b"".join(pieces)
