"""Wait for the thing itself, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(predicate: Callable[[], T], *, timeout: float = 60.0, message: str = "condition") -> T:
    """Return the first true value of `predicate`; AssertionError naming `message` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    pause = 0.001
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"still waiting for {message} after {timeout:g} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
