"""The real OpenCode, in a tmux window and headless, with a model service on the loopback: the whole way."""

import json
import time
from pathlib import Path

import pytest
from support.fake_api import Step
from support.real_agents import (
    ASK,
    FINISH,
    in_trouble,
    permit_until,
    real_project,
    stop_trying,
    wait_for_agent,
    work_to_the_end,
)

from coordinator.model.clock import timestamp

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
WRITE = Step("I write a file.", "write", {"filePath": "made.txt", "content": "by opencode\n"})
ASKS = json.dumps({"permission": {"bash": "ask", "edit": "ask"}})
"""Configuration of somebody who wants to be asked; coord adds its own to it."""
COST = 1000 * 3e-6 + 50 * 15e-6
"""US dollars of an answer of the service."""


def shell(command: str) -> Step:
    """A shell command of OpenCode."""
    return Step("", "bash", {"command": command, "description": "a step of the task"})


SCRIPT = [WRITE, shell(ASK), shell(FINISH), Step("Done.")]
EMPTY = [shell(FINISH.replace("commit", "commit --allow-empty")), Step("Done.")]


def test_a_headless_opencode_agent_edits_asks_a_human_hands_off_and_is_merged(tmp_path: Path) -> None:
    with real_project(tmp_path, {"executor-01-1": SCRIPT}, {1: "opencode"}, {}, headless=True) as (made, api):
        made.start_loop()
        work_to_the_end(made, 1, "blue")
        assert made.repository.git("show", "main:made.txt") == "by opencode"
        assert made.repository.git("show", "main:colour.txt") == "blue"
        exited = made.events("agent.exited")[-1].data
        assert (exited["status"], exited["tokens"]) == (0, 4 * 1050)
        assert float(str(exited["cost_usd"])) == pytest.approx(4 * COST)
        assert "Do 1." in api.told["executor-01-1"]


def test_an_opencode_agent_in_its_window_is_denied_told_permitted_asks_and_is_merged(
    tmp_path: Path,
) -> None:
    own = {"OPENCODE_CONFIG_CONTENT": ASKS}
    with real_project(tmp_path, {"executor-01-1": SCRIPT}, {1: "opencode"}, {}, **own) as (made, _):
        made.start_loop()
        agent = wait_for_agent(made, 1, "permission")
        assert agent["evidence"] in ("hook", "screen")  # whichever was seen first
        assert "made.txt" in agent["doing"]
        refused = made.coord("tell", "1", "hello", check=False)
        assert (refused.returncode, "can't take a message now" in refused.stderr) == (3, True)
        made.coord("permit", "1", "--deny")
        wait_for_agent(made, 1, "idle")
        made.coord("tell", "1", "Go on without that file.")
        work_to_the_end(made, 1, "blue")
        assert "made.txt" not in made.repository.git("ls-tree", "--name-only", "main")
        assert made.repository.git("show", "main:colour.txt") == "blue"
        exited = made.events("agent.exited")[-1].data
        assert exited["status"] == 0
        assert int(str(exited["tokens"])) >= 3 * 1050  # it may be let go before its last word is counted
        assert float(str(exited["cost_usd"])) >= 3 * COST - 1e-9
        assert made.agents() == []


LIMITED = Step(error=429, kind="rate_limit_error", message="over your rate limit", headers={"retry-after": "3000"})
TROUBLES = (
    (LIMITED, "rate-limited", "over your rate limit"),
    (Step(error=529, kind="overloaded_error", message="Overloaded"), "rate-limited", "overloaded"),
    (Step(drop=True), "interrupted", "onnect"),
    (Step(error=401, kind="authentication_error", message="invalid x-api-key"), "interrupted", "invalid x-api-key"),
)


def test_each_trouble_of_the_service_shows_as_what_it_is(tmp_path: Path) -> None:
    with real_project(tmp_path, {"executor-01-1": EMPTY}, {1: "opencode"}, {}, settings={"go_on": "false"}) as (
        made,
        api,
    ):
        api.trouble = TROUBLES[0][0]
        began = time.time()
        made.start_loop()
        before = ""
        for trouble, state, words in TROUBLES:
            if api.trouble is not trouble:
                stop_trying(made, "esc (again to )?interrupt", before)
                api.trouble = trouble
                made.coord("tell", "1", "Go on.")
            agent, before = in_trouble(made, state, words), words
            if trouble is LIMITED:
                assert 3000 <= timestamp(agent["resets_at"]) - began < 3120  # from the first try on
                assert "rate-limited until " in made.coord("agents").stdout
        api.trouble = None
        made.coord("tell", "1", "Go on.")
        permit_until(made, 1, lambda: made.states().get(1) == "merged", "1 to be merged")


def test_a_killed_opencode_agent_starts_afresh_with_its_task(tmp_path: Path) -> None:
    scripts = {"executor-01-1": [shell("kill -9 $PPID; sleep 60")], "executor-01-2": SCRIPT[:1] + EMPTY}
    with real_project(tmp_path, scripts, {1: "opencode"}, {}) as (made, api):
        made.start_loop()
        made.wait_for(1, "failed", timeout=60)
        made.coord("restart", "1", "--yes")
        permit_until(made, 1, lambda: made.states().get(1) == "merged", "1 to be merged")
        assert "stopped half-way" not in api.told["executor-01-2"]
        assert "You are executor-01-1." not in api.heard["executor-01-2"]
        assert made.repository.git("show", "main:made.txt") == "by opencode"
