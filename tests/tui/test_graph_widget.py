"""The graph panel in a real app, driven by keys and mouse: what a row says, its colours, and choosing."""

import pytest
from rich.cells import cell_len
from support.build import NOW, prompt, snapshot
from support.graph_panel import Watched, chain, every_state, stage, wait_for
from support.onscreen import contrast
from textual import events
from textual.color import Color

from coordinator.views.prompt_row import Tone
from coordinator.views.spans import Span
from tui.paint.theme import ASCII, DARK, LIGHT, UNICODE, Glyphs
from tui.widgets.graph_rows import RowLook, row_spans, tone_glyph

# ── one row is one sentence


async def test_a_row_has_state_number_rails_title_badge_and_fact() -> None:
    async with stage(every_state()) as s:
        assert s.row("02").split() == [UNICODE.spin(NOW), "02", "├─●", "Token", "bucket", "claude", "2m13"]
        assert s.row("04").split()[:2] == ["◆", "04"]
        assert s.row("04").endswith("review +184 -12")
        assert "! 03" in s.row("03")
        assert s.row("03").endswith("codex asks permission")
        assert "Clock steps back ⚑ patches 01" in s.row("05")
        assert s.row("05").endswith("after 02")
        assert "Rewrite ✧ emergent" in s.row("07")
        assert s.row("06").endswith("failed, attempt 2 · halted")
        assert s.row("09").endswith("needs 99, missing")


async def test_the_border_tells_how_many_there_are_and_how_many_are_ready() -> None:
    async with stage(every_state()) as s:
        assert str(s.graph.border_subtitle) == "9 · 1 ready · rails ▸ map (m)"


@pytest.mark.parametrize("marks", [UNICODE, ASCII])
def test_every_state_has_a_character_of_its_own(marks: Glyphs) -> None:
    found = {tone: tone_glyph(tone, marks, NOW) for tone in Tone}
    assert len(set(found.values())) == len(Tone)
    assert all(cell_len(glyph) == 1 for glyph in found.values())


async def test_a_terminal_without_boxes_gets_nothing_but_ascii() -> None:
    async with stage(every_state(), marks=ASCII) as s:
        await s.press("down", "space")
        text = "".join(s.lines()).replace("·", "")
        assert text.isascii(), text
        await s.press("m")
        assert "".join(s.lines()).replace("·", "").isascii()


async def test_wide_titles_leave_the_right_edge_straight() -> None:
    titles = ["トークンバケットの時計が戻る" * 3, "plain", "한국어 제목", "é" * 90, "a\u0301" * 60]
    async with stage(snapshot((prompt(n, 99, title=t) for n, t in enumerate(titles, 1)))) as s:
        for y in range(len(titles)):
            strip = s.graph.render_line(y)
            assert strip.cell_length == sum(cell_len(segment.text) for segment in strip) == 79
        assert all(line.endswith("needs 99, missing") for line in s.lines()[: len(titles)])


async def test_titles_cannot_reach_the_terminal_or_the_markup() -> None:
    evil = "\x1b[2J\x1b]52;c;ZXZpbA==\x07\u202egnp.exe [@click=app.quit]quit[/]\nsecond line"
    async with stage(snapshot([prompt(1, title=evil)])) as s:
        text = s.row("01")
        assert not set(text) & {"\x1b", "\x07", "\u202e", "\n"}
        assert "[@click=app.quit]" in text
        await s.press("m")
        assert "\x1b" not in "".join(s.lines())
        assert all("@click" not in segment.style.meta for segment in s.graph.render_line(0) if segment.style)


async def test_a_narrow_panel_keeps_number_and_fact_and_cuts_the_title() -> None:
    async with stage(snapshot([prompt(1, 99, title="A title that is much too long")]), size=(44, 5)) as s:
        assert s.lines()[0].endswith("needs 99, missing")
        assert "01" in s.lines()[0]
        assert "…" in s.lines()[0]


@pytest.mark.parametrize("width", [1, 5, 12, 24])
async def test_no_panel_is_too_narrow_to_be_drawn(width: int) -> None:
    async with stage(every_state(), size=(width, 12)) as s:
        await s.press("down", "right", "m", "m", "z")
        assert {s.graph.render_line(y).cell_length for y in range(9)} == {s.graph.scrollable_content_region.width}


async def test_left_and_right_pan_a_long_title_under_the_fact() -> None:
    async with stage(snapshot([prompt(1, 99, title="A title that is much too long for it")]), size=(50, 5)) as s:
        assert "too long" not in s.lines()[0]
        await s.press("right", "right")
        assert "too long" in s.lines()[0]
        assert s.lines()[0].endswith("needs 99, missing")
        await s.press("left", "left", "left")
        assert "A title" in s.lines()[0]


def test_half_a_wide_character_is_panned_to_a_space() -> None:
    look = RowLook(lead=(Span("01 "),), middle=(Span("時計"),), fact=())
    assert "".join(span.text for span in row_spans(look, 12, 1, "…")) == "01  計" + " " * 6
    assert "".join(span.text for span in row_spans(look, 12, 2, "…")) == "01 計" + " " * 7


async def test_an_empty_project_says_how_to_begin() -> None:
    async with stage(snapshot()) as s:
        assert s.lines()[0].strip() == "No prompts yet."
        await s.press("down", "enter", "space", "m", "z", "left")
        assert s.app.told == []


# ── colours


@pytest.mark.parametrize("theme", [DARK, LIGHT])
async def test_text_is_readable_under_the_cursor_on_ghosts_and_elsewhere(theme: str) -> None:
    async with stage(every_state(), theme=theme) as s:
        s.graph.preview([prompt(10, 5, title="New")])
        faint = s.graph.ink("line").color
        words = {s.graph.ink(name).color for name in ("text", "strong", "quiet", "cursor")}
        await s.press("home")
        for _ in range(10):
            for y, line in enumerate(s.lines()):
                for segment in s.graph.render_line(y) if line else ():
                    assert segment.style is not None
                    ink, ground = segment.style.color, segment.style.bgcolor
                    if segment.text.strip(" │─├┤╰╯┴┼●◎") and ink != faint:
                        ratio = contrast(Color.from_rich_color(ink), Color.from_rich_color(ground))
                        assert ratio >= (4.5 if ink in words else 3.5), f"{segment.text!r} of {line!r}: {ratio:.1f}"
            await s.press("down")


async def test_the_cursor_row_stands_out_and_dims_without_the_focus() -> None:
    async with stage(every_state()) as s:
        y = s.graph.cursor
        focused = {segment.style.bgcolor for segment in s.graph.render_line(y) if segment.style}
        s.app.set_focus(None)
        await s.pilot.pause()
        blurred = {segment.style.bgcolor for segment in s.graph.render_line(y) if segment.style}
        other = {segment.style.bgcolor for segment in s.graph.render_line(y + 1) if segment.style}
        assert len(focused) == len(blurred) == len(other) == 1
        assert focused != blurred != other


# ── choosing


async def test_what_needs_a_human_is_selected_first() -> None:
    async with stage(every_state()) as s:
        assert s.graph.selected == 3
        assert s.app.told == [], "nobody chose it"


async def test_keys_move_the_selection_and_tell() -> None:
    async with stage(snapshot(chain(60))) as s:
        assert s.graph.selected == 1
        await s.press("down", "down", "up")
        await s.press("end")
        await s.press("pageup")
        await s.press("home")
        assert s.app.told == [("selected", n) for n in (2, 3, 2, 60, 47, 1)]
        await s.press("up")
        assert s.graph.selected == 1


async def test_the_selected_row_is_scrolled_into_sight() -> None:
    async with stage(snapshot(chain(60))) as s:
        await s.press("end")
        assert s.labels()[-1] == "60"
        s.graph.selected = 5
        await s.pilot.pause()
        assert "05" in s.labels()


async def test_a_click_selects_and_a_double_click_opens() -> None:
    async with stage(snapshot(chain(5))) as s:
        await s.pilot.click(Watched, offset=(20, 2))
        await s.pilot.click(Watched, offset=(20, 3), times=2)
        await s.pilot.click(Watched, offset=(20, 9))
        await s.pilot.pause()
        assert s.app.told == [("selected", 3), ("selected", 4), ("activated", 4)]


async def test_enter_opens_the_selected_prompt() -> None:
    async with stage(snapshot(chain(3))) as s:
        await s.press("down", "enter")
        assert s.app.told == [("selected", 2), ("activated", 2)]


async def test_the_wheel_scrolls_without_selecting() -> None:
    async with stage(snapshot(chain(60))) as s:
        await s.pilot._post_mouse_events([events.MouseScrollDown], Watched, offset=(5, 5), times=4)
        await wait_for(s.pilot, lambda: s.graph.scroll_offset.y > 3)
        assert "01" not in s.labels()
        assert s.graph.selected == 1


async def test_space_marks_rows_and_tells_the_set() -> None:
    async with stage(snapshot(chain(3))) as s:
        await s.press("space", "down", "space", "up", "space")
        assert [value for kind, value in s.app.told if kind == "marked"] == [{1}, {1, 2}, {2}]
        assert s.row("02").startswith("▌")
        s.graph.marked = frozenset()
        await s.pilot.pause()
        assert not s.row("02").startswith("▌")


async def test_what_is_gone_is_no_longer_marked_or_selected() -> None:
    async with stage(snapshot(chain(4))) as s:
        await s.press("down", "space")
        assert s.graph.selected == 2
        await s.show(snapshot([prompt(1), prompt(3), prompt(4)]))
        assert s.graph.marked == frozenset()
        assert s.graph.selected == 3


async def test_rows_show_how_they_relate_to_the_selected_one() -> None:
    async with stage(snapshot([prompt(1), prompt(2, 1), prompt(3, 2), prompt(4, 1)])) as s:
        await s.press("down")
        assert [line[0] for line in s.lines()[:4]] == ["▴", " ", "▾", " "]
