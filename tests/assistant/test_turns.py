"""Turns of a conversation against a service on the loopback: tools, cards, questions, cancelling, budget, history."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from support.chat_api import Answer, Call, ChatApi, chat_api
from support.chatting import Chat, made, only, words

from coordinator.assistant.voice_api import ApiVoice
from coordinator.model.conversation import (
    Ask,
    Cancel,
    Decided,
    Draft,
    Drafted,
    Earlier,
    Option,
    Proposal,
    ProposedStep,
    Retry,
    Say,
    Text,
    Tool,
    Trouble,
    TurnEnd,
    Usage,
)
from coordinator.storage.runs import new_run

Start = Callable[..., tuple[ChatApi, Chat]]
INTERJECT = Call("propose_interject", {"title": "Measure first", "after": [1], "why": "numbers before opinions"})


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Begin a conversation about a project of seven prompts, with a service that answers so."""
    layout = made(tmp_path / "project")
    begun: list[tuple[ChatApi, Chat]] = []

    def begin(*answers: Answer) -> tuple[ChatApi, Chat]:
        api = ChatApi(answers or [Answer("ok")])
        begun.append((api, Chat(layout, api.url)))
        return begun[-1]

    yield begin
    for api, chat in begun:
        await chat.close()
        api.close()


async def test_words_come_in_parts_and_the_turn_ends(start: Start) -> None:
    _, chat = start(Answer(["Seven ", "prompts."]))
    heard = await chat.say("how many are there?")
    assert [one.delta for one in heard if isinstance(one, Text)] == ["Seven ", "prompts."]
    assert heard[-1] == TurnEnd("end")
    used = only(Usage, heard)
    assert (used.input, used.output, used.cached) == (1200, 50, 3000)
    assert used.cost == pytest.approx((1000 + 200 * 1.25 + 3000 * 0.1) * 2e-6 + 50 * 10e-6)


async def test_tools_are_called_until_there_is_something_to_say(start: Start) -> None:
    api, chat = start(
        Answer("I look.", [Call("status"), Call("prompt", {"number": 3})]),
        Answer("", [Call("why", {"number": 99}), Call("nonsense"), Call("prompt", {"number": 3, "x": 1})]),
        Answer("It waits for 02."),
    )
    heard = await chat.say("why does 3 wait?")
    assert [one.about for one in heard if isinstance(one, Tool)][:2] == ["the status", "prompt 3"]
    assert "Do 3." in api.results(1)[1]
    assert api.results(1)[1].startswith('<quoted source="prompt 3">')
    problems = ["there is no prompt", "there is no tool `nonsense`", "nobody asks for `x`"]
    assert [problem in text for problem, text in zip(problems, api.results(2)[2:], strict=True)] == [True] * 3
    assert words(heard) == "I look.It waits for 02."


async def test_the_steady_part_is_cached_and_the_same_in_every_turn(start: Start) -> None:
    api, chat = start(Answer("one"), Answer("two"))
    await chat.say("first")
    await chat.say("second")
    first, second = api.bodies
    assert first["system"] == second["system"]
    assert first["tools"] == second["tools"]
    assert first["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert second["messages"][1]["content"][0] == {
        "type": "text",
        "text": "one",
        "cache_control": {"type": "ephemeral"},
    }
    assert second["messages"][0]["content"][0]["text"] == "first", "without what the project was like then"


async def test_a_proposal_is_a_card_and_the_turn_is_over(start: Start) -> None:
    api, chat = start(Answer("This way:", [INTERJECT, Call("status")]), Answer("Good."))
    heard = await chat.say("we need numbers first")
    card = only(Proposal, heard)
    assert card.steps == (ProposedStep("interject", {"title": "Measure first", "after": [1]}),)
    assert (card.why, card.read, len(api.bodies)) == ("numbers before opinions", (), 1)
    assert "Measure first" in card.title
    heard = await chat.decide(card, "applied", "plan 1 is applied")
    assert words(heard) == "Good."
    told = api.bodies[1]["messages"][-1]["content"][-1]["text"]
    assert "decision on the card" in told
    assert "applied" in told
    assert "plan 1 is applied" in told


@pytest.mark.parametrize("outcome", ["rejected", "edited", "stale", "failed"])
async def test_what_became_of_a_card_is_told(start: Start, outcome: str) -> None:
    api, chat = start(Answer("", [INTERJECT]), Answer("I see.", [INTERJECT]))
    card = only(Proposal, await chat.say("we need numbers first"))
    again = await chat.decide(card, outcome, "not now")
    assert outcome in api.bodies[1]["messages"][-1]["content"][-1]["text"]
    assert only(Proposal, again).id != card.id


async def test_a_decision_on_a_card_that_nobody_knows_begins_nothing(start: Start) -> None:
    api, chat = start(Answer("hello"))
    await chat.talk.hear(Decided("p-unknown", "applied"))
    await chat.say("hello")
    assert len(api.bodies) == 1


async def test_five_edits_are_one_card(start: Start) -> None:
    steps: list[dict[str, Any]] = [
        {"service": "interject", "values": {"title": "Measure", "before": [3]}},
        {"service": "edit", "values": {"number": 4, "values": {"dependencies": "2"}}},
        {"service": "edit", "values": {"number": 5, "values": {"priority": "high"}}},
        {"service": "patch", "values": {"title": "Mend the clock", "fixes": [1]}},
        {"service": "cancel", "values": {"number": 7, "reason": "nobody wants it"}},
    ]
    _, chat = start(Answer("", [Call("propose_plan", {"title": "Steer", "why": "as agreed", "steps": steps})]))
    card = only(Proposal, await chat.say("measure first, 7 is not needed any more"))
    assert (card.title, len(card.steps)) == ("Steer", 5)


async def test_a_refusal_is_told_to_the_model_which_can_do_better(start: Start) -> None:
    wrong = Call("propose_interject", {"title": "x", "after": [99], "why": "y"})
    api, chat = start(Answer("", [wrong]), Answer("", [INTERJECT]))
    card = only(Proposal, await chat.say("put something first"))
    assert "99" in api.results(1)[0]
    assert card.steps[0].values["after"] == [1]


async def test_a_question_with_options_is_answered_by_a_digit(start: Start) -> None:
    options = [{"label": "cancel 7", "tradeoff": "nothing is lost"}, {"label": "keep it", "tradeoff": "costs an hour"}]
    ask = Call("ask_engineer", {"question": "What of the last one?", "options": options})
    cancel = Call("propose_cancel", {"number": 7, "why": "as you said"})
    api, chat = start(Answer("", [ask]), Answer("", [cancel]))
    heard = await chat.say("is there something that we don't need?")
    assert only(Ask, heard).options == (Option("cancel 7", "nothing is lost"), Option("keep it", "costs an hour"))
    card = only(Proposal, await chat.say("1"))
    assert api.bodies[1]["messages"][-1]["content"][-1]["text"] == "1: cancel 7"
    assert card.steps[0].service == "cancel"


async def test_cancelled_half_way_what_was_said_stays_and_the_next_turn_goes_on(start: Start) -> None:
    hold = threading.Event()
    api, chat = start(Answer(["Well, "], [INTERJECT], hold=hold), Answer("Fine."))
    await chat.talk.hear(Say("go on"))
    await chat.until(lambda one: isinstance(one, Text))
    heard = asyncio.create_task(chat.until(lambda one: isinstance(one, TurnEnd)))
    await asyncio.sleep(0)
    await chat.talk.hear(Cancel())
    assert (await heard)[-1] == TurnEnd("cancelled")
    hold.set()
    assert words(await chat.say("something else")) == "Fine."
    assert not any(isinstance(one, Proposal) for one in chat.heard)
    assert "Well, (the engineer interrupted this)" in api.bodies[1]["messages"][1]["content"][0]["text"]


async def test_what_is_said_while_a_turn_is_under_way_waits_for_its_end(start: Start) -> None:
    hold = threading.Event()
    api, chat = start(Answer("one", hold=hold), Answer("two"))
    await chat.talk.hear(Say("first"))
    await chat.until(lambda one: isinstance(one, Text))
    await chat.talk.hear(Say("second"))
    hold.set()
    await chat.until(lambda one: one == Text("two"))
    assert [body["messages"][-1]["content"][-1]["text"] for body in api.bodies] == ["first", "second"]


async def test_what_was_said_is_there_in_the_next_session_without_its_secrets(start: Start, tmp_path: Path) -> None:
    key = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    _, chat = start(Answer("noted"))
    await chat.say(f"the token is {key}")
    api, again = start(Answer("yes"))
    again.talk.begin()
    assert [(one.who, "token is" in one.text) for one in again.heard if isinstance(one, Earlier)] == [
        ("engineer", True),
        ("coordinator", False),
    ]
    await again.say("do you remember?")
    assert api.bodies[0]["messages"][1]["content"][0]["text"] == "noted"
    (kept,) = (tmp_path / "state").rglob("turns.jsonl")
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert key not in kept.read_text() + api.sent


async def test_its_own_budget_ends_the_talk_in_words_and_more_of_it_lets_it_go_on(start: Start) -> None:
    api, chat = start(Answer("one"), Answer("two"))
    config = Path(chat.reading.root, ".coord/coord.yaml")
    config.write_text("chat_budget_tokens: 4000\n")
    await chat.say("first")
    trouble = only(Trouble, await chat.say("second"))
    assert trouble.kind == "budget"
    assert "4,250 of 4,000 tokens" in trouble.message
    assert "chat_budget_tokens" in trouble.message
    config.write_text("chat_budget_cost: 100\n")
    assert words(await chat.turn(Retry())) == "two"
    assert len(api.bodies) == 2


async def test_turns_and_drafts_count_in_the_run_that_they_were_made_in(tmp_path: Path) -> None:
    layout = made(tmp_path / "p")
    run = new_run(layout, "Bucket", started="2027-01-15T08:00:00Z")
    with chat_api(Answer("Well."), Answer("- mend it")) as api:
        chat = Chat(layout, api.url)
        heard = await chat.say("how is it?")
        await chat.talk.hear(Draft("d1", "patch", "body", "2", {"went_wrong": "it hung"}))
        heard += await chat.until(lambda one: isinstance(one, Drafted) and one.done)
        used = [one for one in heard if isinstance(one, Usage)]
        assert len(used) == 2
        (spent,) = chat.files.in_runs().values()
        assert chat.files.in_runs().keys() == {run}
        assert spent.tokens == sum(one.input + one.output + one.cached for one in used)
        await chat.close()


async def test_a_budget_in_dollars_that_can_not_be_kept_is_said(tmp_path: Path) -> None:
    layout = made(tmp_path / "p")
    layout.config.write_text("chat_budget_cost: 5\n")
    with chat_api() as api:
        chat = Chat(layout, api.url, ApiVoice("claude-of-tomorrow", api.url))
        assert only(Usage, await chat.say("hello")).cost is None
        trouble = only(Trouble, await chat.say("go on"))
        assert (trouble.kind, "chat_budget_tokens" in trouble.message, len(api.bodies)) == ("budget", True, 1)
        await chat.close()


async def test_a_draft_is_written_beside_the_conversation(start: Start) -> None:
    api, chat = start(Answer(["## Tasks\n\n", "- mend it"]))
    draft = Draft("d1", "patch", "went_wrong", "1", {"title": "Mend the clock"})
    await chat.talk.hear(draft)
    heard = await chat.until(lambda one: isinstance(one, Drafted) and one.done)
    assert "".join(one.delta for one in heard if isinstance(one, Drafted)) == "## Tasks\n\n- mend it"
    assert "tools" not in api.bodies[0]
    assert "Mend the clock" in api.sent
    assert not [one for one in heard if isinstance(one, TurnEnd)]


async def test_a_draft_for_what_is_no_field_is_a_trouble(start: Start) -> None:
    api, chat = start(Answer("x"))
    await chat.talk.hear(Draft("d1", "patch", "nonsense"))
    heard = await chat.until(lambda one: isinstance(one, Drafted))
    assert only(Trouble, heard).kind == "other"
    assert not api.bodies


async def test_a_fault_of_the_voice_ends_the_turn_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise ValueError("nobody thought of this")

    monkeypatch.setattr("coordinator.assistant.talk.context", broken)
    with chat_api() as api:
        chat = Chat(made(tmp_path / "p"), api.url)
        heard = await chat.say("hello")
        assert "nobody thought of this" in only(Trouble, heard).message
        assert heard[-1] == TurnEnd("error")
        await chat.close()
