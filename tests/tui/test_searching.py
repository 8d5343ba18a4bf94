"""`/` searches what is read, and the live window with what scrolled out of it; `^z` leaves for the shell."""

from support import scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource
from textual.pilot import Pilot

from coordinator.terminals.screen import parse
from tui.app import CoordApp
from tui.paint.pager import Pager
from tui.screens.reader import Reading

LONG = "\n".join(f"line {n}: {'Error' if n % 100 == 7 else 'fine'}" for n in range(300))


async def opened(app: CoordApp, pilot: Pilot[None]) -> Pager:
    """The search of the live window, which shows `LONG`."""
    app.main.select(4)
    await pilot.press("3")
    await until(lambda: app.main.panel == "window", "the window")
    await pilot.press("slash")
    await until(lambda: app.screen.has_class("-searching"), "the search")
    return app.screen.query_one(Pager)


async def test_the_live_window_is_searched_with_all_that_scrolled_out_of_it() -> None:
    source = StillSource(scenes.bucket(), screens={"%6": parse("", 80, 1), "%4": parse(LONG, 80, 300)})
    async with shown(source) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: "line 299" in screen_text(app), "the end, where one was")
        await pilot.press(*"error")
        await until(lambda: "3 of 3" in screen_text(app), "the newest place")
        assert "line 207: Error" in screen_text(app)
        await pilot.press("enter", "N")
        await until(lambda: "2 of 3" in screen_text(app), "the place before")
        assert "line 107: Error" in screen_text(app)
        await pilot.press("n", "n")
        await until(lambda: "1 of 3" in screen_text(app), "the first again, after the last")
        await pilot.press("escape")
        await until(lambda: "1 of 3" not in screen_text(app), "the end of the search")
        assert isinstance(app.screen, Reading)
        await pilot.press("escape")
        await until(lambda: app.screen is app.main, "the end of the page")


async def test_what_stands_nowhere_is_told_and_letters_are_for_the_search_while_it_is_typed() -> None:
    source = StillSource(scenes.bucket(), screens={"%4": parse(LONG, 80, 300)})
    async with shown(source) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("n", "o", "q")
        await until(lambda: "nowhere" in screen_text(app), "that it is nowhere")
        assert isinstance(app.screen, Reading)


async def test_a_window_that_is_gone_can_not_be_searched() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.press("3")
        await until(lambda: app.main.panel == "window", "the window")
        await pilot.press("slash")
        await until(lambda: "is gone" in screen_text(app), "why not")


async def test_the_help_is_searched_too() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.press("question_mark")
        await until(lambda: "/ search  Y copy  esc back" in screen_text(app), "the help")
        await pilot.press("slash", *"scrollback")
        await until(lambda: "1 of 1" in screen_text(app), "the place")


async def test_without_a_shell_below_the_screen_stays() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.press("ctrl+z")
        await until(lambda: "can't be put in the background" in screen_text(app), "that it stays")
