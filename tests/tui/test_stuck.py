"""An agent that seems stuck, on the screen: said where people look, with what to do about it."""

import pytest
from support import scenes
from support.onscreen import line_with, screen_text, shown, until
from support.still import StillSource

from coordinator.client.ports import Preferences
from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import AgentState, Snapshot
from coordinator.model.step import StepState
from coordinator.model.stuck import Cause, Stuck
from coordinator.views.agent_advice import advise
from coordinator.views.attention import needs, waiting_for_you
from coordinator.views.prompt_row import Facts, Tone
from tui.screens.agents import AgentStatus

SPINS = Stuck(Cause.SPINNING, scenes.NOW - 960)
WORDS = "tokens grow, but no file changed for 16m"


def calm() -> Snapshot:
    busy = scenes.bucket()
    quiet = tuple(agent for agent in busy.agents if agent.prompt == 4)
    return replace(busy, questions=(), agents=quiet, settings=replace(busy.settings, gate="auto"))


def spinning() -> Snapshot:
    return replace(calm(), agents=tuple(replace(agent, stuck=SPINS) for agent in calm().agents), head=99)


def test_it_is_the_fact_about_its_prompt_and_needs_a_human() -> None:
    assert Facts(spinning()).of(4, scenes.NOW) == (f"claude stuck: {WORDS}", Tone.ATTENTION)
    (need,) = needs(spinning())
    assert (need.kind, need.text, need.prompt) == ("agent", "04 stuck", 4)
    assert list(waiting_for_you(spinning()).values()) == [
        "executor 04 seems stuck: tokens grow, but no file changed for 15m"
    ]
    two = replace(spinning(), agents=spinning().agents * 2)
    assert needs(two)[0].text == "2 agents stuck"


def test_the_advice_is_to_restart_it() -> None:
    (agent,) = spinning().agents
    assert advise(agent, StepState.RUNNING, scenes.NOW).actions[0] == "restart"
    assert "tell" in advise(agent, StepState.RUNNING, scenes.NOW).actions
    assert advise(replace(agent, stuck=None), StepState.RUNNING, scenes.NOW).actions == ("attach",)


def test_what_an_agent_does_again_and_again_is_shown_as_plain_text() -> None:
    evil = Stuck(Cause.REPEATING, scenes.NOW - 960, "Bash: \x1b[31mrm\u202e")
    made = replace(calm(), agents=tuple(replace(agent, stuck=evil) for agent in calm().agents))
    fact = Facts(made).of(4, scenes.NOW).text
    assert fact == "claude stuck: the same command again and again for 16m: Bash: ·[31mrm·"


async def test_every_place_says_so_and_the_key_for_what_needs_you_goes_there() -> None:
    async with shown(StillSource(spinning(), screens=scenes.screens()), size=(200, 50)) as (app, pilot):
        assert "04 stuck" in screen_text(app).splitlines()[0]
        assert f"stuck  {WORDS[:12]}" in screen_text(app)
        await pilot.press("n")
        await until(lambda: isinstance(app.screen, AgentStatus), "the page of agents")
        await pilot.pause()
        assert f"{WORDS}, it seems" in line_with(app, "Stuck ")
        assert "restart it.   r restart" in line_with(app, "To do ")
        await pilot.press("r")
        await until(lambda: app.main.plan_form is not None, "the form")
        assert app.main.selected == 4


async def test_it_rings_once_and_again_only_for_another_time(monkeypatch: pytest.MonkeyPatch) -> None:
    source = StillSource(calm(), preferences=Preferences(bell="terminal"))
    async with shown(source) as (app, pilot):
        rung: list[None] = []
        monkeypatch.setattr(app, "bell", lambda: rung.append(None))
        again = replace(SPINS, since=SPINS.since + 2000)
        changes = [spinning(), replace(spinning(), head=100), calm(), spinning()]
        changes[3] = replace(changes[3], agents=tuple(replace(a, stuck=again) for a in changes[3].agents))
        rings = []
        for snapshot in changes:
            source.put(snapshot)
            await until(lambda snapshot=snapshot: app.main.snapshot is snapshot, "it")  # type: ignore[misc]
            await pilot.pause()
            rings.append(len(rung))
        assert rings == [1, 1, 1, 2]


def test_a_state_that_waits_for_somebody_is_not_hidden_by_it() -> None:
    asks = replace(calm(), agents=tuple(replace(agent, state=AgentState.PERMISSION) for agent in calm().agents))
    assert [need.kind for need in needs(asks)] == ["permission"]
