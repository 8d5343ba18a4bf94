"""Ending a wait in another thread, and what a watch may have seen meanwhile."""

import os
import select
from contextlib import suppress

BELL, WRITTEN, GONE = 1, 2, 4
"""What a watch saw: an append that can be read; bytes on their way; the directory is no longer the one watched."""


class Stop:
    """Ends waits in other threads, also those that start later."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._poll = select.poll()
        self._poll.register(self._read, select.POLLIN)

    def set(self) -> None:
        """Safe to call from any thread, more than once, and after `close`."""
        if self._write >= 0:
            with suppress(BlockingIOError):  # full of earlier calls
                os.write(self._write, b"x")

    def wait(self, timeout: float) -> bool:
        """Whether it is set, at the latest after `timeout` seconds."""
        return bool(self._poll.poll(timeout * 1000))

    def fileno(self) -> int:
        """Readable once it is set."""
        return self._read

    def close(self) -> None:
        read, write, self._write = self._read, self._write, -1
        if write >= 0:
            os.close(write)
            os.close(read)
