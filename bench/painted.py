"""A program in a terminal of ours: what it paints, and the moment at which each text of it arrives."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

SIZE = (200, 50)
_BOUND = 60.0
"""Seconds after which a text that does not come is a failed measurement."""
_END_BOUND = 5.0


class Painted:
    """A process on a pseudo terminal; whoever measures reads what it writes, and so knows when it was written."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], size: tuple[int, int] = SIZE) -> None:
        own = {name: value for name, value in environ.items() if name not in ("COLUMNS", "LINES")}
        own |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        self._fd, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.seen = bytearray()
        """What it wrote since the last `forget`."""
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            argv, stdin=theirs, stdout=theirs, stderr=theirs, env=own, start_new_session=True
        )
        os.close(theirs)

    @property
    def pid(self) -> int:
        return self._process.pid

    def press(self, text: str) -> None:
        """Press keys, as a terminal tells of them."""
        os.write(self._fd, text.encode())

    def wait_for(self, text: str) -> float:
        """Read on until it has painted a text since the last `forget`; the moment (perf_counter) the text was there.

        The text has to be of one style: it is looked for among the bytes as they come.
        """
        wanted, deadline = text.encode(), time.perf_counter() + _BOUND
        while wanted not in self.seen:
            if not self._read(deadline - time.perf_counter()):
                raise SystemExit(f"{text!r} was never painted; the last it wrote: {bytes(self.seen[-300:])!r}")
        return time.perf_counter()

    def forget(self) -> None:
        """What it painted up to now no longer counts."""
        while self._read(0):
            pass
        self.seen.clear()

    def next(self) -> bytes:
        """Wait until it paints something, and return that."""
        self.seen.clear()
        if not self._read(_BOUND):
            raise SystemExit("it paints nothing any more")
        return bytes(self.seen)

    def rest(self, seconds: float) -> int:
        """Let it go on for a while, as a terminal would; how many bytes it painted."""
        self.forget()
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)
        return len(self.seen)

    def _read(self, timeout: float) -> bool:
        if not select.select([self._fd], [], [], max(0.0, timeout))[0]:
            return False
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:  # how Linux tells that the other side was closed
            raise SystemExit(f"the program has ended: {bytes(self.seen[-300:])!r}") from None
        self.seen += data
        return True

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_END_BOUND)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._fd)

    def __enter__(self) -> "Painted":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def processor_seconds(pid: int) -> float:
    """Seconds of processor time that a process and all its threads have taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
