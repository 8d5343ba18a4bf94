"""`coord interject --yes` killed at writes of every kind: its plan is applied whole, with its events, or not at all."""

import signal
from collections import Counter
from pathlib import Path

import pytest
from support.project import Project, project
from support.proof import trial
from support.tracing import Point, in_parts, needs_strace, points, run, spread, traced
from support.whole import COUNTED, check_explained, check_whole, coord_of, quiet, runs_of

pytestmark = [needs_strace, pytest.mark.slow]
SCRIPTS = dict.fromkeys((1, 2, 3, 4), COUNTED)
LATER = (3, 4)
"""Numbers that the new prompt may get; the second when the first was claimed by the process that was killed."""


def interject(made: Project) -> list[str]:
    return coord_of(made, "interject", "--title", "Between", "--after", "1", "--before", "2", "--yes")


def make(folder: Path) -> Project:
    made = Project(folder, {1: [], 2: [1]}, SCRIPTS, {"max_parallel": 1})
    for number in LATER:
        (made.layout.scripts / f"{number:02d}.sh").write_text(COUNTED)
    return made


def rehearse(tmp_path: Path) -> list[Point]:
    """The points of an undisturbed command, from the first of its own on."""
    with project(tmp_path / "warm", {1: [], 2: [1]}) as made:
        run(interject(made), made.environment())  # fills the cache of bytecode
    with project(tmp_path / "rehearsal", {1: [], 2: [1]}) as made:
        done = run(traced(interject(made), tmp_path / "calls"), quiet(made))
        assert done.returncode == 0, done.stderr
    return points(tmp_path / "calls", lambda _: "")


def kill_and_go_on(folder: Path, point: Point) -> str:
    """Kill the command at a point, let the loop go on, and check everything; whether the plan was applied."""
    made = make(folder)
    try:
        start = made.repository.head()
        done = run(traced(interject(made), folder / "trace", at=point), quiet(made))
        assert done.returncode in (0, -signal.SIGKILL), f"{point}: {done.stderr}"
        check_explained(made, str(point))
        assert made.run_loop() == 0, f"{point}: {made.said()}"
        check_whole(made, start, str(point), known=[])
        new = [number for number in made.states() if number in LATER]
        for kind in ("plan.applied", "prompt.created"):
            assert [e.prompt for e in made.events(kind)] == new, f"{point}: {new}, and on the log {made.events(kind)}"
        assert new in ([], [3]), f"{point}: {new}"
        assert [e.prompt for e in made.events("step.merged")] == [1, *new, 2], str(point)
        assert all(runs_of(made, number) == ["1"] for number in (1, 2, *new)), str(point)
        if done.returncode == 0:
            return "passed"
        return "applied" if new else "nothing done"
    finally:
        made.close()


@pytest.mark.timeout(1200)
def test_an_interjection_killed_at_any_write_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    found = rehearse(tmp_path)
    chosen = spread(found, 3)
    outcomes = Counter[str]()
    for point in chosen:
        with trial("coord interject, before a loop", at=point.kind) as one:
            one.came = kill_and_go_on(tmp_path / str(point).replace(" ", "-"), point)
        outcomes[one.came] += 1
    kinds = ", ".join(sorted({point.kind for point in chosen}))
    print(f"killed at {len(chosen)} of {len(found)} points: {dict(outcomes)}; kinds: {kinds}")
    assert in_parts() or outcomes["applied"]
    assert in_parts() or outcomes["nothing done"] > 5
