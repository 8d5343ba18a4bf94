"""Pipes, devices and endless files that an agent leaves where others read: the loop goes on, and ends when asked to."""

import signal
from collections.abc import Callable
from shlex import quote

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.model.prompt import PromptStatus
from coordinator.model.work import prompt_work
from coordinator.storage.runs import loop_is_alive

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
    made.sees(lambda snapshot: snapshot.prompts[1].status is PromptStatus.FAILED, message="the failure in its file")
    made.coord("restart", "1", "--yes")
    made.release()
    made.wait_for(2, "merged")
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(90) == 0


@pytest.mark.parametrize("thing", EVERY)
def test_whatever_an_agent_leaves_for_git_in_its_worktree_the_others_go_on(make: Make, thing: str) -> None:
    places = ".gitignore .gitattributes .gitmodules folder/.gitignore"
    made = make({1: [], 2: []}, scripts={1: WRITE + "mkdir -p folder\n" + planting(thing, places)})
    made.add(2, script=made.until() + WRITE)
    loop = made.start_loop()
    made.sees(lambda snapshot: snapshot.steps[1].attempt is not None, message="the attempt")
    exits = made.layout.attempt("run-1", prompt_work(1), 1) / "exit.json"
    wait_until(exits.exists, message="the end of the agent")
    made.release()
    made.wait_for(2, "merged")
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(90) == 0


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
    wait_until((made.layout.worktree(prompt_work(1), 1) / "planted").exists, message="the pipe")
    made.add(2)
    made.add(3, 2)
    made.wait_for(3, "merged")
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(90) == 0


def test_an_agent_whose_git_waits_at_the_pipe_of_another_one_goes_on(make: Make) -> None:
    made = make(
        {1: []}, scripts={1: planting("pipe", '"$COORD_ROOT/.git/info/attributes"') + "touch planted\nsleep 600\n"}
    )
    made.add(2, script=made.until() + WRITE)
    loop = made.start_loop("--max-parallel", "3")
    wait_until((made.layout.worktree(prompt_work(1), 1) / "planted").exists, message="the pipe")
    made.wait_for(2, "running")
    made.release()
    made.add(3)
    for number in (2, 3):
        made.wait_for(number, "merged")
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(90) == 0


@pytest.mark.slow
def test_a_pipe_that_git_waits_at_is_named_with_what_to_do(make: Make) -> None:
    made = make({1: []}, scripts={1: WRITE + "mkfifo .gitignore\n"})
    loop = made.start_loop()
    problem = "problem.found"
    wait_until(lambda: made.events(problem), message="the word about the pipe")
    said = made.events(problem)[-1].data
    assert ".gitignore" in str(said["reason"])
    assert "delete" in str(said["remedy"])
    (made.layout.worktree(prompt_work(1), 1) / ".gitignore").unlink()
    made.wait_for(1, "merged", timeout=60)
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(90) == 0


@pytest.mark.slow
def test_a_loop_that_an_agent_holds_up_ends_all_the_same_when_asked_to(make: Make) -> None:
    hold = 'exec 9<"$COORD_ROOT/.coord/prompts"\nflock 9\ntouch locked\nsleep 600\n'
    made = make({1: []}, scripts={1: hold})
    loop = made.start_loop()
    wait_until((made.layout.worktree(prompt_work(1), 1) / "locked").exists, message="the agent")
    loop.send_signal(signal.SIGTERM)
    loop.wait(90)


@pytest.mark.parametrize("thing", EVERY)
def test_a_lock_that_is_taken_away_leaves_the_loop_the_only_one_of_its_project(make: Make, thing: str) -> None:
    made = make({1: []}, scripts={1: planting(thing, '"$COORD_ROOT/.coord/loop.lock"') + "touch planted\nsleep 600\n"})
    loop = made.start_loop()
    wait_until((made.layout.worktree(prompt_work(1), 1) / "planted").exists, message="the agent")
    made.add(2)
    made.wait_for(2, "merged")
    wait_until(lambda: loop_is_alive(made.layout), message="the loop's lock")
    assert made.coord("loop", check=False).returncode == 3
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(90) == 0


def test_a_loop_whose_lock_another_one_has_ends_and_leaves_the_agents_to_that(make: Make) -> None:
    made = make({1: []})
    (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
    loop = made.start_loop()
    made.wait_for(1, "running")
    loop.send_signal(signal.SIGSTOP)
    made.layout.loop_lock.unlink()
    other = made.start_loop("--until-idle")
    wait_until(lambda: loop_is_alive(made.layout), message="the other loop")
    loop.send_signal(signal.SIGCONT)
    made.add(2)
    assert loop.wait(90) == 0
    made.release()
    assert other.wait(90) == 0, made.said()
    assert made.states() == {1: "merged", 2: "merged"}
    assert [len(made.attempts(number)) for number in (1, 2)] == [1, 1]


def test_settings_that_go_while_a_loop_runs_stay_in_force(make: Make) -> None:
    made = make({1: []})
    loop = made.start_loop()
    made.wait_for(1, "merged")
    kept = made.layout.config.with_suffix(".kept")
    made.layout.config.rename(kept)
    made.add(2, script=f"mv -f {quote(str(kept))} {quote(str(made.layout.config))}\n{WRITE}")
    made.wait_for(2, "merged")
    assert loop.poll() is None
