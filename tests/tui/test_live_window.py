"""The live window: follows the line, keeps last screens, stays readable, passes nothing on but text."""

import pytest
from rich.color import Color
from rich.style import Style as RichStyle
from support import scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource
from textual.app import App, ComposeResult

from coordinator.lazy.dataclass import replace
from coordinator.model.pane_screen import Screen, Style
from coordinator.model.snapshot import AgentState
from coordinator.terminals.screen import parse
from tui.app import CoordApp
from tui.paint.contrast import readable
from tui.widgets.window import LiveWindow, pane_style


def lines(count: int, width: int = 80, cursor: tuple[int, int] | None = None) -> Screen:
    return parse("\n".join(f"line {n}" for n in range(count)), width, count, cursor)


class Alone(App[None]):
    """The widget without the rest of the screen."""

    def compose(self) -> ComposeResult:
        yield LiveWindow()

    def on_mount(self) -> None:
        self.animation_level = "none"
        self.query_one(LiveWindow).show(scenes.agent(4, AgentState.WORKING, 60), scenes.NOW)


def text(app: App[None]) -> str:
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


async def test_the_scrollbar_is_where_the_window_is_from_the_first_picture_on() -> None:
    app = Alone()
    async with app.run_test(size=(80, 24)) as pilot:
        window = app.query_one(LiveWindow)
        window.draw("executor-04-1", lines(100))
        await pilot.pause()
        assert window.show_vertical_scrollbar
        assert window.vertical_scrollbar.position == window.scroll_y == window.max_scroll_y > 0


async def test_it_follows_the_end_of_a_tall_pane_and_the_cursor() -> None:
    app = Alone()
    async with app.run_test(size=(40, 10)) as pilot:
        window = app.query_one(LiveWindow)
        window.draw("executor-04-1", lines(50))
        await pilot.pause()
        assert "line 49" in text(app)
        window.draw("executor-04-1", lines(50, cursor=(0, 20)))
        await pilot.pause()
        assert "line 20" in text(app)


async def test_blank_rows_below_the_cursor_are_not_shown() -> None:
    app = Alone()
    async with app.run_test(size=(40, 10)) as pilot:
        window = app.query_one(LiveWindow)
        window.draw("executor-04-1", parse("\n".join(["one", "two"]), 80, 50, (0, 2)))
        await pilot.pause()
        assert text(app).splitlines()[:2] == ["one", "two"]


async def test_it_goes_on_following_when_the_panel_grows_and_shrinks() -> None:
    app = Alone()
    async with app.run_test(size=(40, 10)) as pilot:
        window = app.query_one(LiveWindow)
        window.draw("executor-04-1", lines(50))
        for height in (30, 12, 60, 10):
            await pilot.resize_terminal(40, height)
            await pilot.pause()
            assert "line 49" in text(app), height


async def test_scrolling_up_stays_until_end_is_pressed() -> None:
    app = Alone()
    async with app.run_test(size=(40, 10)) as pilot:
        window = app.query_one(LiveWindow)
        window.draw("executor-04-1", lines(50))
        await until(lambda: window.has_focus and window.allow_vertical_scroll, "a layout to scroll in")
        await pilot.press("up", "up")
        await until(lambda: window.scroll_offset.y == 38, "two lines up")
        window.draw("executor-04-1", lines(51))
        await pilot.pause()
        assert window.scroll_offset.y == 38
        await pilot.press("end")
        await pilot.pause()
        assert "line 50" in text(app)


async def test_wide_panes_are_cut_at_the_right_and_can_be_moved() -> None:
    app = Alone()
    async with app.run_test(size=(20, 5)) as pilot:
        window = app.query_one(LiveWindow)
        window.draw("executor-04-1", parse("設定" + "x" * 50 + "END", 80, 1))
        await pilot.pause()
        assert text(app).splitlines()[0] == "設定" + "x" * 16
        window.focus()
        await until(lambda: window.has_focus, "the focus")
        await pilot.press(*["right"] * 40)
        await until(lambda: "END" in text(app), "the right end")


def windowed(app: CoordApp) -> str:
    return "\n".join(app.main.window.render_line(y).text for y in range(app.main.window.size.height))


async def test_selection_chooses_the_window_and_only_it_is_streamed() -> None:
    source = StillSource(scenes.bucket(), screens=scenes.screens())
    async with shown(source) as (app, pilot):
        await until(lambda: "Would you like to run" in windowed(app), "the window of 06")
        app.main.select(4)
        await until(lambda: "Propagating" in windowed(app), "the window of 04")
        assert [asked for asked in source.asked if asked[0] == "panes"] == [("panes", ("%6",)), ("panes", ("%4",))]
        await pilot.press("question_mark")
        await until(lambda: source.asked[-1] == ("panes", ()), "nothing to be streamed behind the help")
        await pilot.press("escape")
        await until(lambda: source.asked[-1] == ("panes", ("%4",)), "the stream to go on")


async def test_nothing_is_streamed_while_the_window_is_on_the_other_page() -> None:
    source = StillSource(scenes.bucket(), screens=scenes.screens())
    async with shown(source, size=(80, 24)) as (_, pilot):
        assert not [asked for asked in source.asked if asked[0] == "panes" and asked[1]]
        await pilot.press("tab")
        await until(lambda: source.asked and source.asked[-1] == ("panes", ("%6",)), "the stream")


async def test_a_lost_window_keeps_its_last_screen_and_says_so() -> None:
    source = StillSource(scenes.bucket(), screens=scenes.screens())
    async with shown(source) as (app, _):
        await until(lambda: "Would you like to run" in windowed(app), "the window of 06")
        source.screens = {}
        gone = tuple(
            replace(a, state=AgentState.LOST, observed_at=scenes.NOW - 60, window="", pane="") if a.prompt == 6 else a
            for a in scenes.bucket().agents
        )
        source.put(replace(scenes.bucket(), agents=gone))
        await until(lambda: "06 · last screen · lost 1m00 ago" in screen_text(app), "the title")
        assert "Would you like to run" in windowed(app)


async def test_a_merged_prompt_shows_the_last_screen_of_its_agent() -> None:
    source = StillSource(scenes.bucket(), screens={"executor-03-1": parse("all tests pass", 80, 1)})
    async with shown(source) as (app, _):
        app.main.select(3)
        await until(lambda: "all tests pass" in windowed(app), "the kept screen")
        assert "03 · last screen · finished" in screen_text(app)


async def test_without_any_agent_it_says_so() -> None:
    async with shown(StillSource(scenes.stopped())) as (app, _):
        assert "No agent has a window." in screen_text(app)


async def test_no_escape_sequence_of_an_agent_reaches_the_terminal() -> None:
    evil = "\x1b]52;c;aGk=\x07\x1b]0;title\x07\x1b[2J[@click=app.quit]x[/] \x1b[31mred\u202e"
    source = StillSource(scenes.bucket(), screens={"%6": parse(evil, 80, 1)})
    async with shown(source) as (app, _):
        await until(lambda: "[@click=app.quit]x[/]" in windowed(app), "the text")
        assert not {"\x1b", "\x07", "\u202e"} & set(windowed(app))
        assert "title" not in windowed(app)


def test_colours_that_would_vanish_on_our_ground_are_moved_and_others_kept() -> None:
    light = Color.parse("#f7f8fb")
    pale, strong = Color.from_rgb(205, 214, 244), Color.from_rgb(20, 60, 160)
    moved = readable(pale, light, Color.parse("#272d49"))
    assert moved is not None
    assert moved != pale
    assert readable(strong, light, None) == strong
    assert readable(Color.from_ansi(3), light, None) == Color.from_ansi(3)


def test_a_panes_style_is_taken_over_as_it_is() -> None:
    base = RichStyle(color="#c8c8c8", bgcolor="#141414")
    style = pane_style(Style(fg=(250, 100, 100), bold=True, italic=True, reverse=True), base)
    assert (style.bold, style.italic, style.reverse, style.underline) == (True, True, True, None)
    assert style.color == Color.from_rgb(250, 100, 100)


async def test_only_lines_that_changed_are_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Alone()
    async with app.run_test(size=(40, 10)) as pilot:
        window = app.query_one(LiveWindow)
        window.draw("executor-04-1", lines(8))
        await pilot.pause()
        painted: list[int] = []
        render = LiveWindow.render_line
        monkeypatch.setattr(LiveWindow, "render_line", lambda self, y: painted.append(y) or render(self, y))
        window.draw("executor-04-1", parse("\n".join(f"line {n}{'!' * (n == 3)}" for n in range(8)), 80, 8))
        await until(lambda: "line 3!" in text(app), "the change")
        assert set(painted) == {3}
        window.draw("executor-04-1", parse("", 80, 8))
        await until(lambda: "line" not in text(app), "the blank screen")
