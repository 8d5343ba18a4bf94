"""Replay on the screen: a real project, a real log, and every moment as the log tells it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.onscreen import screen_text, shown, until
from support.project import WRITE, Project, project
from textual.pilot import Pilot

from coordinator.client.history import History
from coordinator.client.opening import project_at
from coordinator.client.project import ProjectSource
from coordinator.model.event import Event
from tui.app import CoordApp
from tui.paint.theme import UNICODE
from tui.screens.replay import ReplayScreen
from tui.widgets.timeline import seq_at, timeline_spans

ASKS = 'coord ask "Which way?" --option left --option right\n' + WRITE


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Two prompts that were run and merged; the first one asked something, which nobody has answered."""
    with project(tmp_path_factory.mktemp("ran"), {1: [], 2: [1]}, {1: ASKS, 2: WRITE}) as made:
        made.start_loop()
        made.wait_for(1, "merged")
        yield made


@asynccontextmanager
async def replaying(
    ran: Project, *keys: str, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[CoordApp, Pilot[None]]]:
    async with shown(ProjectSource(ran.layout), size=size) as (app, pilot):
        await until(lambda: app.main.snapshot is not None, "the project")
        await pilot.press(*(keys or ("H",)))
        await until(lambda: isinstance(app.screen, ReplayScreen) and app.screen.snapshot is not None, "the replay")
        yield app, pilot


def at(app: CoordApp) -> int:
    """The event that is shown."""
    screen = app.screen
    assert isinstance(screen, ReplayScreen)
    return screen.timeline.seq


def first(ran: Project, kind: str) -> Event:
    return ran.events(kind)[0]


def states(app: CoordApp) -> dict[int, str]:
    screen = app.screen
    assert isinstance(screen, ReplayScreen)
    assert screen.snapshot is not None
    return {number: step.state.value for number, step in screen.snapshot.steps.items()}


async def test_every_event_shows_what_the_log_says_of_that_moment(ran: Project) -> None:
    history = History(project_at(str(ran.layout.root)))
    film = history.film()
    async with replaying(ran) as (app, pilot):
        head = at(app)
        assert head == len(ran.events())
        for seq in range(head, 0, -1):
            assert at(app) == seq
            expected = film.at(seq).snapshot()
            assert states(app) == {number: step.state.value for number, step in expected.steps.items()}
            assert [a.id for a in app.screen.agents.agents] == [a.id for a in expected.agents]  # type: ignore[attr-defined]
            await pilot.press("left")
            await until(lambda seq=seq: at(app) == max(1, seq - 1), "the event before")  # type: ignore[misc]
    history.close()


async def test_the_past_can_not_be_mistaken_for_now(ran: Project) -> None:
    async with replaying(ran, size=(80, 24)) as (app, pilot):
        await pilot.press("home")
        await until(lambda: at(app) == 1, "the first event")
        shown_now = screen_text(app)
        assert "Replay · event 1 of" in shown_now
        assert "esc back" in shown_now
        await pilot.press("escape")
        await until(lambda: app.screen is app.main, "the main screen")
        assert "Replay" not in screen_text(app)


async def test_an_open_question_is_there_from_when_it_was_asked(ran: Project) -> None:
    asked = first(ran, "question.asked").seq
    async with replaying(ran) as (app, pilot):
        await pilot.press("0")
        await until(lambda: at(app) == 1, "the beginning")
        assert "Which way?" not in screen_text(app).partition("Events")[0]
        while at(app) < asked:
            here = at(app)
            await pilot.press("right")
            await until(lambda here=here: at(app) == here + 1, "the next event")  # type: ignore[misc]
        await until(lambda: "Which way?" in screen_text(app).partition("Events")[0], "the question")


async def test_it_begins_at_the_event_under_the_cursor(ran: Project) -> None:
    async with shown(ProjectSource(ran.layout), size=(120, 40)) as (app, pilot):
        await until(lambda: len(app.main.log_panel.list.events) > 5, "the events")
        await pilot.press("4", "up", "up")
        await until(lambda: app.main.panel == "events", "the events panel")
        wanted = app.main.log_panel.list.current
        assert wanted is not None
        await pilot.press("H")
        await until(lambda: isinstance(app.screen, ReplayScreen) and app.screen.snapshot is not None, "the replay")
        assert at(app) == wanted.seq


async def test_goes_from_event_to_event_of_a_prompt_and_leaves_for_it(ran: Project) -> None:
    own = [event.seq for event in ran.events() if event.subject == "prompt:1"]
    async with replaying(ran) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, ReplayScreen)
        screen.graph.selected = 1
        seen = []
        while at(app) > own[0]:
            here = at(app)
            await pilot.press("left_square_bracket")
            await until(lambda here=here: at(app) < here, "an earlier event")  # type: ignore[misc]
            seen.append(at(app))
        assert seen == [seq for seq in reversed(own) if seq < len(ran.events())]
        await pilot.press("left_square_bracket")
        await until(lambda: "happened before this" in screen_text(app), "a word that there is none")
        await pilot.press("enter")
        await until(lambda: f"Event {own[0]}" in screen_text(app), "the details")
        await pilot.press("escape", "o")
        await until(lambda: app.screen is app.main, "the main screen")
        assert app.main.selected == 1


async def test_a_click_on_the_line_goes_to_that_time(ran: Project) -> None:
    async with replaying(ran) as (app, pilot):
        await pilot.click("#timeline", offset=(1, 0))
        await until(lambda: at(app) == 1, "the first event")
        await pilot.click("#timeline", offset=(118, 0))
        await until(lambda: at(app) > 1, "the end")
        assert at(app) == len(ran.events())


@pytest.mark.parametrize("head", [1, 2, 7, 1_000_000])
@pytest.mark.parametrize("width", [3, 4, 80, 200])
def test_the_line_is_as_wide_as_the_screen_and_its_ends_are_those_of_the_log(head: int, width: int) -> None:
    for seq in (1, head):
        drawn = "".join(span.text for span in timeline_spans(seq, head, width, UNICODE))
        assert len(drawn) == width - 1
    assert seq_at(1, head, width) == 1
    assert seq_at(width - 2, head, width) == (head if width > 3 else 1)
    assert all(1 <= seq_at(column, head, width) <= head for column in range(-1, width + 2))


def test_nothing_to_replay_is_said(make: Callable[..., Project], tmp_path: Path) -> None:
    from tui.actions import BY_ID
    from tui.context import Context

    made = make({1: []})
    source = ProjectSource(made.layout)
    try:
        assert "nothing to replay" in BY_ID["replay"].when(Context(source.look(), None, None))
    finally:
        source.close()
