"""The page of agents: all that is known of each, and what to do about it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import scenes
from support.onscreen import line_with, screen_text, shown, until
from support.project import Project, project
from support.steering import steered
from support.still import StillSource

from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import AgentState
from coordinator.model.step import StepState
from coordinator.views.agent_advice import advise
from tui.forms.permit import PermitForm
from tui.forms.tell import TellForm
from tui.screens.agents import AgentStatus


async def test_everything_known_of_an_agent_is_on_its_page() -> None:
    source = StillSource(scenes.bucket(), screens=scenes.screens())
    async with shown(source) as (app, pilot):
        app.main.select(6)
        await pilot.press("A")
        await until(lambda: isinstance(app.screen, AgentStatus), "the page")
        await pilot.pause()
        assert "executor-06-1  executor, codex, attempt 1" in line_with(app, "Agent  ")
        assert "06 Redis backend" in line_with(app, "Prompt ")
        assert "permission  says its own hook, 2s ago" in line_with(app, "State ")
        assert "40s since 2026-03-01" in line_with(app, "Spent ")
        assert "9k tokens, cost unknown" in line_with(app, "Spent ")
        assert "allow or deny it.   y permit   a attach" in line_with(app, "To do ")
        assert "Would you like to run the following command?" in screen_text(app)
        await pilot.press("down")
        await pilot.pause()
        assert "04 Persist buckets to SQLite" in line_with(app, "Prompt ")
        assert source.asked[-1] == ("panes", ("%4",))
        await pilot.press("escape")
        await until(lambda: source.asked[-1] == ("panes", ("%6",)), "the main screen's own window")


async def test_the_end_of_a_limit_is_on_the_page_and_in_the_table() -> None:
    shot = scenes.bucket()
    limited = [
        replace(a, state=AgentState.RATE_LIMITED, resets_at=scenes.NOW + 41) if a.prompt == 6 else a
        for a in shot.agents
    ]
    async with shown(StillSource(replace(shot, agents=tuple(limited)))) as (app, pilot):
        app.main.select(6)
        await pilot.press("A")
        await until(lambda: isinstance(app.screen, AgentStatus), "the page")
        await pilot.pause()
        assert "rate-limited for 41s  says its own hook" in line_with(app, "State ")
        assert "rate-limited for 41s" in line_with(app, " codex  ")


async def test_its_keys_lead_to_the_services_about_that_agents_prompt() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        app.main.select(1)
        await pilot.press("A", "down", "x")
        await until(lambda: app.main.plan_form is not None, "the form")
        form = app.main.plan_form
        assert form is not None
        assert str(form.border_title).startswith("Kill 04 Persist buckets")
        await pilot.pause()
        assert form.field("then").has_focus
        assert app.main.selected == 4


async def test_keys_that_have_no_meaning_for_an_agent_are_neither_shown_nor_done() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.press("A", "end")
        await pilot.pause()
        assert "kill" not in screen_text(app).splitlines()[-1]
        await pilot.press("x")
        await until(lambda: "Nobody works on 05" in screen_text(app), "the reason")
        assert isinstance(app.screen, AgentStatus)
        await pilot.press("escape")
        await until(lambda: app.screen is app.main, "the main screen")


async def test_what_is_asked_for_is_answered_from_the_page() -> None:
    async with shown(StillSource(scenes.bucket()), size=(80, 24)) as (app, pilot):
        await pilot.press("A", "down", "y")
        await until(lambda: "It asks for no permission." in screen_text(app), "the reason")
        assert "y permit" not in screen_text(app).splitlines()[-1]
        await pilot.press("up", "y")
        await until(lambda: isinstance(app.main.form, PermitForm) and app.main.form.has_focus_within, "the form")
        assert app.main.form.agent.id == "executor-06-1"


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_an_agent_without_a_prompt_is_the_one_that_gets_the_words(size: tuple[int, int]) -> None:
    async with shown(StillSource(scenes.bucket()), size=size) as (app, pilot):
        await pilot.press("A", "down", "down", "t")
        await until(lambda: isinstance(app.main.form, TellForm) and app.main.form.has_focus_within, "the form")
        assert app.main.form.agent.role == "verifier"
        assert "Tell verifier" in screen_text(app)


async def test_while_a_form_is_open_the_page_says_that_its_keys_have_to_wait() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        app.main.select(4)
        await pilot.press("e")
        await until(lambda: app.main.plan_form is not None, "the form")
        app.main.focus_panel("agents")
        await until(lambda: app.main.panel == "agents", "the agents")
        await pilot.press("A", "t")
        await until(lambda: "A form is open; Esc leaves it" in screen_text(app), "the reason")
        assert app.main.plan_form is not None


async def test_of_an_agent_whose_question_is_open_it_is_said_that_it_may_wait() -> None:
    busy = scenes.bucket()
    working = tuple(replace(a, state=AgentState.WORKING) if a.prompt == 6 else a for a in busy.agents)
    async with shown(StillSource(replace(busy, agents=working))) as (app, pilot):
        app.main.select(6)
        await pilot.press("A")
        await until(lambda: isinstance(app.screen, AgentStatus), "the page")
        await pilot.pause()
        assert "06 Redis backend" in line_with(app, "Prompt ")
        assert "It asked you something, and may wait for the answer" in line_with(app, "To do ")


async def test_a_paused_agent_is_sent_nothing() -> None:
    busy = scenes.bucket()
    paused = replace(busy, agents=tuple(replace(agent, state=AgentState.PAUSED) for agent in busy.agents))
    async with shown(StillSource(paused)) as (app, pilot):
        await pilot.press("A")
        await until(lambda: isinstance(app.screen, AgentStatus), "the page")
        await pilot.pause()
        assert "t tell" not in screen_text(app).splitlines()[-1]
        await pilot.press("t")
        await until(lambda: "It is paused, and reads nothing" in screen_text(app), "the reason")


async def test_without_agents_the_key_says_so() -> None:
    async with shown(StillSource(scenes.stopped())) as (app, pilot):
        await pilot.press("A")
        await until(lambda: "No agent was started" in screen_text(app), "the reason")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path, {1: []}) as made:
        (made.layout.scripts / "01.sh").write_text("echo looking around\n" + made.until() + "exit 3\n")
        made.start_loop()
        made.wait_for(1, "running")
        yield made


async def test_the_page_follows_a_real_agent_until_it_ends(made: Project) -> None:
    async with steered(made.layout, selected=1) as desk:
        await until(lambda: desk.app.main.context().agent is not None, "the agent")
        await desk.pilot.press("A")
        await desk.sees("looking around")
        assert "says its tmux window" in desk.line("State ")
        made.release()
        await desk.sees("It ended without handing off")
        assert "looking around" in desk.text
        await desk.pilot.press("r")
        await until(lambda: desk.app.main.plan_form is not None, "the restart form")
        assert desk.form.SERVICE == "restart"


@pytest.mark.parametrize("state", AgentState)
def test_there_is_advice_for_every_state_and_it_names_actions_that_exist(state: AgentState) -> None:
    from tui.actions import BY_ID

    agent = scenes.agent(4, state, 60)
    advice = advise(agent, StepState.RUNNING, scenes.NOW)
    assert advice.text.endswith(".")
    assert set(advice.actions) <= set(BY_ID)


def test_a_working_agent_without_a_sign_of_life_may_be_stuck() -> None:
    agent = replace(scenes.agent(4, AgentState.WORKING, 3600), observed_at=scenes.NOW - 700)
    assert "restart" in advise(agent, StepState.RUNNING, scenes.NOW).actions
    assert advise(agent, StepState.RUNNING, scenes.NOW - 600).text == "It works; nothing to do."


def test_a_lost_agent_is_restarted_and_an_open_change_reviewed() -> None:
    assert advise(scenes.agent(4, AgentState.LOST, 60), StepState.FAILED, scenes.NOW).actions == ("restart",)
    finished = scenes.agent(5, AgentState.FINISHED, 60)
    assert advise(finished, StepState.CHANGE_OPEN, scenes.NOW).actions == ("review",)
