"""The real Gemini CLI, in a tmux window and headless, with a model service on the loopback: the whole way."""

import time
from pathlib import Path

import pytest
from support.fake_api import Step
from support.real_agents import (
    ASK,
    FINISH,
    FREE,
    killed_half_way,
    real_project,
    wait_for_agent,
    work_to_the_end,
)

from coordinator.model.clock import timestamp

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
CLOUD = "cloudcode-pa.googleapis.com"
WRITE = Step("I write a file.", "write_file", {"file_path": "made.txt", "content": "by gemini\n"})


def shell(command: str) -> Step:
    """A shell command of Gemini."""
    return Step("", "run_shell_command", {"command": command, "description": "a step of the task"})


SCRIPT = [WRITE, shell(ASK), shell(FINISH), Step("Done.")]


def test_a_headless_gemini_agent_edits_asks_a_human_hands_off_and_is_merged(tmp_path: Path) -> None:
    with real_project(tmp_path, {"executor-01-1": SCRIPT}, {1: "gemini"}, FREE, headless=True) as (made, api):
        made.start_loop()
        work_to_the_end(made, 1, "blue")
        assert made.repository.git("show", "main:made.txt") == "by gemini"
        assert made.repository.git("show", "main:colour.txt") == "blue"
        exited = made.events("agent.exited")[-1].data
        assert (exited["status"], exited["tokens"]) == (0, 4 * 1050)
        assert "Do 1." in api.told["executor-01-1"]
        assert made.attempts(1)[-1]["session"]


def test_a_gemini_agent_in_its_window_is_denied_told_permitted_asks_and_is_merged(tmp_path: Path) -> None:
    asks = {"gemini": "-m gemini-2.5-flash"}
    with real_project(tmp_path, {"executor-01-1": SCRIPT}, {1: "gemini"}, asks) as (made, _):
        made.start_loop()
        agent = wait_for_agent(made, 1, "permission")
        assert (agent["evidence"], agent["doing"]) == ("screen", "WriteFile Writing to made.txt")
        refused = made.coord("tell", "1", "hello", check=False)
        assert (refused.returncode, "can't take a message now" in refused.stderr) == (3, True)
        made.coord("permit", "1", "--deny")
        wait_for_agent(made, 1, "interrupted")
        made.coord("tell", "1", "Try that again.")  # it has forgotten the call that was denied
        work_to_the_end(made, 1, "blue")
        assert made.repository.git("show", "main:made.txt") == "by gemini"
        assert made.repository.git("show", "main:colour.txt") == "blue"
        exited = made.events("agent.exited")[-1].data
        assert exited["status"] == 0
        assert int(str(exited["tokens"])) >= 4 * 1050  # it may be let go before its last word is counted
        allowed = [event.data["allowed"] for event in made.events("permission.answered")]
        assert allowed == [False, True, True, True]
        assert made.agents() == []


def test_a_gemini_agent_that_is_killed_half_way_goes_on_in_its_session(tmp_path: Path) -> None:
    half = shell('echo half >half.txt && git add -A && git commit -qm "Half of it"')
    with killed_half_way(tmp_path, "gemini", half, shell(f"cp half.txt whole.txt && {FINISH}")) as (made, api):
        assert "stopped half-way" in api.told["executor-01-2"]
        assert "You are executor-01-1." in api.heard["executor-01-2"]
        assert made.repository.git("show", "main:whole.txt") == "half"


def test_a_wrong_key_and_a_used_up_quota_show_as_what_they_are(tmp_path: Path) -> None:
    script = [shell(FINISH.replace("commit", "commit --allow-empty")), Step("Done.")]
    wrong_key = Step(error=401, kind="UNAUTHENTICATED", message="API key not valid. Please pass a valid API key.")
    resets = [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "QUOTA_EXHAUSTED", "domain": CLOUD},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "4500s"},
    ]
    quota = Step(error=429, kind="RESOURCE_EXHAUSTED", message="Quota exceeded.", more={"details": resets})
    with real_project(tmp_path, {"executor-01-1": script}, {1: "gemini"}, FREE) as (made, api):
        api.trouble = wrong_key
        made.start_loop()
        agent = wait_for_agent(made, 1, "interrupted")
        assert agent["doing"] == "API key not valid. Please pass a valid API key."
        api.trouble = quota
        made.coord("tell", "1", "Go on.")
        began = time.time()
        agent = wait_for_agent(made, 1, "rate-limited")
        assert agent["doing"].startswith("Usage limit reached for ")
        assert abs(timestamp(agent["resets_at"]) - began - 4500) < 90  # it tells minutes
        until = time.strftime("%H:%M", time.localtime(timestamp(agent["resets_at"])))
        assert f"rate-limited until {until}" in made.coord("agents").stdout
        assert f"gemini rate-limited until {until}" in made.coord("graph").stdout
