"""A budget that is used up pauses the agents it is about, whatever dies meanwhile, until a human says how to go on."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.apply.plans import answer as apply_answer
from coordinator.apply.plans import apply
from coordinator.errors import Refused
from coordinator.model.clock import timestamp
from coordinator.model.event import Actor, ActorKind
from coordinator.model.ids import uuid7
from coordinator.model.plan import Plan, Steer
from coordinator.model.work import prompt_work

Make = Callable[..., Project]
ADA = Actor(ActorKind.HUMAN, "ada")
USE = (
    'where="$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/$(printf %02d "$COORD_PROMPT")/attempt-$COORD_ATTEMPT"\n'
    'echo \'{"tokens": 5000, "cost_usd": 1.25}\' >"$where/usage.json"\n'
)
BEAT = 'trap \'\' HUP TERM; echo $$ >"$0.pid"; while :; do echo x >>"$0"; sleep 0.02; done'
"""A process that shows that it goes on, and ignores that it is asked to end."""


def beating(made: Project, number: int, *, before_use: str = "") -> str:
    """A script with two detached children that beat; it uses up something, waits, and does its work."""
    paths = [made.layout.root.parent / f"{name}-{number}" for name in ("one", "detached")]
    children = "".join(f"setsid sh -c \"$beat\" '{path}' &\n" for path in paths)
    children += "".join(f"until [ -e '{path}.pid' ]; do sleep 0.01; done\n" for path in paths)
    return f"beat=$(cat <<'END'\n{BEAT}\nEND\n)\n{children}{before_use}{USE}{made.until()}{WRITE}"


def beats(made: Project, number: int) -> list[int]:
    """How often each of the two has beaten."""
    paths = (made.layout.root.parent / f"{name}-{number}" for name in ("one", "detached"))
    return [path.stat().st_size if path.exists() else 0 for path in paths]


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def launcher(made: Project, number: int) -> int:
    return int((made.layout.attempt("run-1", prompt_work(number), 1) / "started/pid").read_text())


def detached(made: Project) -> int:
    return int((made.layout.root.parent / "detached-1.pid").read_text())


def all_stopped(made: Project, number: int) -> bool:
    """Everything of an agent but its launch script, and at least the agent and its two children."""
    states = [state_of(pid) for pid in made.agents(number) if pid != launcher(made, number)]
    return len(states) >= 3 and set(states) == {"T"}


def none_stopped(made: Project, number: int) -> bool:
    pids = made.agents(number)
    return bool(pids) and "T" not in {state_of(pid) for pid in pids}


def wait_paused(made: Project, *numbers: int) -> None:
    for number in numbers:
        wait_until(lambda n=number: told(made, n) == ["paused"], message=f"{number} to be paused")
        assert all_stopped(made, number)


def told(made: Project, number: int) -> list[str]:
    """What the log says of the agent's pauses."""
    events = made.events("agent.status")
    return [str(e.data["state"]) for e in events if e.data.get("about") and e.data["prompt"] == number]


def goes_on(made: Project, number: int) -> None:
    before = beats(made, number)
    wait_until(lambda: all(a > b for a, b in zip(beats(made, number), before, strict=True)), message="beats")
    wait_until(lambda: none_stopped(made, number), message="the last of them to go on")


def answer(made: Project, text: str) -> None:
    made.coord("answer", str(made.snapshot().open_questions[0].seq), text)


def paused_project(make: Make, **settings: object) -> tuple[Project, "subprocess.Popen[bytes]"]:
    """A project whose only agent is paused."""
    made = make({1: []}, **{"budget_tokens": 1000, **settings})
    (made.layout.scripts / "01.sh").write_text(beating(made, 1))
    loop = made.start_loop("--until-idle")
    wait_paused(made, 1)
    return made, loop


@pytest.mark.slow
def test_an_agent_over_its_budget_does_nothing_until_a_human_answers_and_everybody_sees_it(make: Make) -> None:
    made, loop = paused_project(make)
    before = beats(made, 1)
    assert "paused: budget" in made.coord("agents").stdout
    (agent,) = json.loads(made.coord("agents", "--json").stdout)["agents"]
    assert (agent["state"], agent["evidence"]) == ("paused", "process")
    (because,) = json.loads(made.coord("why", "1", "--json").stdout)["because"]
    (question,) = made.snapshot().open_questions
    assert (because["code"], because["subject"]) == ("paused", f"question:{question.seq}")
    assert "paused: budget" in made.coord("graph").stdout
    for words in (("tell", "1", "go on"), ("permit", "1", "--allow")):
        refused = made.coord(*words, check=False)
        assert (refused.returncode, "is paused" in refused.stderr) == (3, True)
    steer = Plan(uuid7(), "edit", "tell it", effects=(Steer(1, 1, "a clock"),))
    with pytest.raises(Refused, match="is paused"):
        apply(made.layout, steer, ADA)
    assert beats(made, 1) == before
    assert state_of(launcher(made, 1)) == "S"
    made.coord("answer", str(question.seq), "1")
    goes_on(made, 1)
    made.release()
    assert loop.wait(90) == 0
    assert made.states() == {1: "merged"}
    assert told(made, 1) == ["paused", "working"]


@pytest.mark.slow
def test_a_run_over_its_budget_pauses_all_its_agents_and_one_answer_lets_them_go_on(make: Make) -> None:
    made = make({1: [], 2: []}, run_budget_tokens=6000, max_parallel=2)  # both of them use it up together, and once
    for number in (1, 2):
        script = beating(made, number, before_use=made.until("use"))
        (made.layout.scripts / f"{number:02d}.sh").write_text(script)
    loop = made.start_loop("--until-idle")
    for number in (1, 2):
        made.wait_for(number, "running")
        wait_until(lambda n=number: all(beats(made, n)), message="beats")
    made.release("use")
    wait_paused(made, 1, 2)
    (question,) = made.snapshot().open_questions
    assert question.subject == "run:run-1"
    answer(made, "go on")
    for number in (1, 2):
        goes_on(made, number)
    made.release()
    assert loop.wait(90) == 0
    assert [told(made, n) for n in (1, 2)] == [["paused", "working"]] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "state"),
    [(("kill", "1", "--hold", "--yes"), "blocked"), (("restart", "1", "--reason", "again", "--yes"), "pending")],
)
def test_a_paused_agent_is_ended_within_the_bound_by_kill_and_restart(
    make: Make, words: tuple[str, ...], state: str
) -> None:
    made, _ = paused_project(make)
    began = time.monotonic()
    made.coord(*words)
    assert time.monotonic() - began < 60
    assert made.agents(1) == []
    made.wait_for(1, state)  # not started again: the question is open still
    assert len(made.attempts(1)) == 1


@pytest.mark.slow
def test_a_paused_agent_that_is_to_end_is_gone_with_all_it_started(make: Make) -> None:
    made, _ = paused_project(make)
    answer(made, "2")
    made.wait_for(1, "blocked")
    assert made.agents(1) == []
    assert told(made, 1) == ["paused"]
    assert "budget is used up" in made.snapshot().steps[1].reason


@pytest.mark.slow
def test_a_loop_killed_beside_a_paused_agent_finds_it_paused_and_lets_it_go_on_after_the_answer(make: Make) -> None:
    made, loop = paused_project(make)
    loop.kill()
    loop.wait()
    second = made.start_loop("--until-idle")
    wait_until(lambda: made.events("run.resumed"), message="the second loop")
    assert all_stopped(made, 1)
    taken = wait_until(
        lambda: [e for e in made.events("agent.status") if "taken over" in str(e.data.get("reason"))],
        message="it to be taken over",
    )
    assert [event.data["state"] for event in taken] == ["paused"]
    answer(made, "1")
    goes_on(made, 1)
    wait_until(lambda: told(made, 1) == ["paused", "working"], message="the event")
    made.release()
    assert second.wait(90) == 0
    assert len(made.attempts(1)) == 1


@pytest.mark.slow
def test_an_answer_lets_an_agent_go_on_though_no_loop_runs(make: Make) -> None:
    made, loop = paused_project(make)
    loop.kill()
    loop.wait()
    answer(made, "1")
    goes_on(made, 1)
    assert told(made, 1) == ["paused", "working"]
    made.release()
    assert made.run_loop() == 0
    assert made.states() == {1: "merged"}


def test_an_answer_counts_though_the_settings_are_broken_and_no_loop_runs(make: Make) -> None:
    made, loop = paused_project(make)
    loop.kill()
    loop.wait()
    (question,) = made.snapshot().open_questions
    good = made.layout.config.read_text()
    made.layout.config.write_text("budget_tokens: many\n")
    assert apply_answer(made.layout, question.id, "go on", ADA).data["answer"] == "go on"
    made.layout.config.write_text(good)
    made.start_loop()
    goes_on(made, 1)


@pytest.mark.slow
def test_what_was_left_stopped_goes_on_when_a_loop_starts_after_the_answer(make: Make) -> None:
    made, loop = paused_project(make)
    loop.kill()
    loop.wait()
    answer(made, "1")
    goes_on(made, 1)
    os.kill(detached(made), signal.SIGSTOP)  # as if a loop had been killed while it stopped them, or let them go on
    wait_until(lambda: state_of(detached(made)) == "T", message="a stopped child")
    second = made.start_loop("--until-idle")
    wait_until(lambda: none_stopped(made, 1), message="the child to go on")
    made.release()
    assert second.wait(90) == 0


def test_nothing_of_an_agent_goes_on_where_the_loop_died_half_way_through_stopping_it(make: Make) -> None:
    made, loop = paused_project(make)
    loop.kill()
    loop.wait()
    os.kill(detached(made), signal.SIGCONT)
    wait_until(lambda: state_of(detached(made)) != "T", message="a child to go on")
    made.start_loop()
    wait_until(lambda: all_stopped(made, 1), message="all to be stopped")
    assert told(made, 1) == ["paused"]


@pytest.mark.parametrize("point", ["pause-stopped", "go-on-done"])
def test_a_loop_killed_before_it_logs_a_pause_or_its_end_has_it_logged_once(make: Make, point: str) -> None:
    made = make({1: []}, budget_tokens=1000)
    (made.layout.scripts / "01.sh").write_text(beating(made, 1))
    first = made.start_loop(failpoint=point)
    if point == "pause-stopped":
        assert first.wait(90) == -signal.SIGKILL
        assert (all_stopped(made, 1), told(made, 1)) == (True, [])
        made.start_loop()
        wait_paused(made, 1)
    else:
        wait_paused(made, 1)
        answer(made, "1")
        assert first.wait(90) == -signal.SIGKILL
        assert told(made, 1) == ["paused"]
        goes_on(made, 1)
        made.start_loop()
        wait_until(lambda: told(made, 1) == ["paused", "working"], message="the event")


@pytest.mark.slow
def test_time_that_an_agent_is_paused_does_not_count_for_its_time_limit(make: Make) -> None:
    made, loop = paused_project(make, timeout=6)
    started = timestamp(made.attempts(1)[0]["started"])
    (question,) = made.snapshot().open_questions
    worked = timestamp(question.asked) - started
    assert worked < 6
    wait_until(lambda: time.time() > started + 7, message="its limit to pass")
    assert made.states() == {1: "running"}
    answer(made, "1")
    made.wait_for(1, "failed")
    assert "took longer" in made.snapshot().steps[1].reason
    answered = timestamp(made.snapshot().questions[0].answered)
    assert time.time() - answered >= 6 - worked
    assert loop.wait(90) == 1
