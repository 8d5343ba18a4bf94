"""The table of agents: lined up, urgent first, and honest about its evidence."""

import pytest
from support import scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource

from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Agent, AgentState, Loop, LoopState, Question
from tui.paint.ink import Spans, columns
from tui.paint.theme import UNICODE
from tui.widgets.agents import Agents, agent_spans, columns_for, look_of


def spans(agent: Agent, width: int, longest: int = 12, *, asks: bool = False) -> Spans:
    look = look_of(agent, scenes.NOW, UNICODE, asks=asks)
    return agent_spans(agent, columns_for(width, longest), scenes.NOW, UNICODE, look)


def row(agent: Agent, width: int, longest: int = 12, *, asks: bool = False) -> str:
    return "".join(span.text for span in spans(agent, width, longest, asks=asks))


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (76, " ⠸ 04  executor    claude    working                    2m13    18k   $0.12"),
        (55, " ⠸ 04  executor    claude    working       2m13    18k"),
        (50, " ⠸ 04  executor    claude    working         2m13"),
        (40, " ⠸ 04  executor    working         2m13"),
        (27, " ⠸ 04  working        2m13"),
    ],
)
def test_columns_leave_from_the_least_important(width: int, line: str) -> None:
    agent = scenes.agent(4, AgentState.WORKING, 133, tokens=18_200, cost_usd=0.12)
    assert row(agent, width) == line


def test_rows_of_all_states_line_up() -> None:
    agents = scenes.crowd().agents
    for width in (30, 46, 60, 80, 120):
        assert len({columns(spans(a, width)) for a in agents}) == 1


def test_an_agent_that_asked_does_not_look_as_if_it_worked() -> None:
    agent = scenes.agent(4, AgentState.WORKING, 133)
    assert row(agent, 60, asks=True).startswith(" ? 04  executor    claude    asks you")
    ended = scenes.agent(4, AgentState.FINISHED, 133)
    assert "asks you" not in row(ended, 60, asks=True)


def test_who_asked_stands_above_who_works() -> None:
    crowd = scenes.crowd()
    asker = [agent.id for agent in crowd.agents if agent.state is AgentState.WORKING][-1]
    asked = Question("q", 9, "Which?", asker, "prompt:1")
    panel = Agents()
    panel.show(replace(crowd, questions=(asked,)), scenes.NOW)
    order = [agent.id for agent in panel.agents]
    working = [agent.id for agent in panel.agents if agent.state is AgentState.WORKING and agent.id != asker]
    assert all(order.index(asker) < order.index(name) for name in working)


def test_a_paused_agent_says_that_it_is_for_its_budget() -> None:
    agent = scenes.agent(4, AgentState.PAUSED, 133, evidence="process", cost_usd=1.25)
    assert row(agent, 60).startswith(f" {UNICODE.pause} 04  executor    claude    paused: budget")
    assert "paused: budget" in row(agent, 28, 14)


@pytest.mark.parametrize(
    ("evidence", "age", "note"),
    [("hook", 2, ""), ("hook", 90, "hook 1m30 ago"), ("none", 2, "no evidence"), ("", 2, "no evidence")],
)
def test_old_and_missing_evidence_is_said(evidence: str, age: float, note: str) -> None:
    agent = scenes.agent(4, AgentState.IDLE, 300, evidence=evidence, observed_at=scenes.NOW - age)
    assert (note or "idle  ") in row(agent, 100)
    assert ("ago" in row(agent, 100)) == ("ago" in note)


def test_what_an_agent_says_it_does_is_shown_where_there_is_room() -> None:
    agent = scenes.agent(4, AgentState.WORKING, 3, doing="editing \x1b[31mtests[/]")
    assert "working  editing ·[31mtests[/]" in row(agent, 100)


def test_the_clock_of_an_ended_agent_stands_still() -> None:
    agent = scenes.agent(4, AgentState.FINISHED, 300, observed_at=scenes.NOW - 200)
    assert "1m40" in row(agent, 80)


async def test_urgent_agents_come_first_and_the_cursor_stays_with_its_agent() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, pilot):
        assert [agent.prompt for agent in app.main.agents.agents] == [6, 4, None, 5]
        await pilot.press("2", "down")
        await until(lambda: app.main.agents.has_focus and app.main.window.agent.id == "executor-04-1", "agent 04")
        calm = tuple(replace(a, state=AgentState.WORKING) if a.prompt == 6 else a for a in scenes.bucket().agents)
        source.put(replace(scenes.bucket(), agents=calm, questions=()))
        await until(lambda: app.main.snapshot.agents == calm, "the next snapshot")
        assert [agent.prompt for agent in app.main.agents.agents] == [4, 6, None, 5]
        assert app.main.agents.current.id == "executor-04-1"
        assert app.main.window.agent.id == "executor-04-1"


async def test_enter_on_an_agent_selects_its_prompt() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.press("2", "down", "enter")
        await until(lambda: app.main.selected == 4 and app.main.graph.has_focus, "prompt 04")


async def test_after_the_last_prompt_no_agent_is_promised() -> None:
    finished = replace(scenes.stopped(), loop=Loop(LoopState.FINISHED, "every prompt is merged or cancelled", 3))
    async with shown(StillSource(finished)) as (app, _):
        assert "Nobody works: everything is done." in screen_text(app)
        assert "starts" not in "".join(s.text for line in app.main.agents.empty_spans() for s in line)


async def test_without_agents_the_panel_teaches_how_to_get_some() -> None:
    async with shown(StillSource(scenes.stopped())) as (app, _):
        assert "Nobody works, and no loop is running." in screen_text(app)
        assert "l starts it" in screen_text(app)
