"""Reading many files at once."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection(count: int) -> Iterator[None]:
    """Thousands of new objects that all stay: collecting garbage among them finds nothing, again and again."""
    if count < 500 or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
