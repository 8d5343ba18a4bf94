"""`Y` copies what is in focus: to the clipboard of the terminal, and into the buffer of its tmux."""

from support import pages, scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource
from textual.pilot import Pilot

from coordinator.client.ports import Preferences
from tui.app import CoordApp
from tui.screens.agents import AgentStatus
from tui.screens.copying import CopyMenu
from tui.screens.reader import Reading
from tui.screens.review import Review


async def chosen(app: CoordApp, pilot: Pilot[None], key: str, *, by: str = "Y") -> str:
    """What lands in the clipboard by a key of the menu."""
    app.copy_to_clipboard("")
    await pilot.press(by)
    await until(lambda: isinstance(app.screen, CopyMenu), "the menu")
    await pilot.press(key)
    await until(lambda: app.clipboard, "what was copied")
    return app.clipboard


async def test_a_letter_copies_and_it_is_told_what() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, pilot):
        app.main.select(7)
        await pilot.press("Y")
        await until(lambda: "copies  esc back" in screen_text(app), "the menu")
        path = scenes.bucket().prompts[7].path
        assert path in screen_text(app)
        await pilot.press("p")
        await until(lambda: "Copied path:" in screen_text(app), "what was copied")
        assert app.clipboard == path
        assert ("copy", path) in source.asked


async def test_enter_copies_the_row_under_the_cursor_and_esc_nothing() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, pilot):
        app.main.select(7)
        assert await chosen(app, pilot, "enter") == "07"
        await pilot.press("Y")
        await until(lambda: isinstance(app.screen, CopyMenu), "the menu")
        await pilot.press("j", "escape")
        assert app.screen is app.main
        assert app.clipboard == "07"


async def test_each_panel_offers_what_it_points_at() -> None:
    source = StillSource(scenes.bucket(), scenes.bucket_events(), scenes.screens())
    async with shown(source) as (app, pilot):
        await pilot.press("2")
        await until(lambda: app.main.panel == "agents", "the agents")
        agent = app.main.agents.current
        assert agent is not None
        assert await chosen(app, pilot, "i") == agent.id
        await pilot.press("4")
        await until(lambda: app.main.panel == "events", "the events")
        event = app.main.log_panel.list.current
        assert event is not None
        assert await chosen(app, pilot, "i") == event.id


async def test_of_a_change_under_review_its_branch_and_of_the_page_of_agents_the_one_under_the_cursor() -> None:
    source = StillSource(scenes.bucket(), screens=scenes.screens())
    source.changes = {5: pages.change()}
    async with shown(source) as (app, pilot):
        app.main.select(5)
        await pilot.press("v")
        await until(lambda: isinstance(app.screen, Review) and app.screen.page is not None, "the review")
        assert "Y copy" in screen_text(app)
        assert await chosen(app, pilot, "b") == pages.change().change.branch
        await pilot.press("escape", "A")
        await until(lambda: isinstance(app.screen, AgentStatus), "the agents")
        page = app.screen
        assert isinstance(page, AgentStatus)
        assert page.agents.current is not None
        assert await chosen(app, pilot, "i") == page.agents.current.id


async def test_of_a_text_that_is_read_all_of_it() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        app.read_prompt(scenes.bucket().prompts[7])
        await until(lambda: isinstance(app.screen, Reading) and "Y copy  esc back" in screen_text(app), "the file")
        assert scenes.bucket().prompts[7].title in await chosen(app, pilot, "x")


async def test_the_users_own_key_copies_on_every_page() -> None:
    source = StillSource(scenes.bucket(), preferences=Preferences(keys={"copy": "ctrl+y"}))
    async with shown(source) as (app, pilot):
        await pilot.press("question_mark")
        await until(lambda: "^y copy  esc back" in screen_text(app), "the help")
        assert await chosen(app, pilot, "t", by="ctrl+y") == "Help"
