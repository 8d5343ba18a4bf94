"""Goes to an agent's own tmux window."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from coordinator.cli.targets import number_of
from coordinator.errors import CoordError
from coordinator.model.adoption import ADOPTED
from coordinator.model.snapshot import Agent, Snapshot
from coordinator.storage.paths import Layout

if TYPE_CHECKING:
    from coordinator.terminals.server import Terminals


def attach_to(layout: Layout, snapshot: Snapshot, name: str) -> None:
    """Replace this process by tmux on the window of `name`; inside the same server, switch to it."""
    from coordinator.storage.config import load_config
    from coordinator.terminals.server import Terminals

    config = load_config(layout)
    terminals = Terminals(config.tmux_socket, config.tmux_session)
    agent = None if name == "loop" else _agent(snapshot, name)
    command: Sequence[str] | None = None
    if agent is not None and agent.adopted:
        from coordinator.terminals.foreign_server import Elsewhere

        command = Elsewhere(agent.server).attach(agent.window)
    else:
        window = _loop_window(terminals) if agent is None else _window(terminals, layout, agent)
        if terminals.inside_same_server(os.environ):
            terminals.switch_client(window)
        else:
            command = terminals.attach_command(window)
    if command is None:
        return
    if not sys.stdout.isatty():
        raise CoordError("attaching needs a terminal", "run it in a terminal, or read `coord agents --json`")
    os.execvp(command[0], list(command))


def _window(terminals: "Terminals", layout: Layout, agent: Agent) -> str:
    """By its mark: an id that was written down may be another window's in a new tmux server."""
    from coordinator.apply.messages import window_of

    window = window_of(terminals, layout.root, agent.id)
    if window is None:
        raise CoordError(f"the window of {agent.id} is gone", "`coord status` tells what became of it")
    return window.id


def _loop_window(terminals: object) -> str:
    from coordinator.terminals.server import Terminals

    assert isinstance(terminals, Terminals)
    for window in terminals.windows():
        if window.name == "loop":
            return window.id
    raise CoordError("the loop has no window", "it runs in a terminal of its own, or not at all: `coord status`")


def _agent(snapshot: Snapshot, name: str) -> Agent:
    known = any(a.id == name for a in snapshot.everybody)
    number = None if known or name.startswith(f"{ADOPTED}-") else number_of(name)
    for agent in snapshot.everybody:
        if (agent.id == name or (number is not None and agent.prompt == number)) and agent.window:
            return agent
    there = ", ".join(a.id for a in snapshot.everybody if a.window) or "none"
    raise CoordError(f"`{name}` has no window", f"agents with a window: {there}")
