"""The runs of a project: what each was about, how it ended, and what it used."""

from collections.abc import Mapping

from coordinator.agents.usage import read_usage
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.model.budget import run_usage
from coordinator.model.clock import timestamp
from coordinator.model.run import Run, RunReport, Worked
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.model.usage import NOTHING, Spent
from coordinator.storage.attempts import attempts_of
from coordinator.storage.paths import Layout
from coordinator.storage.runs import all_runs

_ENDS = ("run.stopped", "run.finished")
_MOST = 10_000
"""Ends of runs that are read of a log."""


def report_runs(layout: Layout, log: EventLog, snapshot: Snapshot, now: float) -> tuple[RunReport, ...]:
    """Every run, the newest first. What the present one has used is what its agents tell now; `now` in Unix seconds."""
    told = {event.subject.removeprefix("run:"): event.data for event in log.tail(_MOST, Filter(kinds=_ENDS))}
    found = []
    for run in reversed(all_runs(layout)):
        present = run.id == snapshot.run and run.state == "running"
        spent = run_usage(snapshot, now) if present else _told(told.get(run.id, {}))
        found.append(RunReport(run, spent, alive=present and snapshot.loop.alive))
    return tuple(found)


def report_attempts(layout: Layout, run: Run) -> tuple[Worked, ...]:
    """What was worked on in a run, in the order in which it started."""
    found = [Worked(attempt, _used(layout, attempt)) for attempt in attempts_of(layout, run.id)]
    return tuple(sorted(found, key=lambda one: (one.attempt.started, one.attempt.prompt)))


def _used(layout: Layout, attempt: Attempt) -> Spent:
    tokens, cost = read_usage(layout.root / attempt.directory)
    if not attempt.started or attempt.state.live:
        return Spent(tokens, cost)
    end = timestamp(attempt.exit.at if attempt.exit else attempt.since)
    return Spent(tokens, cost, max(0.0, end - timestamp(attempt.started)))


def _told(data: Mapping[str, object]) -> Spent:
    """What the end of a run says that it used; a value of another kind is none."""
    tokens, cost, seconds = (data.get(key) for key in ("tokens", "cost_usd", "seconds"))
    if not data:
        return NOTHING
    return Spent(
        tokens if isinstance(tokens, int) else None,
        float(cost) if isinstance(cost, int | float) else None,
        float(seconds) if isinstance(seconds, int | float) else 0.0,
    )
