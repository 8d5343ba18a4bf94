"""Looks whether agents at work get anywhere, and warns when one does not. It never ends one.

What counts is on disk, on the log and in tmux: when a file of the worktree, the commits, the tokens or the window
changed last. So the next loop comes to the same verdict. An agent is looked at when it could be stuck at the earliest,
which for one that makes progress is once in a long while.
"""

import os
import threading
import time
from collections.abc import Mapping

from coordinator.agents.evidence import read_trail
from coordinator.agents.hooks import STATUS
from coordinator.agents.jsonl_tail import end_of
from coordinator.agents.registry import known_runtime
from coordinator.agents.stall_record import read_stuck, write_stuck
from coordinator.agents.usage import USAGE
from coordinator.apply.steps import agent_event, event_id
from coordinator.changes.last_change import last_change
from coordinator.errors import CoordError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import dataclass, field, replace
from coordinator.model.clock import timestamp
from coordinator.model.event import SYSTEM
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.stuck import Marks, Stuck, judge_stuck, next_doubt
from coordinator.model.text import plain
from coordinator.secrets.redaction import redact
from coordinator.storage.paths import Layout
from coordinator.terminals.server import Terminals

_FIRST = 5.0
"""Seconds before the first look at an agent: what it did while no loop read its session files is counted by then."""
_SHORTEST = 0.2
"""Seconds between two looks at an agent, at least."""
_DOUBT_PACE = 10.0
"""Seconds between two looks at an agent that is, or soon may be, stuck: its progress is to be seen soon."""
_HELD_PACE = 30.0
"""Seconds between two looks at an agent that waits for somebody."""
_SHARE = 50.0
"""A look that took long is repeated after as many times as long, but not later than after another limit."""
_SPOKEN_TO = ("permission.answered", "agent.told")


@dataclass(frozen=True, slots=True)
class _Case:
    """An agent that is alive, as far as it matters here."""

    attempt: Attempt
    held: bool
    """It waits for somebody, or the loop is paused: it is not to be judged."""
    state: str = field(compare=False)


def cases_of(snapshot: Snapshot) -> dict[str, _Case]:
    """Agents whose processes run and that have not handed off, by their ids."""
    asking = {question.asker for question in snapshot.open_questions}
    paused = snapshot.loop.asked == "paused"
    found = {}
    for agent in snapshot.agents:
        attempt = snapshot.of_agent(agent)
        if attempt is None or attempt.state is not StepState.RUNNING:
            continue
        if attempt.exit or attempt.receipt or attempt.kill:
            continue
        held = paused or agent.id in asking or not agent.state.at_work
        found[agent.id] = _Case(attempt, held, agent.state.value)
    return found


class StallMonitor:
    """A thread that looks at the agents it is told to attend. It sleeps until one of them could be stuck."""

    def __init__(self, layout: Layout, terminals: Terminals) -> None:
        self._layout = layout
        self._terminals = terminals
        self._cases: Mapping[str, _Case] = {}
        self._limit: float | None = None
        self._due: dict[str, float] = {}
        self._held: dict[str, float] = {}
        """Agent → Unix seconds when it was last seen waiting for somebody."""
        self._wake = threading.Event()
        self._ended = False
        self._thread: threading.Thread | None = None

    def attend(self, snapshot: Snapshot) -> None:
        """Look after the agents of this snapshot from now on."""
        limit, cases = snapshot.settings.stuck_after, cases_of(snapshot)
        if (cases, limit) == (self._cases, self._limit):
            return
        self._cases, self._limit = cases, limit
        if cases and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="coord-stall", daemon=True)
            self._thread.start()
        self._wake.set()

    def close(self) -> None:
        self._ended = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2.0)

    def _run(self) -> None:
        known: Mapping[str, _Case] = {}
        limit: float | None = None
        while not self._ended:
            due = [self._due[name] for name in known]
            self._wake.wait(max(_SHORTEST, min(due) - time.time()) if due else None)
            self._wake.clear()
            before, known, limit_before, limit = known, self._cases, limit, self._limit
            for name, case in known.items():
                last = before.get(name)
                if last is None:
                    first = time.time() + min(_FIRST, (limit or 0.0) / 5)
                    self._due[name] = max(first, timestamp(case.attempt.started) + (limit or 0.0))
                elif last.held and not case.held and limit is not None:
                    self._held[name] = time.time()
                    self._due[name] = time.time() + limit / 3
                elif case.held != last.held or limit != limit_before or self._due[name] <= time.time():
                    self._due[name] = self._looked(name, case, limit)
            for gone in self._due.keys() - known.keys():
                del self._due[gone]
                self._held.pop(gone, None)

    def _looked(self, name: str, case: _Case, limit: float | None) -> float:
        try:
            return self._look(name, case, limit)
        except (CoordError, OSError):  # what can't be looked at now is looked at again
            return time.time() + min(_HELD_PACE, limit or _HELD_PACE)

    def _look(self, name: str, case: _Case, limit: float | None) -> float:
        """Judge one agent; returns when to look again, in Unix seconds."""
        began = time.time()
        if case.held or limit is None:
            self._held[name] = began
            self._conclude(case, None, began, "it waits for somebody" if case.held else "nobody looks any more")
            return began + _HELD_PACE
        marks = self._marks(case.attempt, limit, self._held.get(name, 0.0), began)
        role = case.attempt.role
        found = judge_stuck(marks, began, limit, role=role)
        now = time.time()
        self._conclude(case, found, now)
        calm = 0.0 if found is not None else min(next_doubt(marks, limit, role) - now, limit / 3)
        return now + max(_SHORTEST, calm, min(_DOUBT_PACE, limit / 20), min(_SHARE * (now - began), limit))

    def _marks(self, attempt: Attempt, limit: float, held: float, now: float) -> Marks:
        """What there is to see of it; its window is only asked for where it could be stuck at `now`."""
        directory = self._layout.attempt(attempt.run, attempt.work, attempt.attempt)
        trail = read_trail(end_of(f"{directory}/{STATUS}"), known_runtime(attempt.runtime))
        began = max(timestamp(attempt.started), held, trail.resumed, self._spoken(attempt))
        folder = self._layout.root / attempt.worktree
        files = last_change(str(folder), apart=str(self._layout.coord))
        tokens = max((at for at in (_written(f"{directory}/{USAGE}"), trail.grown) if at), default=None)
        quiet = now - max(began, files) >= limit
        return Marks(
            began=began,
            files=files,
            tokens=tokens,
            output=self._output(attempt.pane) if quiet and tokens is None else None,
            call=redact(trail.call),
            calls=trail.calls,
            calling=trail.calling,
        )

    def _spoken(self, attempt: Attempt) -> float:
        """When the agent last said something on the log, or was answered or told something there."""
        wheres = (
            Filter(actor=attempt.agent),
            Filter(subject=f"agent:{attempt.agent}", kinds=_SPOKEN_TO),
            Filter(subject=attempt.work.subject, kinds=("question.answered",)),
            Filter(subject=f"run:{attempt.run}", kinds=("question.answered",)),  # it was paused with all the others
        )
        with EventLog(self._layout.events_db, missing_ok=True) as log:
            events = [event for where in wheres for event in log.tail(1, where)]
        return max((timestamp(event.ts) for event in events), default=0.0)

    def _output(self, pane: str) -> float | None:
        """When a window showed something new, or was opened; tmux tells whole seconds."""
        return next((window.activity for window in self._terminals.windows() if window.pane == pane), None)

    def _conclude(self, case: _Case, found: Stuck | None, now: float, why: str = "it gets on again") -> None:
        """Log and keep a verdict that is another one than before, whichever loop came to that; `why` it is over."""
        attempt = case.attempt
        directory = self._layout.attempt(attempt.run, attempt.work, attempt.attempt)
        known = read_stuck(directory)
        if found == known:
            return
        if found is None or known is None or known.cause is not found.cause:
            said = {"stuck": "", "reason": why}
            if found is not None:
                said = {"stuck": found.cause.value, "cause": plain(found.words(now)), "since": found.since_iso}
            draft = agent_event(attempt, "agent.status", state=case.state, **said)
            once = event_id(attempt, f"agent.status/{known}/{found}")  # killed before it is kept, it is not said twice
            with EventLog.open(self._layout.events_db) as log:
                log.append([replace(draft, id=once)], SYSTEM, attempt.run)
        write_stuck(directory, found)


def _written(path: str) -> float:
    """When a file was written, in Unix seconds; 0.0 when it is not there."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
