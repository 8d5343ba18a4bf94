"""The first picture: what is looked at ahead, what is loaded for it, and that nothing depends on it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.onscreen import screen_text, shown, until
from support.steering import path_of, plain_project

from coordinator.client.project import ProjectSource
from coordinator.observe.observer import Observer
from coordinator.observe.prefetch import Ahead

ROOT = Path(__file__).parents[2]
LATER = (
    *("click", "yaml", "sqlite3", "watchfiles", "libtmux", "sqlite_utils", "anthropic"),
    *(
        "coordinator.observe.observer",
        "coordinator.eventlog.store",
        "coordinator.agents",
        "coordinator.terminals.server",
    ),
    *(
        "coordinator.apply.plans",
        "coordinator.changes",
        "coordinator.services.inputs",
        "coordinator.services.planning",
        "coordinator.storage.config",
        "coordinator.client.history",
        "coordinator.client.steering",
        "coordinator.client.reviewing",
    ),
    *("tui.forms.form", "tui.palette", "tui.screens.review", "tui.screens.replay", "tui.screens.milestone"),
)
"""What is not needed for the first picture, and would make it late."""


def test_a_look_ahead_is_what_a_look_gives(tmp_path: Path) -> None:
    layout = plain_project(tmp_path, {1: [], 2: [1]})
    layout.config.write_text("runtime: scripted\ntheme: textual-light\nbell: terminal\nkeys:\n  patch: P\n")
    look = Ahead(layout).look()
    assert look is not None
    observer = Observer(layout)
    assert look.snapshot == observer.snapshot()
    observer.close()
    assert (look.theme, look.keys, look.bell) == ("textual-light", {"patch": "P"}, "terminal")


def test_what_can_not_be_looked_at_is_left_to_the_next_look_and_no_process_stays(tmp_path: Path) -> None:
    layout = plain_project(tmp_path, {1: []})
    layout.config.write_text("no_such_setting: 1\n")
    ahead = Ahead(layout)
    assert ahead.look() is None
    with pytest.raises(ChildProcessError):
        os.waitpid(ahead._child, 0)
    source = ProjectSource(layout, Ahead(layout))
    assert source.preferences().theme == ""
    assert source.first() is None
    source.close()


async def test_the_screen_shows_it_at_once_and_goes_on_from_there(tmp_path: Path) -> None:
    layout = plain_project(tmp_path, {1: [], 2: [1]})
    ahead = Ahead(layout)
    async with shown(ProjectSource(layout, ahead), size=(100, 30)) as (app, _):
        assert "Prompt 2" in screen_text(app)
        path = path_of(layout, 2)
        path.write_text(path.read_text().replace("title: Prompt 2", "title: Renamed since"))
        await until(lambda: "Renamed since" in screen_text(app), "the new title")


async def test_what_changed_between_the_two_looks_is_seen(tmp_path: Path) -> None:
    layout = plain_project(tmp_path, {1: [], 2: [1]})
    ahead = Ahead(layout)
    source = ProjectSource(layout, ahead)
    assert source.first() is not None
    path = path_of(layout, 2)
    path.write_text(path.read_text().replace("title: Prompt 2", "title: Renamed since"))
    async with shown(source, size=(100, 30)) as (app, _):
        await until(lambda: "Renamed since" in screen_text(app), "the new title")


def test_nothing_else_is_loaded_for_the_first_picture() -> None:
    modules = "coordinator.cli.screen, coordinator.observe.prefetch, tui.app, coordinator.client.project"
    code = f"import sys, {modules}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "tui.widgets.graph" in loaded
    assert not loaded.intersection(LATER)
