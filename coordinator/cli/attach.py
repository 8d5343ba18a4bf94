"""Goes to an agent's own tmux window."""

import os
import sys

from coordinator.cli.targets import number_of
from coordinator.client.opening import Project
from coordinator.client.windows import Windows
from coordinator.errors import CoordError
from coordinator.model.adoption import ADOPTED
from coordinator.model.snapshot import Agent, Snapshot


def attach_to(project: Project, snapshot: Snapshot, name: str) -> None:
    """Replace this process by tmux on the window of `name`; inside the same server, switch to it."""
    windows = Windows(project)
    if name == "loop":
        command = windows.attach_loop()
    else:
        command = windows.attach(_agent(snapshot, name), if_gone="`coord status` tells what became of it")
    if command is None:
        return
    if not sys.stdout.isatty():
        raise CoordError("attaching needs a terminal", "run it in a terminal, or read `coord agents --json`")
    os.execvp(command[0], list(command))


def _agent(snapshot: Snapshot, name: str) -> Agent:
    known = any(a.id == name for a in snapshot.everybody)
    number = None if known or name.startswith(f"{ADOPTED}-") else number_of(name)
    for agent in snapshot.everybody:
        if (agent.id == name or (number is not None and agent.prompt == number)) and agent.window:
            return agent
    there = ", ".join(a.id for a in snapshot.everybody if a.window) or "none"
    raise CoordError(f"`{name}` has no window", f"agents with a window: {there}")
