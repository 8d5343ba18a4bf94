"""The log on screen: follows its end, filters, searches, reads older pages, opens and jumps."""

import pytest
from support import scenes
from support.onscreen import line_with, screen_text, shown, until
from support.still import StillSource
from textual.events import Key

from coordinator.client.ports import Show
from coordinator.lazy.dataclass import replace
from coordinator.model.event import Event
from tui.app import CoordApp
from tui.forms.answer import AnswerForm
from tui.paint.theme import UNICODE
from tui.screens.reader import Reading
from tui.screens.reader_pages import event_lines
from tui.widgets.events import PAGE, event_spans


def log(count: int) -> list[Event]:
    return [
        scenes.event(
            n, (count - n) * 2, "executor-04-1", "decision.recorded", f"prompt:{n % 9 + 1}", text=f"choice {n}"
        )
        for n in range(1, count + 1)
    ]


def long_source(count: int) -> StillSource:
    return StillSource(replace(scenes.bucket(), head=count), log(count))


def seqs(app: CoordApp) -> list[int]:
    return [event.seq for event in app.main.log_panel.list.events]


def test_an_open_question_says_how_long_it_waits_and_how_to_answer() -> None:
    question = scenes.bucket().questions[0]
    event = scenes.bucket_events()[8]
    line = "".join(span.text for span in event_spans(event, question, 120, scenes.NOW, UNICODE))
    assert line.endswith("waiting 13s – ↵ to answer")
    narrow = "".join(span.text for span in event_spans(event, question, 78, scenes.NOW, UNICODE))
    assert narrow.endswith("waiting 13s – ↵ to answer")
    assert len(narrow) <= 78
    answered = "".join(span.text for span in event_spans(event, None, 120, scenes.NOW, UNICODE))
    assert "waiting" not in answered


async def test_the_newest_event_is_in_sight_and_new_ones_scroll_in() -> None:
    source = long_source(50)
    async with shown(source) as (app, _):
        assert "choice 50" in screen_text(app)
        source.events_by_seq = log(53)
        source.put(replace(scenes.bucket(), head=53))
        await until(lambda: "choice 53" in screen_text(app), "the new events")
        assert seqs(app) == list(range(1, 54))


async def test_reading_above_the_end_is_not_disturbed_by_new_events() -> None:
    source = long_source(50)
    async with shown(source) as (app, pilot):
        await pilot.press("4")
        await until(lambda: app.main.panel == "events", "the focus")
        await pilot.press("home")
        await until(lambda: "choice 1 " in screen_text(app) + " ", "the oldest event")
        source.events_by_seq = log(60)
        source.put(replace(scenes.bucket(), head=60))
        await until(lambda: 60 in seqs(app), "the new events")
        assert "choice 60" not in screen_text(app)
        assert app.main.log_panel.list.scroll_offset.y == 0
        await pilot.press("end")
        await until(lambda: "choice 60" in screen_text(app), "the end")
        assert app.main.log_panel.list.following


async def test_older_pages_are_read_when_the_first_row_comes_into_sight() -> None:
    source = long_source(3 * PAGE)
    async with shown(source) as (app, pilot):
        assert seqs(app) == list(range(2 * PAGE + 1, 3 * PAGE + 1))
        await pilot.press("4")
        await until(lambda: app.main.panel == "events", "the focus")
        await pilot.press("home")
        await until(lambda: seqs(app)[0] == PAGE + 1, "the page before")
        assert app.main.log_panel.list.current.seq == 2 * PAGE + 1
        await pilot.press("home")
        await until(lambda: seqs(app)[0] == 1, "the first page")
        assert seqs(app) == list(range(1, 3 * PAGE + 1))
        await pilot.press("home")
        await until(lambda: not app.main.log_panel.busy, "rest")
        assert seqs(app) == list(range(1, 3 * PAGE + 1))


async def test_filters_follow_the_selection_and_skip_what_has_none() -> None:
    async with shown(StillSource(scenes.bucket(), scenes.bucket_events())) as (app, pilot):
        panel = app.main.log_panel
        await pilot.press("4")
        await until(lambda: app.main.panel == "events", "the focus")
        await pilot.press("f")
        await until(lambda: seqs(app) == [9], "the events of 06")
        assert "Events · 06" in screen_text(app)
        await pilot.press("f")
        await until(lambda: panel.query_wanted.show is Show.AGENT and not panel.busy, "the events of its agent")
        assert seqs(app) == [9]
        await pilot.press("f")
        await until(lambda: panel.query_wanted.show is Show.QUESTION and not panel.busy, "the questions")
        assert seqs(app) == [9]
        app.main.select(5)
        await pilot.press("4", "f", "f")
        await until(lambda: "Events · 05" in screen_text(app) and seqs(app) == [4, 7], "the events of 05")
        app.main.select(11)
        await until(lambda: "Events · 11" in screen_text(app) and seqs(app) == [], "no events of 11")
        await pilot.press("4", "f")
        await until(
            lambda: panel.query_wanted.show is Show.QUESTION, "the filter after the one that 11 has nothing for"
        )


@pytest.mark.parametrize(("panel", "size"), [("3", (160, 45)), ("3", (80, 24))])
async def test_the_filter_acts_from_a_panel_without_a_list_of_its_own(panel: str, size: tuple[int, int]) -> None:
    async with shown(StillSource(scenes.bucket(), scenes.bucket_events()), size=size) as (app, pilot):
        await pilot.press(panel)
        await until(lambda: app.main.panel not in ("", "events"), "another panel")
        await pilot.press("f")
        await until(lambda: app.main.log_panel.query_wanted.show is not Show.ALL, "the filter")
        await until(lambda: app.main.in_sight("events"), "the page of the events")


async def test_the_scrollbar_is_at_the_end_while_the_newest_event_is_shown() -> None:
    async with shown(long_source(300)) as (app, pilot):
        events = app.main.log_panel.list
        await until(lambda: events.show_vertical_scrollbar, "a scrollbar")
        await pilot.pause()
        assert events.vertical_scrollbar.position == events.scroll_y == events.max_scroll_y > 0


async def test_what_is_typed_right_after_the_key_is_searched_for_and_does_nothing_else() -> None:
    async with shown(StillSource(scenes.bucket(), scenes.bucket_events())) as (app, pilot):
        await pilot.press("4")
        await until(lambda: app.main.panel == "events", "the events")
        for key in ("slash", "q", "i", "k"):
            app.post_message(Key(key, None if key == "slash" else key))
        await until(lambda: app.main.log_panel.query_wanted.text == "qik", "the search")
        assert app.main.form is None


async def test_search_shows_what_it_finds_and_escape_ends_it() -> None:
    async with shown(StillSource(scenes.bucket(), scenes.bucket_events())) as (app, pilot):
        await pilot.press("4")
        await until(lambda: app.main.panel == "events", "the focus")
        await pilot.press("slash", *"wal")
        await until(lambda: "Events · “wal”" in screen_text(app) and seqs(app) == [10], "the found event")
        found = app.main.log_panel.list
        await until(
            lambda: [span.text for span in found.row_spans(0, 120) if span.ink == "found"] == ["WAL"], "its mark"
        )
        await pilot.press("x")
        await until(lambda: seqs(app) == [], "nothing")
        assert "Nothing on the log contains “walx”" in screen_text(app)
        await pilot.press("backspace", "enter")
        await until(lambda: app.main.log_panel.list.has_focus and seqs(app) == [10], "the kept search")
        await pilot.press("escape")
        await until(lambda: seqs(app) == list(range(1, 11)), "all events")
        assert not app.main.log_panel.has_class("-searching")


async def test_enter_on_an_open_question_answers_it() -> None:
    async with shown(StillSource(scenes.bucket(), scenes.bucket_events())) as (app, pilot):
        await pilot.press("4")
        await until(lambda: app.main.panel == "events", "the focus")
        await pilot.press("up", "enter")
        await until(lambda: isinstance(app.main.form, AnswerForm), "the question")


async def test_enter_shows_everything_about_an_event() -> None:
    async with shown(StillSource(scenes.bucket(), scenes.bucket_events())) as (app, pilot):
        await pilot.press("4")
        await until(lambda: app.main.panel == "events", "the focus")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, Reading) and "decision.recorded" in screen_text(app), "the event")
        assert '"text": "use WAL and one writer; reload reads the newest checkpoint only"' in screen_text(app)
        await pilot.press("escape")
        await until(lambda: app.screen is app.main, "the main screen")


async def test_an_event_leads_to_its_prompt() -> None:
    async with shown(StillSource(scenes.bucket(), scenes.bucket_events())) as (app, pilot):
        await pilot.press("4")
        await until(lambda: app.main.panel == "events", "the focus")
        await pilot.press("o")
        await until(lambda: app.main.selected == 4 and app.main.graph.has_focus, "prompt 04")


@pytest.mark.parametrize("broken", ["[@click=app.quit]x[/]", "\x1b[31mred\x1b[0m", "a\u202eb"])
async def test_what_agents_write_is_shown_as_text(broken: str) -> None:
    events = [scenes.event(1, 5, "executor-04-1", "decision.recorded", "prompt:4", text=broken)]
    async with shown(StillSource(replace(scenes.bucket(), head=1), events)) as (app, _):
        line = line_with(app, "decision")
        assert "\x1b" not in line
        assert "\u202e" not in line
        assert broken.replace("\x1b", "·").replace("\u202e", "·") in line


async def test_a_log_that_can_not_be_read_is_told() -> None:
    from coordinator.errors import CoordError

    class Broken(StillSource):
        def events(self, *args: object, **more: object) -> tuple[Event, ...]:
            raise CoordError("the log is damaged", "coord log verify")

    async with shown(Broken(scenes.bucket()), loaded=False) as (app, _):
        await until(
            lambda: "the log is damaged" in screen_text(app) and "coord log verify" in screen_text(app), "the toast"
        )


@pytest.mark.parametrize("width", [60, 120])
def test_what_a_human_without_a_terminal_wrote_says_so_in_the_panel_and_on_its_page(width: int) -> None:
    data = {"text": "use WAL " * 30}
    typed = Event(
        1, "", "2026-03-01T14:02:11.123Z", None, None, "human", "ada", "decision.recorded", "prompt:7", data, "", ""
    )
    unseen = replace(typed, data={**data, "no_terminal": True})
    rows = ["".join(span.text for span in event_spans(event, None, width, 0, UNICODE)) for event in (typed, unseen)]
    assert [row.endswith("  (no terminal)") for row in rows] == [False, True]
    assert max(map(len, rows)) <= width
    pages = ["\n".join("".join(span.text for span in line) for line in event_lines(event)) for event in (typed, unseen)]
    assert ["ada  (human, no terminal)" in page for page in pages] == [False, True]


def routine(attempts: int, first: int = 1) -> list[Event]:
    """Attempts at prompt 1, one after the other, each of five events."""
    kinds = ("step.dispatched", "agent.started", "step.running", "agent.exited", "step.change_open")
    found = []
    for n in range(attempts * 5):
        attempt, kind = n // 5 + 1, kinds[n % 5]
        subject = f"agent:executor-01-{attempt}" if kind.startswith("agent.") else "prompt:1"
        found.append(scenes.event(first + n, 900 - n, "loop", kind, subject, attempt=attempt))
    return found


async def test_an_attempts_routine_is_one_line_that_is_rewritten_and_a_key_shows_each_event() -> None:
    log = routine(1)
    source = StillSource(replace(scenes.bucket(), head=3), log[:3])
    async with shown(source) as (app, pilot):
        assert "01 running" in line_with(app, "dispatched, started")
        source.events_by_seq = log
        source.put(replace(scenes.bucket(), head=5))
        await until(lambda: "01 change-open" in screen_text(app), "the rest of its way")
        assert len(app.main.log_panel.list.lines) == 1
        assert "dispatched, started, running, exited" in line_with(app, "change-open")
        await pilot.press("4")
        await until(lambda: app.main.log_panel.list.has_focus, "the events")
        await pilot.press("w")
        await until(lambda: len(app.main.log_panel.list.lines) == 5, "each event")
        assert "01 dispatched" in screen_text(app)
        assert "Events · each" in screen_text(app)
        await pilot.press("w")
        await until(lambda: len(app.main.log_panel.list.lines) == 1, "one line")


async def test_what_is_searched_for_has_a_line_of_its_own() -> None:
    source = StillSource(replace(scenes.bucket(), head=10), routine(2))
    async with shown(source) as (app, pilot):
        await pilot.press("4", "slash", *"exited", "enter")
        await until(lambda: seqs(app) == [4, 9], "what was found")
        assert len(app.main.log_panel.list.lines) == 2


async def test_older_pages_are_read_until_the_panel_is_full() -> None:
    many = routine(2 * PAGE // 5)
    source = StillSource(replace(scenes.bucket(), head=len(many) + 3), [*many, *log_after(len(many))])
    async with shown(source) as (app, _):
        events = app.main.log_panel.list
        one = [replace(event, data=dict(event.data, attempt=1)) for event in many]
        assert len(events.lines) > events.size.height
        source.events_by_seq = [
            replace(event, subject="agent:executor-01-1") if event.kind.startswith("agent.") else event for event in one
        ]
        app.main.log_panel._shown = None
        app.main.log_panel._wake()
        await until(lambda: not app.main.log_panel.busy, "all pages")
        assert len(events.lines) == 1
        assert len(events.events) == len(many)


def log_after(count: int) -> list[Event]:
    return [scenes.event(count + n, 1, "ada", "decision.recorded", "prompt:2", text=f"late {n}") for n in (1, 2, 3)]


async def test_rows_that_are_arranged_anew_leave_the_reader_where_he_is() -> None:
    log = [*routine(30), *log_after(150)]
    source = StillSource(replace(scenes.bucket(), head=153), log)
    async with shown(source) as (app, pilot):
        await pilot.press("4")
        events = app.main.log_panel.list
        await until(lambda: events.has_focus, "the events")
        await pilot.press("up", "up", "up", "up")
        current = events.current
        assert current is not None
        await pilot.press("w")
        await until(lambda: len(events.lines) == 153, "each event")
        assert events.current is not None
        assert events.current.seq == current.seq
