"""A lock that several processes share, and that a child may go on holding when its parent was killed."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, patience: float) -> Iterator[int | None]:
    """Hold an exclusive `flock` on a file; gives its descriptor, or None when it wasn't free within `patience` seconds.

    A child that is given the descriptor keeps the lock until it ends, even if this process is killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
        try:
            held = _acquire(descriptor, deadline)
            if not held or _is_at(descriptor, path):
                yield descriptor if held else None
                return
        finally:
            os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    """The file is the one that others are going to open: it may have been cleared away meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _acquire(descriptor: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        else:
            return True
