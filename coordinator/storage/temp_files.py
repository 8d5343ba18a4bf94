"""Temp files: named so that those of dead writers can be told from those of live ones."""

import itertools
import os
from pathlib import Path

from coordinator.storage.locks import Lock

_TEMP = ".coord-tmp-"
_COUNTER = itertools.count()
_own: dict[int, str] = {}
"""This process's id → when it started, which is asked once."""
os.register_at_fork(after_in_child=_own.clear)


def temp_beside(target: str) -> str:
    """A new name in the folder of `target` that tells who writes it: process id and its start time."""
    pid = os.getpid()
    started = _own.get(pid) or _own.setdefault(pid, _start_time(pid))
    name = f"{_TEMP}{pid}-{started}-{next(_COUNTER)}"
    return os.path.join(os.path.dirname(target), name)


def is_temp(name: str) -> bool:
    """The file name is that of an unfinished write: nothing to look at."""
    return name.startswith(_TEMP)


def sweep_stale_temps(folder: Path | str) -> int:
    """Remove what killed writers left in a folder; return how many files that were. Live writers lose nothing."""
    lock = Lock(folder)
    if not stale_temps(folder) or not lock.acquire(wait=False):
        return 0
    try:
        dead = stale_temps(folder)
        for path in dead:
            discard(path)
        return len(dead)
    finally:
        lock.release()


def stale_temps(folder: Path | str) -> list[str]:
    """Paths of what writers that are dead left in a folder; empty where it can't be read."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if is_temp(name) and not _writer_lives(name)]


def _writer_lives(name: str) -> bool:
    pid, _, rest = name[len(_TEMP) :].partition("-")
    started = rest.partition("-")[0]
    if not (pid.isascii() and pid.isdigit() and len(pid) < 12):
        return False
    return process_lives(int(pid)) and _start_time(int(pid)) == started and not _has_ended(int(pid))


def process_lives(pid: int) -> bool:
    """A process with this id exists, whoever owns it; one that ended and was not waited for counts as well."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return pid > 0


def _start_time(pid: int) -> str:
    """Start of a process in clock ticks since boot; `0` where the system doesn't tell."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else "0"


def _has_ended(pid: int) -> bool:
    """The process only waits to be waited for: it writes no more."""
    return _stat(pid)[:1] in (["Z"], ["X"])


def _stat(pid: int) -> list[str]:
    """What the kernel tells of a process, from its state on; nothing where it doesn't."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            return stream.read().rpartition(b")")[2].decode().split()
    except OSError:
        return []


def discard(path: str) -> None:
    """Remove a temp file that may be gone already."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
