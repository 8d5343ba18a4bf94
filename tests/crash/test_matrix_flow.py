"""The loop killed at system calls of every kind that writes, all through an attempt at a flow: the next one goes on."""

import json
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import flow_loop
from support.flow_loop import DONE, FLOWS, flow
from support.project import Project, project
from support.proof import trial
from support.tracing import Call, Point, in_parts, needs_strace, points, run, spread, traced
from support.whole import check_explained, check_log, quiet

from coordinator.model.step import StepState
from coordinator.model.work import flow_work

pytestmark = needs_strace
PHASES = ("start", "dispatch", "completion", "clearing up")
"""What the loop is at; each ends with a `step.json` that says so."""
SCRIPT = 'echo "$COORD_ATTEMPT" >>"$COORD_ROOT/../ran"; echo left >left.txt\n' + DONE


@contextmanager
def looking(folder: Path) -> Iterator[Project]:
    """A project whose specialist leaves a file behind."""
    with project(folder, {}) as made:
        flow(made, "rot", SCRIPT)
        made.terminals.ensure_session()
        yield made


def loop_of(made: Project) -> list[str]:
    return [sys.executable, "-P", flow_loop.__file__, "-C", str(made.layout.root), "loop", "--until-idle"]


def environment(made: Project) -> dict[str, str]:
    return quiet(made) | {FLOWS: "rot"}


def phases() -> Callable[[Call], str]:
    written = 0

    def phase_of(call: Call) -> str:
        nonlocal written
        phase = PHASES[min(written, len(PHASES) - 1)]
        written += call.kind.startswith(("rename", "link")) and "/step.json" in call.given
        return phase

    return phase_of


def rehearse(tmp_path: Path) -> list[Point]:
    """All points of an undisturbed life."""
    with looking(tmp_path / "rehearsal") as made:
        done = run(traced(loop_of(made), tmp_path / "calls"), environment(made))
        assert done.returncode == 0, done.stdout + done.stderr
    return points(tmp_path / "calls", phases())


def kill_and_go_on(folder: Path, point: Point) -> str:
    """Kill a loop at a point, let the next one go on, and check everything; the state in which it was killed."""
    where = str(point)
    with looking(folder) as made:
        head = made.repository.head("main")
        done = run(traced(loop_of(made), folder / "trace", at=point), environment(made))
        killed = done.returncode == -signal.SIGKILL
        assert killed or done.returncode == 0, f"{where}: {done.stderr}"
        check_explained(made, where)
        before = made.snapshot().flows.get(flow_work(1, "rot"))
        again = run(loop_of(made), environment(made))
        assert again.returncode == 0, f"{where}: {again.stdout}{again.stderr}"
        (attempt,) = made.snapshot().flows.values()
        assert (attempt.state, attempt.attempt, attempt.untidy) == (StepState.MERGED, 1, False), f"{where}: {attempt}"
        assert (made.layout.root.parent / "ran").read_text().split() == ["1"], where
        told = Counter(event.kind for event in made.events() if event.subject == "flow:rot/1")
        once = ("step.dispatched", "step.running", "handoff.given", "ownership.violated", "step.merged")
        assert told == dict.fromkeys(once, 1), f"{where}: {told}"
        (violated,) = made.events("ownership.violated")
        assert violated.data["files"] == ["left.txt"], where
        check_log(made, where)
        assert made.repository.head("main") == head, where
        assert made.repository.git("worktree", "list", "--porcelain").count("worktree ") == 1, where
        assert [path.name for path in made.layout.worktrees.glob("rot-*")] == [], where
        assert made.agents() == [], where
        json.loads((made.layout.root / attempt.directory / "step.json").read_text())
        return (before.state.value if before is not None else "none") if killed else "passed"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("phase", PHASES)
def test_a_loop_killed_at_any_write_of_a_flow_s_attempt_goes_on_with_that_one(tmp_path: Path, phase: str) -> None:
    found = [point for point in rehearse(tmp_path) if point.phase == phase]
    chosen, states = spread(found, 2), Counter[str]()
    for point in chosen:
        with trial("coord loop, a flow", at=point.kind, phase=point.phase) as one:
            one.came = kill_and_go_on(tmp_path / str(point).replace(" ", "-"), point)
        states[one.came] += 1
    print(f"killed at {len(chosen)} of {len(found)} points, {dict(states)}")
    assert in_parts() or states.total() > states["passed"]
