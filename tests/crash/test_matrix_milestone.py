"""`coord run` killed at writes of every kind: another milestone has begun whole, or not at all."""

import signal
from collections import Counter
from pathlib import Path

import pytest
from support.project import Project
from support.proof import trial
from support.tracing import Point, in_parts, needs_strace, points, run, sample, traced
from support.whole import check_explained, check_log, coord_of, quiet

from coordinator.client.look import look
from coordinator.client.opening import Project as Opened
from coordinator.client.running import gather, read_specification
from coordinator.client.steering import Steering
from coordinator.services.specification import RunSpec, plan_run
from coordinator.storage.feedback import read_findings

pytestmark = [needs_strace, pytest.mark.slow]
POINTS = 10
FIRST = "# Primes\n\nPrint primes.\n\n## Acceptance Criteria\n\n- 2 is printed\n"
SECOND = "# Sorting\n\nSort a list.\n\n## Done when\n\n- [3, 1] becomes [1, 3]\n"
ONCE = {"milestone.created": 2, "intent.set": 2, "plan.applied": 2, "prompt.cancelled": 2, "feedback.planned": 1}
"""Kinds of events → how many there are once both milestones have begun."""


def make(folder: Path) -> Project:
    """A milestone with two prompts that nobody began, and a finding; a Planner that takes its time."""
    made = Project(folder, {1: [], 2: [1]}, {}, {"max_parallel": 1})
    (made.layout.scripts / "planner.sh").write_text("while :; do sleep 0.1; done\n")
    (made.layout.root / "first.md").write_text(FIRST)
    (made.layout.root / "second.md").write_text(SECOND)
    made.coord("feedback", "file", "--title", "Crash on an empty list", "--priority", "high")
    take_over(made, "first.md")
    return made


def take_over(made: Project, name: str) -> None:
    """What `coord run` does, without its loop."""
    project = Opened(made.layout)
    snapshot = look(project)
    spec = read_specification(project, str(made.layout.root / name))
    Steering(project).apply(plan_run(snapshot, gather(project, snapshot, RunSpec(spec))))


def command(made: Project) -> list[str]:
    return coord_of(made, "run", str(made.layout.root / "second.md"), "--yes", "--no-budget")


def whole(made: Project, where: str) -> bool:
    """Whether the second milestone has begun; all of it holds, or nothing of it."""
    snapshot = made.snapshot()
    begun = snapshot.milestone.id == "M2"
    kept = made.layout.milestones / "M1.md"
    told = Counter(event.kind for event in made.events())
    left = {number: prompt.extra.get("backlog", "") for number, prompt in snapshot.prompts.items()}
    (finding,) = read_findings(made.layout).items
    assert (snapshot.milestone.title, kept.exists()) == (("Sorting", True) if begun else ("Primes", False)), where
    assert left == dict.fromkeys((1, 2), "M1" if begun else ""), where
    assert {step.state.value for step in snapshot.steps.values()} == {"skipped" if begun else "pending"}, where
    assert finding.status.value == ("backlog" if begun else "open"), where
    first = {"milestone.created": 1, "intent.set": 1, "plan.applied": 1}
    assert {kind: told[kind] for kind in ONCE} == (ONCE if begun else {kind: first.get(kind, 0) for kind in ONCE}), (
        where
    )
    return begun


def kill_and_see(folder: Path, point: Point) -> str:
    made, where = make(folder), str(point)
    try:
        done = run(traced(command(made), folder / "trace", at=point), quiet(made))
        assert done.returncode in (0, -signal.SIGKILL), f"{where}: {done.stderr}"
        made.coord("status")  # finishes what was cut off
        check_log(made, where)
        check_explained(made, where)
        begun = whole(made, where)
        again = run(command(made), quiet(made))
        assert again.returncode == 0, f"{where}: {again.stderr}"
        assert whole(made, where), where
        assert [event.data["id"] for event in made.events("milestone.created")] == ["M1", "M2"], where
        return "applied" if begun else "nothing done"
    finally:
        made.close()


@pytest.mark.timeout(1200)
def test_a_milestone_that_begins_killed_at_any_write_has_begun_whole_or_not_at_all(tmp_path: Path) -> None:
    rehearsal = make(tmp_path / "rehearsal")
    try:
        rehearsal.coord("run", "--help")  # fills the cache of bytecode
        done = run(traced(command(rehearsal), tmp_path / "calls"), quiet(rehearsal))
        assert done.returncode == 0, done.stderr
        assert whole(rehearsal, "undisturbed")
    finally:
        rehearsal.close()
    found = points(tmp_path / "calls", lambda _: "")
    chosen = sample(found, POINTS)
    outcomes = Counter[str]()
    for place, point in enumerate(chosen):
        with trial("coord run, another milestone", at=point.kind) as one:
            one.came = kill_and_see(tmp_path / str(place), point)
        outcomes[one.came] += 1
    print(f"coord run killed at {len(chosen)} of {len(found)} points: {dict(outcomes)}")
    assert in_parts() or outcomes["nothing done"]
    assert in_parts() or outcomes["applied"]
