"""The graph panel in a real app, driven by keys and mouse."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from rich.cells import cell_len
from support import build
from support.build import NOW, agent, prompt, snapshot
from support.onscreen import contrast
from textual import events
from textual.app import App, ComposeResult
from textual.color import Color
from textual.pilot import Pilot

from coordinator.lazy.dataclass import replace
from coordinator.model.prompt import Priority, Prompt, PromptStatus, PromptType
from coordinator.model.snapshot import AgentState, Snapshot
from coordinator.model.step import StepState
from coordinator.views.prompt_row import Tone
from coordinator.views.spans import Span
from tui.paint.theme import ASCII, DARK, LIGHT, UNICODE, Glyphs, themes
from tui.widgets.graph import PromptGraph
from tui.widgets.graph_rows import RowLook, row_spans, tone_glyph

attempt = partial(build.attempt, ago=133)


class Watched(PromptGraph):
    """Counts which lines are asked to be painted again."""

    def __init__(self, marks: Glyphs) -> None:
        super().__init__(marks)
        self.repainted: set[int] = set()
        self.rendered = 0

    def refresh_line(self, y: int) -> None:
        self.repainted.add(y)
        super().refresh_line(y)

    def render_line(self, y: int):  # type: ignore[no-untyped-def]
        self.rendered += 1
        return super().render_line(y)


class Alone(App[None]):
    def __init__(self, shown: Snapshot, marks: Glyphs, theme: str) -> None:
        super().__init__()
        self.shown, self.marks = shown, marks
        self.told: list[tuple[str, object]] = []
        for each in themes():
            self.register_theme(each)
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield Watched(self.marks)

    def on_mount(self) -> None:
        self.query_one(Watched).show(self.shown, NOW)

    def on_prompt_graph_selected(self, message: PromptGraph.Selected) -> None:
        self.told.append(("selected", message.number))

    def on_prompt_graph_activated(self, message: PromptGraph.Activated) -> None:
        self.told.append(("activated", message.number))

    def on_prompt_graph_marked(self, message: PromptGraph.Marked) -> None:
        self.told.append(("marked", set(message.marked)))


class Stage:
    """What the tests look at and act on."""

    def __init__(self, app: Alone, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot
        self.graph = app.query_one(Watched)

    def lines(self) -> list[str]:
        """The text on screen, without the scroll bar."""
        strips = [self.graph.render_line(y) for y in range(self.graph.scrollable_content_region.height)]
        return [strip.text.rstrip() for strip in strips]

    def row(self, label: str) -> str:
        """The line of a prompt."""
        (found,) = [line for line in self.lines() if line[1:].split()[1:2] == [label]]
        return found

    def labels(self) -> list[str]:
        return [line[1:].split()[1] for line in self.lines() if line]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def show(self, shown: Snapshot, now: float = NOW) -> None:
        self.graph.repainted.clear()
        self.graph.show(shown, now)
        await self.pilot.pause()


@asynccontextmanager
async def stage(
    shown: Snapshot, size: tuple[int, int] = (80, 14), marks: Glyphs = UNICODE, theme: str = DARK
) -> AsyncIterator[Stage]:
    app = Alone(shown, marks, theme)
    async with app.run_test(size=size) as pilot:
        app.query_one(Watched).focus()
        await pilot.pause()
        yield Stage(app, pilot)


async def wait_for(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came true")


def every_state() -> Snapshot:
    return snapshot(
        [
            prompt(1, title="Parse limits", status=PromptStatus.DONE),
            prompt(2, 1, title="Token bucket"),
            prompt(3, 1, title="Redis backend"),
            prompt(4, 1, title="HTTP headers"),
            prompt(5, 2, title="Clock steps back", type=PromptType.USER_PATCH, patches_prompts=(1,)),
            prompt(6, title="Metrics", status=PromptStatus.IN_PROGRESS, attempts=2),
            prompt(7, title="Rewrite", status=PromptStatus.CANCELLED, type=PromptType.EMERGENT),
            prompt(8, title="Free"),
            prompt(9, 99, title="Lost"),
        ],
        attempts=[
            attempt(1, StepState.MERGED),
            attempt(2, StepState.RUNNING),
            attempt(3, StepState.RUNNING),
            attempt(4, StepState.CHANGE_OPEN, added=184, removed=12),
            attempt(6, StepState.FAILED, count=2),
        ],
        agents=(agent(3, AgentState.PERMISSION, runtime="codex"),),
    )


def chain(count: int, **values: object) -> list[Prompt]:
    return [prompt(n, *([n - 1] if n > 1 else []), **values) for n in range(1, count + 1)]


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


# ── what arrives


async def test_only_rows_that_changed_are_painted_again() -> None:
    before = snapshot(chain(8))
    async with stage(before) as s:
        prompts = [replace(p, title="Renamed") if p.number == 4 else p for p in chain(8)]
        await s.show(snapshot(prompts))
        assert s.graph.repainted == {3}
        assert "Renamed" in s.row("04")


async def test_the_rails_stay_where_they_are_when_states_change() -> None:
    pending = [prompt(1), prompt(2, 1), prompt(3, 1), prompt(4, 2, 3)]
    async with stage(snapshot(pending)) as s:
        old = s.graph._rows
        done = [replace(p, status=PromptStatus.DONE) for p in pending]
        await s.show(snapshot(done))
        assert s.graph._rows is old


async def test_durations_tick_in_rows_that_run_and_nowhere_else() -> None:
    shot = snapshot((prompt(n) for n in range(1, 9)), attempts=[attempt(3, StepState.RUNNING)])
    async with stage(shot) as s:
        await s.show(shot, NOW + 1)
        assert s.graph.repainted == {2}
        assert s.row("03").endswith("claude 2m14")


async def test_the_selected_row_stays_in_its_place_when_rows_come_in_above() -> None:
    async with stage(snapshot(chain(60)), size=(80, 20)) as s:
        s.graph.selected = 40
        await s.pilot.pause()
        place = s.labels().index("40")
        await s.show(snapshot([*chain(60), *(prompt(n, priority=Priority.HIGH) for n in range(61, 66))]))
        assert s.graph.selected == 40
        assert s.labels().index("40") == place


async def test_a_thousand_prompts_are_drawn_as_far_as_they_are_seen() -> None:
    async with stage(snapshot(chain(1000)), size=(80, 20)) as s:
        assert s.graph.rendered <= 60
        await s.press("end")
        assert s.labels()[-1] == "1000"
        assert s.row("1000").startswith(" · 1000 ◎  Prompt 1000")
        assert s.row("999").startswith("▴·  999 ●")
        assert s.graph.rendered <= 300


# ── a plan on the graph


def interjection(shot: Snapshot) -> Iterable[Prompt]:
    return [prompt(12, 2, title="Reject negative costs"), replace(shot.prompts[3], dependencies=(1, 12))]


async def test_a_planned_prompt_is_a_ghost_at_its_future_place() -> None:
    shot = snapshot([prompt(1), prompt(2), prompt(3, 1), prompt(4, priority=Priority.LOW)])
    async with stage(shot) as s:
        s.graph.preview(interjection(shot))
        await s.pilot.pause()
        assert s.labels() == ["01", "02", "12", "03", "04"]
        assert "+ 12" in s.row("12")
        assert "Reject negative costs new" in s.row("12")
        assert s.row("12").endswith("before 03")
        assert "now after 12 too" in s.row("03")
        assert s.row("03").endswith("after 01, 12")
        assert s.row("03").startswith("~")
        ghost = {segment.style.bgcolor for segment in s.graph.render_line(2) if segment.style}
        plain = {segment.style.bgcolor for segment in s.graph.render_line(4) if segment.style}
        assert ghost != plain
        assert s.graph.selected == 1


async def test_the_graph_is_as_it_was_when_the_plan_is_dropped() -> None:
    shot = snapshot([prompt(1), prompt(2), prompt(3, 1)])
    async with stage(shot) as s:
        before = s.lines()
        s.graph.preview(interjection(shot))
        await s.pilot.pause()
        assert s.lines() != before
        s.graph.preview([])
        await s.pilot.pause()
        assert s.lines() == before


async def test_what_a_plan_leaves_as_it_is_is_not_marked() -> None:
    shot = snapshot([prompt(1), prompt(2, 1)])
    async with stage(shot) as s:
        before = s.lines()
        s.graph.preview([shot.prompts[2]])
        await s.pilot.pause()
        assert s.lines() == before


async def test_an_applied_plan_stops_being_a_ghost() -> None:
    shot = snapshot([prompt(1), prompt(2), prompt(3, 1)])
    async with stage(shot) as s:
        planned = list(interjection(shot))
        s.graph.preview(planned)
        await s.show(snapshot([prompt(1), prompt(2), planned[1], planned[0]]))
        assert " new" not in s.row("12")
        assert "too" not in s.row("03")


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"dependencies": (1,)}, "no longer after 02"),
        ({"status": PromptStatus.CANCELLED}, "will be cancelled"),
        ({"status": PromptStatus.FAILED}, "will be failed"),
        ({"title": "Other"}, "edited"),
    ],
)
async def test_other_changes_of_a_plan_are_told_in_words(change: dict[str, object], note: str) -> None:
    shot = snapshot([prompt(1), prompt(2), prompt(3, 1, 2)])
    async with stage(shot) as s:
        s.graph.preview([replace(shot.prompts[3], **change)])  # type: ignore[arg-type]
        await s.pilot.pause()
        assert note in s.row("03")


async def test_a_plan_that_would_close_a_cycle_can_be_shown() -> None:
    shot = snapshot([prompt(1), prompt(2, 1)])
    async with stage(shot) as s:
        s.graph.preview([replace(shot.prompts[1], dependencies=(2,))])
        await s.pilot.pause()
        assert s.labels() == ["01", "02"]


# ── folding and the map


async def test_folding_leaves_one_row_for_what_is_done() -> None:
    done = [replace(p, status=PromptStatus.DONE) for p in chain(6)]
    gone = prompt(7, 6, status=PromptStatus.CANCELLED)
    async with stage(snapshot([*done, gone, prompt(8, 7), prompt(9, 8)])) as s:
        await s.press("z")
        first = s.lines()[0].split()
        assert first[:3] == ["✓", "⋯", "●"]
        assert "6 done, 1 cancelled" in s.lines()[0]
        assert s.labels()[1:] == ["08", "09"]
        assert s.graph.selected == 8
        await s.press("up", "enter")
        assert s.labels() == [f"{n:02d}" for n in range(1, 10)]
        assert s.graph.selected == 7


async def test_folding_does_not_hide_what_the_plan_changes() -> None:
    done = [replace(p, status=PromptStatus.DONE) for p in chain(6)]
    async with stage(snapshot(done)) as s:
        await s.press("z")
        assert len(s.labels()) == 1
        s.graph.preview([replace(done[2], title="Other")])
        await s.pilot.pause()
        assert "03" in s.labels()


async def test_the_map_shows_layers_and_keeps_the_selection() -> None:
    async with stage(every_state()) as s:
        await s.press("m")
        assert s.graph.selected == 3
        numbers = [[word for word in line.split() if len(word) == 2 and word.isdigit()] for line in s.lines()]
        assert numbers[0] == ["01", "06", "07", "08", "09"]
        assert numbers[1] == ["02", "03", "04"]
        assert numbers[2] == ["05"]
        assert str(s.graph.border_subtitle).endswith("map ▸ rails (m)")
        await s.press("m")
        assert s.labels()[0] == "01"


async def test_the_map_is_walked_with_the_arrows_and_the_mouse() -> None:
    async with stage(every_state()) as s:
        await s.press("m", "up")
        assert s.graph.selected == 6, "as far right as before"
        await s.press("left", "down", "right", "down")
        assert s.graph.selected == 5
        row, column = next((y, line.index("04 HTTP")) for y, line in enumerate(s.lines()) if "04 HTTP" in line)
        await s.pilot.click(Watched, offset=(column, row))
        await s.pilot.pause()
        assert s.graph.selected == 4
        await s.press("enter")
        assert s.app.told[-1] == ("activated", 4)


async def test_a_double_click_on_the_map_opens_once_and_beside_it_nothing() -> None:
    async with stage(every_state()) as s:
        await s.press("m")
        told = len(s.app.told)
        await s.pilot.click(Watched, offset=(78, 2), times=2)
        await s.pilot.pause()
        assert s.app.told[told:] == []
        await s.pilot.click(Watched, offset=(8, 2), times=2)
        await s.pilot.pause()
        assert s.app.told[told:] == [("selected", 5), ("activated", 5)]


async def test_the_map_of_a_thousand_fits_the_panel() -> None:
    async with stage(snapshot(prompt(n) for n in range(1, 1001)), size=(80, 20)) as s:
        await s.press("m")
        assert s.graph.render_line(0).cell_length <= 80
        assert s.lines()[0].split()[:5] == ["1", "○", "01", "○", "02"]
        assert s.graph.row_count() == 100, "ten on a line"
