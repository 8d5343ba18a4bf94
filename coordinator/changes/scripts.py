"""Runs the project's own scripts for a worktree: `setup.sh` in each new one, `teardown.sh` before it goes.

How they run: see `coordinator.changes.guarded`. What detached itself has the mark of its agent, and ends with that.
"""

import os
import select
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from coordinator.changes.guarded import Halt, run_guarded
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import IO
from coordinator.safefiles.regular import NotRegular, open_regular
from coordinator.secrets.redaction import redact

SETUP, TEARDOWN = "setup.sh", "teardown.sh"
OUTPUT_LIMIT = 128 * 1024
"""Bytes of a script's output that are kept: the last ones."""
_PACE = 0.25
"""Seconds between two writes of the log: each wakes whoever watches it."""


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

    def listen(pipe: IO[bytes]) -> _Output:
        return _Output(pipe, log)

    try:
        ran = run_guarded(command, cwd, env, seconds, listen, name="coord-script", words=words, halt=halt)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CoordError(f".coord/{script.name} can't be started: {reason}", "see why") from error
    status, late, output = ran
    return Ended(status, output.end(), late)


class _Output(threading.Thread):
    """Keeps the end of what a process prints, in memory and in a file that others look at meanwhile."""

    def __init__(self, pipe: IO[bytes], log: Path) -> None:
        super().__init__(name="script-output", daemon=True)
        self._pipe = pipe
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
