"""A loop that is through takes its tmux session with it, unless somebody may still want to look at something in it."""

from collections.abc import Callable

import pytest
from support.project import Project
from support.wait import wait_until

Make = Callable[..., Project]


def test_a_finished_run_leaves_no_tmux_server_and_the_last_screens(make: Make) -> None:
    made = make({1: [], 2: [1]}, {2: "echo last words of 2\ncoord agent done --no-change --summary s\n"})
    assert made.run_loop() == 0
    assert not made.terminals.alive()
    screens = sorted(made.layout.runs.glob("run-*/prompts/*/attempt-1/screen.txt"))
    assert ["last words of 2" in screen.read_text() for screen in screens] == [False, True]


@pytest.mark.slow
def test_a_failed_attempt_s_window_stays_to_be_looked_at(make: Make) -> None:
    made = make({1: []}, {1: "echo what went wrong\nexit 1\n"})
    assert made.run_loop() == 1
    assert "01-1" in [window.name for window in made.terminals.windows()]
    made.coord("cancel", "1", "--yes")
    assert made.run_loop() == 0
    assert not made.terminals.alive()


def test_a_loop_in_a_window_of_the_session_ends_with_it(make: Make) -> None:
    made = make({1: []})
    assert "tmux window" in made.coord("loop", "--detach", "--until-idle").stdout
    wait_until(lambda: made.states() == {1: "merged"}, message="the merge")
    wait_until(lambda: not made.terminals.alive(), message="the session's end")
    wait_until(lambda: not made.snapshot().loop.alive, message="the loop's end, which its window need not wait for")
    assert [event.kind for event in made.events("run.finished", "problem.found")] == ["run.finished"]


def test_a_stopped_loop_of_work_in_hand_leaves_the_session(make: Make) -> None:
    made = make({1: []}, {1: "exec sleep 1000\n"})
    loop = made.start_loop()
    made.wait_for(1, "running")
    made.coord("stop")
    loop.wait(90)
    assert made.terminals.alive()
