"""A terminal to look at the real screen in, as a person would."""

import contextlib
import os
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from support.project import Project
from support.wait import wait_until


class Terminal:
    """A tmux server of its own, in whose windows a person would type."""

    def __init__(self, columns: int = 160, rows: int = 45) -> None:
        self.socket = f"coord-test-{os.getpid()}-{secrets.token_hex(4)}"
        self.size = (columns, rows)
        self._started = False

    def tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.socket, "-f", "/dev/null", *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"tmux {arguments}: {done.stderr}")
        return done.stdout

    def open(self, project: Project, *arguments: str, program: Sequence[str] = ("-m", "coordinator.cli.main")) -> None:
        """Run `coord` on a project, or another program of Python in its place; its window stays when it ends."""
        self._run(project, [sys.executable, *program, "-C", str(project.layout.root), *arguments])

    def shell(self, project: Project) -> None:
        """Run a shell with job control, in which `coord` would find that project's home."""
        self._run(project, ["bash", "--norc", "--noprofile", "-i"])

    def _run(self, project: Project, words: Sequence[str]) -> None:
        # COLUMNS and LINES, which test runners set, would overrule the size of the terminal
        own = project.environment(COLORTERM="truecolor", LANG="C.UTF-8")
        environ = {k: v for k, v in own.items() if "\n" not in v and k not in ("COLUMNS", "LINES")}
        command = shlex.join(["env", "-i", *(f"{k}={v}" for k, v in environ.items()), "TERM=tmux-256color", *words])
        first = ["new-session", "-d", "-x", str(self.size[0]), "-y", str(self.size[1])]
        self.tmux(*(["new-window"] if self._started else first), command, ";", "set", "-w", "remain-on-exit", "on")
        self._started = True

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def wait_for(self, *texts: str, without: str = "\0", timeout: float = 60) -> str:
        """The screen once it shows all of these, and not `without`."""
        seen = [""]

        def shown() -> bool:
            seen[0] = self.screen()
            return all(text in seen[0] for text in texts) and without not in seen[0]

        try:
            wait_until(shown, timeout=timeout)
        except AssertionError:
            raise AssertionError(f"{texts} never came on screen:\n{seen[0]}") from None
        return seen[0]

    def pid(self) -> int:
        """The process in the window."""
        return int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def has_ended(self) -> bool:
        """The program in the window has; tmux may not have drawn so yet, for it reads ends and signals apart."""
        return self.tmux("display-message", "-p", "#{pane_dead}").strip() == "1"

    def close(self) -> None:
        if self._started:
            path = self.tmux("display-message", "-p", "#{socket_path}").strip()
            for pid in self.tmux("list-panes", "-a", "-F", "#{pane_pid}").split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            with contextlib.suppress(AssertionError):
                self.tmux("kill-server")
            Path(path).unlink(missing_ok=True)
