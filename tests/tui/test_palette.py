"""The command palette: titles of prompts are found by it, and never read as markup."""

from support import scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource
from textual.command import CommandPalette
from textual.fuzzy import Matcher
from textual.widgets import Input

from tui.palette import highlighted


def test_a_title_with_markup_is_highlighted_as_the_text_it_is() -> None:
    content = highlighted(Matcher("quit"), "04 [@click=app.quit]quit[/] [red]x[/red]")
    assert content.plain == "04 [@click=app.quit]quit[/] [red]x[/red]"
    assert len(content.spans) == 4


async def test_hostile_titles_are_listed_as_text() -> None:
    async with shown(StillSource(scenes.wide_titles())) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, CommandPalette), "the palette")
        app.screen.query_one(Input).value = "click=app"
        await until(lambda: "04 [@click=app.quit]quit[/] [red]not red[/red]" in screen_text(app), "the prompt")
        app.screen.query_one(Input).value = "31mred"
        await until(lambda: "05 ·[31mred·[0m" in screen_text(app), "the prompt")
        assert "\x1b" not in screen_text(app)


async def test_prompts_are_found_by_number_and_by_words_in_any_script() -> None:
    async with shown(StillSource(scenes.wide_titles())) as (app, pilot):
        for query, number in (("永続化", 2), ("03", 3)):
            await pilot.press("ctrl+p")
            await until(lambda: isinstance(app.screen, CommandPalette), "the palette")
            app.screen.query_one(Input).value = query
            await until(lambda number=number: f"{number:02d} " in screen_text(app), "the prompt")
            await until(lambda: "Select this prompt" in screen_text(app), "its line")
            await pilot.press("enter", "enter")
            await until(lambda number=number: app.main.selected == number, f"prompt {number}")


async def test_without_words_everything_that_can_be_done_now_is_offered() -> None:
    async with shown(StillSource(scenes.stopped()), size=(120, 60)) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(lambda: "Start loop  (l)" in screen_text(app), "the commands")
        assert "Stop loop" not in screen_text(app)
        assert "Attach" not in screen_text(app)
