"""The real Codex with a model service on the loopback that fails, and when it is killed."""

import time
from pathlib import Path

import pytest
from support.fake_api import Step
from support.real_agents import (
    FINISH,
    in_trouble,
    killed_half_way,
    permit_until,
    real_project,
    run_in,
    stop_trying,
)

from coordinator.model.clock import timestamp

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_a_codex_agent_that_is_killed_half_way_goes_on_in_its_session(tmp_path: Path) -> None:
    half = run_in('echo half >half.txt && git add -A && git commit -qm "Half of it"')
    with killed_half_way(tmp_path, "codex", half, run_in(f"cp half.txt whole.txt && {FINISH}")) as (made, api):
        first, second = made.attempts(1)
        assert first["session"] == second["session"]
        assert "stopped half-way" in api.told["executor-01-2"]
        assert "You are executor-01-1." in api.heard["executor-01-2"]
        assert made.repository.git("show", "main:whole.txt") == "half"


USED_UP = {"plan_type": "plus", "resets_at": int(time.time()) + 5400}
TROUBLES = (
    (Step(error=429, kind="rate_limit_error", message="too many requests"), "rate-limited", "429"),
    (Step(error=429, kind="usage_limit_reached", message="Used up", more=USED_UP), "rate-limited", "usage limit"),
    (Step(error=503, kind="server_error", message="Service unavailable"), "interrupted", "503"),
    (Step(error=529, kind="overloaded_error", message="Overloaded"), "rate-limited", "Overloaded"),
    (Step(drop=True), "interrupted", "disconnected"),
    (Step(error=401, kind="invalid_api_key", message="Incorrect API key"), "interrupted", "401"),
)
"""The last four are tried again for half a minute and more: what shows meanwhile counts."""


def test_each_trouble_of_the_service_shows_as_what_it_is(tmp_path: Path) -> None:
    scripts = {"executor-01-1": [run_in(FINISH.replace("commit", "commit --allow-empty")), Step("Done.")]}
    with real_project(tmp_path, scripts, {1: "codex"}, settings={"go_on": "false"}) as (made, api):
        api.trouble = TROUBLES[0][0]
        made.start_loop()
        for trouble, state, words in TROUBLES:
            if api.trouble is not trouble:
                stop_trying(made, "esc to interrupt")
                api.trouble = trouble
                made.coord("tell", "1", "Go on.")
            agent = in_trouble(made, state, words)
            if trouble.more:
                assert abs(timestamp(agent["resets_at"]) - USED_UP["resets_at"]) < 61  # it tells minutes
        stop_trying(made, "esc to interrupt")
        api.trouble = None
        made.coord("tell", "1", "Go on.")
        permit_until(made, 1, lambda: made.states().get(1) == "merged", "1 to be merged")
