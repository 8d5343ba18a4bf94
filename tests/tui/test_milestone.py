"""The milestone's page: read, and changed only by what the engineer confirms."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.onscreen import screen_text, shown, until
from support.steering import plain_project
from textual.pilot import Pilot
from textual.widgets import Input

from coordinator.client.project import ProjectSource
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.storage.paths import Layout
from tui.app import CoordApp
from tui.screens.milestone import MilestoneScreen

AGENT = Actor(ActorKind.AGENT, "executor-01-1", "executor")
FILE = "---\ntitle: Rate limits\nstatus: open\n---\n# Notes\n\nKept.\n\n## Goal\n\nEach client has a limit.\n"


@asynccontextmanager
async def opened(
    layout: Layout, size: tuple[int, int] = (100, 40)
) -> AsyncIterator[tuple[CoordApp, Pilot[None], MilestoneScreen]]:
    async with shown(ProjectSource(layout), size=size) as (app, pilot):
        await until(lambda: app.main.snapshot is not None, "the project")
        await pilot.press("M")
        await until(lambda: isinstance(app.screen, MilestoneScreen) and app.screen.page is not None, "the page")
        screen = app.screen
        assert isinstance(screen, MilestoneScreen)
        yield app, pilot, screen


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = plain_project(tmp_path, {1: [], 2: [1]})
    made.milestone.write_text(FILE)
    return made


def kinds(layout: Layout) -> list[str]:
    with EventLog.open(layout.events_db) as log:
        return [event.kind for event in log.tail(100)]


def append(layout: Layout, draft: Draft, actor: Actor = AGENT) -> None:
    with EventLog.open(layout.events_db) as log:
        log.append([draft], actor)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_all_of_it_is_on_one_page(layout: Layout, size: tuple[int, int]) -> None:
    append(layout, Draft("decision.recorded", "prompt:1", {"text": "monotonic clock [b]x[/b]\x1b[31m"}))
    append(layout, Draft("attachment.added", "milestone", {"type": "issue", "ref": "#12"}))
    append(layout, Draft("question.asked", "prompt:1", {"text": "Which way?"}))
    async with opened(layout, size) as (app, pilot, _):
        seen = screen_text(app)
        await pilot.press("end")
        await until(lambda: "Which way?" in screen_text(app), "the end of the page")
        seen += screen_text(app)
        for words in ("Rate limits", "Each client has a limit.", "#12", "monotonic clock [b]x[/b]", "0/2 merged"):
            assert words in seen
        assert "\x1b" not in seen


async def test_what_happens_meanwhile_comes_onto_the_page(layout: Layout) -> None:
    async with opened(layout) as (app, _, _):
        append(layout, Draft("decision.recorded", "milestone", {"text": "one bucket per client"}))
        await until(lambda: "one bucket per client" in screen_text(app), "the decision")


async def test_links_and_decisions_go_on_the_log_in_the_engineers_name(layout: Layout) -> None:
    async with opened(layout) as (app, pilot, screen):
        await pilot.press("l", *"ABC-7", "enter")
        await until(lambda: not screen.asking and "ABC-7" in screen_text(app), "the attachment")
        await pilot.press("d", *"thus", "enter")
        await until(lambda: not screen.asking and "thus" in screen_text(app), "the decision")
    assert kinds(layout) == ["attachment.added", "decision.recorded"]
    with EventLog.open(layout.events_db) as log:
        assert {event.actor_kind for event in log.tail(10)} == {"human"}


async def test_what_is_no_reference_is_refused_in_place_and_stays_typed(layout: Layout) -> None:
    async with opened(layout) as (app, pilot, screen):
        await pilot.press("l", *"nothing", "enter")
        await until(lambda: "there is no such file" in " ".join(screen_text(app).split()), "the refusal")
        assert screen.query_one("#words", Input).value == "nothing"
        await pilot.press("escape")
        assert not screen.asking
        assert app.screen is screen
        await pilot.press("escape")
        await until(lambda: app.screen is app.main, "the main screen")
    assert kinds(layout) == []


async def test_the_intent_is_edited_shown_as_a_change_and_set_once_confirmed(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(layout) as (app, pilot, screen):
        given = []

        def edit(text: str, name: str) -> str:
            given.append((text, name))
            return text.replace("## Constraints", "## Constraints\n\n- No new packages\n")

        monkeypatch.setattr(app, "edit_text", edit)
        await pilot.press("e")
        await until(lambda: screen.asking == "intent", "the plan")
        assert given[0][1] == "milestone.md"
        await until(lambda: "the first version" in screen_text(app), "what is going to be set")
        assert layout.milestone.read_text() == FILE
        await pilot.press("enter")
        await until(lambda: "No new packages" in screen_text(app) and not screen.asking, "the new version")
        assert "How the intent came about" in screen_text(app)
    text = layout.milestone.read_text()
    assert text.startswith("---\ntitle: Rate limits\nstatus: open\n---\n# Notes\n\nKept.\n\n")
    assert "- No new packages" in text
    assert "intent.set" in kinds(layout)


async def test_what_was_written_by_hand_becomes_a_version(layout: Layout) -> None:
    async with opened(layout) as (app, pilot, screen):
        assert "written by hand" in screen_text(app)
        await pilot.press("w")
        await until(lambda: screen.asking == "intent", "the plan")
        await pilot.press("enter")
        await until(lambda: screen.page is not None and screen.page.recorded, "the version")
        assert "written by hand" not in screen_text(app)
    assert layout.milestone.read_text() == FILE


async def test_it_is_closed_and_opened_again_with_a_reason(layout: Layout) -> None:
    async with opened(layout) as (_, pilot, screen):
        for status in ("done", "open"):
            await pilot.press("x", *"why", "enter")
            await until(
                lambda status=status: screen.page is not None and screen.page.milestone.status == status,  # type: ignore[misc]
                f"a milestone that is {status}",
            )
            await until(lambda: not screen.asking, "the end of the line")
    with EventLog.open(layout.events_db) as log:
        assert [(e.data["status"], e.data["reason"]) for e in log.tail(10)] == [("done", "why"), ("open", "why")]


async def test_the_hand_over_page_is_read_where_there_is_one(layout: Layout) -> None:
    layout.milestone.write_text(FILE.replace("---\n", "---\nid: M1\niterate: true\n", 1))
    async with opened(layout) as (app, pilot, screen):
        await pilot.press("h")
        assert app.screen is screen
        layout.milestones.mkdir()
        text = "# Rate limits: done\n\n- **SC-1** it [b]counts[/b] \x1b[31m(met)\n"
        (layout.milestones / "M1-handover.md").write_text(text)
        append(layout, Draft("decision.recorded", "prompt:1", {"text": "x"}))
        await until(
            lambda: screen.page and screen.page.rounds and screen.page.rounds.handover, "the page that was written"
        )
        await pilot.press("h")
        await until(lambda: "- SC-1 it [b]counts[/b] ·[31m(met)" in screen_text(app), "its words")
        await pilot.press("escape")
        assert app.screen is screen
