"""`@`: what was done from this screen, as the commands that do the same."""

from support import scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource

from coordinator.errors import Refused
from tui.screens.command_log import CommandLog


async def test_what_was_done_stands_there_newest_first_and_is_copied() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, pilot):
        await pilot.press("at")
        await until(lambda: "Nothing was done from this screen yet." in screen_text(app), "that there is nothing")
        await pilot.press("l")
        await until(lambda: len(app.done) == 1, "the pause")
        app.main.select(4)
        await pilot.press("x")
        await until(lambda: app.main.plan_form is not None, "the form")
        await pilot.press("ctrl+s")
        await until(lambda: any(what[0] == "apply" for what in source.asked if isinstance(what, tuple)), "the kill")
        await until(lambda: len(app.done) == 2, "it to be noted")
        await pilot.press("escape")
        await until(lambda: app.main.form is None, "the end of the form")
        await pilot.press("at")
        await until(lambda: "coord pause" in screen_text(app), "the log")
        lines = screen_text(app).splitlines()
        kill = next(row for row, line in enumerate(lines) if "coord kill 4" in line)
        assert kill < next(row for row, line in enumerate(lines) if "coord pause" in line)
        await pilot.press("enter")
        await until(lambda: app.clipboard == "coord kill 4", "the copy")


async def test_all_of_it_is_copied_in_the_order_in_which_it_was_done() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, pilot):
        app.source.decide("monotonic clock; it's cheap")
        app.source.link("https://example.org/1")
        await pilot.press("at")
        await until(lambda: isinstance(app.screen, CommandLog), "the log")
        await pilot.press("Y", "x")
        await until(lambda: app.clipboard, "the copy")
        assert app.clipboard.splitlines() == [
            """coord decide 'monotonic clock; it'"'"'s cheap'""",
            "coord link https://example.org/1",
        ]


async def test_what_was_refused_is_not_there() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, pilot):
        source.refusal = Refused("not now", "later")
        await pilot.press("l")
        await until(lambda: "not now" in screen_text(app), "the refusal")
        assert app.done == []
