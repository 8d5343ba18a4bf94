"""Windows of tmux servers that are not ours: listed, read and attached to, never written to."""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.pane_screen import Screen
from coordinator.processes.table import children
from coordinator.terminals.capture import read_panes
from coordinator.terminals.errors import TerminalError
from coordinator.terminals.listing import MARK, parse_mark
from coordinator.terminals.server import NO_SERVER, Terminals

if TYPE_CHECKING:
    from coordinator.terminals.feed import OnScreen, PaneFeed

_FIELDS = (
    *("session_id", "window_id", "pane_id", "pane_pid", "pane_dead", "pane_active", "window_activity"),
    *("pane_current_command", "session_name", "window_name", MARK),
)
_INTERPRETERS = frozenset({"node", "bun", "deno", "npm", "npx", "sh", "bash", "zsh", "python", "python3"})
"""What a pane's program is called while the one that it was started for runs in it."""
_MOST_CHILDREN = 64


@dataclass(frozen=True, slots=True)
class Pane:
    """A pane as one listing tells it; all names are untrusted."""

    session_id: str
    window: str
    id: str
    pid: int
    """The process that was started in it, often a shell."""
    dead: bool
    active: bool
    output_at: float
    """Unix seconds when something was printed in its window for the last time."""
    command: str
    """Name of the program in its foreground."""
    session: str
    name: str
    """Of the window."""
    mark: Mapping[str, str]
    """What coord marked the window with, this project or another one."""


class Elsewhere:
    """A tmux server by the name of its socket; it is not started where there is none."""

    def __init__(self, server: str, tmux_bin: str = "tmux") -> None:
        self._terminals = Terminals(server, "coord", tmux_bin)

    def panes(self) -> list[Pane]:
        """All panes of all sessions, by one call; none when there is no such server. Raises TerminalError."""
        seal = os.urandom(8).hex()  # names may hold anything that could be agreed on
        try:
            listing = self._terminals.run("list-panes", "-a", "-F", seal.join(f"#{{{name}}}" for name in _FIELDS))
        except TerminalError as error:
            if any(said in error.message for said in NO_SERVER):
                return []
            raise
        rows = (line.split(seal) for line in listing.decode("utf-8", "replace").split("\n"))
        return [_pane(row) for row in rows if len(row) == len(_FIELDS)]

    def screens(self, panes: Collection[str]) -> dict[str, Screen]:
        """What these panes show; those that are gone are left out. Raises TerminalError."""
        return read_panes(self._terminals, panes) if panes else {}

    def capture(self, pane: str, history: int) -> str:
        """What a pane shows, with lines that scrolled out of it first; see `Terminals.capture`."""
        return self._terminals.capture(pane, history)

    def feed(self, on_screen: "OnScreen") -> "PaneFeed":
        """Live screens of its panes, by plain captures: attaching a client to read them would be seen there."""
        from coordinator.terminals.feed import PaneFeed

        return PaneFeed(self._terminals, on_screen, plain=True)

    def holds(self, pane: str, environ: Mapping[str, str] = os.environ) -> bool:
        """Tell whether a process with this environment runs in that very pane."""
        return environ.get("TMUX_PANE") == pane and self._terminals.inside_same_server(environ)

    def attach(self, window: str, environ: Mapping[str, str] = os.environ) -> Sequence[str] | None:
        """The command that attaches this terminal to a window; None when, within its server, we have switched to it.

        Raises TerminalError when the window is gone.
        """
        session = next((pane.session_id for pane in self.panes() if pane.window == window), None)
        if session is None:
            raise TerminalError(f"the window {window} of {self._terminals.socket_name} is gone", "`coord agents`")
        if self._terminals.inside_same_server(environ):
            self._terminals.switch_client(window, session)
            return None
        return self._terminals.attach_command(window, session)


def program_in(pane: Pane, wanted: Collection[str]) -> str:
    """Which of the wanted programs runs in a pane, also as a script below an interpreter; else the program's name."""
    if pane.command in wanted or pane.command not in _INTERPRETERS:
        return pane.command
    for words in _below(pane.pid):
        for word in words[:2]:
            name = os.path.basename(word)
            if name in wanted:
                return name
    return pane.command


def _below(pid: int) -> Iterable[list[str]]:
    """Command lines of a process and of those below it, as far as the system tells them."""
    todo = [pid]
    for current in todo:
        with suppress(OSError, ValueError):
            with open(f"/proc/{current}/cmdline", "rb") as file:
                yield [os.fsdecode(word) for word in file.read().split(b"\0") if word]
            todo += children(current)[: max(0, _MOST_CHILDREN - len(todo))]


def _pane(row: list[str]) -> Pane:
    session_id, window, pane, pid, dead, active, activity, command, session, name, mark = row
    number = float(activity) if activity.isdigit() else 0.0
    alive = int(pid) if pid.isdigit() else 0
    return Pane(
        session_id, window, pane, alive, dead == "1", active == "1", number, command, session, name, parse_mark(mark)
    )
