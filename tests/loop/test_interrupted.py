"""Interrupted is not failed: what went down with the machine goes on by itself, from what was there, and is told so."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.lazy.dataclass import replace
from coordinator.model.clock import timestamp
from coordinator.model.loop_state import resumes_at, retry_at
from coordinator.model.prompt import Prompt
from coordinator.model.settings import Settings
from coordinator.model.step import Attempt, Step, StepState
from coordinator.model.work import prompt_work
from coordinator.terminals.life import life_of, what_ended

Make = Callable[..., Project]
AT = "2027-01-15T08:00:00Z"
HALF = """\
if [ "$COORD_ATTEMPT" = 1 ]; then
  echo one >one-$COORD_PROMPT.txt; git add -A; git commit -qm "First half of $COORD_PROMPT"
  echo half >half-$COORD_PROMPT.txt
  touch "$COORD_ROOT/../half-$COORD_PROMPT"
  {end}
fi
git add -A; git commit -qm "Second half of $COORD_PROMPT"
coord agent done --summary "wrote $COORD_PROMPT"
"""
"""A commit and a file that is not committed in the first attempt; the next ones commit what they find, and no more."""
WAITS = HALF.format(end="sleep 600")


def reach_half(made: Project, *numbers: int) -> None:
    for number in numbers:
        there = (made.layout.root.parent / f"half-{number}").exists
        wait_until(there, message=f"{number} to be half done")
        # an agent may be faster than the record of where it was started
        wait_until(lambda n=number: made.attempts(n)[-1].get("server"), message=f"{number} to be recorded")


def kill_agents(made: Project) -> None:
    for pid in made.agents():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not made.agents(), message="the agents to be gone")


def cut_power(made: Project, loop: "subprocess.Popen[bytes]") -> None:
    """Everything gone at once, nobody gets to say a word."""
    os.kill(made.terminals.process(), signal.SIGKILL)
    loop.kill()
    loop.wait()
    kill_agents(made)


def prompt_of(made: Project, number: int, attempt: int) -> str:
    return (made.layout.attempt("run-1", prompt_work(number), attempt) / "prompt.txt").read_text()


def check_both_halves(made: Project, number: int) -> None:
    git = made.repository.git
    assert git("show", f"main:one-{number}.txt") == "one"
    assert git("show", f"main:half-{number}.txt") == "half"
    subjects = git("log", "--format=%s", "main").splitlines()
    assert (subjects.count(f"First half of {number}"), subjects.count(f"Second half of {number}")) == (1, 1)


def test_after_a_power_cut_all_go_on_by_themselves_from_their_commits_and_their_files(make: Make) -> None:
    made = make({1: [], 2: [], 3: [1]}, {1: WAITS, 2: WAITS}, max_parallel=2)
    loop = made.start_loop()
    reach_half(made, 1, 2)
    cut_power(made, loop)
    assert made.run_loop() == 0
    assert made.states() == {1: "merged", 2: "merged", 3: "merged"}
    for number in (1, 2):
        check_both_halves(made, number)
        assert [step["state"] for step in made.attempts(number)] == ["pending", "merged"]
        told = prompt_of(made, number, 2)
        assert "## Attempt 1 was interrupted: the tmux server went down\n" in told
        assert f" First half of {number}\n" in told
        assert f"Not committed, in your worktree as it was left:\n\n> - half-{number}.txt\n" in told
    assert made.events("step.failed", "run.halted") == []
    cut_off = made.events("step.pending")
    assert [(e.data["interrupted"], e.data["reason"]) for e in cut_off] == [(True, cut_off[0].data["reason"])] * 2
    assert sorted(e.subject for e in made.events("agent.lost")) == ["agent:executor-01-1", "agent:executor-02-1"]


@pytest.mark.slow
@pytest.mark.parametrize("status", [0, 129])
def test_a_tmux_server_that_is_ended_beside_a_living_loop_interrupts_and_fails_nothing(make: Make, status: int) -> None:
    """Its agents are gone without a word, or had the time to write down that they were hung up on."""
    hung_up = 'server=${TMUX#*,}; while kill -0 "${server%,*}"; do sleep 0.02; done 2>/dev/null; exit 129'
    made = make({1: []}, {1: HALF.format(end=hung_up if status else "sleep 600")})
    loop = made.start_loop("--until-idle")
    reach_half(made, 1)
    made.terminals.run("kill-server")
    if not status:
        kill_agents(made)
    assert loop.wait(90) == 0, made.said()
    check_both_halves(made, 1)
    assert made.events("step.failed") == []
    assert len(made.attempts(1)) == 2


@pytest.mark.parametrize("began", [True, False])
def test_a_start_whose_tmux_server_goes_down_is_no_failure_whether_its_agent_began_or_not(
    make: Make, began: bool
) -> None:
    made = make({1: []}, {1: WAITS if began else WRITE})
    tmux, once = made.command.parent / "tmux", made.layout.root.parent / "went-down"
    until_half = f'"$real" "$@" >/dev/null; until [ -e {made.layout.root.parent}/half-1 ]; do sleep 0.02; done'
    tmux.write_text(
        f"""#!/bin/sh
real={shutil.which("tmux")}
case "$*" in *new-window*) [ -e {once} ] || {{
  touch {once}; server=$("$real" -L {made.socket} display-message -p '#{{pid}}')
  {until_half if began else ":"}
  kill -9 "$server"; echo "server exited unexpectedly" >&2; exit 1; }};; esac
exec "$real" "$@"
"""
    )
    tmux.chmod(0o755)
    loop = made.start_loop("--until-idle")
    wait_until(once.exists, message="the server's end")
    if began:
        made.wait_for(1, "running")
        kill_agents(made)
    assert loop.wait(90) == 0, made.said()
    assert made.events("step.failed") == []
    if began:
        check_both_halves(made, 1)
    told = [e.kind for e in made.events() if e.subject == "prompt:1" and e.kind.startswith("step.")]
    cut_off = ["step.dispatched", "step.running", "step.pending"]
    assert told == (cut_off if began else []) + ["step.dispatched", "step.running", "step.change_open", "step.merged"]
    assert [e.data["reason"] for e in made.events("step.pending")] == ["interrupted: the tmux server went down"] * began


@pytest.mark.slow
def test_agents_that_went_down_with_the_loop_alone_go_on(make: Make) -> None:
    made = make({1: []}, {1: WAITS})
    loop = made.start_loop()
    reach_half(made, 1)
    loop.kill()
    loop.wait()
    kill_agents(made)
    assert made.run_loop() == 0
    check_both_halves(made, 1)
    assert "interrupted: the loop went down" in prompt_of(made, 1, 2)


@pytest.mark.slow
def test_after_a_reboot_an_agent_goes_on_though_its_loop_had_been_stopped_before(make: Make) -> None:
    """What tells of a reboot is that the machine has another name for this start of it."""
    made = make({1: []}, {1: WAITS})
    loop = made.start_loop()
    reach_half(made, 1)
    loop.terminate()
    loop.wait()
    made.terminals.run("kill-server")
    kill_agents(made)
    path = made.layout.attempt("run-1", prompt_work(1), 1) / "step.json"
    step = json.loads(path.read_text())
    path.write_text(json.dumps(step | {"server": f"another-boot/{step['server'].partition('/')[2]}"}))
    assert made.run_loop() == 0
    check_both_halves(made, 1)
    assert "interrupted: the machine went down" in prompt_of(made, 1, 2)
    assert made.attempts(1)[1]["interruptions"] == 1


@pytest.mark.slow
def test_with_go_on_switched_off_what_was_cut_off_waits_for_a_human_and_holds_up_nobody(make: Make) -> None:
    made = make({1: [], 2: [1], 3: []}, {1: WAITS}, go_on="false", max_parallel=1)
    loop = made.start_loop()
    reach_half(made, 1)
    cut_power(made, loop)
    assert made.run_loop() == 1
    assert made.states() == {1: "blocked", 2: "pending", 3: "merged"}
    assert made.snapshot().steps[1].reason.endswith("`go_on` is off: coord restart 1")
    made.coord("restart", "1", "--yes")
    assert made.run_loop() == 0
    check_both_halves(made, 1)


@pytest.mark.slow
def test_an_agent_that_is_killed_alone_beside_a_living_loop_has_failed(make: Make) -> None:
    """As by the kernel when memory runs out: nothing below it went down, and it would happen again."""
    made = make({1: []}, {1: WAITS})
    loop = made.start_loop("--until-idle")
    reach_half(made, 1)
    agent = made.layout.attempt("run-1", prompt_work(1), 1) / "started" / "agent"
    os.kill(int(agent.read_text()), signal.SIGKILL)
    assert loop.wait(90) == 1
    assert made.snapshot().steps[1].reason == "ended with exit status 137 (killed) without handing off"


def test_an_agent_that_died_alone_while_no_loop_ran_has_failed(make: Make) -> None:
    made = make({1: []}, {1: WAITS})
    loop = made.start_loop()
    reach_half(made, 1)
    loop.terminate()
    loop.wait()
    kill_agents(made)
    assert made.run_loop() == 1
    assert made.states() == {1: "failed"}
    assert "gone without a word" in made.snapshot().steps[1].reason


@pytest.mark.slow
def test_a_failed_attempt_is_built_on_and_told_once(make: Make) -> None:
    made = make({1: []}, {1: HALF.format(end="coord agent fail --verdict 'no luck' --learning 'try b'; exit 1")})
    assert made.run_loop() == 1
    made.coord("restart", "1", "--yes")
    assert made.run_loop() == 0
    check_both_halves(made, 1)
    told = prompt_of(made, 1, 2)
    for words in ("no luck", "try b", "First half of 1", "half-1.txt", "## What is there of attempt 1"):
        assert told.count(words) == 1, words
    assert "Its commits are on your branch." in told
    assert not made.layout.worktree(prompt_work(1), 1).exists()


def test_a_killed_attempt_is_built_on(make: Make) -> None:
    made = make({1: []}, {1: WAITS})
    loop = made.start_loop("--until-idle")
    reach_half(made, 1)
    made.coord("kill", "1", "--requeue", "--reason", "use the other way", "--yes")
    assert loop.wait(90) == 0, made.said()
    check_both_halves(made, 1)
    assert prompt_of(made, 1, 2).count("use the other way") == 1


@pytest.mark.slow
@pytest.mark.parametrize("running", [False, True])
def test_a_fresh_restart_starts_from_the_base_and_keeps_what_was_there(make: Make, running: bool) -> None:
    end = "sleep 600" if running else "coord agent fail --verdict 'no luck'; exit 1"
    script = HALF.format(end=end).replace(
        'git add -A; git commit -qm "Second', 'ls >seen.txt; git add -A; git commit -qm "Second'
    )
    made = make({1: []}, {1: script})
    loop = made.start_loop("--until-idle")
    reach_half(made, 1)
    if not running:
        assert loop.wait(90) == 1
    plan = made.coord("restart", "1", "--fresh", "--yes")
    assert "afresh" in plan.stdout
    if not running:
        loop = made.start_loop("--until-idle")
    assert loop.wait(90) == 0, made.said()
    seen = made.repository.git("show", "main:seen.txt").split()
    assert "one-1.txt" not in seen
    assert "half-1.txt" not in seen
    assert (made.layout.worktree(prompt_work(1), 1) / "half-1.txt").read_text() == "half\n"
    told = prompt_of(made, 1, 2)
    assert "You start afresh, as the engineer wants it. What was there before stays on branch `coord/01-1`." in told
    assert "Not committed, in `.coord/worktrees/01-1`; take over from there what you need:\n\n> - half-1.txt\n" in told


@pytest.mark.slow
def test_an_attempt_that_left_nothing_is_not_built_on_so_that_what_landed_meanwhile_is_there(make: Make) -> None:
    made = make({1: []}, {1: 'if [ "$COORD_ATTEMPT" = 1 ]; then exit 1; fi\nls >seen.txt\n' + WRITE})
    assert made.run_loop() == 1
    made.repository.commit({"landed.txt": "meanwhile"})
    made.coord("restart", "1", "--yes")
    assert made.run_loop() == 0
    assert "landed.txt" in made.repository.git("show", "main:seen.txt").split()
    assert "## What is there" not in prompt_of(made, 1, 2)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["dispatch-claimed", "takeover-branched", "takeover-switched", "dispatch-worktree"])
def test_a_loop_killed_while_an_attempt_takes_over_loses_nothing(make: Make, point: str) -> None:
    made = make({1: []}, {1: HALF.format(end="exit 1")})
    assert made.run_loop() == 1
    made.coord("restart", "1", "--yes")
    assert made.start_loop("--until-idle", failpoint=point).wait(90) == -signal.SIGKILL, made.said()
    assert made.run_loop() == 0
    check_both_halves(made, 1)
    assert len(made.attempts(1)) == 2


@pytest.mark.slow
def test_a_worktree_that_can_not_be_moved_stays_and_is_named(make: Make) -> None:
    made = make(
        {1: []},
        {
            1: HALF.format(end="git worktree lock .; exit 1").replace(
                'git add -A; git commit -qm "Second', 'git commit -q --allow-empty -m "Second'
            )
        },
    )
    assert made.run_loop() == 1
    made.coord("restart", "1", "--yes")
    assert made.run_loop() == 0
    assert (made.layout.worktree(prompt_work(1), 1) / "half-1.txt").read_text() == "half\n"
    told = prompt_of(made, 1, 2)
    assert "Its commits are on your branch." in told
    assert "Not committed, in `.coord/worktrees/01-1`; take over from there what you need:\n\n> - half-1.txt\n" in told


def test_interruptions_wait_longer_each_time_and_use_up_no_retry() -> None:
    settings = Settings(max_attempts=2, retry_backoff=10.0)
    cut = Attempt(prompt_work(1), 4, "run-1", 1, StepState.PENDING, AT, interrupted=True, interruptions=3)
    waits = [resumes_at(Step(1, StepState.PENDING, replace(cut, interruptions=n)), settings) for n in (1, 2, 3, 9)]
    assert [at - timestamp(AT) for at in waits if at is not None] == [0.0, 10.0, 20.0, 300.0]
    failed = replace(cut, state=StepState.FAILED, interrupted=False)
    prompt = Prompt(1, "A prompt", "01-planned-a.prompt.md")
    assert retry_at(Step(1, StepState.FAILED, failed), prompt, settings) == timestamp(AT) + 10.0
    assert retry_at(Step(1, StepState.FAILED, replace(failed, interruptions=2)), prompt, settings) is None
    assert resumes_at(Step(1, StepState.FAILED, failed), settings) is None


def test_the_life_of_a_process_tells_whether_it_or_the_machine_went_down() -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        life = life_of(process.pid)
        assert life.endswith(f"/{process.pid}/{life.rpartition('/')[2]}")
        assert what_ended(life) == ""
        process.kill()
    assert what_ended(life) == "server"
    assert what_ended(f"another-boot/{life.partition('/')[2]}") == "machine"
    assert what_ended(life_of(process.pid)) == "server"
    assert (life_of(0), what_ended(""), what_ended("x")) == ("", "", "")
