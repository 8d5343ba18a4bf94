"""Runs a command of the project's own in a process group of its own: it gets no terminal, no input and a time limit.

Nothing of it outlives its end or this process, but for what detached itself.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from coordinator.changes.command import inherited
from coordinator.lazy.typing import IO, TypeVar

Listener = TypeVar("Listener")
_GUARD = 'exec 3<&0 </dev/null; (cat <&3 >/dev/null; kill -s KILL 0) & exec 3<&-; exec "$@"'
"""Runs the command, and beside it a guard that ends the whole group once the other end of its input is closed."""


class Halt:
    """Ends what runs when this process is to end, and keeps what would begin from beginning. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._running: list[Callable[[], None]] = []
        self._set = False

    def set(self) -> None:
        with self._guard:
            self._set = True
            running = list(self._running)
        for end in running:
            end()

    @property
    def is_set(self) -> bool:
        return self._set

    @contextmanager
    def ends(self, end: Callable[[], None]) -> Iterator[None]:
        """Have `end` called as soon as it is set, while the context lasts."""
        with self._guard:
            self._running.append(end)
            now = self._set
        try:
            if now:
                end()
            yield
        finally:
            with self._guard:
                self._running.remove(end)


def run_guarded(
    command: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    seconds: float,
    listen: Callable[[IO[bytes]], Listener],
    *,
    name: str,
    words: tuple[str, ...] = (),
    halt: Halt | None = None,
) -> tuple[int, bool, Listener]:
    """Run a command in a folder until it ends, takes too long, or is halted; the rest of its group is killed then.

    Returns its exit status (128 + n for signal n), whether it took more than so many seconds, and what `listen` made of
    the pipe with both its streams, which ends when nobody holds it any more: never, if something detached itself.
    `env` comes on top of our own environment, `words` in front of the command: what makes it run as another user.
    `name`: what the group is called in a list of processes. Raises OSError when it can't be started.
    """
    process = subprocess.Popen(
        [*words, "sh", "-c", _GUARD, name, *command],
        cwd=cwd,
        env=inherited() | dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin:  # open as long as we live: its end is what the guard waits for
        listener = listen(process.stdout)
        status, late = _watch(process, seconds, halt or Halt())
    return status if status >= 0 else 128 - status, late, listener


def _watch(process: "subprocess.Popen[bytes]", seconds: float, halt: Halt) -> tuple[int, bool]:
    late = threading.Event()

    def stop() -> None:
        late.set()
        _kill_group(process.pid)

    alarm = threading.Timer(seconds, stop)
    alarm.daemon = True
    with halt.ends(lambda: _kill_group(process.pid)):
        alarm.start()
        try:
            status = process.wait()
        finally:
            alarm.cancel()
            _kill_group(process.pid)
    return status, late.is_set()


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
