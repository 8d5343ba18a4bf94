"""Pipes, devices and endless files that an agent leaves where others read: the loop goes on, and ends when asked to."""

import signal
from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.model.work import prompt_work

Make = Callable[..., Project]

THINGS = {
    "pipe": 'mkfifo "$1"',
    "folder": 'mkdir "$1"',
    "endless device": 'ln -s /dev/zero "$1"',
    "terminal": 'ln -s /dev/tty "$1"',
    "huge file": 'truncate -s 10G "$1"',
    "unreadable file": ': >"$1"; chmod 000 "$1"',
}
"""What is planted, by the shell command that makes it."""
EVERY = [thing if thing == "pipe" else pytest.param(thing, marks=pytest.mark.slow) for thing in THINGS]
FILES = (
    *("status.jsonl", "usage.json", "stuck.json", "screen.txt", "output.jsonl", "statusline.json", "started/agent"),
    *("started/pid", "handoff.md", "dismissed", "opening.txt", "hooks.json"),
)
"""Files of an attempt's directory that the loop reads or writes while the agent is at work and after."""


def planting(thing: str, places: str) -> str:
    """Lines of a script that plant a thing in the places, in a word of the shell each."""
    return f'plant() {{ rm -rf "$1"; {THINGS[thing]}; }}\nfor place in {places}; do plant "$place"; done\n'


@pytest.mark.parametrize("thing", EVERY)
def test_whatever_an_agent_leaves_in_its_directory_the_others_go_on(make: Make, thing: str) -> None:
    places = " ".join(f'"$DIR/{name}"' for name in FILES)
    where = 'DIR=$(ls -d "$COORD_ROOT"/.coord/runs/*/prompts/01/attempt-1)\n'
    later = 'mkdir -p "$DIR/../attempt-2"; for f in prompt.txt launch.sh; do plant "$DIR/../attempt-2/$f"; done\n'
    made = make({1: [], 2: []}, scripts={1: where + planting(thing, places) + later + "exit 1\n"})
    made.add(2, script=made.until() + WRITE)
    loop = made.start_loop()
    made.wait_for(1, "failed")
    made.coord("restart", "1", "--yes")
    made.release()
    made.wait_for(2, "merged")
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(10) == 0


@pytest.mark.parametrize("thing", EVERY)
def test_whatever_an_agent_leaves_for_git_in_its_worktree_the_others_go_on(make: Make, thing: str) -> None:
    places = ".gitignore .gitattributes .gitmodules folder/.gitignore"
    made = make({1: [], 2: []}, scripts={1: WRITE + "mkdir -p folder\n" + planting(thing, places)})
    made.add(2, script=made.until() + WRITE)
    loop = made.start_loop()
    wait_until(lambda: made.snapshot().steps[1].attempt is not None, message="the attempt")
    exits = made.layout.attempt("run-1", prompt_work(1), 1) / "exit.json"
    wait_until(exits.exists, message="the end of the agent")
    made.release()
    made.wait_for(2, "merged", timeout=20)
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(10) == 0


@pytest.mark.parametrize(
    "place",
    [
        '"$(git rev-parse --absolute-git-dir)/locked"',
        pytest.param('"$(git rev-parse --absolute-git-dir)/HEAD"', marks=pytest.mark.slow),
        pytest.param('"$COORD_ROOT/.git/info/exclude"', marks=pytest.mark.slow),
    ],
)
def test_a_pipe_in_gits_own_folders_holds_up_nobody(make: Make, place: str) -> None:
    made = make({1: []}, scripts={1: planting("pipe", place) + "touch planted\nsleep 600\n"}, max_parallel=2)
    loop = made.start_loop()
    wait_until((made.layout.worktree(prompt_work(1), 1) / "planted").exists, timeout=30, message="the pipe")
    made.add(2)
    made.add(3, 2)
    made.wait_for(3, "merged")
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(10) == 0


@pytest.mark.slow
def test_a_pipe_that_git_waits_at_is_named_with_what_to_do(make: Make) -> None:
    made = make({1: []}, scripts={1: WRITE + "mkfifo .gitignore\n"})
    loop = made.start_loop()
    problem = "problem.found"
    wait_until(lambda: made.events(problem), timeout=30, message="the word about the pipe")
    said = made.events(problem)[-1].data
    assert ".gitignore" in str(said["reason"])
    assert "delete" in str(said["remedy"])
    (made.layout.worktree(prompt_work(1), 1) / ".gitignore").unlink()
    made.wait_for(1, "merged", timeout=60)
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(10) == 0


@pytest.mark.slow
def test_a_loop_that_an_agent_holds_up_ends_all_the_same_when_asked_to(make: Make) -> None:
    hold = 'exec 9<"$COORD_ROOT/.coord/prompts"\nflock 9\ntouch locked\nsleep 600\n'
    made = make({1: []}, scripts={1: hold})
    loop = made.start_loop()
    wait_until((made.layout.worktree(prompt_work(1), 1) / "locked").exists, timeout=30, message="the agent")
    loop.send_signal(signal.SIGTERM)
    loop.wait(25)
