"""Goes to an agent's own tmux window."""

import os
import sys

from coordinator.artifacts.paths import Layout
from coordinator.cli.targets import number_of
from coordinator.errors import CoordError
from coordinator.model.snapshot import Snapshot


def attach_to(layout: Layout, snapshot: Snapshot, name: str) -> None:
    """Replace this process by tmux on the window of `name`; inside the same server, switch to it."""
    from coordinator.config import load_config
    from coordinator.terminals.server import Terminals

    config = load_config(layout)
    terminals = Terminals(config.tmux_socket, config.tmux_session)
    window = _loop_window(terminals) if name == "loop" else _agent_window(snapshot, name)
    if terminals.inside_same_server(os.environ):
        terminals.switch_client(window)
        return
    if not sys.stdout.isatty():
        raise CoordError("attaching needs a terminal", "run it in a terminal, or read `coord agents --json`")
    command = terminals.attach_command(window)
    os.execvp(command[0], command)


def _loop_window(terminals: object) -> str:
    from coordinator.terminals.server import Terminals

    assert isinstance(terminals, Terminals)
    for window in terminals.windows():
        if window.name == "loop":
            return window.id
    raise CoordError("the loop has no window", "it runs in a terminal of its own, or not at all: `coord status`")


def _agent_window(snapshot: Snapshot, name: str) -> str:
    number = None if any(a.id == name for a in snapshot.agents) else number_of(name)
    for agent in snapshot.agents:
        if (agent.id == name or agent.prompt == number) and agent.window:
            return agent.window
    there = ", ".join(a.id for a in snapshot.agents if a.window) or "none"
    raise CoordError(f"`{name}` has no window", f"agents with a window: {there}")
