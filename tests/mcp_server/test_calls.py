"""Calls in the life of an agent: whole attempts, waiting, giving up, and what a call is told of where it comes from."""

import asyncio
import json
import os
import signal
from collections.abc import Callable

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types.version import LATEST_MODERN_VERSION
from support.project import COORD, NOTHING, Project
from support.thin import GREETING, agent_environment, end_server, server_of, thin
from support.wait import wait_until

from coordinator.model.event import Event
from coordinator.model.work import prompt_work

Make = Callable[..., Project]
AT_ONCE = 64


def call(number: int, tool: str, **values: object) -> dict[str, object]:
    return {"id": number, "method": "tools/call", "params": {"name": tool, "arguments": values}}


def script(*calls: dict[str, object]) -> str:
    """A line of a script that makes calls over MCP; what is answered is in the file `answers`."""
    said = [{"id": 0, "method": "initialize", "params": GREETING}, {"method": "notifications/initialized"}, *calls]
    lines = "\n".join(json.dumps({"jsonrpc": "2.0", **message}) for message in said)
    return f"coord mcp <<'END' >\"$COORD_ROOT/answers\"\n{lines}\nEND\n"


def answers(made: Project) -> dict[int, str]:
    """What calls were answered, by their number."""
    found = [json.loads(line) for line in (made.layout.root / "answers").read_text().splitlines()]
    return {one["id"]: one["result"]["content"][0]["text"] for one in found if "content" in one.get("result", {})}


def test_an_attempt_is_done_over_mcp_alone_and_handed_off_once(make: Make) -> None:
    done = {"summary": "wrote it", "validation": [{"command": "cat it", "note": "there"}], "request": "end"}
    work = "echo 1 >it.txt && git add -A && git commit -qm It\n"
    first = script(call(1, "context"), call(2, "decide", text="one line"))
    last = script(*(call(number, "done", **done) for number in range(1, AT_ONCE + 1)))
    made = make({1: []}, {1: f'{work}{first}mv "$COORD_ROOT/answers" "$COORD_ROOT/first"\n{last}'})
    made.layout.milestone.write_text("---\ntitle: M\nstatus: open\n---\n## Goal\n\nA file that is there.\n")
    assert made.run_loop() == 0, made.said()
    assert made.states() == {1: "merged"}
    assert "A file that is there." in (made.layout.root / "first").read_text()
    (given,) = made.events("handoff.given")
    assert (given.actor, given.data["summary"]) == ("executor-01-1", "wrote it")
    assert given.data["validation"] == ["cat it: there"]
    assert made.events("decision.recorded")[0].data["text"] == "one line"
    assert answers(made) == dict.fromkeys(range(1, AT_ONCE + 1), "handed off: done")
    end_server(made)


def test_what_is_not_committed_is_refused_in_the_words_of_the_command(make: Make) -> None:
    left = "echo 1 >it.txt\n" + script(call(1, "done", summary="x")) + NOTHING.replace("--no-change", "")
    made = make({1: []}, {1: left + "git add -A; git commit -qm It\n" + NOTHING})
    assert made.run_loop() == 0, made.said()
    assert "not done yet: it handed off with uncommitted work in its worktree: it.txt" in answers(made)[1]
    end_server(made)


@pytest.mark.parametrize("meanwhile", [False, True], ids=["answered then", "answered meanwhile"])
def test_a_client_that_gives_up_on_a_question_asks_again_and_gets_the_same(made: Project, meanwhile: bool) -> None:
    attempt = 2 + meanwhile
    text = f"Left or right in attempt {attempt}?"
    asked = {"name": "ask", "arguments": {"text": text}}
    environ = agent_environment(made, f"executor-01-{attempt}") | {"COORD_ATTEMPT": str(attempt)}
    made.layout.attempt("run-1", prompt_work(1), attempt).mkdir(parents=True)  # it keeps which answers it got

    def questions() -> list[Event]:
        return [event for event in made.events("question.asked") if event.data["text"] == text]

    with thin(made, environ) as one:
        first = one.begin("tools/call", asked)
        (question,) = wait_until(questions, message="the question")
        one.send({"method": "notifications/cancelled", "params": {"requestId": first, "reason": "timeout"}})
        if meanwhile:
            made.coord("answer", str(question.seq), "left")
        again = one.begin("tools/call", asked)
        if not meanwhile:
            made.coord("answer", str(question.seq), "left")
        assert one.result(again)["content"][0]["text"] == "left"
    assert len(questions()) == 1


def test_the_same_question_with_the_same_request_is_answered_again_at_any_time(made: Project) -> None:
    with thin(made) as one:
        asked = one.begin("tools/call", {"name": "ask", "arguments": {"text": "Up or down?", "request": "up"}})
        question = wait_until(
            lambda: next((e for e in made.events("question.asked") if e.data["text"] == "Up or down?"), None)
        )
        made.coord("answer", str(question.seq), "up")
        assert one.result(asked)["content"][0]["text"] == "up"
        assert one.call("ask", text="Up or down?", request="up") == "up"
    with thin(made) as other:
        assert other.call("ask", text="Up or down?", request="up") == "up"


async def test_a_client_without_sessions_gets_its_answer_from_the_next_server(made: Project) -> None:
    command, *words = [*COORD, "-C", str(made.layout.root), "mcp"]
    program = StdioServerParameters(command=command, args=words, env=agent_environment(made))

    def asked() -> int:
        return next((e.seq for e in made.events("question.asked") if e.data["text"] == "Stateless?"), 0)

    async with Client(stdio_client(program), mode=LATEST_MODERN_VERSION) as client:
        answer = asyncio.create_task(client.call_tool("ask", {"text": "Stateless?"}))
        seq = await asyncio.to_thread(wait_until, asked, message="the question")
        os.kill(server_of(made), signal.SIGKILL)
        await asyncio.to_thread(made.coord, "answer", str(seq), "yes")
        assert (await answer).content[0].text == "yes"  # type: ignore[union-attr]


def test_a_file_is_named_from_where_the_agent_is(made: Project) -> None:
    (made.layout.root / "here").mkdir()
    (made.layout.root / "here/it.txt").write_text("it\n")
    below = ("sh", "-c", f'cd "{made.layout.root}/here" && exec "$@"', "sh")
    with thin(made, below=below) as one:
        assert one.call("artifact", path="it.txt").startswith("recorded here/it.txt as event")
        assert "no such file" in one.call("artifact", path="that.txt")


@pytest.mark.slow
async def test_a_client_that_wants_to_know_hears_that_its_question_still_waits(made: Project) -> None:
    command, *words = [*COORD, "-C", str(made.layout.root), "mcp"]
    program = StdioServerParameters(command=command, args=words, env=agent_environment(made))
    heard: asyncio.Queue[float] = asyncio.Queue()

    async def progress(done: float, _total: float | None, _message: str | None) -> None:
        await heard.put(done)

    async with Client(stdio_client(program)) as client:
        answer = asyncio.create_task(client.call_tool("ask", {"text": "Long?"}, progress_callback=progress))
        first, second = await heard.get(), await heard.get()
        assert 0 < first < second
        question = next(e for e in made.events("question.asked") if e.data["text"] == "Long?")
        await asyncio.to_thread(made.coord, "answer", str(question.seq), "no")
        assert (await answer).content[0].text == "no"  # type: ignore[union-attr]
