"""Toasts: what is said again while it is in sight is said once, with how often."""

from support import scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource

from tui.messages import Done, Failed, Remark


async def test_eleven_equal_toasts_are_one_with_a_count() -> None:
    async with shown(StillSource(scenes.bucket()), (160, 45)) as (app, _):
        for _ in range(11):
            app.post_message(Failed("it is busy", "try again"))
        await until(lambda: "(11 times)" in screen_text(app), "the count")
        assert screen_text(app).count("it is busy") == 1
        app.post_message(Failed("it is busy", "try again"))
        await until(lambda: "(12 times)" in screen_text(app), "one more")


async def test_different_toasts_stand_beside_each_other() -> None:
    async with shown(StillSource(scenes.bucket()), (160, 45)) as (app, _):
        for message in (Done("one"), Remark("another"), Done("a third")):
            app.post_message(message)
        await until(lambda: all(word in screen_text(app) for word in ("another", "a third")), "all of them")
        assert " times)" not in screen_text(app)
