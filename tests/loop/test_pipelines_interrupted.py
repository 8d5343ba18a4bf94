"""Pipelines that are cut off: by a kill at any border, by a stop, by their tmux server. They go on where they were."""

import contextlib
import os
import signal
from collections import Counter

import pytest
from support.piped import DONE, WORK, Make, asked, piped, position, routes, turns
from support.project import Project
from support.wait import wait_until

from coordinator.model.step import StepState
from coordinator.model.work import stage_work

RAN = 'echo "$COORD_TURN" >>"$COORD_ROOT/../ran"\n'
ROUND = 'case $COORD_TURN in critic) coord agent done --next author --summary "not yet"; exit ;; esac\n'
POINTS = (
    *("route-decided:1", "route-written:1", "route-told:1"),  # it begins
    *("dispatch-claimed:2", "dispatch-script:1", "dispatch-window:1", "dispatch-running:2"),  # the first turn starts
    *("settle-ended:1", "turn-taken:1", "settle-recorded:1"),  # it ends
    *("route-decided:2", "route-written:2", "route-told:2"),  # on to the next
    *("dispatch-claimed:4", "dispatch-script:3", "dispatch-window:3", "dispatch-running:4", "turn-taken:3"),  # a round
    *("route-written:5", "pipeline-handed-off:1", "settle-ended:5", "settle-recorded:5", "merge-landed:1"),  # the end
)
FEW = ("route-written:1", "turn-taken:1", "dispatch-script:3", "pipeline-handed-off:1")
"""Those that are tried each time; the others are slow."""


def in_three_turns(made: Project) -> None:
    """author, critic, author again, critic again: each takes down that it ran."""
    piped(made, "author\ncritic", RAN + WORK + ROUND + DONE)


def check_undisturbed(made: Project) -> None:
    """Everything is as if nothing had ever been cut off."""
    assert made.states() == {1: "merged"}, made.said()[-3000:]
    assert turns(made) == ["author done", "critic done", "author.2 done", "critic.2 done"], made.said()[-3000:]
    assert (made.layout.root.parent / "ran").read_text().split() == ["author", "critic", "author.2", "critic.2"]
    assert routes(made) == [">author", "author>critic", "critic>author.2", "author.2>critic.2", "critic.2>"]
    assert made.repository.git("show", "main:work.txt").split() == ["author", "author.2"]
    told = Counter((event.kind, event.subject) for event in made.events() if event.subject.startswith("stage:"))
    for path in ("author", "critic", "author.2", "critic.2"):
        for kind in ("stage.started", "handoff.given", "stage.ended"):
            assert told[kind, f"stage:1/{path}"] == 1, (kind, path)
    assert len(made.events("handoff.given")) == 5
    assert made.coord("log", "verify").returncode == 0
    assert made.agents() == []


@pytest.mark.parametrize(
    "point", [point if point in FEW else pytest.param(point, marks=pytest.mark.slow) for point in POINTS]
)
def test_a_loop_killed_at_a_border_goes_on_there_and_does_nothing_twice(make: Make, point: str) -> None:
    made = make({})
    in_three_turns(made)
    assert made.start_loop("--until-idle", failpoint=point).wait(90) == -signal.SIGKILL, made.said()[-3000:]
    assert made.run_loop() == 0, made.said()[-3000:]
    check_undisturbed(made)


def test_a_loop_that_is_stopped_leaves_the_turn_at_work_to_the_next_one(make: Make) -> None:
    made = make({})
    piped(made, "author\nreader", RAN + f"case $COORD_TURN in author) {made.until()} ;; esac\n" + WORK + DONE)
    loop = made.start_loop()
    work = stage_work(1, "author")
    made.sees(lambda s: work in s.stages and s.stages[work].state is StepState.RUNNING, message="the author")
    loop.send_signal(signal.SIGTERM)
    loop.wait(90)
    made.release()
    wait_until(lambda: made.agents() == [], message="the author's end")
    assert made.run_loop() == 0
    assert turns(made) == ["author done", "reader done"]
    assert (made.layout.root.parent / "ran").read_text().split() == ["author", "reader"]


def test_a_turn_that_goes_down_with_its_tmux_server_is_taken_by_another_agent(make: Make) -> None:
    made = make({})
    piped(made, "author", RAN + "case $COORD_TURN in author) sleep 600 ;; esac\n" + WORK + DONE)
    loop = made.start_loop("--until-idle")
    wait_until(lambda: (made.layout.root.parent / "ran").exists(), message="the author")
    turn = stage_work(1, "author")
    made.sees(lambda s: turn in s.stages and s.stages[turn].server != "", message="the author to be recorded")
    made.terminals.run("kill-server")
    for pid in made.agents():
        with contextlib.suppress(ProcessLookupError):  # it went with its window
            os.kill(pid, signal.SIGKILL)
    assert loop.wait(90) == 0, made.said()[-3000:]
    assert turns(made) == ["author interrupted", "author.2 done"]
    assert made.states() == {1: "merged"}


def test_a_paused_loop_begins_no_turn_and_a_question_that_waits_survives_its_loop(make: Make) -> None:
    made = make({})
    fails = "case $COORD_TURN in author) exit 3 ;; esac\n"
    piped(made, "author retries=0\nreader", RAN + fails + WORK + DONE)
    loop = made.start_loop()
    there = made.sees(asked, message="a question")
    loop.send_signal(signal.SIGTERM)
    loop.wait(90)
    made.coord("pause")
    made.coord("answer", str(there.seq), "retry")
    loop = made.start_loop()
    made.sees(lambda s: 1 in s.pipelines and s.pipelines[1].asked is None, message="the answer to be taken in")
    assert (made.layout.root.parent / "ran").read_text().split() == ["author"]
    made.coord("resume")
    made.wait_for(1, "merged")
    assert (made.layout.root.parent / "ran").read_text().split() == ["author", "author.2", "reader"]


def test_what_a_killed_writer_left_half_written_is_dropped(make: Make) -> None:
    made = make({})
    piped(made, "author", f"{made.until()}" + WORK + DONE)
    loop = made.start_loop()
    made.sees(lambda s: stage_work(1, "author") in s.stages, message="the author")
    loop.kill()
    loop.wait(90)
    attempt = made.snapshot().steps[1].attempt
    assert attempt is not None
    left = made.layout.root / attempt.directory / ".coord-tmp-999999999-1-0"
    left.write_text("{")
    before = position(made)
    made.release()
    assert made.run_loop() == 0
    assert not left.exists()
    assert before is not None
    assert before.seq == 1
