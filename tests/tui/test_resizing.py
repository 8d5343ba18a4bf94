"""Panels are as large as somebody wants them: by keys, within reason, and for good."""

import pytest
from support import scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource

from coordinator.client.ports import Preferences, Sizes
from tui.app import CoordApp
from tui.panel_sizes import Room, fitting, most_agents, most_events, with_left, with_taller

SIZES = [(80, 24), (104, 24), (160, 45), (200, 50)]


def lines(app: CoordApp, name: str) -> int:
    return app.main.query_one(f"#{name}").outer_size.height


def columns(app: CoordApp, name: str) -> int:
    return app.main.query_one(f"#{name}").outer_size.width


async def test_keys_move_the_line_between_the_columns_and_it_is_kept() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, pilot):
        before = columns(app, "left")
        await pilot.press("greater_than_sign", "greater_than_sign")
        assert columns(app, "left") > before
        wide = app.sizes["wide"]
        await until(lambda: ("sizes", "wide", wide) in source.asked, "the size to be kept")
        await pilot.press("less_than_sign")
        assert columns(app, "left") < round(160 * wide.left / 100)


@pytest.mark.parametrize("panel", ["1", "2", "3", "4"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_focused_panel_grows_and_shrinks_and_every_other_keeps_some_room(
    panel: str, size: tuple[int, int]
) -> None:
    async with shown(StillSource(scenes.bucket(), scenes.bucket_events()), size=size) as (app, pilot):
        await pilot.press(panel)
        name = {"1": "prompts", "2": "agents", "3": "window", "4": "events"}[panel]
        await until(lambda: app.main.panel == name, "the focus")
        grows = "left" if name == "prompts" else name  # its details have what the prompts need no more
        before = lines(app, grows)
        for key, grown in (("right_curly_bracket", True), ("left_curly_bracket", False)):
            await pilot.press(key)
            do = app.main.action_panel_taller if grown else app.main.action_panel_lower
            for _ in range(30):
                do()
                await pilot.pause()
            assert (lines(app, grows) > before) is grown, key
            there = ("prompts", "agents", "window", "events") if size[0] >= 104 else _page(name)
            assert all(lines(app, one) >= 3 for one in there), {one: lines(app, one) for one in there}
            assert app.main.footer.region.bottom == size[1]


def _page(name: str) -> tuple[str, str]:
    return ("agents", "window") if name in ("agents", "window") else ("prompts", "events")


async def test_a_screen_of_one_column_says_that_there_is_no_line_to_move() -> None:
    async with shown(StillSource(scenes.bucket()), size=(80, 24)) as (app, pilot):
        await pilot.press("greater_than_sign")
        await until(lambda: "one column here" in screen_text(app), "the reason")
        assert not app.sizes


async def test_kept_sizes_are_there_again_in_their_layout_alone_and_one_entry_resets_them() -> None:
    kept = {"wide": Sizes(left=30, events=16, agents=14), "narrow": Sizes(events=12)}
    source = StillSource(scenes.bucket(), scenes.bucket_events(), preferences=Preferences(sizes=kept))
    async with shown(source) as (app, pilot):
        assert (columns(app, "left"), lines(app, "events"), lines(app, "agents")) == (48, 16, 14)
        await pilot.resize_terminal(80, 24)
        await until(lambda: lines(app, "events") == 12 and columns(app, "left") == 80, "the narrow layout")
        await pilot.resize_terminal(160, 45)
        await until(lambda: lines(app, "events") == 16 and columns(app, "left") == 48, "the wide layout")
        await app.main.action_act("panel.reset")
        await until(lambda: lines(app, "events") == 12 and columns(app, "left") == 96, "what the layout has")
        await until(lambda: ("sizes", "wide", Sizes()) in source.asked, "that to be kept")


async def test_a_panel_of_a_chosen_size_has_the_whole_screen_when_it_is_zoomed() -> None:
    kept = {"wide": Sizes(events=14, agents=8)}
    async with shown(StillSource(scenes.bucket(), preferences=Preferences(sizes=kept))) as (app, pilot):
        for key, name, usual in (("4", "events", 14), ("2", "agents", 8)):
            await pilot.press(key)
            await until(lambda name=name: app.main.panel == name, "the focus")  # type: ignore[misc]
            await pilot.press("Z")
            await until(lambda name=name: lines(app, name) >= 42, "the zoom")  # type: ignore[misc]
            await pilot.press("right_curly_bracket")
            await pilot.press("Z")
            await until(lambda name=name, usual=usual: lines(app, name) == usual, "its size")  # type: ignore[misc]


@pytest.mark.parametrize("size", [(40, 10), *SIZES])
def test_no_choice_leaves_a_panel_without_room(size: tuple[int, int]) -> None:
    room = Room(*size)
    shown = fitting(Sizes(99, 500, 500), room)
    assert shown.events == most_events(room) >= 3
    assert shown.agents == most_agents(room, shown.events) >= 4
    assert fitting(Sizes(), room) == Sizes()
    assert with_left(Sizes(), 74, 4).left == 75
    assert with_taller(Sizes(), "events", room, Sizes(0, 3, 4), -2).events == 3
