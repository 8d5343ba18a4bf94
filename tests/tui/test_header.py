"""The first line: says less in less room, and never loses what needs a human."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import scenes
from support.onscreen import place_of, screen_text, shown, until
from support.still import StillSource

from coordinator.lazy.dataclass import replace
from coordinator.model.forecast import forecast
from coordinator.model.snapshot import Loop, LoopState, Milestone, Snapshot
from coordinator.model.usage import Spent
from tui.forms.answer import AnswerForm
from tui.paint.ink import columns, safe
from tui.paint.theme import ASCII, UNICODE
from tui.screens.reader import Listing
from tui.widgets.header import _shares, header_spans


def text(snapshot: Snapshot | None, width: int) -> str:
    return "".join(span.text for span in header_spans(snapshot, width, UNICODE))


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (
            200,
            " coord  tokenbucket › Rate limiting v1   ▶ running 2/3   ━━━━━━━━━━━━━━──────── 3/10 merged · $0.36"
            "                   n · 06 asks: Which Redis versions must be supported?   06 permission   review 05 ",
        ),
        (
            160,
            " coord  tokenbucket › Rate limiting v1   ▶ running 2/3   3/10 merged · $0.36"
            "            n · 06 asks: Which Redis versions must be…   06 permission   review 05 ",
        ),
        (
            120,
            " coord  tokenbucket › Rate limiting v1   ▶ running 2/3   3/10 merged · $0.36"
            "   n · 06 asks   06 permission   review 05 ",
        ),
        (80, " coord  ▶ 2/3   3/10 merged            n · 06 asks   06 permission   review 05 "),
        (60, " coord  ▶ 2/3      n · 06 asks   06 permission   review 05 "),
        (54, " coord  ▶ 2/3    06 asks   06 permission   review 05 "),
    ],
)
def test_the_line_says_less_the_narrower_it_gets(width: int, line: str) -> None:
    assert text(scenes.bucket(), width) == line


def test_where_nobody_tells_of_money_the_run_has_cost_tokens_and_else_nothing_is_said() -> None:
    counted = replace(scenes.bucket(), spent={4: Spent(18_200), 5: Spent()})
    assert "3/10 merged · 18k tokens " in text(counted, 200)
    assert "3/10 merged  " in text(replace(counted, spent={5: Spent()}), 200)


def test_what_the_coordinator_used_is_part_of_what_the_run_has_cost() -> None:
    assert "3/10 merged · $1.36 " in text(replace(scenes.bucket(), talked=Spent(400, 1.0)), 200)


@given(st.integers(54, 220), st.text(max_size=60), st.text(max_size=60))
def test_pills_stay_whatever_the_width_and_the_names(width: int, project: str, title: str) -> None:
    snapshot = replace(scenes.bucket(), project=project, milestone=Milestone(title))
    line = text(snapshot, width)
    assert line.endswith("   06 permission   review 05 ")
    assert " 06 asks" in line
    assert columns(header_spans(snapshot, width, UNICODE)) <= max(width, 52)


@pytest.mark.parametrize(
    ("state", "shown_as"),
    [
        (LoopState.RUNNING, "▶ running 2/3"),
        (LoopState.PAUSED, "‖ paused 2/3"),
        (LoopState.WAITING, "? waiting 2/3"),
        (LoopState.HALTED, "✗ halted 2/3"),
        (LoopState.STUCK, "✗ stuck 2/3"),
        (LoopState.STOPPED, "■ stopped 2/3"),
        (LoopState.FINISHED, "✓ finished 2/3"),
    ],
)
def test_every_state_of_the_loop_has_a_glyph_and_a_word(state: LoopState, shown_as: str) -> None:
    snapshot = replace(scenes.bucket(), loop=Loop(state, "", 3, alive=True))
    assert shown_as in text(snapshot, 200)


def test_before_the_first_snapshot_it_says_that_it_reads() -> None:
    assert "reading the project" in text(None, 80)


def test_ascii_marks_are_ascii() -> None:
    assert "".join(span.text for span in header_spans(scenes.bucket(), 160, ASCII)).isascii()


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.integers(0, 50))
def test_the_bar_is_full_only_when_everything_is(parts: list[int], rest: int) -> None:
    total = sum(parts) + rest
    cells = _shares(parts, total, 22)
    assert all((part > 0) == (count > 0) for part, count in zip(parts, cells, strict=True))
    if total:
        assert (sum(cells) == 22) == (rest == 0)


async def test_a_click_on_a_pill_goes_to_what_needs_you() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.click(offset=place_of(app, "06 asks"))
        await until(lambda: isinstance(app.main.form, AnswerForm), "the question")
    async with shown(StillSource(scenes.troubled())) as (app, pilot):
        await pilot.click(offset=place_of(app, "2 problems"))
        await until(lambda: isinstance(app.screen, Listing), "the list of problems")
        await until(lambda: "Close the quote." in screen_text(app), "its details")


async def test_the_line_is_drawn_anew_when_the_project_changes() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, _):
        assert "3/10 merged" in screen_text(app)
        source.put(replace(scenes.bucket(), loop=Loop(LoopState.PAUSED, "", 3, alive=True)))
        await until(lambda: "‖ paused" in screen_text(app), "the new state")


def test_names_are_made_safe() -> None:
    snapshot = replace(scenes.bucket(), project="\x1b]0;x\x07", milestone=Milestone("[@click=app.quit]x[/]"))
    line = text(snapshot, 200)
    assert safe(line) != line or "\x1b" not in line
    assert "[@click=app.quit]x[/]" in line


def test_the_forecast_stands_behind_the_progress_where_there_is_room() -> None:
    def line(width: int) -> str:
        return "".join(span.text for span in header_spans(scenes.bucket(), width, UNICODE, "about 40 min of work left"))

    assert "3/10 merged · about 40 min of work left" in line(220)
    assert "about 40 min" not in line(100)


async def test_the_forecast_of_the_project_is_on_the_screen() -> None:
    async with shown(StillSource(scenes.bucket()), size=(220, 45)) as (app, _):
        words = forecast(scenes.bucket(), scenes.NOW).words
        assert words.startswith("about ")
        assert f"merged · {words.replace(' left', ' of work left')}" in screen_text(app)
