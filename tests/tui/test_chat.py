"""The conversation on the screen: what comes is shown as it comes, and nothing happens that nobody confirmed."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.onscreen import until
from support.stand_in import StandIn
from support.steering import path_of, plain_project
from support.talking import talking

from coordinator.apply.plans import planning
from coordinator.model.conversation import (
    TROUBLES,
    Ask,
    Option,
    Proposal,
    ProposedStep,
    Ready,
    Text,
    Tool,
    Trouble,
    TurnEnd,
    Usage,
)
from coordinator.storage.paths import Layout
from tui.forms.proposal import ProposalForm
from tui.forms.stages import Stage
from tui.screens.chat import ChatScreen

END = TurnEnd()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """1 is done; 2 waits for it, 3 for 2; 4 and 5 stand alone."""
    return plain_project(tmp_path / "project", {1: (), 2: (1,), 3: (2,), 4: (), 5: ()}, {1: {"status": "done"}})


def proposal(*steps: tuple[str, dict[str, Any]], title: str = "Measure first") -> Proposal:
    steps_made = tuple(ProposedStep(*step) for step in steps)
    return Proposal("p1", title, "numbers before opinions", steps_made, read=("the log of prompt 2",))


MEASURE = ("interject", {"title": "Measure it", "after": [1], "before": [2]})
FIVE = (
    MEASURE,
    ("edit", {"number": 3, "values": {"priority": "high"}}),
    ("cancel", {"number": 4, "reason": "nobody wants it"}),
    ("edit", {"number": 5, "values": {"title": "Another title"}}),
    ("patch", {"title": "Mend the first", "fixes": [1], "went_wrong": "it fell over"}),
)


# ── words


async def test_an_answer_is_shown_while_it_comes(layout: Layout, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    answer = [
        Text("The **first** wo"),
        {"file": str(go_on)},
        Text("rds\n\n```python\ndef f():\n"),
        Text("    pass\n```"),
        END,
    ]
    async with talking(layout, StandIn(tmp_path / "voice", answer)) as desk:
        await desk.type("how is it?")
        await desk.press("enter")
        await desk.sees("The first wo")
        assert "› how is it?" in desk.said
        assert desk.chat.talk is not None
        assert desk.chat.talk.busy
        go_on.touch()
        await desk.turn()
        assert "The first words" in desk.text
        assert "│     pass" in desk.text
        assert desk.voice.heard("say")[0]["text"] == "how is it?"


async def test_it_is_told_what_is_selected_and_referred_to(layout: Layout, tmp_path: Path) -> None:
    async with talking(layout, StandIn(tmp_path / "voice", [END]), selected=3) as desk:
        await desk.say("is @2 in the way?")
        said = desk.voice.heard("say")[0]
        assert (said["selected"], said["refs"]) == ("3", ["2"])


async def test_what_it_looks_at_and_what_it_cost_stand_there(layout: Layout, tmp_path: Path) -> None:
    turn = [Tool("log", "the log of prompt 3"), Text("Fine."), Usage(12_000, 400, 0, 0.08), END]
    async with talking(layout, StandIn(tmp_path / "voice", turn)) as desk:
        await desk.say("hello")
        assert "· the log of prompt 3" in desk.said
        assert "12.4k tokens, $0.08" in desk.text
        assert "Coordinator · the API, claude-opus-5" in desk.text


async def test_escape_ends_the_answer_and_keeps_what_is_typed(layout: Layout, tmp_path: Path) -> None:
    turn = [Text("It begins"), {"until": "cancel"}, TurnEnd("cancelled")]
    async with talking(layout, StandIn(tmp_path / "voice", turn, [Text("Again."), END])) as desk:
        await desk.type("tell me all")
        await desk.press("enter")
        await desk.sees("It begins")
        await desk.type("the next words")
        await desk.press("enter")
        await desk.sees("It still answers")
        await desk.press("escape")
        await desk.turn()
        assert "ended here" in desk.said
        assert desk.chat.composer.text == "the next words"
        await desk.press("enter")
        await desk.turn()
        assert "Again." in desk.said
        assert desk.voice.heard("say")[1]["text"] == "the next words"


@pytest.mark.slow
async def test_escape_leaves_the_page_and_the_conversation_is_there_again(layout: Layout, tmp_path: Path) -> None:
    async with talking(layout, StandIn(tmp_path / "voice", [Text("Fine."), END])) as desk:
        await desk.say("hello")
        await desk.type("half a")
        await desk.press("escape")
        assert desk.app.screen is desk.app.main
        await desk.press("c")
        assert isinstance(desk.app.screen, ChatScreen)
        await desk.sees("Fine.")
        assert desk.chat.composer.text == "half a"
        assert len(desk.voice.heard("begun")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", TROUBLES)
async def test_a_trouble_is_told_in_words_and_one_key_tries_again(layout: Layout, tmp_path: Path, kind: str) -> None:
    trouble = [Text("Half"), Trouble(kind, f"it is {kind}"), TurnEnd("error")]
    async with talking(layout, StandIn(tmp_path / "voice", trouble, [Text("Now."), END])) as desk:
        await desk.say("hello")
        assert f"! it is {kind}" in desk.text
        assert "^r retry" in desk.text
        await desk.type("a draft")
        await desk.press("ctrl+r")
        await desk.turn()
        assert "Now." in desk.said
        assert desk.chat.composer.text == "a draft"
        assert [one["type"] for one in desk.voice.heard()] == ["begun", "say", "retry"]
        assert "^r" not in desk.text


async def test_after_a_trouble_one_key_tries_again(layout: Layout, tmp_path: Path) -> None:
    trouble = [Trouble("rate_limit", "too many requests", "2027-01-15T08:07:00Z"), TurnEnd("error")]
    async with talking(layout, StandIn(tmp_path / "voice", trouble, [Text("Now."), END])) as desk:
        await desk.say("hello")
        assert "! too many requests; again from " in desk.text
        await desk.press("ctrl+r")
        await desk.turn()
        assert "Now." in desk.said


async def test_a_voice_that_breaks_is_started_again_with_the_words_it_did_not_answer(
    layout: Layout, tmp_path: Path
) -> None:
    async with talking(layout, StandIn(tmp_path / "voice", [{"exit": 3}], [Text("Now."), END])) as desk:
        await desk.say("hello")
        assert "the coordinator's voice has ended: it broke" in desk.said
        await desk.press("ctrl+r")
        await until(lambda: "Now." in desk.said, "the answer of the next process")
        assert [one["text"] for one in desk.voice.heard("say")] == ["hello", "hello"]
        assert len(desk.voice.heard("begun")) == 2


@pytest.mark.slow
async def test_without_a_voice_one_line_says_what_is_missing_and_the_forms_are_there(
    layout: Layout, tmp_path: Path
) -> None:
    none = StandIn(tmp_path / "voice", ready=[Ready("none", missing="no API key: set ANTHROPIC_API_KEY")])
    async with talking(layout, none) as desk:
        assert "! no API key: set ANTHROPIC_API_KEY" in desk.text
        await desk.type("/interject Something")
        await desk.press("enter")
        await desk.sees("Interject")
        assert desk.form.field("title").value == "Something"
        await desk.press("ctrl+s")
        await until(lambda: 6 in desk.prompts(), "the prompt")
        assert [event.data.get("proposer") for event in desk.events("plan.applied")] == [None]


async def test_a_question_is_answered_by_a_digit(layout: Layout, tmp_path: Path) -> None:
    asked = Ask("a1", "Which first?", (Option("The bucket", "quick, but blind"), Option("The clock", "slow, but sure")))
    async with talking(layout, StandIn(tmp_path / "voice", [asked, END], [Text("Good."), END])) as desk:
        await desk.say("what now?")
        assert "1 The bucket" in desk.text
        assert "slow, but sure" in desk.text
        await desk.press("2")
        await desk.turn()
        assert desk.voice.heard("say")[1]["text"] == "2"
        assert "› The clock" in desk.said
        await desk.press("2")
        assert desk.chat.composer.text == "2"


@pytest.mark.slow
async def test_what_was_said_is_recalled_and_what_is_written_comes_back(layout: Layout, tmp_path: Path) -> None:
    async with talking(layout, StandIn(tmp_path / "voice", [END], [END])) as desk:
        await desk.say("one")
        await desk.say("two")
        await desk.type("three")
        for key, text in (("up", "two"), ("up", "one"), ("up", "one"), ("down", "two"), ("down", "three")):
            await desk.press(key)
            assert desk.chat.composer.text == text


async def test_commands_and_references_are_completed(layout: Layout, tmp_path: Path) -> None:
    async with talking(layout, StandIn(tmp_path / "voice")) as desk:
        await desk.type("/pat")
        assert "A quick patch for a specific issue." in desk.text
        await desk.press("tab")
        assert desk.chat.composer.text == "/patch "
        await desk.press("ctrl+u")
        await desk.type("look at @prompt")
        await desk.press("down", "tab")
        assert desk.chat.composer.text == "look at @2 "
        await desk.type("and @.coord/mil")
        await desk.press("escape", "backspace", "tab")
        assert desk.chat.composer.text == "look at @2 and @.coord/milestone.md "


@pytest.mark.slow
async def test_a_command_with_a_number_opens_the_form_of_that_prompt(layout: Layout, tmp_path: Path) -> None:
    async with talking(layout, StandIn(tmp_path / "voice")) as desk:
        await desk.type("/cancel 4")
        await desk.press("enter")
        await desk.sees("Cancel 04 Prompt 4")
        await desk.press("ctrl+s")
        await until(lambda: desk.prompts()[4].status == "cancelled", "the cancelled prompt")
        await until(lambda: desk.chat.composer.has_focus, "the focus on the words")


async def test_pause_is_a_form_that_pauses_what_is_dispatched(layout: Layout, tmp_path: Path) -> None:
    async with talking(layout, StandIn(tmp_path / "voice")) as desk:
        await desk.type("/pause to measure")
        await desk.press("enter")
        await until(lambda: desk.chat.plan_form is not None, "the form")
        assert desk.form.field("reason").value == "to measure"
        await desk.press("enter")
        await desk.sees("pause dispatch: nothing new starts, running agents finish")
        assert not layout.loop_json.exists()
        await desk.press("enter")
        await until(lambda: desk.chat.composer.has_focus, "the focus on the words")
        paused = json.loads(layout.loop_json.read_text())
        assert (paused["state"], paused["reason"]) == ("paused", "to measure")
        assert [event.data.get("proposer") for event in desk.events("plan.applied")] == [None]
        assert not desk.voice.heard("say")


async def test_a_reason_that_follows_the_number_stands_in_the_form(layout: Layout, tmp_path: Path) -> None:
    async with talking(layout, StandIn(tmp_path / "voice")) as desk:
        await desk.type("/cancel 4 too late")
        await desk.press("enter")
        await desk.sees("Cancel 04 Prompt 4")
        assert desk.form.field("reason").value == "too late"


async def test_what_it_says_changes_nothing_on_the_terminal(layout: Layout, tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07 [@click=app.quit]x[/] \u202egnp [link](javascript:x)"
    turn = [Text(evil), Tool("t", evil), Ask("a", evil, (Option(evil, evil),)), proposal(MEASURE, title=evil), END]
    async with talking(layout, StandIn(tmp_path / "voice", turn)) as desk:
        await desk.say("hello")
        for bad in "\x1b\x07\u202e":
            assert bad not in desk.text
        assert "[@click=app.quit]x[/]" in desk.said
        assert desk.app.is_running


# ── proposals


async def test_a_proposal_is_confirmed_and_the_log_names_who_proposed_it(layout: Layout, tmp_path: Path) -> None:
    voice = StandIn(tmp_path / "voice", [Text("I would."), proposal(MEASURE), END], [Text("Good."), END])
    async with talking(layout, voice) as desk:
        await desk.say("what first?")
        before = bytes_of(layout)
        await desk.card()
        assert "numbers before opinions" in desk.text
        assert "It had read: the log of prompt 2." in desk.text
        assert "+dependencies: [1, 6]" in desk.text
        assert bytes_of(layout) == before
        await desk.press("enter")
        await desk.turn()
        assert desk.prompts()[6].title == "Measure it"
        (event,) = desk.events("plan.applied")
        assert event.data["proposer"] == "coordinator (claude-opus-5)"
        assert event.actor_kind == "human"
        (decided,) = voice.heard("decided")
        assert (decided["proposal"], decided["outcome"], decided["plan"]) == ("p1", "applied", event.data["plan"])
        await until(lambda: desk.chat.form is None, "the card to close")
        assert "✓ Applied" in desk.said


async def test_what_is_typed_when_a_card_opens_confirms_nothing(layout: Layout, tmp_path: Path) -> None:
    async with talking(layout, StandIn(tmp_path / "voice", [proposal(MEASURE), END])) as desk:
        await desk.say("what first?")
        await until(lambda: desk.chat.plan_form is not None, "the card")
        await desk.type("yes nex")
        assert desk.chat.composer.text == "yes nex"
        assert set(desk.prompts()) == {1, 2, 3, 4, 5}
        assert desk.form.stage is Stage.CONFIRM


async def test_a_proposal_is_rejected(layout: Layout, tmp_path: Path) -> None:
    voice = StandIn(tmp_path / "voice", [proposal(MEASURE), END], [Text("As you like."), END])
    async with talking(layout, voice) as desk:
        await desk.say("what first?")
        before = bytes_of(layout)
        await desk.card()
        await desk.press("n")
        await desk.turn()
        assert voice.heard("decided")[0]["outcome"] == "rejected"
        assert desk.chat.form is None
        assert "As you like." in desk.said
        assert bytes_of(layout) == before


@pytest.mark.slow
async def test_a_proposal_is_left_for_later(layout: Layout, tmp_path: Path) -> None:
    voice = StandIn(tmp_path / "voice", [proposal(MEASURE), END], [END])
    async with talking(layout, voice) as desk:
        await desk.say("what first?")
        await desk.card()
        await desk.press("escape")
        await until(lambda: desk.chat.form is None and desk.chat.composer.has_focus, "the words again")
        assert voice.heard("decided") == []
        await desk.press("enter")
        await until(lambda: desk.chat.plan_form is not None and desk.form.has_focus, "the card again")
        await desk.press("enter")
        await desk.turn()
        assert 6 in desk.prompts()


async def test_a_proposal_is_edited_in_the_form_of_its_service(layout: Layout, tmp_path: Path) -> None:
    voice = StandIn(tmp_path / "voice", [proposal(MEASURE), END], [END])
    async with talking(layout, voice) as desk:
        await desk.say("what first?")
        await desk.card()
        await desk.press("e")
        await until(lambda: "title" in desk.form.fields, "the form")
        assert desk.form.field("title").value == "Measure it"
        assert desk.form.field("before").value == (2,)
        await desk.type(" twice")
        await desk.press("enter")
        await until(lambda: isinstance(desk.form, ProposalForm) and desk.form.has_focus, "the card again")
        assert set(desk.prompts()) == {1, 2, 3, 4, 5}
        await desk.sees("measure-it-twice.prompt.md")
        await desk.press("enter")
        await desk.turn()
        assert desk.prompts()[6].title == "Measure it twice"
        assert voice.heard("decided")[0]["outcome"] == "edited"


@pytest.mark.slow
async def test_leaving_the_form_of_a_step_leaves_the_proposal_as_it_was(layout: Layout, tmp_path: Path) -> None:
    async with talking(layout, StandIn(tmp_path / "voice", [proposal(MEASURE), END], [END])) as desk:
        await desk.say("what first?")
        await desk.card()
        await desk.press("e")
        await until(lambda: "title" in desk.form.fields, "the form")
        await desk.type(" twice")
        await desk.press("escape")
        await until(lambda: isinstance(desk.form, ProposalForm) and desk.form.has_focus, "the card again")
        await desk.press("enter")
        await desk.turn()
        assert desk.prompts()[6].title == "Measure it"


@pytest.mark.slow
async def test_a_stale_proposal_is_planned_again_and_asked_about_again(layout: Layout, tmp_path: Path) -> None:
    voice = StandIn(tmp_path / "voice", [proposal(MEASURE), END], [END])
    async with talking(layout, voice) as desk:
        await desk.say("what first?")
        await desk.card()
        with planning(layout):
            await desk.pilot.press("enter")
            assert desk.form.stage is Stage.APPLYING
            file = path_of(layout, 2)
            file.write_text(file.read_text().replace("title: Prompt 2", "title: Another one"))
        await desk.sees("changed meanwhile")
        assert set(desk.prompts()) == {1, 2, 3, 4, 5}
        assert voice.heard("decided") == []
        await until(lambda: desk.form.stage is Stage.CONFIRM, "the review")
        await desk.press("enter")
        await desk.turn()
        assert desk.prompts()[2].dependencies == (1, 6)
        assert desk.prompts()[2].title == "Another one"
        assert voice.heard("decided")[0]["outcome"] == "applied"


async def test_five_steps_are_one_card_and_one_plan(layout: Layout, tmp_path: Path) -> None:
    voice = StandIn(tmp_path / "voice", [proposal(*FIVE), END], [END])
    async with talking(layout, voice) as desk:
        await desk.say("what now?")
        await desk.card()
        assert "! Prompt 04 is not going to be run." in desk.text
        for place, service in enumerate(("interject", "edit 03", "cancel 04", "edit 05", "patch"), start=1):
            assert f"{place} {service}" in desk.text
        await desk.press("enter")
        await desk.turn()
        prompts = desk.prompts()
        assert prompts[3].priority == "high"
        assert prompts[4].status == "cancelled"
        assert prompts[5].title == "Another title"
        assert {prompts[6].title, prompts[7].title} == {"Measure it", "Mend the first"}
        assert len(desk.events("plan.applied")) == 1


async def test_one_of_five_is_edited_and_one_is_taken_out(layout: Layout, tmp_path: Path) -> None:
    voice = StandIn(tmp_path / "voice", [proposal(*FIVE), END], [END])
    async with talking(layout, voice) as desk:
        await desk.say("what now?")
        await desk.card()
        await desk.press("down", "down", "x")
        assert "cancel 04" not in desk.text
        await desk.press("e")
        await until(lambda: "title" in desk.form.fields, "the form of the fourth")
        await until(lambda: desk.form.field("title").value == "Another title", "what was proposed")
        await desk.press("end")
        await desk.type(" still")
        await desk.press("ctrl+s")
        await until(lambda: isinstance(desk.form, ProposalForm) and desk.form.has_focus, "the card again")
        await desk.sees("edit 05, edited")
        await desk.press("enter")
        await desk.turn()
        prompts = desk.prompts()
        assert prompts[4].status == "pending"
        assert prompts[5].title == "Another title still"
        assert {6, 7} < set(prompts)
        assert voice.heard("decided")[0]["outcome"] == "edited"


async def test_a_pause_an_edit_and_a_cancellation_are_one_card_and_one_undo(layout: Layout, tmp_path: Path) -> None:
    steps = (("pause", {"reason": "to think"}), FIVE[1], FIVE[2])
    voice = StandIn(tmp_path / "voice", [proposal(*steps, title="Stop and sort"), END], [END])
    async with talking(layout, voice) as desk:
        await desk.say("pause, then 3 before 4")
        await desk.card()
        assert "pause dispatch" in desk.text
        assert not layout.loop_json.exists()
        await desk.press("enter")
        await desk.turn()
        assert json.loads(layout.loop_json.read_text())["state"] == "paused"
        assert (desk.prompts()[3].priority, desk.prompts()[4].status) == ("high", "cancelled")
        (event,) = desk.events("plan.applied")
        assert str(event.data["proposer"]).startswith("coordinator")
        assert event.actor_kind == "human"


@pytest.mark.slow
async def test_a_step_that_is_refused_is_named_and_the_others_can_do_without_it(layout: Layout, tmp_path: Path) -> None:
    voice = StandIn(tmp_path / "voice", [proposal(FIVE[1], ("cancel", {"number": 77})), END], [END])
    async with talking(layout, voice) as desk:
        await desk.say("what now?")
        await desk.card()
        assert "step 2 (cancel): there is no prompt 77" in desk.text
        await desk.press("enter", "down", "x")
        await until(lambda: desk.form.stage is Stage.CONFIRM, "the review")
        await desk.press("enter")
        await desk.turn()
        assert desk.prompts()[3].priority == "high"


@pytest.mark.slow
@pytest.mark.parametrize("service", ["intent", "review", "answer", "quit"])
async def test_what_may_not_be_proposed_can_not_be_confirmed(layout: Layout, tmp_path: Path, service: str) -> None:
    voice = StandIn(tmp_path / "voice", [proposal((service, {"number": 5, "goal": "x"})), END], [END])
    async with talking(layout, voice) as desk:
        await desk.say("what now?")
        before = bytes_of(layout)
        await desk.card()
        assert f"`{service}` can't be proposed" in desk.text
        await desk.press("enter", "y", "e", "enter", "ctrl+s")
        assert bytes_of(layout) == before
        await desk.press("n")
        await desk.turn()
        assert voice.heard("decided")[0]["outcome"] == "rejected"


def bytes_of(layout: Layout) -> dict[str, bytes]:
    there = [*layout.prompts.iterdir(), layout.alignment, layout.milestone]
    return {str(path): path.read_bytes() for path in there if path.is_file()}


def test_the_stand_in_writes_json(tmp_path: Path) -> None:
    assert json.loads((StandIn(tmp_path)._script).read_text())[0][0]["type"] == "ready"
