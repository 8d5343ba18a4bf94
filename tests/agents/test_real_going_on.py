"""Real agent CLIs that a limit or a power cut has ended go on by themselves, in their sessions where they can."""

import contextlib
import os
import re
import signal
import threading
from pathlib import Path

import pytest
from support.fake_api import Step, shell
from support.project import Project
from support.real_agents import FINISH, FREE, real_project, run_in
from support.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TOOLS = {
    "claude": shell,
    "codex": run_in,
    "gemini": lambda command: Step("", "run_shell_command", {"command": command, "description": "a step"}),
    "opencode": lambda command: Step("", "bash", {"command": command, "description": "a step"}),
}
HALF = 'echo half >half.txt && git add -A && git commit -qm "Half of it"'
REST = f"cp half.txt whole.txt && {FINISH}"
LIMIT = Step(error=429, kind="rate_limit_error", message="too many requests")
AFRESH = "opencode"
"""Its sessions belong to the folder they began in."""


def committed(made: Project) -> bool:
    return made.repository.head("coord/01-1") not in ("", made.repository.head("main"))


def check_went_on(made: Project, heard: str, name: str) -> None:
    """The second attempt is there, built on the first, and nothing counts as a failure."""
    assert made.repository.git("show", "main:whole.txt") == "half"
    first, second = made.attempts(1)
    assert (first["interrupted"], second["interruptions"]) == (True, 1)
    assert made.events("step.failed", "run.halted") == []
    assert bool(re.search(r"You are `?executor-01-1`?\.", heard)) is (name != AFRESH)
    if name in ("claude", "codex"):
        assert first["session"] == second["session"]


@pytest.mark.parametrize("headless", [False, True], ids=["window", "headless"])
@pytest.mark.parametrize("name", TOOLS)
def test_after_a_power_cut_it_goes_on_in_its_session(tmp_path: Path, name: str, headless: bool) -> None:
    held, tool = threading.Event(), TOOLS[name]
    scripts = {"executor-01-1": [tool(HALF), Step("…", release=held)], "executor-01-2": [tool(REST), Step("Done.")]}
    with real_project(tmp_path, scripts, {1: name}, FREE, headless=headless) as (made, api):
        loop = made.start_loop()
        wait_until(lambda: committed(made), timeout=110, message="a commit")
        wait_until(lambda: api.holding, message="it to have been told how that went")
        if not headless and name != AFRESH:
            wait_until(lambda: made.attempts(1)[0].get("session"), message="its session to be known")
        os.kill(made.terminals.process(), signal.SIGKILL)
        loop.kill()
        loop.wait()
        for pid in made.agents():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        held.set()
        wait_until(lambda: not made.agents(), message="the agents to be gone")
        made.start_loop()
        made.wait_for(1, "merged", timeout=150)
        assert "was interrupted" in api.told["executor-01-2"]
        assert "Half of it" in api.told["executor-01-2"]
        check_went_on(made, api.heard["executor-01-2"], name)


@pytest.mark.parametrize("name", ["claude", "codex", "opencode"])
def test_headless_at_a_limit_it_ends_and_starts_again_in_its_session(tmp_path: Path, name: str) -> None:
    tool = TOOLS[name]
    scripts = {
        "executor-01-1": [tool(HALF), *[LIMIT] * 30],
        "executor-01-2": [tool(REST), Step("Done.")],
    }
    with real_project(tmp_path, scripts, {1: name}, FREE, headless=True, CLAUDE_CODE_MAX_RETRIES="1") as (made, api):
        made.layout.config.write_text(made.layout.config.read_text() + "retry_backoff: 2\n")
        made.start_loop()
        made.wait_for(1, "merged", timeout=200)
        assert f"was interrupted: the limit of {name} was reached" in api.told["executor-01-2"]
        check_went_on(made, api.heard["executor-01-2"], name)


@pytest.mark.parametrize("name", ["claude", "codex"])
def test_in_its_window_at_a_limit_without_an_end_it_is_told_to_go_on(tmp_path: Path, name: str) -> None:
    tool = TOOLS[name]
    scripts = {"executor-01-1": [tool(HALF), tool(REST), Step("Done.")]}
    with real_project(tmp_path, scripts, {1: name}, FREE, CLAUDE_CODE_MAX_RETRIES="1") as (made, api):
        api.trouble = LIMIT
        made.start_loop()
        wait_until(lambda: made.events("agent.told"), timeout=120, message="it to be told")
        api.trouble = None
        made.wait_for(1, "merged", timeout=200)
        told = made.events("agent.told")
        assert {(event.actor_kind, event.data["text"]) for event in told} == {("system", "Go on.")}
        assert len(made.attempts(1)) == 1
