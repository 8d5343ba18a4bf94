"""How agents are, asked of real processes and real files."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.agents import presence
from coordinator.agents.presence import Presence
from coordinator.agents.runtime import Usage
from coordinator.agents.usage import write_usage
from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import AgentState
from coordinator.model.step import Attempt, Exit, StepState
from coordinator.model.work import prompt_work
from coordinator.processes.table import is_stopped

DIRECTORY = ".coord/runs/run-1/prompts/07/attempt-1"


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    """Stands for the launch script of an attempt."""
    with subprocess.Popen(["sleep", "600"]) as started:
        yield started
        started.kill()


def attempt(pid: int) -> Attempt:
    began = "2026-01-01T00:00:00Z"
    return Attempt(
        *(prompt_work(7), 1, "run-1", 1, StepState.RUNNING, began, began, "executor-07-1"), pid=pid, directory=DIRECTORY
    )


def report(root: Path, state: str) -> None:
    path = root / DIRECTORY / "status.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        stream.write(json.dumps({"state": state, "at": time.time()}) + "\n")


def test_an_agent_that_goes_on_as_before_is_the_same_agent(tmp_path: Path) -> None:
    look, one = Presence(tmp_path), attempt(os.getpid())
    assert look.of([one])[0] is look.of([one])[0]


def test_an_agent_that_goes_on_is_newly_seen_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "_RENEWED", 0.0)
    look, one = Presence(tmp_path), attempt(os.getpid())
    (first,), (second,) = look.of([one]), look.of([one])
    assert second.observed_at > first.observed_at
    assert replace(second, observed_at=first.observed_at) == first


def test_a_stopped_agent_is_paused_whatever_it_said_last(tmp_path: Path, process: "subprocess.Popen[bytes]") -> None:
    look, one = Presence(tmp_path), attempt(process.pid)
    report(tmp_path, "idle")
    started = tmp_path / DIRECTORY / "started"
    started.mkdir()
    (started / "agent").write_text(f"{process.pid}\n")
    assert look.of([one], stopped=is_stopped)[0].state is AgentState.IDLE
    os.kill(process.pid, signal.SIGSTOP)
    wait_until(lambda: look.of([one], stopped=is_stopped)[0].state is AgentState.PAUSED, message="the pause to be seen")
    assert look.of([one], stopped=is_stopped)[0].evidence == "process"
    os.kill(process.pid, signal.SIGCONT)
    wait_until(lambda: look.of([one], stopped=is_stopped)[0].state is AgentState.IDLE, message="it to be seen going on")
    report(tmp_path, "paused")  # an agent can't say that of itself
    assert look.of([one], stopped=is_stopped)[0].state is AgentState.IDLE


def test_an_agent_that_ended_while_it_was_paused_is_paused_as_long_as_its_launcher_waits_for_others(
    tmp_path: Path,
) -> None:
    words = "sh -c 'echo $$ >agent; exec sleep 600' | sh -c 'echo $$ >copy; exec sleep 600'; true"
    with subprocess.Popen(["sh", "-c", words], cwd=tmp_path) as launcher:
        wait_until(lambda: all((tmp_path / n).exists() and (tmp_path / n).read_text() for n in ("agent", "copy")))
        ended, copy = (int((tmp_path / name).read_text()) for name in ("agent", "copy"))
        look, one = Presence(tmp_path), attempt(launcher.pid)
        started = tmp_path / DIRECTORY / "started"
        started.mkdir(parents=True)
        (started / "agent").write_text(f"{ended}\n")
        try:
            os.kill(copy, signal.SIGSTOP)
            os.kill(ended, signal.SIGKILL)
            wait_until(lambda: look.of([one], stopped=is_stopped)[0].state is AgentState.PAUSED, message="the pause")
            os.kill(copy, signal.SIGCONT)
            wait_until(lambda: look.of([one], stopped=is_stopped)[0].state is AgentState.WORKING, message="its end")
        finally:
            os.kill(copy, signal.SIGKILL)  # the launcher, and with it the test, waits for it


def test_a_process_that_died_is_seen_at_the_next_look(tmp_path: Path, process: "subprocess.Popen[bytes]") -> None:
    look, one = Presence(tmp_path), attempt(process.pid)
    assert look.of([one])[0].state is AgentState.WORKING
    assert not look.outlived()
    process.kill()
    process.wait()
    assert look.outlived()
    assert look.of([one])[0].state is AgentState.LOST
    assert not look.outlived()


def test_what_an_agent_reports_is_seen_at_the_next_look(tmp_path: Path) -> None:
    look, one = Presence(tmp_path), attempt(os.getpid())
    assert look.of([one])[0].evidence == "window"
    for state in (AgentState.PERMISSION, AgentState.WORKING):
        report(tmp_path, state.value)
        (seen,) = look.of([one])
        assert (seen.state, seen.evidence) == (state, "hook")


def test_what_an_agent_used_is_seen_at_the_next_look(tmp_path: Path) -> None:
    look, one = Presence(tmp_path), attempt(os.getpid())
    assert look.of([one])[0].tokens is None
    (tmp_path / DIRECTORY).mkdir(parents=True)
    write_usage(tmp_path / DIRECTORY, Usage(1200, 0.5))
    (seen,) = look.of([one])
    assert (seen.tokens, seen.cost_usd) == (1200, 0.5)


def test_an_attempt_that_was_read_anew_is_judged_anew(tmp_path: Path) -> None:
    look, one = Presence(tmp_path), attempt(os.getpid())
    look.of([one])
    ended = replace(one, exit=Exit(1, "2026-01-01T00:01:00Z"))
    assert look.of([ended])[0].state is AgentState.CRASHED


def test_agents_come_in_the_order_of_their_prompts(tmp_path: Path) -> None:
    attempts = [replace(attempt(os.getpid()), work=prompt_work(number)) for number in (9, 2, 5)]
    assert [agent.prompt for agent in Presence(tmp_path).of(attempts)] == [2, 5, 9]
