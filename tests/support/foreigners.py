"""A tmux server of somebody else, with windows that coord did not open."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from support.wait import wait_until

CAPTURES = Path(__file__).parents[1] / "agents" / "captures" / "screens"
SIZE = (120, 40)
"""Of the captures."""


class Foreigners:
    """The server; `folder` gets stand-ins for agent CLIs, which show a real one's recorded screen."""

    def __init__(self, folder: Path, socket: str = "") -> None:
        self.socket = socket or f"coord-test-{os.getpid()}-{secrets.token_hex(4)}"
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._sessions: set[str] = set()

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self.socket, "-f", "/dev/null", *arguments]
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("COORD_", "TMUX")) or k == "TMUX_TMPDIR"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def window(self, session: str, name: str, command: str) -> str:
        """Open a window that runs a shell command; its id."""
        words = ["new-window", "-d", "-t", f"={session}:"]
        if session not in self._sessions:
            words = ["new-session", "-d", "-s", session, "-x", str(SIZE[0]), "-y", str(SIZE[1])]
            self._sessions.add(session)
        printed = self.tmux(*words, "-P", "-F", "#{window_id}", command).strip()
        self.tmux("rename-window", "-t", printed, name.replace("#", "##"))
        return printed

    def agent(self, session: str, name: str, cli: str, capture: str) -> str:
        """Open a window in which an agent CLI seems to run, and wait until it shows the captured screen."""
        program = self._folder / f"{secrets.token_hex(4)}" / cli
        program.parent.mkdir()
        shown = CAPTURES / f"{capture}.ansi.txt"
        program.write_text(
            f"#!/bin/sh\nstty -echo\nhead -c -1 {quote(str(shown))}\necho >{program}.ready\nsleep 1000\n"
        )
        program.chmod(0o755)
        window = self.window(session, name, f"exec {program}")
        wait_until(lambda: Path(f"{program}.ready").exists(), message="the stand-in")
        return window

    def close(self) -> None:
        if not self._sessions:
            return
        path = self.tmux("display-message", "-p", "#{socket_path}").strip()
        for pid in self.tmux("list-panes", "-a", "-F", "#{pane_pid}").split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        with contextlib.suppress(AssertionError):
            self.tmux("kill-server")
        Path(path).unlink(missing_ok=True)


@contextlib.contextmanager
def foreigners(folder: Path, socket: str = "") -> Iterator[Foreigners]:
    """A server that is gone with the test."""
    made = Foreigners(folder, socket)
    try:
        yield made
    finally:
        made.close()


def listening_tmux(folder: Path) -> Path:
    """Put a `tmux` into the folder that notes every command and passes it on; the file with its notes."""
    real, notes = shutil.which("tmux"), folder / "tmux.asked"
    folder.mkdir(exist_ok=True)
    program = folder / "tmux"
    program.write_text(f'#!/bin/sh\necho "$*" >>{quote(str(notes))}\nexec {real} "$@"\n')
    program.chmod(0o755)
    notes.touch()
    return notes
