"""The whole screen: layouts by size, one selection for all panels, focus, mouse, empty states, hostile text."""

import re

import pytest
from support import scenes
from support.onscreen import UTF8, line_with, place_of, screen_text, shown, until
from support.still import StillSource
from textual.pilot import Pilot

from coordinator.client.ports import Trouble
from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Milestone
from tui.app import CoordApp
from tui.screens.reader import Listing, Reading
from tui.selection import past_agent


def full() -> StillSource:
    return StillSource(scenes.bucket(), scenes.bucket_events(), scenes.screens())


@pytest.mark.parametrize("size", [(80, 24), (104, 30), (160, 45), (200, 50), (60, 15), (40, 10)])
async def test_every_size_shows_prompts_events_and_keys(size: tuple[int, int]) -> None:
    async with shown(full(), size=size) as (app, _):
        lines = screen_text(app).splitlines()
        assert len(lines) == size[1]
        assert all(len(line) <= size[0] for line in lines)
        assert lines[0].startswith(" coord")
        assert "06" in "\n".join(lines)
        assert "Events" in screen_text(app)
        assert "?" in lines[-1]


async def test_eighty_columns_keep_prompts_why_and_events_and_tab_brings_the_rest() -> None:
    async with shown(full(), size=(80, 24)) as (app, pilot):
        lines = screen_text(app).splitlines()
        assert lines[0] == " coord  ▶ 2/3   3/10 merged            n · 06 asks   06 permission   review 05"
        assert "Redis backend" in screen_text(app)
        assert "06 Running: codex asks a question" in screen_text(app)
        assert "waiting 13s – ↵ to answer" in screen_text(app)
        assert "Agents" not in screen_text(app)
        await pilot.press("tab")
        await until(lambda: "Agents" in screen_text(app) and app.main.agents.has_focus, "the other page")
        assert "06 · live window" in screen_text(app)
        assert "Prompts" not in screen_text(app)
        await pilot.press("tab", "tab")
        await until(lambda: app.main.panel == "events", "the events")
        assert "Prompts" in screen_text(app)
        await pilot.press("shift+tab", "shift+tab", "shift+tab")
        await until(lambda: app.main.panel == "prompts", "the prompts")


async def test_tabs_that_come_faster_than_the_focus_moves_all_count() -> None:
    async with shown(full(), size=(80, 24)) as (app, _):
        for _ in range(3):
            app.main.action_panel_next()
        await until(lambda: app.main.panel == "events", "the third panel after the prompts")
        await until(lambda: "Prompts" in screen_text(app), "its page")


async def test_wide_screens_show_all_panels_at_once() -> None:
    async with shown(full()) as (app, _):
        for title in ("Prompts", "Why", "Agents", "06 · live window", "Events"):
            assert f" {title} " in screen_text(app)


async def test_a_focused_panel_that_becomes_hidden_by_a_resize_comes_back_on_its_page() -> None:
    async with shown(full()) as (app, pilot):
        await pilot.press("2")
        await until(lambda: app.main.agents.has_focus, "the focus")
        await pilot.resize_terminal(80, 24)
        await until(lambda: app.main.has_class("-narrow"), "the narrow layout")
        await pilot.pause()
        assert "Agents" in screen_text(app)


async def test_a_window_is_streamed_as_soon_as_a_resize_brings_it_in_sight_and_no_longer_than_it_is() -> None:
    source = full()
    async with shown(source, size=(80, 24)) as (app, pilot):
        pane = app.main.window.agent
        assert pane is not None
        for size, panes in (((160, 45), (pane.screen_id,)), ((80, 24), ()), ((104, 24), (pane.screen_id,))):
            await pilot.resize_terminal(*size)
            await until(lambda panes=panes: streamed(source)[-1:] == [panes], f"the streams at {size}")


def streamed(source: StillSource) -> list[tuple[str, ...]]:
    """The panes that were asked for, one time after the other."""
    return [asked[1] for asked in source.asked if isinstance(asked, tuple) and asked[0] == "panes"]


async def test_only_the_focused_panel_has_a_bright_border() -> None:
    async with shown(full()) as (app, pilot):
        app.main.jump_within = 0  # no two digits are one number
        panels = [app.main.query_one(f"#{name}") for name in ("prompts", "why", "agents", "window", "events")]
        for key in ("1", "2", "3", "4"):
            await pilot.press(key)
            focus = {"1": "prompts", "2": "agents", "3": "window", "4": "events"}[key]
            await until(lambda focus=focus: app.main.panel == focus, focus)
            await pilot.pause()
            colours = {panel.id: panel.styles.border_top[1] for panel in panels}
            bright = colours.pop(focus)
            assert bright not in colours.values()
            assert len(set(colours.values())) == 1


async def test_the_selection_drives_why_window_and_events() -> None:
    async with shown(full()) as (app, pilot):
        assert app.main.selected == 6
        await pilot.press("4", "f")
        await until(lambda: "Events · 06" in screen_text(app), "the filter")
        await pilot.press("1")
        await until(lambda: app.main.graph.has_focus, "the focus")
        await pilot.press("up")
        await until(lambda: app.main.selected == 5, "the next selection")
        await until(lambda: "Events · 05" in screen_text(app), "its events")
        assert "05 · last screen · finished 3m58 ago" in screen_text(app)
        assert line_with(app, "Its change is open")


async def test_enter_reads_the_prompts_file() -> None:
    async with shown(full()) as (app, pilot):
        await pilot.press("enter")
        path = ".coord/prompts/06-planned.prompt.md"
        await until(lambda: isinstance(app.screen, Reading) and path in screen_text(app), "the file")
        assert "## Tasks" in screen_text(app)
        await pilot.press("q")
        await until(lambda: app.screen is app.main, "the main screen")
        assert app.is_running


async def test_a_click_selects_and_the_wheel_scrolls() -> None:
    async with shown(full()) as (app, pilot):
        await pilot.click(offset=place_of(app, "Persist buckets"))
        await until(lambda: app.main.selected == 4, "prompt 04")
        assert app.main.window.agent.id == "executor-04-1"
        await pilot.click(offset=place_of(app, "executor    codex"))
        await until(lambda: app.main.window.agent.id == "executor-06-1", "agent 06")
    many = StillSource(scenes.many(200))
    async with shown(many) as (app, _):
        before = app.main.graph.scroll_offset.y
        app.main.graph.scroll_down(animate=False)
        await until(lambda: app.main.graph.scroll_offset.y == before + 1, "a line further down")


async def test_a_click_on_a_key_of_the_footer_does_what_the_key_does() -> None:
    source = full()
    async with shown(source) as (app, pilot):
        await pilot.click(offset=place_of(app, "pause loop"))
        await until(lambda: source.asked and source.asked[-1][0] == "loop", "the wish")


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (60, 15)])
@pytest.mark.parametrize(("key", "panel"), [("1", "prompts"), ("2", "agents"), ("3", "window"), ("4", "events")])
async def test_zoom_gives_a_panel_the_whole_screen_and_takes_it_back(
    key: str, panel: str, size: tuple[int, int]
) -> None:
    async with shown(full(), size=size) as (app, pilot):
        await pilot.press(key)
        await until(lambda: app.main.panel == panel, "the focus")
        await pilot.press("Z")
        await until(lambda: app.main.query_one(f"#{panel}").outer_size == (size[0], size[1] - 2), "the zoom")
        assert screen_text(app).splitlines()[0].startswith(" coord")
        await pilot.press("escape")
        await until(lambda: app.main.maximized is None, "all panels")


async def test_where_only_the_agents_are_in_sight_keys_act_on_the_one_under_the_cursor() -> None:
    async with shown(full()) as (app, pilot):
        app.main.select(4)
        await pilot.press("2")
        await until(lambda: app.main.panel == "agents", "the agents")
        await pilot.press("Z", "home")
        await until(lambda: app.main.maximized is not None, "the zoom")
        current = app.main.agents.current
        assert current is not None
        assert current.prompt != 4
        assert app.main.context().agent == current


async def test_in_the_agents_keys_are_not_about_an_agent_of_long_ago() -> None:
    snapshot = scenes.bucket()
    past = next(n for n, step in snapshot.steps.items() if past_agent(snapshot, n) is not None)
    async with shown(full()) as (app, pilot):
        app.main.select(past)
        await until(lambda: app.main.window.agent is not None and app.main.window.agent.prompt == past, "its window")
        await pilot.press("2")
        await until(lambda: app.main.panel == "agents", "the agents")
        await pilot.pause()
        assert app.main.agents.current is not None
        assert app.main.context().agent == app.main.agents.current


async def test_the_help_lists_keys_and_panels() -> None:
    async with shown(full(), size=(160, 160)) as (app, pilot):
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, Reading) and "The loop" in screen_text(app), "the help")
        for words in ("The loop", "What needs you", "Why the selected prompt runs", "mouse", "attach 06"):
            assert words in screen_text(app)


async def test_problems_are_listed_with_what_to_do_and_lead_to_their_prompt() -> None:
    async with shown(StillSource(scenes.troubled())) as (app, pilot):
        await pilot.press("exclamation_mark")
        await until(lambda: isinstance(app.screen, Listing) and "Close the quote." in screen_text(app), "the list")
        assert ".coord/prompts/03-bad.prompt.md:4" in screen_text(app)
        await pilot.press("down")
        await until(lambda: "↵ select its prompt" in screen_text(app), "the second problem")
        await pilot.press("enter")
        await until(lambda: app.screen is app.main and app.main.selected == 5, "prompt 05")


async def test_what_needs_you_goes_to_the_failure_when_nothing_is_more_urgent() -> None:
    async with shown(StillSource(scenes.troubled())) as (app, pilot):
        app.main.select(1)
        await pilot.press("n")
        await until(lambda: app.main.selected == 4, "the failed prompt")


async def test_an_empty_project_says_how_to_begin() -> None:
    async with shown(StillSource(scenes.empty())) as (app, _):
        text = " ".join(screen_text(app).split())
        assert "No prompts yet" in text
        assert "Write one here" in text
        assert "coord run" not in text
        assert "coord demo" in text
        assert " u undo " not in text


async def test_before_the_first_snapshot_the_screen_is_there_and_keys_do_no_harm() -> None:
    async with shown(StillSource(None), loaded=False) as (app, pilot):
        await until(lambda: "reading the project" in screen_text(app), "the header")
        for key in ("l", "a", "n", "enter", "down", "Q", "L", "tab", "Z", "1"):
            await pilot.press(key)
        assert app.is_running


async def test_a_project_that_can_not_be_read_is_told_and_the_last_picture_stays() -> None:
    source = full()
    async with shown(source) as (app, _):
        source.put(Trouble("coord.yaml:3: there is no setting `gat`", "did you mean `gate`?"))
        await until(lambda: "did you mean `gate`?" in screen_text(app), "the toast")
        assert "Redis backend" in screen_text(app)


async def test_q_leaves_and_closes_the_source() -> None:
    source = full()
    app = CoordApp(source, UTF8)

    async def leave(pilot: Pilot[None]) -> None:
        await until(lambda: app.main.snapshot is not None, "the first snapshot")
        await pilot.press("q")

    await app.run_async(headless=True, auto_pilot=leave)
    assert source.closed
    assert app.return_code == 0


async def test_a_fault_of_ours_ends_the_app_and_its_threads(capfd: pytest.CaptureFixture[str]) -> None:
    source = full()
    app = CoordApp(source, UTF8)

    async def break_it(pilot: Pilot[None]) -> None:
        await until(lambda: app.main.snapshot is not None, "the first snapshot")
        app.main.call_later(lambda: 1 / 0)

    await app.run_async(headless=True, auto_pilot=break_it)
    assert source.closed
    assert app.return_code == 1
    assert "ZeroDivisionError" in capfd.readouterr().err


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_hostile_and_wide_titles_are_shown_as_text_and_break_no_line(size: tuple[int, int]) -> None:
    hostile = replace(
        scenes.wide_titles(), project="[b]p[/b]\x1b[2J", milestone=Milestone("\u202e[@click=app.quit]m[/]")
    )
    async with shown(StillSource(hostile), size=size) as (app, pilot):
        text = screen_text(app)
        assert "[@click=app.quit]quit[/] [red]not red[/red]" in text
        assert "·[31mred·[0m" in text
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200d]", text)
        assert "設定ファイル" in text
        column, row = place_of(app, "quit[/]")
        await pilot.click(offset=(min(column, 70), row))
        await pilot.pause()
        assert app.is_running
        app.main.select(4)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, Reading), "the file")
        assert app.is_running


async def test_ages_go_on_while_something_runs_and_nothing_ticks_when_idle() -> None:
    now = [scenes.NOW]
    source = full()
    async with shown(source, clock=lambda: now[0]) as (app, _):
        assert app.main._ticker._active.is_set()
        now[0] += 60
        app.main.tick()
        await until(lambda: "3m13" in screen_text(app), "the age of 04, a minute later")
        source.put(scenes.stopped())
        await until(lambda: not app.main._ticker._active.is_set(), "the clock to stop")


async def test_a_thousand_prompts_scroll_from_end_to_end() -> None:
    async with shown(StillSource(scenes.many(1000))) as (app, pilot):
        await pilot.press("end")
        await until(lambda: "Step 1000 of" in screen_text(app), "the last prompt")
        await pilot.press("home")
        await until(lambda: app.main.selected == 1 and "Step 1 of" in screen_text(app), "the first prompt")
