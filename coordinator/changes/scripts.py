"""Runs the project's own scripts for a worktree: `setup.sh` in each new one, `teardown.sh` before it goes.

They get no terminal, no input, a process group of their own and a time limit, and nothing of them outlives their end
or this process, but for what detached itself; that has the mark of its agent, and ends with that.
"""

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from coordinator.changes.command import inherited
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from coordinator.safefiles.regular import NotRegular, open_regular
from coordinator.secrets.redaction import redact

SETUP, TEARDOWN = "setup.sh", "teardown.sh"
OUTPUT_LIMIT = 128 * 1024
"""Bytes of a script's output that are kept: the last ones."""
_PACE = 0.25
"""Seconds between two writes of the log: each wakes whoever watches it."""
_GUARDED = 'exec 3<&0 </dev/null; (cat <&3 >/dev/null; kill -s KILL 0) & exec 3<&-; exec "$@"'
"""Runs a command, and beside it a guard that ends the whole group once the other end of its input is closed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a script ended."""

    status: int
    """Exit status; 128 + n for signal n."""
    output: str
    """The end of what it said, without secrets; untrusted text."""
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        return self.status == 0 and not self.timed_out


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


def find_script(folder: Path, name: str) -> Path | None:
    """A script of `.coord/`; None where there is none. CoordError for a link, a pipe, or anything but a file."""
    path = folder / name
    try:
        os.close(open_regular(path, follow=False))
    except FileNotFoundError:
        return None
    except NotRegular:
        raise _no_file(name) from None
    except OSError as error:
        if path.is_symlink():
            raise _no_file(name) from None
        raise CoordError(f".coord/{name} can't be read: {(error.strerror or '').lower()}", "see who owns it") from None
    return path


def _no_file(name: str) -> CoordError:
    return CoordError(f".coord/{name} is no regular file, so it is not run", "put the script itself there, not a link")


def run_script(
    script: Path,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    seconds: float,
    *,
    words: tuple[str, ...] = (),
    halt: Halt | None = None,
) -> Ended:
    """Run a script in a folder until it ends, takes too long, or is halted; its output goes to the end of `log`.

    `words` go in front: what makes it run as another user. One that can be executed is, by the interpreter that its
    first line names; `sh` reads any other.
    """
    command = [str(script)] if os.access(script, os.X_OK) else ["sh", str(script)]
    try:
        process = subprocess.Popen(
            [*words, "sh", "-c", _GUARDED, "coord-script", *command],
            cwd=cwd,
            env=inherited() | dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CoordError(f".coord/{script.name} can't be started: {reason}", "see why") from error
    assert process.stdin is not None
    with process.stdin:  # open as long as we live: its end is what the guard waits for
        return _watch(process, log, seconds, halt or Halt())


def _watch(process: "subprocess.Popen[bytes]", log: Path, seconds: float, halt: Halt) -> Ended:
    late = threading.Event()

    def stop() -> None:
        late.set()
        _kill_group(process.pid)

    alarm = threading.Timer(seconds, stop)
    alarm.daemon = True
    output = _Output(process, log)
    with halt.ends(lambda: _kill_group(process.pid)):
        alarm.start()
        try:
            status = process.wait()
        finally:
            alarm.cancel()
            _kill_group(process.pid)
    return Ended(status if status >= 0 else 128 - status, output.end(), late.is_set())


class _Output(threading.Thread):
    """Keeps the end of what a process prints, in memory and in a file that others look at meanwhile."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        super().__init__(name="script-output", daemon=True)
        assert process.stdout is not None
        self._pipe = process.stdout
        self._log = os.open(log, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
        self._kept = bytearray(os.pread(self._log, OUTPUT_LIMIT, 0))
        self._written = len(self._kept)
        """Bytes of what is kept that are in the file; -1: it has to be written anew."""
        self._over = False
        self._guard = threading.Lock()
        self.start()

    def run(self) -> None:
        due = 0.0
        while not self._over:
            wait = max(0.0, due - time.monotonic()) if due else None
            if not select.select([self._pipe], [], [], wait)[0]:
                self._write()
                due = 0.0
                continue
            chunk = os.read(self._pipe.fileno(), 65536)
            if not chunk:
                break
            self._take(chunk)
            due = due or time.monotonic() + _PACE
        self._write()

    def _take(self, chunk: bytes) -> None:
        self._kept += chunk
        if len(self._kept) > OUTPUT_LIMIT:
            del self._kept[:-OUTPUT_LIMIT]
            self._written = -1

    def _write(self) -> None:
        with self._guard, suppress(OSError):  # a full disk: what is kept in memory is told all the same
            if self._over:
                return
            if self._written < 0:
                os.ftruncate(self._log, 0)
            os.pwrite(self._log, self._kept[max(0, self._written) :], max(0, self._written))
            self._written = len(self._kept)

    def end(self) -> str:
        """What was kept, once the process has ended; secrets are taken out of the file too."""
        self.join(1.0)  # what detached itself may hold the pipe for ever
        with self._guard:
            self._over = True
            text = bytes(self._kept).decode("utf-8", "replace")
            clean = redact(text)
            with suppress(OSError):
                if clean != text:
                    os.ftruncate(self._log, 0)
                    os.pwrite(self._log, clean.encode(), 0)
            os.close(self._log)
        return clean


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
