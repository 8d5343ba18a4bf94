"""Looks where agents leave traces of what they do, beside their hooks: session files, and screens as the last resort.

What is new goes to `status.jsonl` and `usage.json` of the attempt, so that whoever looks at the project sees it.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from coordinator.agents.evidence import Report, brief, last_report
from coordinator.agents.hooks import STATUS
from coordinator.agents.jsonl_tail import end_of
from coordinator.agents.presence import agent_process
from coordinator.agents.rate_limits import COUNTED_WITHIN, reset_time
from coordinator.agents.registry import find_runtime
from coordinator.agents.runtime import Place, Runtime, Said, Usage
from coordinator.agents.usage import Meter, read_usage, write_usage
from coordinator.apply.handoff_files import sealed
from coordinator.apply.steps import agent_event, amend
from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.clock import timestamp
from coordinator.model.event import SYSTEM
from coordinator.model.snapshot import AgentState
from coordinator.model.step import Attempt
from coordinator.model.usage import Spent
from coordinator.safefiles.regular import open_to_append
from coordinator.storage.config import Config
from coordinator.storage.paths import Layout

if TYPE_CHECKING:
    from coordinator.model.pane_screen import Screen
    from coordinator.terminals.server import Terminals

PACE = 2.0
"""Seconds between two looks while agents are at work whose CLI has a screen; hooks tell at once."""
_BREATH = 0.1
"""Seconds between two looks, however often it is woken."""
_FRESH = 300.0
"""Seconds after which a state that still shows is noted again."""
_LAG = 5.0
"""Seconds by which a screen may be behind the hooks."""
_GOODBYE = 5.0
"""Seconds that a CLI which was asked to leave has for that."""
_TOLD = (AgentState.PERMISSION, AgentState.WAITING, AgentState.RATE_LIMITED, AgentState.INTERRUPTED, AgentState.IDLE)
"""States that go on the log, as well as what follows them."""


@dataclass(slots=True)
class Watched:
    """An agent at work, and what was seen of it."""

    attempt: Attempt
    runtime: Runtime
    directory: Path
    meter: Meter
    usage: Usage = field(default_factory=Usage)
    logged: AgentState | None = None

    def report(self) -> Report | None:
        """The freshest word on its state."""
        return freshest(self.directory, self.runtime)


def freshest(directory: Path, runtime: Runtime | None) -> Report | None:
    """The freshest word on an agent's state in its attempt's directory."""
    return last_report(end_of(f"{directory}/{STATUS}"), runtime)


def note(directory: Path, said: Said, at: float, source: str) -> None:
    """Add a line to an attempt's `status.jsonl`, in one piece."""
    line = {"at": round(at, 3), "state": said.state.value, "doing": brief(said.doing), "source": source}
    resets_at = reset_time(said, at)
    line |= {} if resets_at is None else {"resets_at": round(resets_at, 3)}
    line |= {"retries": True} if said.retries else {}
    fd = open_to_append(directory / STATUS)
    try:
        os.write(fd, json.dumps(line).encode() + b"\n")
    finally:
        os.close(fd)


def place_of(layout: Layout, attempt: Attempt) -> Place:
    """Where the traces of an attempt's agent are."""
    directory = layout.attempt(attempt.run, attempt.work, attempt.attempt)
    return Place(directory, layout.root / attempt.worktree, attempt.session, attempt.started, os.environ)


def final_usage(layout: Layout, attempt: Attempt, config: Config) -> dict[str, object]:
    """What an ended agent has used, as data for its event; kept in its directory. Empty when nothing tells."""
    place = place_of(layout, attempt)
    with suppress(CoordError, OSError):
        meter = Meter(find_runtime(attempt.runtime, {"command": config.command}), place)
        meter.read()
        if meter.usage.tokens or meter.usage.cost_usd is not None:
            write_usage(place.directory, meter.usage)
    return Spent(*read_usage(place.directory)).told()


def session_of(layout: Layout, attempt: Attempt, config: Config) -> str:
    """The session of an ended agent, for whoever goes on with it; empty where nothing tells."""
    if attempt.session:
        return attempt.session
    with suppress(CoordError, OSError):
        meter = Meter(find_runtime(attempt.runtime, {"command": config.command}), place_of(layout, attempt))
        meter.read()
        return meter.session
    return ""


def last_word(layout: Layout, attempt: Attempt, config: Config) -> Report | None:
    """The last that an ended agent's CLI said of its state; what its session tells is read to the end first."""
    place = place_of(layout, attempt)
    try:
        runtime = find_runtime(attempt.runtime, {"command": config.command})
    except CoordError:
        return None
    meter = Meter(runtime, place)
    with suppress(OSError):
        meter.read()
    known = freshest(place.directory, runtime)
    if meter.said is None or (known is not None and known.at >= meter.said[0]):
        return known
    at, said = meter.said
    return Report(said.state, at, brief(said.doing), source="session", resets_at=reset_time(said, at))


def note_screen(watched: Watched, screen: "Screen", now: float) -> None:
    """Note what the screen showed at `now`, if it says something else than what was known, or that is old.

    What a hook said just before, or since, counts: a screen is drawn later than that, and much later on a busy machine.
    """
    said = watched.runtime.seen(screen.plain())
    known = watched.report()
    if said is None or (known is not None and known.source == "hook" and now - known.at < _LAG):
        return
    same = known is not None and known.state is said.state and (not said.doing or bool(known.doing))
    if known is not None and known.source == "screen" and said.state.needs_human:
        same = same and brief(said.doing) in ("", known.doing)  # or it asks for something else by now
    same = same and known is not None and known.retries is said.retries
    if known is None or not same or now - known.at > _FRESH or _later(known.resets_at, reset_time(said, now)):
        note(watched.directory, said, now, "screen")


def _later(known: float | None, told: float | None) -> bool:
    """The end of a limit was told that wasn't known; seconds count on a screen, and not to the point."""
    return told is not None and (known is None or abs(told - known) > COUNTED_WITHIN)


def watch_one(layout: Layout, config: Config, attempt: Attempt) -> Watched | None:
    """An attempt's agent to be looked at; None when its CLI leaves no traces."""
    try:
        runtime = find_runtime(attempt.runtime, {"command": config.command})
    except CoordError:
        return None
    if runtime.needs is None:
        return None
    place = place_of(layout, attempt)
    tokens, cost = read_usage(place.directory)  # what an earlier loop read is no news
    return Watched(attempt, runtime, place.directory, Meter(runtime, place), Usage(tokens or 0, cost))


class ActivityMonitor:
    """A thread that looks at the agents it is told to attend. It sleeps while there are none."""

    def __init__(self, layout: Layout, config: Config, terminals: "Terminals") -> None:
        self._layout = layout
        self._config = config
        self._terminals = terminals
        self._agents: dict[str, Watched] = {}
        self._wanted: Mapping[str, Attempt] = {}
        self._wake = threading.Event()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def attend(self, attempts: Iterable[Attempt]) -> None:
        """Look at the agents of these attempts from now on, and first of all at once."""
        self._wanted = {attempt.agent: attempt for attempt in attempts}
        if self._thread is None and any(watch_one(self._layout, self._config, a) for a in self._wanted.values()):
            self._thread = threading.Thread(target=self._run, name="coord-activity", daemon=True)
            self._thread.start()
        self._wake.set()

    def close(self) -> None:
        self._end.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2.0)

    def _run(self) -> None:
        while not self._end.wait(_BREATH):
            self._wake.wait(PACE if self._agents else None)
            self._wake.clear()
            self._agents = {name: w for name, a in self._wanted.items() if (w := self._known(name, a)) is not None}
            with suppress(CoordError, OSError):  # a log or a server that can't be used now is tried again
                self._look()

    def _known(self, name: str, attempt: Attempt) -> Watched | None:
        watched = self._agents.get(name)
        if watched is None:
            return watch_one(self._layout, self._config, attempt)
        watched.attempt = attempt
        return watched

    def _look(self) -> None:
        from coordinator.terminals.capture import read_panes

        for watched in self._agents.values():
            self._read_session(watched)
        panes = [w.attempt.pane for w in self._agents.values() if w.attempt.pane and not w.attempt.exit]
        now = time.time()
        screens = read_panes(self._terminals, panes) if panes else {}
        for watched in self._agents.values():
            screen = screens.get(watched.attempt.pane)
            if screen is not None:
                note_screen(watched, screen, now)
            report = watched.report()
            if report is not None:
                self._tell(watched, report)
                _dismiss(self._layout, watched, report)

    def _read_session(self, watched: Watched) -> None:
        meter, attempt = watched.meter, watched.attempt
        meter.read()
        known = watched.report()
        if meter.said is not None and (known is None or meter.said[0] > known.at):
            note(watched.directory, meter.said[1], meter.said[0], "session")
        meter.said = None
        if meter.usage not in (watched.usage, Usage()):  # nothing read is not nothing used: its files may be gone
            watched.usage = meter.usage
            write_usage(watched.directory, meter.usage)
        if meter.session and not attempt.session:
            watched.attempt = amend(self._layout, attempt, session=meter.session)

    def _tell(self, watched: Watched, report: Report) -> None:
        """Log that an agent needs something, or goes on after it did."""
        before, watched.logged = watched.logged, report.state
        if report.state is before or not (report.state in _TOLD or before in _TOLD):
            return
        data: dict[str, object] = {"state": report.state.value, "doing": report.doing, "evidence": report.source}
        data |= Spent(watched.usage.tokens or None, watched.usage.cost_usd).told()
        data |= {} if report.resets_at is None else {"resets_at": round(report.resets_at, 3)}
        with EventLog.open(self._layout.events_db) as log:
            log.append([agent_event(watched.attempt, "agent.status", **data)], SYSTEM, watched.attempt.run)


def _dismiss(layout: Layout, watched: Watched, report: Report) -> None:
    """Let an agent go that has handed off and has nothing more to do: its own screen would stay open for ever."""
    if report.state not in (AgentState.IDLE, AgentState.INTERRUPTED):
        return
    with EventLog.open(layout.events_db) as log:
        receipt = sealed(log, watched.attempt).receipt
    if receipt is None or report.at < timestamp(receipt.at) - 1.0:
        return
    from coordinator.processes.terminate import agent_processes

    mark = watched.directory / "dismissed"
    with suppress(OSError):
        pid = agent_process(str(watched.directory))
        if pid in agent_processes(watched.attempt.agent, layout.root):
            late = mark.exists() and time.time() - mark.stat().st_mtime > _GOODBYE
            if late or not mark.exists():
                mark.touch(exist_ok=True)
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
