"""Going into an agent's own window, and coming back."""

import subprocess
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.app import App, SuspendNotSupported

from coordinator.errors import CoordError
from coordinator.model.snapshot import Agent
from tui.messages import Failed

if TYPE_CHECKING:
    from coordinator.client.ports import Source


def attach(app: App[None], source: "Source", agent: Agent) -> None:
    """Show the agent's window in this terminal: by switching within tmux, else by giving the terminal to it."""
    go_into(app, lambda: source.attach(agent))


def go_into(app: App[None], attach: Callable[[], Sequence[str] | None]) -> None:
    """Show a window in this terminal; `attach` gives the command for that, None where it has switched already."""
    try:
        command = attach()
    except CoordError as error:
        app.post_message(Failed(error.message, error.remedy))
        return
    if command is None:
        return
    try:
        with app.suspend():
            trouble = run_here(command)
    except SuspendNotSupported:
        app.post_message(Failed("This terminal can't be handed over to tmux.", f"In another one: {' '.join(command)}"))
        return
    if trouble:
        app.post_message(Failed(trouble, f"In another terminal: {' '.join(command)}"))
    app.refresh(repaint=True)


def run_here(command: Sequence[str]) -> str:
    """Run a command on this terminal; what went wrong, as text.

    Raises nothing: whatever is raised while the app is suspended leaves the terminal unusable.
    """
    try:
        done = subprocess.run(command, check=False, stderr=subprocess.PIPE)
    except OSError as error:
        return f"{command[0]} could not be started: {error.strerror or error}"
    except Exception as error:
        return f"{command[0]} could not be run: {error}"
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip()
        return words or f"{command[0]} ended with status {done.returncode}"
    return ""
