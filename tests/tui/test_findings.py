"""Findings and runs on the screen: read, and judged only by what the engineer confirms."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support import iterating, scenes
from support.onscreen import screen_text, shown, until
from support.steering import plain_project
from support.still import StillSource
from textual.pilot import Pilot

from coordinator.client.findings import file_finding
from coordinator.client.project import ProjectSource
from coordinator.eventlog.store import EventLog
from coordinator.model.feedback import Feedback
from coordinator.model.prompt import Priority
from coordinator.model.run import Worked
from coordinator.model.step import StepState
from coordinator.model.usage import Spent
from coordinator.observe.project import Project
from coordinator.storage.feedback import add_finding, read_findings
from coordinator.storage.paths import Layout
from tui.app import CoordApp
from tui.screens.findings import FindingsScreen
from tui.screens.milestone import MilestoneScreen
from tui.screens.runs import RunsScreen


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = plain_project(tmp_path, {1: [], 2: [1]})
    add_finding(made, Feedback(0, "Slow start", Priority.LOW), 0)
    add_finding(made, Feedback(0, "Token [b]logged[/b]\x1b[31m", Priority.HIGH, issue="it is printed"), 0)
    return made


@asynccontextmanager
async def opened(layout: Layout) -> AsyncIterator[tuple[CoordApp, Pilot[None], FindingsScreen]]:
    async with shown(ProjectSource(layout), size=(100, 30)) as (app, pilot):
        await until(lambda: app.main.snapshot is not None, "the project")
        await pilot.press("M")
        await until(lambda: isinstance(app.screen, MilestoneScreen) and app.screen.page is not None, "the page")
        await pilot.press("f")
        await until(lambda: isinstance(app.screen, FindingsScreen) and app.screen.read, "the findings")
        screen = app.screen
        assert isinstance(screen, FindingsScreen)
        yield app, pilot, screen


def statuses(layout: Layout) -> list[tuple[int, str, str]]:
    return [(item.number, item.status.value, item.priority.value) for item in read_findings(layout).items]


def kinds(layout: Layout) -> list[str]:
    with EventLog.open(layout.events_db) as log:
        return [event.kind for event in log.tail(20)]


async def test_the_most_urgent_comes_first_and_its_words_are_no_markup(layout: Layout) -> None:
    async with opened(layout) as (app, pilot, _):
        await until(lambda: "001  low" in screen_text(app), "the list")
        seen = screen_text(app)
        assert seen.index("002  high") < seen.index("001  low")
        assert "Token [b]logged[/b]" in seen
        assert "it is printed" in seen
        await pilot.press("down")
        await until(lambda: "it is printed" not in screen_text(app), "the other one")


async def test_a_finding_is_waived_for_a_reason_and_for_none_nothing_happens(layout: Layout) -> None:
    async with opened(layout) as (app, pilot, screen):
        await pilot.press("w", "enter")
        assert screen.asking == "waive"
        await pilot.press("escape")
        assert not screen.asking
        assert statuses(layout)[1] == (2, "open", "high")
        await pilot.press("w", *"known", "enter")
        await until(lambda: not screen.asking and "waived: known" in screen_text(app), "the waiver")
        assert screen.current is not None
        assert screen.current.number == 2
    assert statuses(layout)[1] == (2, "waived", "high")
    with EventLog.open(layout.events_db) as log:
        assert [e.actor_kind for e in log.tail(9) if e.kind == "feedback.waived"] == ["human"]


async def test_after_a_fault_of_coords_own_the_line_is_there_to_try_again(layout: Layout) -> None:
    async with opened(layout) as (app, pilot, screen):
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(screen, "judge", lambda *_: {}["nothing"])
            await pilot.press("w", *"known", "enter")
            await until(lambda: "This is a fault of coord" in screen_text(app), "the fault")
        await pilot.press("enter")
        await until(lambda: not screen.asking and "waived: known" in screen_text(app), "the waiver")


async def test_it_becomes_more_urgent_a_prompt_or_is_left(layout: Layout) -> None:
    async with opened(layout) as (app, pilot, screen):
        await pilot.press("down", "p", *"urgent", "enter")
        await until(lambda: "is high, medium or low" in screen_text(app), "the refusal")
        assert screen.asking == "priority"
        await pilot.press(*["backspace"] * 6, *"medium", "enter")
        await until(lambda: not screen.asking, "the end of the line")
        await until(lambda: "001  medium" in screen_text(app), "the priority")
        await pilot.press("m", "enter")
        await until(lambda: "planned as 03" in screen_text(app), "the prompt")
        await pilot.press("home")
        await until(lambda: screen.current is not None and screen.current.number == 2, "the other one")
        await pilot.press("b", "enter")
        await until(lambda: "backlog" in screen_text(app), "the backlog")
    assert statuses(layout) == [(1, "planned", "medium"), (2, "backlog", "high")]
    assert "prompt.created" in kinds(layout)


async def test_what_is_found_meanwhile_comes_onto_the_page_and_the_page_below_knows_it_too(layout: Layout) -> None:
    async with opened(layout) as (app, pilot, screen):
        file_finding(Project(layout), Feedback(0, "A third one"))
        await until(lambda: len(screen.entries.items) == 3, "the new finding")
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, MilestoneScreen) and "A third one" in screen_text(app), "the page")


async def test_the_line_says_which_iteration_it_is_and_the_page_what_shows_each_criterion() -> None:
    source = StillSource(iterating.iterating(), scenes.bucket_events())
    source.page = iterating.page()
    async with shown(source, size=(80, 60)) as (app, pilot):
        await until(lambda: app.main.snapshot is not None, "the project")
        assert "iteration 2 · feedback   ▶ running 2/3" in screen_text(app)
        await pilot.press("M")
        await until(lambda: "SC-5" in screen_text(app), "the page")
        seen = screen_text(app)
    for words in (
        "SC-1  witnessed  the benchmark passes",
        "SC-2  failed     limits survive a restart",
        "failed with exit status",
        "SC-3  stale ",
        "SC-4  not met ",
        "SC-5  accepted ",
        "001  high    A client can reset its own bucket",
        "test-quality is at work",
        "CONTINUE",
    ):
        assert words in seen
    assert seen.count("limits survive a restart") == 1


async def test_runs_tell_what_was_worked_on_in_them() -> None:
    source = StillSource(iterating.iterating(), scenes.bucket_events())
    source.page = iterating.page()
    flow = iterating.flow_attempt("security", StepState.MERGED, 200, 90)
    failed = scenes.step(10, StepState.FAILED, 600, 90, reason="no tests").attempt
    assert failed is not None
    source.worked = (Worked(flow, Spent(8_000, 0.05, 90)), Worked(failed, Spent()))
    async with shown(source, size=(110, 30)) as (app, pilot):
        await until(lambda: app.main.snapshot is not None, "the project")
        await pilot.press("M", "u")
        await until(lambda: isinstance(app.screen, RunsScreen) and "security-2-1" in screen_text(app), "it")
        seen = screen_text(app)
        assert "run-2  stuck" in seen
        assert "8,000 tokens, $0.05" in seen
        assert "failed: no tests" in seen
        await pilot.press("escape", "escape")
        await until(lambda: app.screen is app.main, "the main screen")
