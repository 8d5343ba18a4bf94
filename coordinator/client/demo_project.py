"""The demo project: a copy of the sample in a place of its own, with a loop and a tmux server of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from coordinator.changes.git import Git
from coordinator.client.history import History
from coordinator.client.look import look
from coordinator.errors import CoordError, Refused
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.clock import utc_now
from coordinator.model.event import Event
from coordinator.model.snapshot import Snapshot
from coordinator.observe.project import Project
from coordinator.observe.trust import forget_trust, trust_own
from coordinator.processes.interpreter import own_command
from coordinator.storage.packaged import packaged
from coordinator.storage.paths import Layout
from coordinator.storage.project import create_project
from coordinator.storage.runs import read_loop, write_loop
from coordinator.terminals.errors import TerminalError

if TYPE_CHECKING:
    from coordinator.terminals.server import Terminals

NAME = "tokenbucket"
PACE = "COORD_DEMO_PACE"
"""Environment: seconds that the scripted agents take for a line; the sample says how many otherwise."""
_IDENTITY = {"user.name": "coord demo", "user.email": "demo@coord.invalid"}
"""Who commits where git knows nobody."""
_PRIVATE = {"commit.gpgSign": "false", "tag.gpgSign": "false", "core.hooksPath": ".git/hooks", "core.autocrlf": "false"}
"""The engineer's own settings that would sign, check or change what the scripted agents commit."""
_END_BOUND = 10.0
"""Seconds that the loop, and then the agents, get to end by themselves."""


class DemoProject:
    """A running copy of the sample project. Leaving its context ends everything that it started."""

    def __init__(self, keep: Path | None, pace: str = "") -> None:
        """`pace` is in seconds a line, where the environment says none; empty: that of the sample."""
        self._pace = os.environ.get(PACE, pace)
        self._scratch = None if keep is not None else Path(tempfile.mkdtemp(prefix="coord-demo-")).resolve()
        self._project = Project(Layout((self._scratch / NAME) if self._scratch else _empty(keep)))
        self.layout = self._project.layout
        self._log = self.layout.runs / "loop.log"
        self._loop: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "DemoProject":
        try:
            self._make()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start_loop(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start the loop as a process of its own; what it says goes to `runs/loop.log`."""
        self._log.parent.mkdir(exist_ok=True)
        with self._log.open("ab") as log:
            self._loop = subprocess.Popen(
                self.command("loop", *arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
                start_new_session=True,  # a C-c is for the demo, which ends the loop in order
            )
        return self._loop

    def hold(self) -> None:
        """Have the loop start nothing before somebody lets it go on."""
        ask, _ = read_loop(self.layout)
        write_loop(self.layout, replace(ask, state="paused", by=NAME, at=utc_now(), reason="the demo waits for you"))

    def last_words(self) -> str:
        """The last line that the loop said."""
        lines = self._log.read_text(errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")

    def follow(self, limit: float) -> Iterator[Sequence[Event]]:
        """What happens, in batches, until the loop that was started has ended or `limit` seconds are over."""
        from coordinator.eventlog.follow import Stop, follow

        loop, stop = self._loop, Stop()
        assert loop is not None

        def stop_after() -> None:
            with suppress(subprocess.TimeoutExpired):
                loop.wait(limit)
            stop.set()

        threading.Thread(target=stop_after, daemon=True).start()
        yield from follow(self.layout.events_db, stop=stop)

    def events_after(self, seq: int) -> tuple[Event, ...]:
        """What has happened after an event."""
        with History(self._project) as history:
            return tuple(history.select().every(seq))

    def look(self) -> Snapshot:
        """The project as it is now."""
        return look(self._project)

    def command(self, *arguments: str) -> list[str]:
        """A `coord` command about this project."""
        return own_command("-C", str(self.layout.root), *arguments)

    def environment(self) -> dict[str, str]:
        """The environment of its processes: this Python first on PATH, nothing of the tmux or agent around us."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("COORD_") and k not in ("TMUX", "TMUX_PANE")}
        own = os.path.dirname(os.path.abspath(sys.executable))
        return {**kept, "PATH": f"{own}{os.pathsep}{kept.get('PATH', os.defpath)}"}

    def close(self) -> None:
        """End the loop, the agents and the tmux server; remove the project unless it is kept."""
        if self._loop is not None:
            _end(self._loop)
            self._end_terminals()
        if self._scratch is not None:
            forget_trust(self.layout)
            _remove(self._scratch)

    def _make(self) -> None:
        root = self.layout.root
        shutil.copytree(
            packaged("sample_project"), root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
        create_project(root, title=NAME)  # folders that git does not keep
        if self._pace:
            (self.layout.scripts / "pace").write_text(f"{self._pace}\n")
        trust_own(self.layout)
        git = Git(root)
        git.run("init", "--quiet", "--initial-branch=main", "--template=", writes=True)
        for name, value in {**_PRIVATE, **({} if _has_identity(git) else _IDENTITY)}.items():
            git.run("config", name, value, writes=True)
        git.run("add", "--all", writes=True)
        git.run("commit", "--quiet", "--message=Start tokenbucket", writes=True)

    def _end_terminals(self) -> None:
        terminals = self._project.terminals
        with suppress(TerminalError):  # it never came up, or is gone already
            for number in (signal.SIGTERM, signal.SIGKILL):
                _end_windows(terminals, number)
            terminals.run("kill-server")
        Path(terminals.socket_path).unlink(missing_ok=True)


def _empty(folder: Path | None) -> Path:
    assert folder is not None
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is there already", "give --keep a folder that is new or empty")
    return folder.resolve()


def _has_identity(git: Git) -> bool:
    return all(git.run("config", name, ok=(0, 1)).text for name in _IDENTITY)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_END_BOUND)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _end_windows(terminals: "Terminals", number: signal.Signals) -> None:
    """Send the signal to what runs in the windows, and wait for tmux to see it end."""
    deadline = time.monotonic() + _END_BOUND
    told: set[int] = set()
    while alive := [w.pid for w in terminals.windows() if not w.dead and w.mark]:
        for pid in set(alive) - told:
            with suppress(ProcessLookupError):
                os.killpg(pid, number)
        told.update(alive)
        if time.monotonic() > deadline:
            return
        time.sleep(0.01)


def _remove(folder: Path) -> None:
    """Remove a folder into which a dying agent may still write for a moment."""
    deadline = time.monotonic() + _END_BOUND
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists() and time.monotonic() > deadline:
            raise CoordError(f"can't remove {folder}", "remove it yourself")
