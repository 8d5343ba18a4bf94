"""The whole conversation: screen and terminal, the real voice in its process, a service on the loopback."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.chat_api import Answer, Call, ChatApi
from support.onscreen import until
from support.project import Project
from support.steering import plain_project, steered
from support.talking import Talk
from support.terminal import Terminal
from support.wait import wait_until

from coordinator.storage.paths import Layout

pytestmark = pytest.mark.slow

MEASURE = Call("propose_interject", {"title": "Measure first", "after": [1], "before": [2], "why": "numbers first"})
Serve = Callable[..., ChatApi]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return plain_project(tmp_path / "project", {1: (), 2: (1,), 3: (2,)}, {1: {"status": "done"}})


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts the service; voices that begin after it speak with it."""
    begun: list[ChatApi] = []

    def start(*answers: Answer) -> ChatApi:
        begun.append(ChatApi(answers))
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test-0000000000")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", begun[-1].url)
        return begun[-1]

    yield start
    for api in begun:
        api.close()


async def opened(desk: Talk) -> None:
    await desk.pilot.press("c")
    await until(lambda: desk.app.is_screen_installed("chat"), "the conversation")
    await desk.turn()


def talk_of(desk: object) -> Talk:
    return Talk(desk.app, desk.pilot, desk.layout)  # type: ignore[attr-defined]


async def test_words_tools_and_a_confirmed_proposal(layout: Layout, serve: Serve) -> None:
    hold = threading.Event()
    api = serve(
        Answer(["I look ", "at it."], [Call("graph")], hold=hold),
        Answer("Measure first.", [MEASURE]),
        Answer("It is there now."),
    )
    async with steered(layout, selected=2) as desk:
        talk = talk_of(desk)
        await opened(talk)
        await talk.type("what first?")
        await talk.press("enter")
        await talk.sees("I look at it.")
        hold.set()
        await talk.turn()
        await talk.card()
        assert set(talk.prompts()) == {1, 2, 3}
        await talk.press("enter")
        await until(lambda: "It is there now." in talk.said, "what it says to that", 60)
        assert talk.prompts()[2].dependencies == (1, 4)
        (event,) = talk.events("plan.applied")
        assert str(event.data["proposer"]).startswith("coordinator (claude")
        assert event.actor_kind == "human"
        assert "applied" in api.sent
        await talk.turn()


async def test_escape_ends_a_stream_and_the_next_words_are_answered(layout: Layout, serve: Serve) -> None:
    hold = threading.Event()
    serve(Answer("It begins", hold=hold), Answer("Again."))
    async with steered(layout) as desk:
        talk = talk_of(desk)
        await opened(talk)
        await talk.type("tell me")
        await talk.press("enter")
        await talk.sees("It begins")
        await talk.press("escape")
        await talk.turn()
        hold.set()
        assert "ended here" in talk.said
        await talk.say("and now?")
        assert "Again." in talk.said


@pytest.mark.parametrize(
    "wrong",
    [
        Answer(status=401, kind="authentication_error", message="invalid x-api-key"),
        Answer(status=429, kind="rate_limit_error", headers={"retry-after": "120"}),
        Answer(status=529, kind="overloaded_error"),
        Answer("Half", drop=True),
        Answer("Half", error="overloaded_error"),
        Answer(status=400, kind="invalid_request_error", message="prompt is too long: 250000 tokens"),
    ],
    ids=["key", "rate limit", "overload", "dropped", "broken off", "too long"],
)
async def test_a_trouble_of_the_service_is_told_and_one_key_tries_again(
    layout: Layout, serve: Serve, wrong: Answer
) -> None:
    serve(*[wrong] * 1, Answer("Now."))
    async with steered(layout) as desk:
        talk = talk_of(desk)
        await opened(talk)
        await talk.say("hello")
        assert "! " in talk.said
        assert "^r retry" in talk.text
        await talk.press("ctrl+r")
        await until(lambda: "Now." in talk.said, f"the answer after {talk.said}", 60)


async def test_without_a_key_the_forms_are_there(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    async with steered(layout) as desk:
        talk = talk_of(desk)
        await opened(talk)
        assert "ANTHROPIC_API_KEY" in talk.said
        await talk.type("/cancel 3")
        await talk.press("enter")
        await talk.sees("Cancel 03")


async def test_what_was_said_is_there_the_next_time(layout: Layout, serve: Serve) -> None:
    serve(Answer("The first answer."), Answer("The second."))
    async with steered(layout) as desk:
        talk = talk_of(desk)
        await opened(talk)
        await talk.say("remember this")
    async with steered(layout) as desk:
        talk = talk_of(desk)
        await opened(talk)
        assert "› remember this" in talk.said
        assert "The first answer." in talk.said
        await talk.press("up")
        assert talk.chat.composer.text == "remember this"


def test_the_same_in_a_terminal(make: Callable[..., Project], serve: Serve) -> None:
    api = serve(Answer("Measure first.", [MEASURE]), Answer("It is there now."))
    made = make({1: (), 2: (1,)})
    made.own_environment |= {
        "ANTHROPIC_API_KEY": "sk-ant-test-0000000000",
        "ANTHROPIC_BASE_URL": api.url,
    }
    terminal = Terminal(120, 50)
    try:
        terminal.open(made, "chat")
        terminal.wait_for("›")
        terminal.press("-l", "what first?")
        terminal.press("Enter")
        terminal.wait_for("◆ Proposed:", "y applies it")
        terminal.press("-l", "y")
        terminal.press("Enter")
        terminal.wait_for("✓ applied", "It is there now.")
        assert next(made.layout.prompts.glob("03*")).read_text().count("Measure first")
        # heard where words are asked for, which is once the answer has ended
        wait_until(lambda: terminal.has_ended() or terminal.press("C-d"), message="the end")
    finally:
        terminal.close()
