"""Staged prompts that are cut off, within a wave and at every border: they go on there, nothing is done twice."""

import signal
from collections import Counter
from collections.abc import Callable

import pytest
from support.project import Project
from support.staged_loop import ALL, PLAN, paths, position, staged

from coordinator.formats.stage_plan import as_body

Make = Callable[..., Project]
RAN = 'echo "$turn" >>"$COORD_ROOT/../ran"\n'
TURNS = [path for path in ALL if path.startswith("IMPLEMENT")]
POINTS = (
    *("route-decided:1", "route-written:1", "dispatch-claimed:2", "dispatch-running:2", "dispatch-running:3"),  # a wave
    *("task-committed:1", "task-committed:2", "turn-taken:1", "turn-taken:2", "settle-recorded:1"),  # it ends
    *("route-decided:2", "route-written:2", "route-told:2", "route-written:3", "task-committed:3"),  # the next one
    *("route-written:4", "dispatch-script:4", "turn-taken:5", "route-written:6", "pipeline-handed-off:1"),
)
FEW = ("task-committed:1", "route-written:2", "dispatch-running:3")
"""Those that are tried each time; the others are slow."""


def ran(made: Project) -> list[str]:
    return (made.layout.root.parent / "ran").read_text().split()


def check_undisturbed(made: Project, turns: list[str]) -> None:
    assert made.states() == {1: "merged"}, made.said()[-3000:]
    assert sorted(paths(made, "done")) == sorted(turns)
    assert Counter(ran(made)) == Counter(turns), "nothing ran twice"
    routed = [str(event.data["to"]) for event in made.events("flow.routed")]
    assert sorted(routed) == sorted([*turns, ""])
    for path in turns:
        told = [event.kind for event in made.events() if event.subject == f"stage:1/{path}"]
        assert Counter(told)["stage.ended"] == Counter(told)["handoff.given"] == 1, told
    subjects = made.repository.git("log", "--format=%s", "--no-merges", "main").splitlines()
    assert [subjects.count(one) for one in ("T1: The first file", "T2: The second file", "T3: Both of them")] == [1] * 3
    assert made.repository.git("show", "main:three.txt") == "one\ntwo"
    assert made.coord("log", "verify").returncode == 0
    assert made.agents() == []


@pytest.mark.parametrize(
    "point", [point if point in FEW else pytest.param(point, marks=pytest.mark.slow) for point in POINTS]
)
def test_a_loop_killed_within_a_wave_or_behind_it_goes_on_there(make: Make, point: str) -> None:
    made = make({})
    path = staged(made, RAN, skip_stages="[TEST, FINAL]")
    path.write_text(as_body(path.read_text(), PLAN))
    assert made.start_loop("--until-idle", failpoint=point).wait(90) == -signal.SIGKILL, made.said()[-3000:]
    assert made.run_loop() == 0, made.said()[-3000:]
    check_undisturbed(made, TURNS)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("point", ["route-decided", "route-written", "route-told", "turn-taken"])
def test_a_loop_that_is_killed_at_every_border_gets_through_all_stages(make: Make, point: str) -> None:
    made = make({})
    staged(made, RAN)
    for _ in range(40):
        ended = made.start_loop("--until-idle", failpoint=f"{point}:2").wait(90)
        if ended != -signal.SIGKILL:
            break
    assert ended == 0, made.said()[-3000:]
    check_undisturbed(made, list(ALL))


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_loop_that_is_stopped_and_started_at_every_border_gets_through_all_stages(make: Make) -> None:
    made = make({})
    staged(made, RAN)
    stopped = 0
    while made.states() != {1: "merged"}:
        before = len(made.events("stage.ended"))
        loop = made.start_loop("--until-idle")
        made.sees(
            lambda _, before=before, loop=loop: loop.poll() is not None or len(made.events("stage.ended")) > before,
            timeout=60,
            message="a turn's end",
        )
        loop.send_signal(signal.SIGTERM)
        loop.wait(90)
        stopped += 1
        assert stopped < 40, made.said()[-3000:]
    assert position(made).ended == "done"
    check_undisturbed(made, list(ALL))
