"""Writing so that no version of a file is ever torn or lost."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from coordinator.errors import StalePlan
from coordinator.formats.digest import hasher, sha256
from coordinator.lazy.typing import Final
from coordinator.model.text import plain
from coordinator.storage.exchange import exchange
from coordinator.storage.locks import Lock, is_held
from coordinator.storage.reading import (
    FileKey,
    NotAFile,
    TooLarge,
    digest_of,
    failure,
    file_key,
    is_settled,
    read_limited,
    read_regular,
)
from coordinator.storage.temp_files import discard, is_temp, process_lives, sweep_stale_temps, temp_beside
from coordinator.storage.written import note_all, note_removed, note_written

__all__ = [
    "ANY",
    "FileKey",
    "Lock",
    "NotAFile",
    "TooLarge",
    "digest_of",
    "discard",
    "failure",
    "file_key",
    "hasher",
    "install",
    "is_held",
    "is_settled",
    "is_temp",
    "make_folder",
    "process_lives",
    "put",
    "read_limited",
    "read_regular",
    "remove",
    "sha256",
    "stage",
    "stage_all",
    "sweep_stale_temps",
    "sync_folder",
    "take_away",
    "temp_beside",
    "write_atomic",
]


_AT_ONCE, _PART = 16, 32
"""How many files are written at once where there are many, and how many one thread takes."""


class _Anything:
    """The type of ANY."""


ANY: Final = _Anything()
"""For `expect`: whatever is there may be replaced."""


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
    note_written(target, data)
    return _write_beside(target, data, mode)


def stage_all(versions: Sequence[tuple[str, bytes]]) -> Iterator[str | BaseException]:
    """`stage` for many files, several at once, since it is the disk that is waited for: path or failure of each."""
    from concurrent.futures import ThreadPoolExecutor

    note_all(versions)
    parts = [versions[first : first + _PART] for first in range(0, len(versions), _PART)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for part in pool.map(_write_part, parts):
            yield from part


def _write_part(versions: Sequence[tuple[str, bytes]]) -> list[str | BaseException]:
    done: list[str | BaseException] = []
    for target, data in versions:
        try:
            done.append(_write_beside(target, data, None))
        except BaseException as error:
            done.append(error)
    return done


def _write_beside(target: str, data: bytes, mode: int | None) -> str:
    status = _status(target)
    temp = temp_beside(target)
    fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        if status is not None and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            _keep_owner(fd, status)
        if mode is None and status is not None:
            mode = stat.S_IMODE(status.st_mode)
        if mode is not None:
            os.fchmod(fd, mode)
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
    ours = _inode(staged)
    try:
        swapped = exchange(staged, target)
    except FileNotFoundError:
        raise _stale(target) from None
    if not swapped:
        os.replace(staged, target)
    elif digest_of(staged) != expect:
        _give_back(staged, target, ours)
        raise _stale(target)


def _give_back(displaced: str, target: str, ours: int) -> None:
    """Give the version that an editor saved at the last moment its place back; of several, the newest keeps it."""
    last = ours
    while True:
        placing = _inode(displaced)
        try:
            if not exchange(displaced, target):
                os.replace(displaced, target)
                return
        except FileNotFoundError:
            _put_back(displaced, target)
            return
        if _inode(displaced) == last:
            return
        last = placing  # what came out was saved later than what went in


def take_away(target: str, expect: str) -> None:
    """Delete `target` if it is the version `expect`, StalePlan otherwise. Call under the lock of its folder."""
    if digest_of(target) != expect:
        raise _stale(target)
    note_removed(target)
    aside = temp_beside(target)
    os.rename(target, aside)
    if digest_of(aside) != expect:  # an editor saved at this very moment
        _put_back(aside, target)
        raise _stale(target)
    discard(aside)


def _put_back(aside: str, target: str) -> None:
    """Move a version to where it was, unless there is a newer one."""
    with suppress(StalePlan):
        _install_new(aside, target)
    discard(aside)


def _inode(path: str) -> int:
    return os.stat(path, follow_symlinks=False).st_ino


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
