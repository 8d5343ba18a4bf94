"""`coord backlog take` killed at writes of every kind: all that is named is taken over, or nothing of it."""

import signal
from collections import Counter
from pathlib import Path

import pytest
from support.project import Project
from support.proof import trial
from support.tracing import Point, in_parts, needs_strace, points, run, sample, traced
from support.whole import check_explained, check_log, coord_of, quiet

from coordinator.model.backlog import is_left
from coordinator.storage import journal
from coordinator.storage.feedback import read_findings

pytestmark = [needs_strace, pytest.mark.slow]
POINTS = 12
TAKEN = {"plan.applied": 1, "prompt.created": 1, "feedback.planned": 1}
"""Kinds of events that taking over adds, and how many of each."""


def make(folder: Path) -> Project:
    """A prompt and a finding that an earlier milestone left."""
    made = Project(folder, {1: []}, {}, {})
    made.add(2, 1, status="cancelled", backlog="M0")
    made.coord("feedback", "file", "--title", "Crash on an empty list", "--priority", "high")
    made.coord("feedback", "backlog", "1", "--yes")
    return made


def command(made: Project) -> list[str]:
    return coord_of(made, "backlog", "take", "2", "f1", "--yes")


def taken(made: Project, before: Counter[str], where: str) -> bool:
    """Whether it was taken over; all of it, and told of once, or nothing."""
    snapshot = made.snapshot()
    (finding,) = read_findings(made.layout).items
    did = not is_left(snapshot.prompts[2])
    new = [number for number in snapshot.prompts if number > 2]
    assert (len(new), finding.status.value) == ((1, "planned") if did else (0, "backlog")), f"{where}: {new}, {finding}"
    assert finding.prompts == tuple(new), where
    assert snapshot.prompts[2].status.value == ("pending" if did else "cancelled"), where
    told = Counter(event.kind for event in made.events()) - before
    assert {kind: told[kind] for kind in TAKEN} == (TAKEN if did else dict.fromkeys(TAKEN, 0)), f"{where}: {told}"
    assert not journal.pending(made.layout), where
    return did


def kill_and_see(folder: Path, point: Point) -> str:
    made, where = make(folder), str(point)
    try:
        before = Counter(event.kind for event in made.events())
        done = run(traced(command(made), folder / "trace", at=point), quiet(made))
        assert done.returncode in (0, -signal.SIGKILL), f"{where}: {done.stderr}"
        made.coord("status")  # finishes what was cut off
        check_explained(made, where)
        did = taken(made, before, where)
        again = run(command(made), quiet(made))
        assert did or again.returncode == 0, f"{where}: {again.stderr}"
        assert taken(made, before, where), where
        check_log(made, where)
        return "passed" if done.returncode == 0 else "taken over" if did else "nothing done"
    finally:
        made.close()


@pytest.mark.timeout(1200)
def test_taking_over_killed_at_any_write_is_done_whole_or_not_at_all(tmp_path: Path) -> None:
    rehearsal = make(tmp_path / "rehearsal")
    try:
        rehearsal.coord("backlog", "take", "--help")  # fills the cache of bytecode
        before = Counter(event.kind for event in rehearsal.events())
        done = run(traced(command(rehearsal), tmp_path / "calls"), quiet(rehearsal))
        assert done.returncode == 0, done.stderr
        assert taken(rehearsal, before, "undisturbed")
    finally:
        rehearsal.close()
    found = points(tmp_path / "calls", lambda _: "")
    chosen, outcomes = sample(found, POINTS), Counter[str]()
    for place, point in enumerate(chosen):
        with trial("coord backlog take", at=point.kind) as one:
            one.came = kill_and_see(tmp_path / str(place), point)
        outcomes[one.came] += 1
    print(f"coord backlog take killed at {len(chosen)} of {len(found)} points: {dict(outcomes)}")
    assert in_parts() or {"nothing done", "taken over"} <= outcomes.keys()
