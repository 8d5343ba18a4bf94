"""Filtering lists while one types, going through kinds, and going to a prompt by its number."""

import pytest
from support import scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource
from textual.pilot import Pilot

from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Snapshot
from tui.app import CoordApp
from tui.widgets.filter_line import FilterLine


def rows(app: CoordApp) -> list[int]:
    """The prompts that the graph shows."""
    return sorted(app.main.graph.order)


def all_of(snapshot: Snapshot) -> list[int]:
    return sorted(snapshot.prompts)


async def typing(app: CoordApp) -> None:
    await until(lambda: isinstance(app.main.focused, FilterLine), "the line of the filter")


async def on_prompts(app: CoordApp) -> None:
    await until(lambda: app.main.focused is app.main.graph, "the focus on the prompts")


async def type_filter(pilot: Pilot[None], text: str) -> None:
    names = {" ": "space", ":": "colon", "-": "minus"}
    await pilot.press(*(names.get(char, char) for char in text))


async def test_the_prompts_are_filtered_while_one_types_and_come_back_by_escape() -> None:
    there = scenes.bucket()
    async with shown(StillSource(there)) as (app, pilot):
        app.main.select(4)
        await pilot.press("slash")
        await typing(app)
        await type_filter(pilot, "redis")
        await until(lambda: rows(app) == [6], "the one that fits")
        assert "redis: 1" in screen_text(app)
        assert app.main.selected == 6
        await pilot.press("enter")
        await on_prompts(app)
        assert rows(app) == [6]
        await pilot.press("escape")
        await until(lambda: rows(app) == all_of(there), "all prompts")
        assert app.main.selected == 6


async def test_escape_while_typing_shows_everything_again() -> None:
    there = scenes.bucket()
    async with shown(StillSource(there)) as (app, pilot):
        await pilot.press("slash")
        await typing(app)
        await type_filter(pilot, "status:failed")
        await until(lambda: rows(app) == [10], "the one that failed")
        await pilot.press("escape")
        await on_prompts(app)
        await until(lambda: rows(app) == all_of(there), "all prompts")


async def test_what_a_filter_can_not_mean_is_said_and_the_last_one_stays() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.press("slash")
        await typing(app)
        await type_filter(pilot, "redis")
        await until(lambda: rows(app) == [6], "the one that fits")
        await type_filter(pilot, ":")
        await until(lambda: "no filter is called `redis:`" in screen_text(app), "why not")
        assert rows(app) == [6]


async def test_nothing_that_fits_is_said_with_the_way_back() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.press("slash")
        await typing(app)
        await type_filter(pilot, "nowhere")
        await until(lambda: "No prompt fits." in screen_text(app), "the word")


async def test_the_arrows_move_in_the_list_while_one_types() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.press("slash")
        await typing(app)
        await type_filter(pilot, "is:waiting")
        await until(lambda: len(rows(app)) > 1, "some that fit")
        first = app.main.graph.cursor
        await pilot.press("down" if first == 0 else "up")
        assert app.main.graph.cursor != first
        assert isinstance(app.main.focused, FilterLine)


async def test_other_prompts_fit_when_the_project_changes() -> None:
    there = scenes.bucket()
    source = StillSource(there)
    async with shown(source) as (app, pilot):
        await pilot.press("slash")
        await typing(app)
        await type_filter(pilot, "redis")
        await until(lambda: rows(app) == [6], "the one that fits")
        prompts = {**there.prompts, 7: replace(there.prompts[7], title="Redis too")}
        source.put(replace(there, prompts=prompts))
        await until(lambda: rows(app) == [6, 7], "the other one")


async def test_a_key_goes_through_kinds_of_prompts() -> None:
    there = scenes.bucket()
    async with shown(StillSource(there)) as (app, pilot):
        seen = []
        for _ in range(4):
            await pilot.press("f")
            await pilot.pause()
            seen.append(rows(app))
        assert seen == [[10], [4, 6], [7, 8, 9], all_of(there)]


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_agents_are_filtered_and_gone_through_by_kind(size: tuple[int, int]) -> None:
    async with shown(StillSource(scenes.crowd()), size=size) as (app, pilot):
        await pilot.press("2")
        await until(lambda: app.main.panel == "agents", "the agents")
        everybody = len(app.main.agents.agents)
        await pilot.press("f")
        await until(lambda: {a.state.needs_human for a in app.main.agents.agents} == {True}, "those that ask")
        await pilot.press("escape")
        await until(lambda: len(app.main.agents.agents) == everybody, "all agents")
        await pilot.press("slash")
        await typing(app)
        await type_filter(pilot, "codex")
        await until(lambda: {a.runtime for a in app.main.agents.agents} == {"codex"}, "those of one kind")
        await pilot.press("enter")
        await until(lambda: app.main.panel == "agents", "the agents again")


async def test_digits_and_enter_go_to_a_prompt_from_every_panel() -> None:
    async with shown(StillSource(scenes.long_plan())) as (app, pilot):
        app.main.jump_within = 600
        await pilot.press("1", "2", "enter")
        await until(lambda: app.main.selected == 12, "prompt 12")
        await on_prompts(app)
        await pilot.press("4", "2", "3")
        await until(lambda: "go to 423" in screen_text(app), "where it goes")
        await pilot.press("escape", "enter")
        assert app.main.selected == 12


async def test_one_digit_alone_goes_to_its_panel_at_once() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        app.main.jump_within = -1
        await pilot.press("2")
        await until(lambda: app.main.panel == "agents", "the agents")
        await pilot.press("4")
        await until(lambda: app.main.panel == "events", "the events")


async def test_keys_go_to_the_prompts_as_soon_as_digits_can_only_mean_one() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.press("2")
        await until(lambda: app.main.focused is app.main.agents, "the agents")
        await pilot.press("0")
        await on_prompts(app)


async def test_another_key_between_two_digits_parts_them() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        app.main.jump_within = 600
        await pilot.press("4")
        await until(lambda: app.main.panel == "events", "the events")
        await pilot.press("up", "2")
        await until(lambda: app.main.panel == "agents", "the agents")


async def test_a_number_that_no_prompt_has_is_said() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        app.main.jump_within = 600
        await pilot.press("9", "9", "enter")
        await until(lambda: "There is no prompt 99." in screen_text(app), "the word")


async def test_a_jump_to_what_a_filter_leaves_out_ends_the_filter() -> None:
    there = scenes.bucket()
    async with shown(StillSource(there)) as (app, pilot):
        app.main.jump_within = 600
        await pilot.press("f")
        await until(lambda: rows(app) == [10], "what failed")
        await pilot.press("0", "4", "enter")
        await until(lambda: app.main.selected == 4, "prompt 4")
        assert rows(app) == all_of(there)


async def test_digits_are_text_where_one_types() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        app.main.jump_within = 600
        await pilot.press("slash")
        await typing(app)
        await pilot.press("0", "6")
        await until(lambda: rows(app) == [6], "the one that fits")
        await pilot.press("escape", "4", "slash", "1", "2", "enter")
        await until(lambda: app.main.log_panel.query_wanted.text == "12", "the search")
