"""What the milestone taught, on the screen: each proposal with what it would write, taken only after Enter."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.onscreen import screen_text, shown, until
from support.steering import path_of, plain_project
from textual.pilot import Pilot

from coordinator.client.project import ProjectSource
from coordinator.eventlog.store import EventLog
from coordinator.storage.paths import Layout
from tui.app import CoordApp
from tui.screens.compound import CompoundScreen


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    patches = {"type": "user-patch", "status": "done", "patches_prompts": "[1]"}
    made = plain_project(tmp_path, {1: [], 2: [1]}, {1: {"status": "done"}, 2: patches})
    with path_of(made, 2).open("a") as file:
        file.write("\n## Engineer Feedback\n\nNie [b]mit[/b] 浮動小数点\x1b[31m rechnen\n")
    return made


@asynccontextmanager
async def opened(layout: Layout, size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[CoordApp, Pilot[None]]]:
    async with shown(ProjectSource(layout), size=size) as (app, pilot):
        await until(lambda: app.main.snapshot is not None, "the project")
        app.action_compound()
        await until(lambda: isinstance(app.screen, CompoundScreen) and app.screen.read, "the page")
        yield app, pilot


def taught(layout: Layout) -> str:
    return layout.learnings.read_text() if layout.learnings.exists() else ""


async def test_the_page_shows_what_a_proposal_would_write_and_writes_it_after_enter(layout: Layout) -> None:
    async with opened(layout) as (app, pilot):
        await until(lambda: "+- Nie [b]mit[/b] 浮動小数点·[31m rechnen" in screen_text(app), "the diff")
        await pilot.press("t")
        await until(lambda: "Write what stands above" in screen_text(app), "the line")
        assert not taught(layout)
        await pilot.press("escape")
        assert not taught(layout)
        await pilot.press("t", "enter")
        await until(lambda: "Nie [b]mit[/b]" in taught(layout), "the learning")
        await until(lambda: "proposed" not in screen_text(app), "the page without it")
    with EventLog.open(layout.events_db) as log:
        (applied,) = [event for event in log.tail(9) if event.kind == "plan.applied"]
    assert (applied.actor_kind, applied.data["service"]) == ("human", "compound")


async def test_it_is_taken_in_words_of_ones_own_and_undo_takes_it_back(layout: Layout) -> None:
    async with opened(layout) as (app, pilot):
        await pilot.press("t", *"integers", "enter")
        await until(lambda: "- integers\n" in taught(layout), "the learning")
        await until(lambda: not app.screen.query_one("#ask").display, "the end of the line")
        await pilot.press("escape", "u")
        await until(lambda: app.main.plan_form is not None and not app.main.plan_form.busy, "the plan")
        await pilot.press("enter", "enter")
        await until(lambda: not taught(layout), "the file to go")


async def test_a_slip_is_read_with_what_let_it_through(layout: Layout) -> None:
    async with opened(layout) as (app, pilot):
        await pilot.press("end")
        await until(lambda: "What let it through" in screen_text(app), "the slip")
        seen = screen_text(app)
        assert "no validation suite looked at its work" in seen
        assert "corrected by 02" in seen
        await pilot.press("t")
        assert "Write what stands above" not in screen_text(app)
