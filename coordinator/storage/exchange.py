"""Swap two files in one step, so that whatever was there is still at hand to be looked at."""

import os
import sys
from collections.abc import Callable
from functools import cache

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # Linux
_RENAME_SWAP = 2  # macOS


def exchange(one: str, other: str) -> bool:
    """Swap two existing files atomically; False when the system or the file system can't, and nothing was done.

    Raises FileNotFoundError when one of the two is gone.
    """
    swap = _system_call()
    if swap is None:
        return False
    code = swap(os.fsencode(one), os.fsencode(other))
    if code == 0:
        return True
    import errno

    if code == errno.ENOENT:
        raise FileNotFoundError(code, os.strerror(code), other)
    return False


@cache
def _system_call() -> Callable[[bytes, bytes], int] | None:
    """A function that swaps two paths and returns the errno, 0 for success."""
    import ctypes  # only writers of existing files pay for it

    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux" and hasattr(library, "renameat2"):

        def linux(one: bytes, other: bytes) -> int:
            failed = library.renameat2(_AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE)
            return ctypes.get_errno() if failed else 0

        return linux
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):

        def darwin(one: bytes, other: bytes) -> int:
            failed = library.renamex_np(one, other, _RENAME_SWAP)
            return ctypes.get_errno() if failed else 0

        return darwin
    return None
