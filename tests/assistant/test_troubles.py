"""Each trouble is said in words, the words of the engineer are kept, and a retry goes on."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.chat_api import Answer, chat_api
from support.chatting import Chat, made, only, words

from coordinator.model.conversation import Retry, Trouble, TurnEnd

TROUBLES = {
    "wrong_key": Answer(status=401, kind="authentication_error", message="invalid x-api-key"),
    "rate_limit": Answer(status=429, kind="rate_limit_error", headers={"retry-after": "90"}),
    "overloaded": Answer(status=529, kind="overloaded_error", message="Overloaded"),
    "dropped": Answer("half of it", drop=True),
    "too_long": Answer(status=400, kind="invalid_request_error", message="prompt is too long: 250000 tokens > 200000"),
    "other": Answer(status=404, kind="not_found_error", message="model: nonsense"),
}


@pytest.mark.parametrize("kind", TROUBLES)
async def test_a_trouble_is_said_in_words_and_a_retry_sends_the_same_again(tmp_path: Path, kind: str) -> None:
    with chat_api(TROUBLES[kind], Answer("There you are.")) as api:
        chat = Chat(made(tmp_path / "p"), api.url)
        heard = await chat.say("what of prompt 3?")
        trouble = only(Trouble, heard)
        assert (trouble.kind, heard[-1]) == (kind, TurnEnd("error"))
        assert len(trouble.message) > 20
        assert bool(trouble.retry_at) == (kind == "rate_limit")
        heard = await chat.turn(Retry())
        assert words(heard) == "There you are."
        assert api.bodies[0]["messages"][-1] == api.bodies[1]["messages"][-1]
        await chat.close()


async def test_an_overload_in_the_middle_of_an_answer_is_one(tmp_path: Path) -> None:
    with chat_api(Answer("half of it", error="overloaded_error")) as api:
        chat = Chat(made(tmp_path / "p"), api.url)
        assert only(Trouble, await chat.say("hello")).kind == "overloaded"
        await chat.close()


async def test_no_network_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        chat = Chat(made(tmp_path / "p"), f"http://127.0.0.1:{taken.getsockname()[1]}")
        trouble = only(Trouble, await chat.say("hello"))
        assert trouble.kind == "no_network"
        assert "can't be reached" in trouble.message
        await chat.close()


async def test_a_retry_after_too_long_leaves_out_what_is_older(tmp_path: Path) -> None:
    answers = [Answer(f"answer {count}") for count in range(4)]
    with chat_api(*answers, TROUBLES["too_long"], Answer("yes")) as api:
        chat = Chat(made(tmp_path / "p"), api.url)
        for count in range(4):
            await chat.say(f"words {count}")
        await chat.say("and now?")
        await chat.turn(Retry())
        before, after = (len(body["messages"]) for body in api.bodies[-2:])
        assert after < before
        await chat.close()


async def test_words_that_failed_are_part_of_what_comes_after(tmp_path: Path) -> None:
    with chat_api(TROUBLES["dropped"], Answer("yes")) as api:
        chat = Chat(made(tmp_path / "p"), api.url)
        await chat.say("first words")
        await chat.say("second words")
        told = api.bodies[1]["messages"]
        assert told[0]["content"][0]["text"] == "first words"
        assert told[1]["content"][0]["text"] == "half of it (the answer broke off)"
        await chat.close()


async def test_a_retry_without_a_trouble_does_nothing(tmp_path: Path) -> None:
    with chat_api(Answer("yes")) as api:
        chat = Chat(made(tmp_path / "p"), api.url)
        await chat.talk.hear(Retry())
        await chat.say("hello")
        assert len(api.bodies) == 1
        await chat.close()


async def test_more_words_than_fit_are_refused_before_they_are_sent(tmp_path: Path) -> None:
    with chat_api() as api:
        chat = Chat(made(tmp_path / "p"), api.url)
        assert only(Trouble, await chat.say("x" * 20_001)).kind == "too_long"
        assert not api.bodies
        await chat.close()


# ── the process


@contextmanager
def process(folder: Path, **environ: str) -> Iterator["subprocess.Popen[str]"]:
    argv = [sys.executable, "-m", "coordinator.assistant", "-C", str(folder)]
    env = {**os.environ, **environ}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def tell(running: "subprocess.Popen[str]", **message: object) -> None:
    assert running.stdin is not None
    running.stdin.write(json.dumps(message) + "\n")
    running.stdin.flush()


def hear(running: "subprocess.Popen[str]") -> dict[str, object]:
    assert running.stdout is not None
    found: dict[str, object] = json.loads(running.stdout.readline())
    return found


def until(running: "subprocess.Popen[str]", kind: str) -> list[dict[str, object]]:
    heard = [hear(running)]
    while heard[-1]["type"] != kind:
        heard.append(hear(running))
    return heard


def test_the_process_speaks_in_lines_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    made(tmp_path / "p")
    with chat_api(Answer(["Hello ", "there."])) as api, process(tmp_path / "p", ANTHROPIC_BASE_URL=api.url) as running:
        assert hear(running) == {"type": "ready", "voice": "api", "model": "claude-sonnet-5-5", "missing": ""}
        tell(running, type="nonsense")
        tell(running, type="say", text="hello")
        heard = until(running, "turn_end")
        assert [one["delta"] for one in heard if one["type"] == "text"] == ["Hello ", "there."]
        assert api.keys[0].endswith("sk-ant-test-0000000000")
        tell(running, type="close")
        assert running.wait(90) == 0


def test_without_a_key_it_says_what_is_missing_and_goes_on_listening(tmp_path: Path) -> None:
    made(tmp_path / "p")
    Path(tmp_path / "p/.coord/coord.yaml").write_text("chat: api\n")
    with process(tmp_path / "p", ANTHROPIC_API_KEY="") as running:
        ready = hear(running)
        assert (ready["voice"], "ANTHROPIC_API_KEY" in str(ready["missing"])) == ("none", True)
        tell(running, type="say", text="hello")
        assert [one["type"] for one in until(running, "turn_end")] == ["trouble", "turn_end"]
        assert running.stdin is not None
        running.stdin.close()
        assert running.wait(90) == 0


def test_an_untrusted_project_does_not_say_where_the_key_goes(tmp_path: Path) -> None:
    made(tmp_path / "p")
    with chat_api(Answer("mine")) as own, chat_api(Answer("theirs")) as other:
        Path(tmp_path / "p/.coord/coord.yaml").write_text(f"chat_base_url: {other.url}\n")
        with process(tmp_path / "p", ANTHROPIC_BASE_URL=own.url) as running:
            tell(running, type="say", text="hello")
            until(running, "turn_end")
        assert (len(own.bodies), len(other.bodies)) == (1, 0)


def test_where_there_is_no_project_it_says_so(tmp_path: Path) -> None:
    with process(tmp_path) as running:
        assert "coord init" in str(hear(running)["missing"])
