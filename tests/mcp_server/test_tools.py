"""What an agent CLI meets at `coord mcp`: every era of the protocol, its role's tools, each call done once."""

from typing import Any

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from support.flows import planner
from support.project import COORD, Project
from support.thin import GREETING, Thin, agent_environment, thin
from support.wait import wait_until

from coordinator.formats.handed_in import schema
from coordinator.model.agent_verbs import VERBS

EVERYBODY = {"context", "ask", "assume", "decide", "artifact"}


def program(made: Project) -> StdioServerParameters:
    command, *words = [*COORD, "-C", str(made.layout.root), "mcp"]
    return StdioServerParameters(command=command, args=words, env=agent_environment(made))


@pytest.mark.parametrize("version", HANDSHAKE_PROTOCOL_VERSIONS)
def test_each_era_with_a_handshake_is_answered_in_its_own_words(made: Project, version: str) -> None:
    one = Thin(made)
    try:
        assert one.request("initialize", GREETING | {"protocolVersion": version})["protocolVersion"] == version
        one.send({"method": "notifications/initialized"})
        assert {tool["name"] for tool in one.request("tools/list", {})["tools"]} > EVERYBODY
    finally:
        one.close()


@pytest.mark.parametrize("mode", ["auto", "legacy", *MODERN_PROTOCOL_VERSIONS])
async def test_the_packages_own_client_finds_and_calls_the_tools(made: Project, mode: str) -> None:
    async with Client(stdio_client(program(made)), mode=mode) as client:  # type: ignore[arg-type]
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools["done"].input_schema == schema(VERBS["done"])
        said = await client.call_tool("decide", {"text": f"as {mode} has it"})
        assert not said.is_error
    decided = made.events("decision.recorded")[-1]
    assert (decided.actor, decided.subject, decided.run) == ("executor-01-1", "prompt:1", "run-1")
    assert decided.data["text"] == f"as {mode} has it"


@pytest.mark.parametrize(
    ("role", "more"),
    [
        ("executor", {"done", "fail", "blocked", "learn", "subtask"}),
        ("planner", {"done", "fail", "blocked", "learn", "plan"}),
        ("verifier", {"done", "fail", "blocked", "learn", "verdict"}),
        ("specialist", {"done", "fail", "blocked", "learn", "feedback"}),
        ("stage", {"done", "fail", "blocked", "learn", "stage"}),
        ("coordinator", set()),
    ],
)
def test_an_agent_is_offered_what_its_role_may_say(made: Project, role: str, more: set[str]) -> None:
    with thin(made, agent_environment(made, "someone-1", role)) as one:
        assert {tool["name"] for tool in one.request("tools/list", {})["tools"]} == EVERYBODY | more


def test_a_planner_hands_in_by_its_tool_what_the_command_takes(made: Project) -> None:
    speaker = planner(made, 4)
    prompts = [{"title": "Close it", "body": "## Tasks", "key": "a"}, {"title": "Test it", "body": "## Tasks"}]
    prompts[1]["dependencies"] = ["a"]  # type: ignore[assignment]
    plan = {"decision": "CONTINUE", "reason": "there is a hole", "prompts": prompts}
    with thin(made, made.environment(**speaker.environ)) as one:
        refused = one.call("plan", **plan, cancel=[77], edits=[{"number": 78, "set": {"title": "x"}}])
        assert "edit of 78: there is no prompt 78" in refused
        assert "cancelling 77: there is no prompt 77" in refused
        first, again = (one.call("plan", **plan) for _ in range(2))
    (event,) = made.events("planner.decided")
    assert first.startswith(f"decided as event {event.seq}: CONTINUE: 2 new prompts")
    assert again == f"decided before, as event {event.seq}; now hand off"
    assert (event.actor, event.subject, event.data["prompts"]) == ("planner-4-1", "flow:planner/4", prompts)


def test_a_person_hands_nothing_off(made: Project) -> None:
    with thin(made, made.environment()) as one:
        assert {tool["name"] for tool in one.request("tools/list", {})["tools"]} == EVERYBODY
        assert "there is no tool `done` for you" in one.call("done", summary="mine")


def test_an_unknown_key_is_refused_by_name(made: Project) -> None:
    before = len(made.events())
    with thin(made) as one:
        found: dict[str, Any] = one.request("tools/call", {"name": "decide", "arguments": {"txt": "x"}})
        assert found["isError"] is True
        assert found["content"][0]["text"] == "decide: there is no `txt`\ndid you mean `text`?"
    assert len(made.events()) == before


def test_the_same_call_at_once_64_times_is_one_event_and_one_answer(made: Project) -> None:
    with thin(made) as first, thin(made) as second:
        ends = [first, second]
        call = {"name": "decide", "arguments": {"text": "once", "request": "r-1"}}
        begun = [(end, end.begin("tools/call", call)) for _ in range(32) for end in ends]
        said = {end.result(request)["content"][0]["text"] for end, request in begun}
    (event,) = (event for event in made.events("decision.recorded") if event.data["text"] == "once")
    assert said == {f"recorded as event {event.seq}"}


def test_a_request_that_says_something_else_the_second_time_is_refused(made: Project) -> None:
    with thin(made) as one:
        assert one.call("decide", text="this", request="r-2").startswith("recorded")
        assert "said something else" in one.call("decide", text="that", request="r-2")


def test_a_question_is_answered_to_whoever_asks_it_again(made: Project) -> None:
    with thin(made) as one:
        request = one.begin("tools/call", {"name": "ask", "arguments": {"text": "Which?", "options": ["a", "b"]}})
        wait_until(lambda: made.events("question.asked"), message="the question")
        made.coord("answer", str(made.events("question.asked")[-1].seq), "2")
        assert one.result(request)["content"][0]["text"] == "b"


def test_an_agent_whose_cli_gives_away_nothing_of_its_environment_is_known_all_the_same(made: Project) -> None:
    cleaned = 'env -i PATH="$PATH" PYTHONPATH="$PYTHONPATH" "$@"'
    environ = agent_environment(made)
    with thin(made, environ, below=("sh", "-c", f"{cleaned}; true", "sh")) as one:
        assert "done" in {tool["name"] for tool in one.request("tools/list", {})["tools"]}
        one.call("decide", text="without a word")
    event = made.events("decision.recorded")[-1]
    assert (event.actor, event.subject, event.run) == ("executor-01-1", "prompt:1", "run-1")
