"""Going over to another project, in the same terminal."""

import threading
from pathlib import Path

import pytest
from support import scenes
from support.onscreen import screen_text, shown, until
from support.steering import plain_project
from support.still import StillSource
from textual.command import CommandPalette
from textual.widgets import Input

from coordinator.client.project import ProjectSource
from tui.app import CoordApp


async def test_the_list_finds_a_project_and_the_screen_is_left_for_it() -> None:
    source = StillSource(scenes.bucket())
    source.others = ("/work/[b]garden[/b]", "/work/kitchen", "/home/ada/cellar")
    async with shown(source) as (app, pilot):
        await pilot.press("ctrl+o")
        await until(lambda: isinstance(app.screen, CommandPalette), "the list")
        await until(lambda: "/work/[b]garden[/b]" in screen_text(app), "the projects")
        app.screen.query_one(Input).value = "cellar"
        await until(
            lambda: "kitchen" not in screen_text(app) and "cellar" in screen_text(app), "the one that was found"
        )
        await pilot.press("enter", "enter")
        await until(lambda: app.going_to, "the choice")
        assert app.going_to == "/home/ada/cellar"


async def test_without_another_project_it_says_so() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        await pilot.press("ctrl+o")
        await until(lambda: "No other project" in screen_text(app), "the reason")


async def test_what_was_typed_and_not_sent_is_named_before_the_screen_is_left() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, _):
        app.main.unsent["tell"] = "wait"
        await app.go_over_to("/work/kitchen")
        await until(lambda: "What you typed is lost" in screen_text(app), "the question")
        assert not app.going_to


async def test_a_project_is_remembered_and_ends_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    roots = []
    for name in ("garden", "kitchen"):
        (tmp_path / name).mkdir()
        layout = plain_project(tmp_path / name, {1: ()}, {})
        roots.append(str(layout.root))
        before = set(threading.enumerate())
        source = ProjectSource(layout)
        async with shown(source) as (app, _):
            assert isinstance(app, CoordApp)
            app._started()
            source.remember()
            assert source.projects() == tuple(roots[:-1])
        await until(lambda before=before: not watching(before), "the end of its threads")  # type: ignore[misc]


def watching(before: set[threading.Thread]) -> list[threading.Thread]:
    """Threads of ours that were not there before."""
    return [one for one in set(threading.enumerate()) - before if one.name.startswith("coord")]
