"""Answering an agent's permission question, and sending it words, from the screen."""

import pytest
from support import scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource
from textual.widgets import Input

from coordinator.errors import Refused
from coordinator.lazy.dataclass import replace
from coordinator.model.plan import Permit, Plan
from coordinator.model.snapshot import AgentState, Snapshot
from tui.app import CoordApp
from tui.forms.permit import PermitForm
from tui.forms.tell import TellForm
from tui.forms.text_form import Choices

WISH = "rm -rf build [b]x[/b]\x1b[31m"


def asking() -> Snapshot:
    """The scene with nothing but one agent that asks leave for something."""
    busy = scenes.bucket()
    first, *others = (agent for agent in busy.agents if not agent.state.ended)
    others = [replace(agent, state=AgentState.WORKING) for agent in others]
    wants = replace(first, state=AgentState.PERMISSION, doing=WISH)
    return replace(busy, agents=(wants, *others), questions=())


def agent_id() -> str:
    return asking().agents[0].id


def done(source: StillSource, what: str) -> list[tuple[object, ...]]:
    return [asked for asked in source.asked if isinstance(asked, tuple) and asked[0] == what]


async def form(app: CoordApp, kind: type) -> None:
    await until(lambda: isinstance(app.main.form, kind) and app.main.form.has_focus_within, f"the {kind.__name__}")


@pytest.mark.parametrize("key", ["y", "n"])
@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_what_is_wanted_is_shown_whole_and_nothing_is_sent_before_enter(key: str, size: tuple[int, int]) -> None:
    source = StillSource(asking())
    async with shown(source, size=size) as (app, pilot):
        await pilot.press(key)
        await form(app, PermitForm)
        assert "rm -rf build [b]x[/b]·[31m" in screen_text(app)
        assert done(source, "permit") == []
        await pilot.press("enter")
        await until(lambda: app.main.form is None, "the end of the form")
        assert done(source, "permit") == [("permit", agent_id(), True, "")]


async def test_a_denial_takes_a_word_of_why() -> None:
    source = StillSource(asking())
    async with shown(source) as (app, pilot):
        await pilot.press("y")
        await form(app, PermitForm)
        await pilot.press("down", "tab", *"no", "enter")
        await until(lambda: app.main.form is None, "the end of the form")
        assert done(source, "permit") == [("permit", agent_id(), False, "no")]


async def test_words_of_why_are_never_taken_for_leave() -> None:
    source = StillSource(asking())
    async with shown(source) as (app, pilot):
        await pilot.press("y")
        await form(app, PermitForm)
        await pilot.press("tab", *"stop", "enter")
        await until(lambda: done(source, "permit"), "the answer")
        assert done(source, "permit") == [("permit", agent_id(), False, "stop")]


async def test_a_question_that_is_gone_is_said_in_place() -> None:
    source = StillSource(asking())
    source.refusal = Refused("it asks for no permission now", "look at it")
    async with shown(source) as (app, pilot):
        await pilot.press("y")
        await form(app, PermitForm)
        await pilot.press("enter")
        await until(lambda: "it asks for no permission now. look at it" in screen_text(app), "the refusal")
        assert isinstance(app.main.form, PermitForm)
        await pilot.press("escape")
        await until(lambda: app.main.form is None, "the end of the form")


async def test_the_third_choice_goes_into_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    source = StillSource(asking())
    async with shown(source) as (app, pilot):
        went: list[str] = []
        monkeypatch.setattr(app, "attach_to", lambda agent: went.append(agent.id))
        await pilot.press("y")
        await form(app, PermitForm)
        await pilot.press("2", "3")
        assert app.main.query_one(Choices).cursor == 2
        await pilot.press("enter")
        await until(lambda: went, "the window")
        assert went == [agent_id()]
        assert done(source, "permit") == []


async def test_words_are_sent_to_the_agent_that_is_shown_and_stay_while_they_can_not_be() -> None:
    source = StillSource(asking())
    source.refusal = Refused("it can't take a message now", "look at it")
    async with shown(source) as (app, pilot):
        other = asking().agents[1]  # the first one asks, and hears nothing until it is answered
        app.main.select(other.prompt or 0)
        await pilot.press("t")
        await form(app, TellForm)
        await pilot.press(*"hold", "enter")
        await until(lambda: "it can't take a message now. look at it" in screen_text(app), "the refusal")
        assert app.main.query_one("#words", Input).value == "hold"
        source.refusal = None
        await pilot.press("enter")
        await until(lambda: app.main.form is None, "the end of the form")
        assert done(source, "tell") == [("tell", other.id, "hold")]


def twenty() -> Snapshot:
    """Twenty agents that ask leave for the same, and one that asks for something else."""
    busy = scenes.bucket()
    first = next(agent for agent in busy.agents if not agent.state.ended)
    asks = [
        replace(first, id=f"executor-{n:02d}-1", prompt=n, state=AgentState.PERMISSION, doing=WISH)
        for n in range(1, 21)
    ]
    return replace(
        busy, agents=(*asks, replace(asks[0], id="executor-21-1", prompt=21, doing="rm -rf /")), questions=()
    )


@pytest.mark.parametrize(("key", "allow"), [("4", True), ("5", False)])
async def test_twenty_that_ask_for_the_same_are_answered_by_three_keys(key: str, allow: bool) -> None:
    source = StillSource(twenty())
    async with shown(source) as (app, pilot):
        await pilot.press("y")
        await form(app, PermitForm)
        assert "20 agents ask for the same: " in screen_text(app)
        assert " and 12 more" in screen_text(app)
        await pilot.press(key, "enter")
        await until(lambda: app.main.form is None, "the end of the form")
        ((_, plan),) = done(source, "apply")
        assert isinstance(plan, Plan)
        answers = [effect for effect in plan.effects if isinstance(effect, Permit)]
        assert sorted((a.work.number, a.allow, a.doing) for a in answers) == [(n, allow, WISH) for n in range(1, 21)]
        assert done(source, "permit") == []


async def test_one_of_twenty_is_answered_by_itself() -> None:
    source = StillSource(twenty())
    async with shown(source) as (app, pilot):
        await pilot.press("y")
        await form(app, PermitForm)
        await pilot.press("enter")
        await until(lambda: app.main.form is None, "the end of the form")
        assert [asked[2] for asked in done(source, "permit")] == [True]
        assert done(source, "apply") == []


async def test_those_that_ask_for_something_else_meanwhile_are_answered_only_for_what_was_shown() -> None:
    source, there = StillSource(twenty()), twenty()
    async with shown(source) as (app, pilot):
        await pilot.press("y")
        await form(app, PermitForm)
        others = tuple(replace(agent, doing="rm -rf /") for agent in there.agents)
        source.put(replace(there, agents=others))
        await until(lambda: app.main.snapshot is not None and app.main.snapshot.agents == others, "the next snapshot")
        await pilot.press("4", "enter")
        await until(lambda: app.main.form is None, "the end of the form")
        ((_, plan),) = done(source, "apply")
        assert isinstance(plan, Plan)
        assert {effect.doing for effect in plan.effects if isinstance(effect, Permit)} == {WISH}


async def test_without_anybody_who_asks_the_key_says_so() -> None:
    calm = replace(asking(), agents=())
    async with shown(StillSource(calm)) as (app, pilot):
        await pilot.press("y")
        await until(lambda: "No agent asks for permission." in screen_text(app), "a word")
        assert app.main.form is None
