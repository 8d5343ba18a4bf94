"""What was used, on the screen: per run, per agent, and per prompt over all attempts."""

from support import scenes
from support.onscreen import line_with, screen_text, shown, until
from support.still import StillSource

from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import AgentState, Snapshot
from coordinator.model.usage import Spent
from tui.screens.agents import AgentStatus
from tui.screens.reader import Reading


def second_attempt() -> Snapshot:
    agents = (scenes.agent(4, AgentState.WORKING, 133, tokens=18_200, attempt=2),)
    return replace(scenes.bucket(), agents=agents, used={4: Spent(30_000, 1.5)})


async def test_the_panel_of_agents_tells_what_the_run_used() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, _):
        await until(lambda: "3 live · run 63k $0.36" in screen_text(app), "the sum")
        app.main.agents.show(replace(scenes.bucket(), spent={}), scenes.NOW)
        await until(lambda: "3 live " in screen_text(app) and "run 63k" not in screen_text(app), "no sum")


async def test_the_page_of_an_agent_tells_what_earlier_attempts_used_too() -> None:
    async with shown(StillSource(second_attempt()), size=(140, 40)) as (app, pilot):
        await pilot.press("A")
        await until(lambda: isinstance(app.screen, AgentStatus), "the page")
        await pilot.pause()
        assert "18k tokens, cost unknown, all 2 attempts 30,000 tokens, $1.50" in line_with(app, "Spent ")


async def test_the_page_of_a_prompt_tells_what_it_used() -> None:
    async with shown(StillSource(second_attempt()), size=(140, 40)) as (app, pilot):
        app.main.select(4)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, Reading), "the page")
        await until(lambda: "prompt.md  30,000 tokens, $1.50" in screen_text(app), "what it used")
