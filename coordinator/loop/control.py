"""Starting the loop in a window of its own, and telling it what is wanted."""

import os
import time

from coordinator.errors import CoordError, Refused, UsageError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.clock import utc_now
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.model.run import LoopAsk
from coordinator.model.text import clip, plain
from coordinator.observe.project import Project
from coordinator.observe.trust import require_known, require_trust
from coordinator.processes.interpreter import own_command
from coordinator.storage.documents import examine_milestone
from coordinator.storage.paths import Layout
from coordinator.storage.runs import loop_is_alive, loop_process, read_loop, write_loop
from coordinator.terminals.capture import read_panes
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals

WINDOW = "loop"
"""Name of the loop's tmux window."""
_START_BOUND = 15.0
"""Seconds in which a loop begins or ends; one that takes longer is taken for one that comes up slowly."""
_PAUSE = 0.02
_LAST_WORDS = 300
"""Columns of what a loop said last."""
_DEAD_PANE = "Pane is dead"
"""What tmux writes below the last words of a program."""
STATES = ("running", "paused", "stopped")


def start_loop(layout: Layout, *, until_idle: bool = False, max_parallel: int | None = None) -> str:
    """Start the loop in a tmux window of the project's session, and wait until it has begun; the window's id.

    Refused when a loop runs already; CoordError with its last words when it ended instead.
    """
    require_trust(layout)
    if loop_is_alive(layout):
        raise Refused("a loop of this project runs already", "`coord attach loop` goes to its window")
    terminals = Project(layout).terminals
    terminals.ensure_session()
    for window in terminals.windows():
        if window.name == WINDOW and window.dead:
            terminals.kill_window(window.id)
    argv = own_command("-C", str(layout.root), "loop")
    if until_idle:
        argv.append("--until-idle")
    if max_parallel is not None:
        argv += ["--max-parallel", str(max_parallel)]
    mark = {"root": str(layout.root), "role": WINDOW}
    # the tmux server may have been started in another environment
    path = ["env", f"PATH={os.environ.get('PATH', os.defpath)}"]
    if "XDG_STATE_HOME" in os.environ:
        path.append(f"XDG_STATE_HOME={os.environ['XDG_STATE_HOME']}")
    window = terminals.open_window([*path, *argv], cwd=layout.root, name=WINDOW, env={}, mark=mark)
    _await_begin(layout, terminals, window)
    return window.id


def _await_begin(layout: Layout, terminals: Terminals, opened: Window) -> None:
    deadline = time.monotonic() + _START_BOUND
    while loop_process(layout) != opened.pid and time.monotonic() < deadline:
        window = next((window for window in terminals.windows() if window.id == opened.id), None)
        if window is None or window.dead:
            words = clip(_last_words(terminals, opened.pane), _LAST_WORDS) or "it said nothing"
            raise CoordError(f"the loop ended at once: {words}", "`coord attach loop` shows all that it said")
        time.sleep(_PAUSE)


def _last_words(terminals: Terminals, pane: str) -> str:
    """The last error of ours that a pane shows, else its last line."""
    screen = read_panes(terminals, [pane]).get(pane)
    lines = [plain(line).strip() for line in screen.plain().splitlines()] if screen is not None else []
    said = [line for line in lines if line and not line.startswith(_DEAD_PANE)]
    first = max((place for place, line in enumerate(said) if line.startswith("coord: ")), default=len(said) - 1)
    return " ".join(said[max(first, 0) :]).removeprefix("coord: ")


def check_start(layout: Layout) -> tuple[str, ...]:
    """Refused when no agent could be started now; else a sentence for each one that some prompts need and can't have.

    Takes as long as the slowest agent CLI that is asked, and no time where none is needed.
    """
    from coordinator.loop.preflight import refusal, unready
    from coordinator.observe.observer import Observer

    require_trust(layout)
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
    require_known(layout, by)
    if state not in STATES:
        raise UsageError(f"a loop can't be `{state}`", f"use one of {', '.join(STATES)}")
    ask, _ = read_loop(layout)
    wanted = LoopAsk(state, max_parallel or ask.max_parallel, by.name, utc_now(), reason)
    if replace(wanted, at=ask.at) != ask:
        write_loop(layout, wanted)
    if state == "running":
        _reopen(layout, by)


def _reopen(layout: Layout, by: Actor) -> None:
    """A human has a milestone go on that the loop said is stuck."""
    if by.kind is not ActorKind.HUMAN or examine_milestone(layout)[0].status != "stuck":
        return
    with EventLog.open(layout.events_db) as log:
        last = log.tail(1, Filter(kinds=("milestone.status",)))
        if last and last[0].data.get("status") == "stuck":
            log.append([Draft("milestone.status", "milestone", {"status": "open"})], by)
