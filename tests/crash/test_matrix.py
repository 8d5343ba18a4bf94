"""The loop killed at system calls of every kind that writes, all through the life of a prompt: the next one goes on."""

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import project
from support.proof import trial
from support.tracing import Call, Point, in_parts, needs_strace, points, run, spread, traced
from support.whole import COUNTED, agents_commits, check_explained, check_whole, coord_of, loop_of, quiet, runs_of

pytestmark = needs_strace
PHASES = ("start", "dispatch", "completion", "merge", "end")
"""What the loop is at; each ends with the `step.json` that says so."""


def phases() -> Callable[[Call], str]:
    """Tells the phase of each call of a loop that brings one prompt to its end."""
    written = 0

    def phase_of(call: Call) -> str:
        nonlocal written
        phase = PHASES[min(written, len(PHASES) - 1)]
        written += call.kind.startswith(("rename", "link")) and "/step.json" in call.given
        return phase

    return phase_of


def rehearse(tmp_path: Path) -> list[Point]:
    """All points of an undisturbed life."""
    with project(tmp_path / "rehearsal", {1: []}, {1: COUNTED}) as made:
        made.terminals.ensure_session()
        for _ in range(2):  # the first fills the cache of bytecode
            run(coord_of(made, "status"), made.environment())
        done = run(traced(loop_of(made), tmp_path / "calls"), quiet(made))
        assert done.returncode == 0, done.stdout + done.stderr
    return points(tmp_path / "calls", phases())


def kill_and_go_on(folder: Path, point: Point) -> str:
    """Kill a loop at a point, let the next one go on, and check everything; the state in which it was killed."""
    with project(folder, {1: []}, {1: COUNTED}) as made:
        start = made.repository.head()
        made.terminals.ensure_session()
        done = run(traced(loop_of(made), folder / "trace", at=point), quiet(made))
        killed = done.returncode == -signal.SIGKILL
        assert killed or done.returncode == 0, f"{point}: {done.stderr}"
        check_explained(made, str(point))
        state = made.states()[1] if killed else "passed"
        known = agents_commits(made)
        assert made.run_loop() == 0, f"{point}: {made.said()}"
        check_whole(made, start, str(point), known=known)
        assert runs_of(made, 1) == ["1"], f"{point}: the agent ran in {runs_of(made, 1)}"
        assert [a["attempt"] for a in made.attempts(1)] == [1], str(point)
        assert made.repository.git("show", "main:file-1.txt") == "by attempt 1", str(point)
        return state


def kill_at_all(tmp_path: Path, chosen: list[Point], of: int) -> Counter[str]:
    """Kill at these points; the states in which that was."""
    states = Counter[str]()
    for point in chosen:
        with trial("coord loop", at=point.kind, phase=point.phase) as one:
            one.came = kill_and_go_on(tmp_path / str(point).replace(" ", "-"), point)
        states[one.came] += 1
    kinds = sorted({point.kind for point in chosen})
    print(f"killed at {len(chosen)} of {of} points, {dict(states)}; kinds: {', '.join(kinds)}")
    return states


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("phase", PHASES)
def test_a_loop_killed_at_any_write_loses_nothing_and_the_next_one_goes_on(tmp_path: Path, phase: str) -> None:
    found = [point for point in rehearse(tmp_path) if point.phase == phase]
    chosen = spread(found, 3)
    states = kill_at_all(tmp_path, chosen, len(found))
    # what a turn happens to need again, no kill is there for: most of them are
    assert in_parts() or states.total() - states["passed"] >= min(len(chosen), 6) - 1


@pytest.mark.slow
def test_a_loop_killed_at_the_first_and_the_last_rename_goes_on(tmp_path: Path) -> None:
    found = [point for point in rehearse(tmp_path) if point.kind == "rename"]
    states = kill_at_all(tmp_path, spread(found, 2), len(found))
    assert in_parts() or len(states) == 2
