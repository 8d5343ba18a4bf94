"""The loop killed at system calls of every kind that writes, all through a pipeline: the next one goes on where it was.

Whatever the point: each station works once, what it handed in is accepted once, each transition is told once, and the
branch lands once.
"""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.piped import piped, position, routes, turns
from support.project import Project, project
from support.proof import trial
from support.tracing import Call, Point, in_parts, needs_strace, points, run, spread, traced
from support.whole import check_explained, check_log, loop_of, quiet

pytestmark = needs_strace
PHASES = ("start", "author", "author to critic", "critic", "critic to author", "author again", "the end")
"""What the loop is at; each ends with a position, or a `step.json` of a turn that ended, that says so."""
SCRIPT = """\
set -eu
echo "$COORD_TURN" >>"$COORD_ROOT/../ran"
case $COORD_TURN in
  author*) echo "$COORD_TURN" >>work.txt; git add -A; git commit -qm "Work of $COORD_TURN"; next= ;;
  critic) echo stray >stray.txt; next='--next author' ;;
  critic*) echo stray >stray.txt; next= ;;
esac
coord agent done --summary "$COORD_TURN is done" $next
"""
"""The critic leaves a file that it may not write, and sends the author back once."""
WAY = [">author", "author>critic", "critic>author.2", "author.2>critic.2", "critic.2>"]


@contextmanager
def in_rounds(folder: Path) -> Iterator[Project]:
    with project(folder, {}) as made:
        piped(made, "author\ncritic", SCRIPT)
        critic = made.layout.flows / "critic.md"
        critic.write_text(critic.read_text().replace('writes: ["**"]\n', ""))
        made.terminals.ensure_session()
        yield made


def phases() -> Callable[[Call], str]:
    """Which transition a call is part of, by the positions that were written before it."""
    written = 0

    def phase_of(call: Call) -> str:
        nonlocal written
        phase = PHASES[min(written, len(PHASES) - 1)]
        ends = call.kind.startswith(("rename", "link")) and ("/taken.json" in call.given or "state.json" in call.given)
        written += ends
        return phase

    return phase_of


def rehearse(tmp_path: Path) -> list[Point]:
    """All points of an undisturbed life."""
    with in_rounds(tmp_path / "rehearsal") as made:
        done = run(traced(loop_of(made), tmp_path / "calls"), quiet(made))
        assert done.returncode == 0, done.stdout + done.stderr
        check(made, "the rehearsal")
    return points(tmp_path / "calls", phases())


def check(made: Project, where: str) -> None:
    """Everything is as if nothing had ever been cut off."""
    assert made.states() == {1: "merged"}, f"{where}: {made.states()}"
    states = turns(made)
    assert states == ["author done", "critic done", "author.2 done", "critic.2 done"], f"{where}: {states}"
    ran = (made.layout.root.parent / "ran").read_text().split()
    assert ran == ["author", "critic", "author.2", "critic.2"], f"{where}: {ran}"
    assert routes(made) == WAY, f"{where}: {routes(made)}"
    assert made.repository.git("show", "main:work.txt").split() == ["author", "author.2"], where
    assert "stray.txt" not in made.repository.git("ls-tree", "--name-only", "main"), where
    told = Counter((event.kind, event.subject) for event in made.events() if event.subject.startswith("stage:"))
    for path in ("author", "critic", "author.2", "critic.2"):
        for kind in ("stage.started", "handoff.given", "stage.ended"):
            assert told[kind, f"stage:1/{path}"] == 1, f"{where}: {kind} of {path}: {told}"
    for path in ("critic", "critic.2"):
        assert told["ownership.violated", f"stage:1/{path}"] == 1, f"{where}: {told}"
    assert len([event for event in made.events("handoff.given") if event.subject == "prompt:1"]) == 1, where
    check_log(made, where)
    there = position(made)
    assert there is not None, where
    assert (there.ended, there.asked) == ("done", None), where
    assert made.agents() == [], where


def kill_and_go_on(folder: Path, point: Point) -> str:
    """Kill a loop at a point, let the next one go on, and check everything; whether it was killed there."""
    where = str(point)
    with in_rounds(folder) as made:
        done = run(traced(loop_of(made), folder / "trace", at=point), quiet(made))
        killed = done.returncode == -signal.SIGKILL
        assert killed or done.returncode == 0, f"{where}: {done.stderr}"
        check_explained(made, where)
        again = run(loop_of(made), quiet(made))
        assert again.returncode == 0, f"{where}: {again.stdout}{again.stderr}"
        check(made, where)
        return "killed" if killed else "passed"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("phase", PHASES)
def test_a_loop_killed_at_any_write_of_a_pipeline_goes_on_at_that_very_place(tmp_path: Path, phase: str) -> None:
    found = [point for point in rehearse(tmp_path) if point.phase == phase]
    chosen, states = spread(found, 2), Counter[str]()
    for point in chosen:
        with trial("coord loop, a pipeline", at=point.kind, phase=point.phase) as one:
            one.came = kill_and_go_on(tmp_path / str(point).replace(" ", "-"), point)
        states[one.came] += 1
    print(f"killed at {len(chosen)} of {len(found)} points, {dict(states)}")
    assert in_parts() or states["killed"]
