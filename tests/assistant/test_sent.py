"""What goes to the model's service: no secret, and no more than the budget, however large the project is."""

import json
import time
from pathlib import Path

import pytest
from support.chat_api import Answer, Call, chat_api
from support.chatting import Chat, made, only, words

from coordinator.assistant.context import MOST as CONTEXT
from coordinator.assistant.voice_api import MOST_SENT
from coordinator.eventlog.store import EventLog
from coordinator.model.conversation import Trouble
from coordinator.model.event import SYSTEM, Draft

CANARIES = (
    "ghp_" + "c4N4ryAbCdEfGhIjKlMnOpQrStUvWxYz0123",
    "AKIA" + "C4NARYC4NARYC4NA",
    "sk-ant-api03-" + "c4n4ry" * 15 + "AA",
)
OWN = "c4n4ry-of-the-environment-5up3r"
EVERY_LOOK = (
    [Call("status"), Call("graph"), Call("why", {"number": 3}), Call("prompt", {"number": 3}), Call("log")],
    [Call("log", {"text": "token"}), Call("alignment"), Call("alignment", {"number": 3}), Call("milestone")],
    [Call("feedback"), Call("feedback", {"number": 1}), Call("witnesses"), Call("diff", {"number": 3})],
)


@pytest.mark.parametrize("canary", CANARIES)
async def test_no_request_carries_a_secret_wherever_it_stands(tmp_path: Path, canary: str) -> None:
    layout = made(tmp_path / "p")
    said = f"the token: {canary}"
    prompt = layout.prompts / "03-planned-prompt-3.prompt.md"
    prompt.write_text(prompt.read_text() + f"\n{'x ' * 1480}{said} {'y' * 3000}\n")
    layout.alignment.write_text(
        f"# Alignment\n\n## Prompt 03 · executor-03-1 · 2026-01-01T00:00:00Z\n\n> {said}\n\n{said}\n"
    )
    layout.milestone.write_text(f"---\ntitle: M\nstatus: open\n---\n## Goal\n\n{said}\n")
    layout.feedback.mkdir()
    (layout.feedback / "001-x.md").write_text(
        f"---\nnumber: 1\ntitle: {said}\npriority: high\nstatus: open\n---\n{said}\n"
    )
    with EventLog.open(layout.events_db, create=True) as log:
        log.append([Draft("agent.status", "prompt:3", {"text": said, "state": "working"})], SYSTEM)
    with chat_api(*(Answer("I see", calls) for calls in EVERY_LOOK), Answer("done")) as api:
        chat = Chat(layout, api.url)
        await chat.say(f"is {canary} a token? prompt 3 has it", selected="3")
        await chat.say("and now?", refs=("3",))
        assert len(api.bodies) == 5
        assert len(api.results(3)) == sum(map(len, EVERY_LOOK))
        assert canary not in api.sent
        assert canary[8:24] not in api.sent
        assert canary not in "".join(path.read_text() for path in (tmp_path / "state").rglob("*.json*"))
        await chat.close()


async def test_no_request_is_larger_than_the_budget_whatever_is_looked_at(tmp_path: Path) -> None:
    layout = made(tmp_path / "p", 3)
    big = layout.prompts / "02-planned-prompt-2.prompt.md"
    big.write_text(big.read_text() + "word " * 40_000)
    layout.alignment.write_text("# Alignment\n\n" + "\n".join(f"words {n} of the engineer" for n in range(40_000)))
    many = [Call("prompt", {"number": 2}), Call("alignment")] * 6
    with chat_api(*[Answer("t" * 4000, many)] * 4, Answer("done")) as api:
        chat = Chat(layout, api.url)
        assert words(await chat.say("w" * 19_000, selected="2")).endswith("done")
        assert sum(map(len, api.results())) < 4 * 12 * 7000, "what was looked at first is left out"
        assert max(len(json.dumps(body, ensure_ascii=False)) for body in api.bodies) <= MOST_SENT + 1000
        await chat.close()


async def test_a_thousand_prompts_make_a_turn_no_larger(tmp_path: Path) -> None:
    layout = made(tmp_path / "p", 1000)
    with chat_api(Answer("", [Call("graph"), Call("status")]), Answer("done")) as api:
        chat = Chat(layout, api.url)
        assert words(await chat.say("what of prompt 500?", selected="700")) == "done"
        context = api.bodies[0]["messages"][-1]["content"][0]["text"]
        assert len(context) <= CONTEXT
        assert '<quoted source="prompt 500">' in context
        assert '<quoted source="prompt 700">' in context
        assert "501 [pending" in context, "what waits for it"
        assert len(json.dumps(api.bodies[1])) < MOST_SENT / 2
        await chat.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_million_events_make_a_turn_no_larger_and_hardly_slower(tmp_path: Path) -> None:
    layout = made(tmp_path / "p", 20)
    with EventLog.open(layout.events_db, create=True) as log:
        for block in range(200):
            drafts = [
                Draft("agent.status", f"prompt:{n % 20 + 1}", {"state": "working", "text": f"event {block} {n}"})
                for n in range(5000)
            ]
            log.append(drafts, SYSTEM)
    with chat_api(Answer("", [Call("log", {"text": "event 3 5"}), Call("log", {"prompt": 3})]), Answer("done")) as api:
        chat = Chat(layout, api.url)
        begun = time.monotonic()
        assert words(await chat.say("what of prompt 3?")) == "done"
        print(f"a turn with two looks into a million events: {time.monotonic() - begun:.2f} s")
        assert len(json.dumps(api.bodies[-1])) < MOST_SENT / 2
        await chat.close()


async def test_more_than_fits_is_a_trouble_and_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.assistant.voice_api.MOST_SENT", 2000)
    with chat_api() as api:
        chat = Chat(made(tmp_path / "p"), api.url)
        assert only(Trouble, await chat.say("hello")).kind == "too_long"
        assert not api.bodies
        await chat.close()
