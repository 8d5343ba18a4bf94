"""`?` on every page says what it is for and what its keys do, and goes back to it."""

import contextlib

import pytest
from support import scenes
from support.gallery import PICTURES, settled
from support.onscreen import screen_text, shown, until
from support.still import StillSource

from coordinator.errors import CoordError
from tui.screens.reader import Reading


@pytest.mark.parametrize(
    ("name", "about", "key"),
    [
        ("review", "Nothing lands before you approve it", "approve"),
        ("agents", "Every agent with what is known of it", "attach"),
        ("replay", "Nothing here changes anything", "of its prompt"),
        ("milestone", "what was found and decided", "make a version"),
        ("criteria", "only in the words that you see", "accept"),
        ("findings", "Say what is to become of each", "waive"),
        ("runs", "Every run with its outcome", "back"),
    ],
)
async def test_help_on_a_page_is_about_that_page(name: str, about: str, key: str) -> None:
    app = PICTURES[name].app("coord-dark")
    async with app.run_test(size=(120, 40)) as pilot:
        await PICTURES[name].play(pilot)
        page = app.screen
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, Reading) and about in screen_text(app), "the help")
        assert key in screen_text(app)
        await pilot.press("escape")
        await until(lambda: app.screen is page, "the page again")
        await settled(app, pilot)


async def test_the_list_of_problems_opens_the_file_at_its_line() -> None:
    source = StillSource(scenes.troubled())
    async with shown(source) as (app, pilot):
        app.suspend = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        await pilot.press("exclamation_mark")
        await until(lambda: "e open the file" in screen_text(app), "the list")
        problem = scenes.troubled().problems[0]
        await pilot.press("e")
        await until(lambda: ("edit", problem.path, problem.line) in source.asked, "the editor")


async def test_who_can_take_no_message_is_refused_before_a_word_is_typed() -> None:
    source = StillSource(scenes.bucket())
    source.deaf = CoordError("executor-04-1 can't take a message now", "look at it")
    async with shown(source) as (app, pilot):
        app.main.select(4)
        await pilot.press("t")
        await until(lambda: "can't take a message now" in screen_text(app), "why not")
        assert app.main.form is None
        app.main.select(6)
        await pilot.press("t")
        await until(lambda: "answer that first" in screen_text(app), "what to do first")
        assert app.main.form is None


async def test_the_map_gives_titles_the_room_that_there_is() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.press("m")
        await until(lambda: "Benchmarks against the naive" in screen_text(app), "whole titles")
