"""The real agent CLIs, each in its own tmux window, with a model service on the loopback: the whole way."""

from pathlib import Path

import pytest
from support.fake_api import Step, shell
from support.project import Project
from support.real_agents import (
    ASK,
    FINISH,
    FREE,
    agent_of,
    killed_half_way,
    permit_until,
    real_project,
    run_in,
    screen,
    wait_for_agent,
    work_to_the_end,
)
from support.wait import wait_until

from coordinator.model.work import prompt_work

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_a_claude_agent_edits_asks_permission_asks_a_human_hands_off_and_is_merged(tmp_path: Path) -> None:
    script = [
        Step("I write a file.", "Write", {"file_path": "made.txt", "content": "by claude\n"}),
        shell(ASK),
        shell(FINISH),
        Step("Done."),
    ]
    allowed = "--permission-mode default --allowedTools 'Bash(coord:*)' 'Bash(git:*)'"
    with real_project(tmp_path, {"executor-01-1": script}, {1: "claude"}, {"claude": allowed}) as (made, _):
        script[0] = Step(
            "",
            "Write",
            {"file_path": str(made.layout.worktree(prompt_work(1), 1) / "made.txt"), "content": "by claude\n"},
        )
        made.start_loop()
        agent = wait_for_agent(made, 1, "permission")
        assert agent["evidence"] in ("hook", "screen")  # whichever was seen first
        assert "made.txt" in agent["doing"]
        made.coord("permit", "1", "--allow")
        work_to_the_end(made, 1, "blue")
        assert made.repository.git("show", "main:made.txt") == "by claude"
        assert made.repository.git("show", "main:colour.txt") == "blue"
        exited = made.events("agent.exited")[-1].data
        assert exited["status"] == 0
        assert int(str(exited["tokens"])) >= 4 * 1050
        assert float(str(exited["cost_usd"])) > 0
        (answered, *_) = made.events("permission.answered")
        assert (answered.actor_kind, answered.data["allowed"]) == ("human", True)


def test_a_codex_agent_edits_asks_permission_asks_a_human_hands_off_and_is_merged(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    escalated = {"sandbox_permissions": "require_escalated", "justification": "I need it out there"}
    script = [
        run_in("echo by codex >made.txt"),
        run_in(f"touch {outside}", **escalated),
        run_in(ASK),
        run_in(FINISH),
        Step("Done."),
    ]
    with real_project(tmp_path, {"executor-01-1": script}, {1: "codex"}) as (made, _):
        made.start_loop()
        agent = wait_for_agent(made, 1, "permission")
        assert (agent["evidence"], agent["doing"]) == ("screen", f"touch {outside}")
        assert not outside.exists()
        work_to_the_end(made, 1, "blue")
        assert outside.exists()
        assert made.repository.git("show", "main:made.txt") == "by codex"
        assert made.repository.git("show", "main:colour.txt") == "blue"
        exited = made.events("agent.exited")[-1].data
        assert (exited["status"], exited["tokens"]) == (0, 5 * 1050)
        assert made.attempts(1)[-1]["session"]
        assert made.agents() == []


def test_a_claude_agent_that_is_killed_half_way_goes_on_in_its_session(tmp_path: Path) -> None:
    half = shell('echo half >half.txt && git add -A && git commit -qm "Half of it"')
    with killed_half_way(tmp_path, "claude", half, shell(f"cp half.txt whole.txt && {FINISH}")) as (made, api):
        first, second = made.attempts(1)
        assert first["session"] == second["session"]
        assert "stopped half-way" in api.told["executor-01-2"]
        assert "You are executor-01-1." in api.heard["executor-01-2"]
        assert made.repository.git("show", "main:whole.txt") == "half"


TROUBLES = (
    (Step(error=429, kind="rate_limit_error", message="too many requests"), "rate-limited", "429"),
    (Step(error=529, kind="overloaded_error", message="Overloaded"), "rate-limited", "verloaded"),
    (Step(drop=True), "interrupted", "onnection"),
    (Step(error=401, kind="authentication_error", message="invalid x-api-key"), "interrupted", "API key"),
)


def test_each_trouble_of_the_service_shows_as_what_it_is(tmp_path: Path) -> None:
    scripts = {"executor-01-1": [shell(FINISH.replace("commit", "commit --allow-empty")), Step("Done.")]}
    with real_project(
        tmp_path, scripts, {1: "claude"}, FREE, settings={"go_on": "false"}, CLAUDE_CODE_MAX_RETRIES="1"
    ) as (made, api):
        api.trouble = TROUBLES[0][0]
        made.start_loop()
        for trouble, state, words in TROUBLES:
            if api.trouble is not trouble:
                api.trouble = trouble
                made.coord("tell", "1", "Go on.")
            given_up(made, state, words)
        api.trouble = None
        made.coord("tell", "1", "Go on.")
        permit_until(made, 1, lambda: made.states().get(1) == "merged", "1 to be merged")
        logged = [(e.data["state"]) for e in made.events("agent.status")]
        assert {"rate-limited", "interrupted"} <= set(logged)
        assert [e.data["text"] for e in made.events("agent.told")] == ["Go on."] * len(TROUBLES)


def given_up(made: Project, state: str, words: str) -> None:
    """Wait until the agent says by its hook that its turn ended this way."""

    def there() -> bool:
        agent = agent_of(made, 1)
        return (agent["state"], agent["evidence"]) == (state, "hook") and words in agent["doing"]

    try:
        wait_until(there, message=f"{state}: {words}")
    except AssertionError as error:
        raise AssertionError(f"{error}; {agent_of(made, 1)}\n{screen(made, 1)[-1500:]}\n{made.said()}") from None


TOOLS = {
    "claude": shell,
    "codex": run_in,
    "gemini": lambda command: Step("", "run_shell_command", {"command": command, "description": "a step"}),
    "opencode": lambda command: Step("", "bash", {"command": command, "description": "a step"}),
}


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("size", [1_000_000, 0])
def test_a_prompt_arrives_whole_whatever_is_in_it(tmp_path: Path, name: str, size: int) -> None:
    text = "# 日本語の課題 $(touch pwned) `touch pwned` \"'; #{pane_id} @file /help !ls\n" + "語" * (size // 3)
    counted = 'wc -c <"$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/01/attempt-1/prompt.txt" >size.txt; '
    scripts = {"executor-01-1": [TOOLS[name](counted + FINISH), Step("Done.")]}
    with real_project(tmp_path, scripts, {1: name}, FREE) as (made, api):
        path = next(made.layout.prompts.glob("01-*"))
        path.write_text(path.read_text() + text + "\nthe last word\n")
        made.start_loop()
        permit_until(made, 1, lambda: made.states().get(1) == "merged", "1 to be merged")
        told = (made.layout.attempt("run-1", prompt_work(1), 1) / "prompt.txt").read_text()
        assert text in told
        assert int(made.repository.git("show", "main:size.txt")) == len(told.encode())
        assert ("prompt.txt" in api.told["executor-01-1"]) if size else (told.strip() in api.told["executor-01-1"])
        assert not list(made.layout.root.rglob("pwned"))
