"""Starting the loop in a window of its own, and telling it what is wanted."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import coordinator
from coordinator.artifacts.paths import Layout
from coordinator.artifacts.runs import loop_is_alive, read_loop, write_loop
from coordinator.config import load_config
from coordinator.errors import Refused, UsageError
from coordinator.model.event import Actor
from coordinator.model.run import LoopAsk
from coordinator.steps import utc_now
from coordinator.terminals.server import Terminals

WINDOW = "loop"
"""Name of the loop's tmux window."""
_RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from coordinator.cli.main import main; main()"
"""Runs the very coord that this process runs, installed or not, and leaves the environment as it is."""
STATES = ("running", "paused", "stopped")


def start_loop(layout: Layout, *, max_parallel: int | None = None) -> str:
    """Start the loop in a tmux window of the project's session; the window's id. Refused when a loop runs already."""
    if loop_is_alive(layout):
        raise Refused("a loop of this project runs already", "`coord attach loop` goes to its window")
    config = load_config(layout)
    terminals = Terminals(config.tmux_socket, config.tmux_session)
    terminals.ensure_session()
    for window in terminals.windows():
        if window.name == WINDOW and window.dead:
            terminals.kill_window(window.id)
    argv = [sys.executable, "-c", _RUN, str(Path(coordinator.__file__).parents[1]), "-C", str(layout.root), "loop"]
    if max_parallel is not None:
        argv += ["--max-parallel", str(max_parallel)]
    mark = {"root": str(layout.root), "role": WINDOW}
    path = ["env", f"PATH={os.environ.get('PATH', os.defpath)}"]  # the tmux server may have been started with another
    return terminals.open_window([*path, *argv], cwd=layout.root, name=WINDOW, env={}, mark=mark).id


def check_start(layout: Layout) -> tuple[str, ...]:
    """Refused when no agent could be started now; else a sentence for each one that some prompts need and can't have.

    Takes as long as the slowest agent CLI that is asked, and no time where none is needed.
    """
    from coordinator.loop.preflight import refusal, unready
    from coordinator.observe import Observer

    observer = Observer(layout)
    try:
        snapshot = observer.snapshot()
    finally:
        observer.close()
    found = unready(snapshot, observer.config, layout.root)
    refused = refusal(snapshot, found)
    if refused is not None:
        raise refused
    return tuple(one.sentence for one in found)


def set_loop(layout: Layout, state: str, by: Actor, *, reason: str = "", max_parallel: int | None = None) -> None:
    """Ask the loop to be `running`, `paused` or `stopped`; it does so at once if it lives, else when it starts."""
    if state not in STATES:
        raise UsageError(f"a loop can't be `{state}`", f"use one of {', '.join(STATES)}")
    ask, _ = read_loop(layout)
    wanted = LoopAsk(state, max_parallel or ask.max_parallel, by.name, utc_now(), reason)
    if replace(wanted, at=ask.at) != ask:
        write_loop(layout, wanted)
