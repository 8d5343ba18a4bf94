"""Criteria on the screen: a witness runs again, or a human's word counts, only after the engineer confirms it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support import iterating, scenes
from support.onscreen import screen_text, shown, until
from support.steering import plain_project
from support.still import StillSource
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from coordinator.client.criteria import criteria
from coordinator.client.ports import Source
from coordinator.client.project import ProjectSource
from coordinator.errors import Refused
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, ActorKind, Draft, Event
from coordinator.observe.project import Project
from coordinator.storage.paths import Layout
from tui.app import CoordApp
from tui.screens.criteria import CriteriaScreen
from tui.screens.milestone import MilestoneScreen

VERIFIER = Actor(ActorKind.AGENT, "verifier-1-1", "verifier")
WORDS = "pytest -q tests/test_restart.py"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A milestone that iterates; its Verifier claims the first of two criteria."""
    made = plain_project(tmp_path, {1: []})
    made.milestone.write_text(
        "---\ntitle: Limits\nstatus: open\niterate: true\n---\n\n## Goal\n\nLimit.\n\n"
        "## Success Criteria\n\n- it [b]counts[/b]\n- it reads well\n"
    )
    claim(made, WORDS)
    return made


def claim(layout: Layout, command: str) -> None:
    said = {"met": "partly", "criteria": [{"id": "SC-1", "status": "met", "command": command}], "commit": "c" * 40}
    with EventLog.open(layout.events_db) as log:
        log.append(
            [Draft("verdict.given", "flow:verifier/1", {**said, "iteration": 1})], VERIFIER, "run-1", iteration=1
        )


def logged(layout: Layout, kind: str) -> list[Event]:
    with EventLog.open(layout.events_db) as log:
        return [event for event in log.tail(50) if event.kind == kind]


@asynccontextmanager
async def opened(source: Source) -> AsyncIterator[tuple[CoordApp, Pilot[None], CriteriaScreen]]:
    async with shown(source, size=(110, 36)) as (app, pilot):
        await until(lambda: app.main.snapshot is not None, "the project")
        await pilot.press("M")
        await until(lambda: isinstance(app.screen, MilestoneScreen) and app.screen.page is not None, "the page")
        await until(lambda: "c criteria" in screen_text(app), "the key")
        await pilot.press("c")
        await until(lambda: isinstance(app.screen, CriteriaScreen) and app.screen.read, "the criteria")
        screen = app.screen
        assert isinstance(screen, CriteriaScreen)
        yield app, pilot, screen


async def test_a_witness_runs_again_after_enter_and_not_before(layout: Layout) -> None:
    async with opened(ProjectSource(layout)) as (app, pilot, screen):
        for words in ("SC-1  claimed    it [b]counts[/b]", WORDS, "r run again"):
            await until(lambda words=words: words in screen_text(app), words)  # type: ignore[misc]
        await pilot.press("r")
        assert screen.asking == "run"
        await pilot.press("escape", "r")
        assert logged(layout, "witness.asked") == []
        await pilot.press("enter")
        await until(lambda: not screen.asking and "Asked for SC-1" in screen_text(app), "the wish")
    (event,) = logged(layout, "witness.asked")
    assert (event.subject, event.data["command"], event.actor_kind) == ("criterion:SC-1", WORDS, "human")


async def test_a_command_that_is_another_one_by_now_is_not_run_unseen(layout: Layout) -> None:
    source = ProjectSource(layout)
    async with opened(source) as (app, pilot, screen):
        await pilot.press("r")
        claim(layout, "rm -rf everything")
        await pilot.press("enter")
        await until(lambda: "claimed with another command" in screen_text(app), "the refusal")
        assert screen.asking == "run"
        with pytest.raises(Refused, match="another command"):
            source.run_witness("SC-1", WORDS)
    assert logged(layout, "witness.asked") == []


async def test_a_criterion_is_accepted_for_a_reason_and_for_none_nothing_happens(layout: Layout) -> None:
    async with opened(ProjectSource(layout)) as (app, pilot, screen):
        await pilot.press("down")
        await until(lambda: "run again" not in screen_text(app), "a criterion without a command")
        await pilot.press("r")
        assert not screen.asking
        await pilot.press("a", "enter")
        assert screen.asking == "accept"
        assert logged(layout, "criterion.accepted") == []
        await pilot.press(*"read", "enter")
        await until(lambda: "SC-2  accepted " in screen_text(app), "the acceptance")
        assert screen.current is not None
        assert screen.possible(screen.current) == ()
    (event,) = logged(layout, "criterion.accepted")
    assert (event.subject, event.data["reason"], event.actor_kind) == ("criterion:SC-2", "read", "human")
    assert [one.shown.value for one in criteria(Project(layout))] == ["claimed", "accepted"]


async def test_the_palette_leads_to_them_by_what_can_be_done_there() -> None:
    source = StillSource(iterating.iterating(), scenes.bucket_events())
    async with shown(source, size=(110, 36)) as (app, pilot):
        await until(lambda: app.main.snapshot is not None, "the project")
        for words in ("run its witness again", "accept it for a reason"):
            await pilot.press("ctrl+p")
            await until(lambda: isinstance(app.screen, CommandPalette), "the palette")
            app.screen.query_one(Input).value = words
            await until(lambda: "What shows that each criterion is met" in screen_text(app), "the command")
            await pilot.press("enter", "enter")
            await until(lambda: "SC-5     accepted " in screen_text(app), "the criteria")
            assert isinstance(app.screen, CriteriaScreen)
            await pilot.press("down", "r", "enter")
            await until(lambda: ("run", "SC-2", WORDS) in source.asked, "the wish")
            await until(lambda: isinstance(app.screen, CriteriaScreen) and not app.screen.asking, "the end of the line")
            await pilot.press("q")
            await until(lambda: app.screen is app.main, "the main screen")


async def test_criteria_of_prompts_stand_below_those_of_the_milestone_and_are_judged_alike() -> None:
    source = StillSource(iterating.iterating(), scenes.bucket_events())
    async with opened(source) as (app, pilot, screen):
        for words in ("Milestone  2 of 5 shown", "02 Token bucket core  1 of 3 shown", "AC-02-2  stale"):
            await until(lambda words=words: words in screen_text(app), words)  # type: ignore[misc]
        assert (screen.entries.cursor, screen.possible(screen.entries.items[0])) == (1, ())
        await pilot.press(*["down"] * 5)
        await until(lambda: "AC-02-1  witnessed" in screen_text(app).partition("─ ")[2], "the criteria of that prompt")
        await pilot.press("down", "r", "enter")
        await until(lambda: not screen.asking, "the wish")
        await pilot.press(*["down"] * 2, "a", *"ok", "enter")
        await until(lambda: not screen.asking, "the word")
    assert source.asked == [("run", "AC-02-1", "pytest -q tests/test_refill.py"), ("accept", "AC-02-3", "ok")]


async def test_the_page_of_a_prompt_begins_with_what_shows_its_criteria() -> None:
    source = StillSource(iterating.iterating(), scenes.bucket_events())
    async with shown(source, size=(110, 36)) as (app, pilot):
        await until(lambda: app.main.snapshot is not None, "the project")
        app.read_prompt(iterating.iterating().prompts[2])
        words = "Acceptance criteria  1 of 3 shown to be met"
        await until(lambda: words in screen_text(app) and "AC-02-3  open" in screen_text(app), "its criteria")
        await pilot.press("escape")
        app.read_prompt(iterating.iterating().prompts[3])
        await until(lambda: "03 Command line" in screen_text(app), "another one")
        assert "Acceptance criteria " not in screen_text(app)
