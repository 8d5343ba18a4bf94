"""Codex as the voice: what it tells, what keeps it from every tool but ours, and the real one."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from support.agent_clis import home, installed_clis
from support.chat_api import Answer, Call
from support.chatting import Chat, made, only, tree, words
from support.codex_api import CodexApi

from coordinator.assistant import codex_fence
from coordinator.assistant.codex_stream import CodexStream
from coordinator.assistant.tools import declared
from coordinator.assistant.voice import Troubled
from coordinator.assistant.voice_codex import CodexVoice
from coordinator.assistant.voices import choose
from coordinator.client.reading import ChatSettings
from coordinator.model.conversation import Cancel, Draft, Drafted, Proposal, Say, Text, Tool, Trouble, TurnEnd, Usage

SPACE = codex_fence.SERVER
INTERJECT = Call(f"{SPACE}.propose_interject", {"title": "Measure first", "after": [1], "why": "numbers first"})
OURS = {f"{SPACE}.{tool['name']}" for tool in declared()}
ASK_THE_SERVER = {"list_mcp_resources", "list_mcp_resource_templates", "read_mcp_resource"}
COMPLETED = (
    '2026-11-30T10:14:27.724213Z  INFO codex_otel.log_only: event.name="codex.sse_event" '
    "event.kind=response.completed input_token_count=1000 output_token_count=50 cached_token_count=300 "
    "cache_write_token_count=0 reasoning_token_count=0 tool_token_count=1050 ttft_ms=0 app.version=0.169.0 "
    "originator=codex_exec terminal.type=xterm model=gpt-6.1-sol slug=gpt-6.1-sol"
)
"""As version 0.169.0 logs it, shortened."""
OK = (
    '{"type":"thread.started","thread_id":"01a1fae9-4876-7d31-b75e-3b4e5e8c25eb"}',
    '{"type":"item.completed","item":{"id":"item_1","type":"error","message":"Model metadata for `m` not found."}}',
    '{"type":"turn.started"}',
    '{"type":"item.completed","item":{"id":"item_2","type":"agent_message","text":"I will look."}}',
    '{"type":"item.started","item":{"id":"item_3","type":"mcp_tool_call","server":"coord","tool":"status",'
    '"arguments":{},"result":null,"error":null,"status":"in_progress"}}',
    '{"type":"item.completed","item":{"id":"item_4","type":"agent_message","text":"Codex done."}}',
    '{"type":"turn.completed","usage":{"input_tokens":20714,"cached_input_tokens":0,"cache_write_input_tokens":0,'
    '"output_tokens":133,"reasoning_output_tokens":0}}',
)
LIMITED = (
    '{"type":"turn.started"}',
    '{"type":"error","message":"exceeded retry limit, last status: 429 Too Many Requests"}',
    '{"type":"turn.failed","error":{"message":"exceeded retry limit, last status: 429 Too Many Requests"}}',
)
"""As version 0.169.0 tells them."""


# ── what it says


def said(*lines: object) -> list[Any]:
    stream = CodexStream()
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return [message for text in texts for message in stream.read(text)]


def message(text: str) -> dict[str, object]:
    return {"type": "item.completed", "item": {"id": "item_0", "type": "agent_message", "text": text}}


def total(**usage: int) -> dict[str, object]:
    return {"type": "turn.completed", "usage": usage}


def test_a_captured_run_is_read() -> None:
    heard = said(*OK)
    assert words(heard) == "I will look.\n\nCodex done."
    assert only(Usage, heard) == Usage(20714, 133, 0, None)


def test_a_captured_run_into_a_limit_is_trouble_in_words() -> None:
    with pytest.raises(Troubled, match="limit of Codex's account") as raised:
        said(*LIMITED)
    assert raised.value.trouble.kind == "rate_limit"


def test_what_each_request_used_counts_once() -> None:
    sum_of_it = total(input_tokens=1000, cached_input_tokens=300, output_tokens=50)
    assert said(COMPLETED, sum_of_it) == [Usage(700, 50, 300, None)]
    assert said(sum_of_it) == [Usage(700, 50, 300, None)]
    assert not said(COMPLETED.replace("response.completed", "response.created"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("unexpected status 401 Unauthorized: Incorrect API key", "wrong_key"),
        ("exceeded retry limit, last status: 429 Too Many Requests", "rate_limit"),
        ("You've hit your usage limit. Try again at 3pm", "rate_limit"),
        ("Reconnecting... 1/5 (unexpected status 503 Service Unavailable)", "overloaded"),
        ("Codex ran out of room in the model's context window", "too_long"),
    ],
)
def test_what_goes_wrong_is_said_in_words_before_it_tries_for_long(text: str, kind: str) -> None:
    with pytest.raises(Troubled) as raised:
        said({"type": "error", "message": text})
    assert raised.value.trouble.kind == kind


def test_what_it_tries_again_by_itself_is_no_trouble_yet() -> None:
    assert not said({"type": "error", "message": "Reconnecting... 1/5 (stream disconnected)"})
    for text, told in (("stream disconnected", "broke off"), ("boom", "could not answer: boom")):
        with pytest.raises(Troubled, match=told):
            said({"type": "turn.failed", "error": {"message": text}})


@pytest.mark.parametrize("line", ["", "no", "[1]", '{"type": 3}', '{"type":"item.completed","item":[]}', "{" * 9999])
def test_what_is_no_message_says_nothing(line: str) -> None:
    assert not said(line)


# ── what keeps it


def request(*names: str, space: str = SPACE) -> dict[str, Any]:
    ours = {"type": "namespace", "name": space, "tools": [{"type": "function", "name": name} for name in names]}
    return {"tools": [ours], "input": [{"type": "message", "role": "user", "content": []}]}


def test_a_request_with_our_tools_alone_is_let_pass() -> None:
    body = request("status", "propose_interject")
    codex_fence.check(body)
    codex_fence.check({"tools": [], "input": [{"type": "additional_tools", "tools": body["tools"]}]})


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "name": "shell"},
        {"type": "custom", "name": "apply_patch"},
        {"type": "web_search"},
        {"type": "function", "name": "status"},
        {"type": "namespace", "name": "functions", "tools": [{"type": "custom", "name": "exec"}]},
        {"type": "namespace", "name": "mcp__other", "tools": [{"type": "function", "name": "status"}]},
        {"type": "namespace", "name": SPACE, "tools": [{"type": "function", "name": "answer"}]},
        "shell",
    ],
)
def test_a_version_that_offers_any_other_tool_is_not_used(tool: object) -> None:
    body = request("status")
    for other in ({**body, "tools": [*body["tools"], tool]}, {**body, "input": [{"type": "more", "tools": [tool]}]}):
        with pytest.raises(Troubled, match="tools that can't be switched off"):
            codex_fence.check(other)


def test_a_version_that_does_not_offer_ours_is_not_used() -> None:
    for body in ({}, request(), {"tools": 1, "input": [3]}):
        with pytest.raises(Troubled, match="doesn't offer the coordinator's tools"):
            codex_fence.check(body)


def test_what_it_says_is_on_is_switched_off_and_its_models_bring_no_tools() -> None:
    words = list(codex_fence.settings("shell_tool   stable   true\nmemories  under development  false\n\n--x y true\n"))
    assert [words[at + 1] for at, word in enumerate(words) if word == "--disable"] == ["shell_tool"]
    assert 'web_search="disabled"' in words
    printed = json.dumps(
        {"models": [{"slug": "one", "shell_type": "shell_command", "apply_patch_tool_type": "freeform"}]}
    )
    one, other = json.loads(codex_fence.catalog(printed, "mine"))["models"]
    assert (one["slug"], other["slug"]) == ("one", "mine")
    assert (one["shell_type"], one["apply_patch_tool_type"], other["tool_mode"]) == ("disabled", None, "direct")


def test_of_the_engineers_settings_only_the_service_and_the_login_are_taken_over(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        'model = "m"\nnotify = ["x"]\nsandbox_mode = "danger-full-access"\nmodel_provider = "own"\n'
        '[model_providers.own]\nbase_url = "http://x"\nexperimental_bearer_token = "secret"\n'
        '[mcp_servers.other]\ncommand = "sh"\n'
    )
    kept = codex_fence.own_settings({"CODEX_HOME": str(tmp_path)})
    assert kept == {"model": "m", "model_provider": "own", "model_providers.own.base_url": "http://x"}
    assert codex_fence.own_settings({"HOME": str(tmp_path)}) == {}


def test_it_speaks_where_nothing_else_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Codex is not installed" in choose(ChatSettings(voice="codex"), "", {}).missing
    (tmp_path / "codex").write_text("#!/bin/sh\n")
    (tmp_path / "codex").chmod(0o755)
    for voice in ("codex", "auto"):
        found = choose(ChatSettings(voice=voice), "", {}).voice
        assert found is not None
        assert found.name == "codex"


@pytest.mark.parametrize(("asked", "kind"), [("login", "wrong_key"), ("debug", "other"), ("features", "other")])
async def test_without_a_login_or_in_a_version_that_cannot_be_kept_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, kind: str
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    program = tmp_path / "codex"
    program.write_text(f'#!/bin/sh\n[ "$1" = {asked} ] && exit 1\necho \'{{"models": [{{"slug": "m"}}]}}\'\n')
    program.chmod(0o755)
    chat = Chat(made(tmp_path / "project"), "", voice=CodexVoice(program=str(program)))
    heard = await chat.say("go on")
    assert (only(Trouble, heard).kind, heard[-1]) == (kind, TurnEnd("error"))
    await chat.close()


# ── the real one


@pytest.fixture
async def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., tuple[CodexApi, Chat]]]:
    """Begin a conversation with the real CLI, whose service answers so; it is at home in a folder of the test."""
    binaries = installed_clis()
    layout = made(tmp_path / "project")
    begun: list[tuple[CodexApi, Chat]] = []

    def begin(*answers: Answer, model: str = "") -> tuple[CodexApi, Chat]:
        api = CodexApi(answers)
        for name, value in home(tmp_path / "home", layout.root, api.url).items():
            monkeypatch.setenv(name, value)
        begun.append((api, Chat(layout, "", voice=CodexVoice(model, str(binaries / "codex")))))
        return begun[-1]

    yield begin
    for api, chat in begun:
        await chat.close()
        api.close()


Real = Callable[..., tuple[CodexApi, Chat]]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["", "gpt-6.1-sol", "gpt-5.5"])
async def test_it_looks_proposes_and_hears_what_became_of_it(real: Real, model: str) -> None:
    api, chat = real(
        Answer("Let me look.", [Call(f"{SPACE}.status")]),
        Answer("I would measure.", [INTERJECT]),
        Answer("Good."),
        model=model,
    )
    before = tree(chat.reading_root)
    heard = await chat.say("what is to be done?")
    assert words(heard) == "Let me look.\n\nI would measure.", heard
    assert [one.name for one in heard if isinstance(one, Tool)] == ["status", "propose_interject"]
    card = only(Proposal, heard)
    assert card.steps[0].values == {"title": "Measure first", "after": [1]}
    assert heard[-1] == TurnEnd("end")
    assert [one.input for one in heard if isinstance(one, Usage)] == [700, 700]
    assert tree(chat.reading_root) == before
    assert "next free number" in api.results(1)[0] or "7 prompts" in api.results(1)[0]
    assert words(await chat.decide(card, "rejected", "not now")) == "Good."
    assert len(api.bodies) == 3
    assert "not now" in json.dumps(api.bodies[-1])
    assert "You are Codex" not in api.sent
    for place in range(3):
        assert api.offered(place) == OURS | ASK_THE_SERVER


@pytest.mark.slow
async def test_whatever_the_model_wants_it_can_neither_write_a_file_nor_run_a_command(
    real: Real, tmp_path: Path
) -> None:
    stolen = tmp_path / "stolen"
    harm = f"touch {stolen}"
    patch = f"*** Begin Patch\n*** Add File: {stolen}\n+x\n*** End Patch"
    attacks = [
        Call("shell", {"command": ["touch", str(stolen)]}),
        Call("shell_command", {"command": harm}),
        Call("exec_command", {"cmd": harm}),
        Call("functions.exec_command", {"cmd": harm}),
        Call("custom.apply_patch", {"text": patch}),
        Call("apply_patch", {"input": patch}),
        Call("custom.exec", {"text": f"await tools.exec_command({{cmd: {harm!r}}})"}),
        Call("view_image", {"path": "/etc/passwd"}),
        Call("read_mcp_resource", {"server": "coord", "uri": "file:///etc/passwd"}),
        Call("read_mcp_resource", {"server": "other", "uri": "file:///etc/passwd"}),
        Call("collaboration.spawn_agent", {"message": harm}),
        Call("mcp__other.run", {}),
        Call(f"{SPACE}.answer", {"question": "1", "text": "yes"}),
        Call(f"{SPACE}.propose_review", {"number": 2, "approve": True, "why": "x"}),
    ]
    api, chat = real(*(Answer("", [attack]) for attack in attacks), Answer("I can't."))
    plant(tmp_path / "home" / ".codex", harm)
    before = tree(chat.reading_root)
    heard = await chat.say("go on")
    assert words(heard) == "I can't.", heard
    assert len(api.results()) == len(attacks)
    assert "root:" not in "".join(api.results())
    assert not stolen.exists()
    assert tree(chat.reading_root) == before
    assert not [one for one in heard if isinstance(one, Proposal)]
    assert set().union(*map(api.offered, range(len(api.bodies)))) == OURS | ASK_THE_SERVER
    assert "CANARY" not in api.sent


def plant(folder: Path, harm: str) -> None:
    """Settings of the engineer with hooks, a server, a program to notify and more that would each do harm."""
    own = (folder / "config.toml").read_text()
    more = f'[mcp_servers.other]\ncommand = "sh"\nargs = ["-c", "{harm}"]\n[features]\nshell_tool = true\n'
    first = f'notify = ["sh", "-c", "{harm}"]\ndeveloper_instructions = "CANARY"\nsandbox_mode = "danger-full-access"\n'
    (folder / "config.toml").write_text(first + own + more)
    hooks = [{"hooks": [{"type": "command", "command": harm}]}]
    (folder / "hooks.json").write_text(
        json.dumps({"hooks": dict.fromkeys(("SessionStart", "UserPromptSubmit"), hooks)})
    )
    (folder / "rules").mkdir()
    (folder / "rules" / "default.rules").write_text('prefix_rule(pattern=["touch"], decision="allow")\n')
    (folder / "skills" / "evil").mkdir(parents=True)
    (folder / "skills" / "evil" / "SKILL.md").write_text("---\nname: evil\ndescription: CANARY\n---\n")


@pytest.mark.slow
async def test_it_writes_a_draft_without_any_tool(real: Real) -> None:
    api, chat = real(Answer("## Tasks\n\n- mend it"))
    await chat.talk.hear(Draft("d1", "patch", "body", "2", {"went_wrong": "it hung"}))
    heard = await chat.until(lambda one: isinstance(one, Drafted) and one.done)
    assert "".join(one.delta for one in heard if isinstance(one, Drafted)) == "## Tasks\n\n- mend it"
    assert api.offered(0) <= ASK_THE_SERVER
    assert "it hung" in api.sent


@pytest.mark.slow
async def test_a_cancelled_turn_and_one_whose_service_refuses(real: Real) -> None:
    held = threading.Event()
    api, chat = real(Answer("Let me think", hold=held), Answer(status=401, kind="invalid_api_key", message="no"))
    await chat.talk.hear(Say("go on"))
    await chat.until(lambda one: isinstance(one, Text))
    await chat.talk.hear(Cancel())
    assert chat.heard[-1] == TurnEnd("cancelled")
    held.set()
    assert only(Trouble, await chat.say("again")).kind == "wrong_key"
    await asyncio.to_thread(api.streaming.wait, 1)
