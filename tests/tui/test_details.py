"""The selected prompt's details: beside the graph where there is room, a key away everywhere."""

import threading

import pytest
from support import pages, scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource

from coordinator.lazy.dataclass import replace
from coordinator.model.change import Change
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from tui.screens.reader import Reading


def branched() -> Snapshot:
    """Prompts 4 and 5 have branches."""
    found = scenes.bucket()
    steps = dict(found.steps)
    for number in (4, 5):
        attempt = steps[number].attempt
        assert attempt is not None
        steps[number] = replace(steps[number], attempt=replace(attempt, branch=f"coord/{number:02d}-1"))
    return replace(found, steps=steps)


class Slow(StillSource):
    """Tells what was read, and waits with it until it may."""

    def __init__(self) -> None:
        super().__init__(branched(), scenes.bucket_events(), scenes.screens())
        self.changes = {4: pages.work(), 5: pages.change()}
        self.read: list[int] = []
        self.may = threading.Event()

    def work(self, attempt: Attempt) -> Change:
        self.read.append(attempt.prompt)
        self.may.wait(60)
        return super().work(attempt)


@pytest.mark.parametrize("size", [(104, 44), (160, 45), (200, 50)])
async def test_a_large_screen_has_tasks_criteria_and_files_of_the_selected_prompt(size: tuple[int, int]) -> None:
    source = Slow()
    async with shown(source, size=size) as (app, _):
        assert app.main.details.display
        app.main.select(5)
        await until(lambda: "AC-05-1" in screen_text(app), "its criteria")
        assert " Tasks  0 of 1 done" in screen_text(app)
        assert " Files  " not in screen_text(app)
        source.may.set()
        await until(lambda: " Files  " in screen_text(app), "its files")
        for number in (6, 5):
            app.main.select(number)
        await until(lambda: " Files  " in screen_text(app), "what is known of them")
        await until(lambda: not app.main.details.busy, "rest")
        assert source.read.count(5) == 1


async def test_keys_that_only_pass_over_prompts_read_no_files() -> None:
    source = Slow()
    source.may.set()
    async with shown(source) as (app, pilot):
        await until(lambda: not app.main.details.busy, "the first one")
        source.read.clear()
        app.main.details._rest = 3600.0
        await pilot.press(*"kkkkkjjj")
        await pilot.pause()
        assert not source.read


async def test_a_small_screen_reads_nothing_and_shows_all_of_it_on_a_key() -> None:
    source = Slow()
    source.may.set()
    async with shown(source, size=(80, 24)) as (app, pilot):
        app.main.details._rest = 0.01
        app.main.select(5)
        await pilot.pause()
        assert not app.main.details.display
        assert not source.read
        await pilot.press("d")
        await until(lambda: isinstance(app.screen, Reading) and "AC-05-1" in screen_text(app), "the page")
        assert "Files" in screen_text(app)
        assert source.read == [5]
        await pilot.press("escape")
        await until(lambda: app.screen is app.main, "the way back")


@pytest.mark.parametrize("size", [(160, 45), (200, 50)])
async def test_the_panel_comes_with_the_size_and_leaves_a_zoomed_graph_the_whole_screen(size: tuple[int, int]) -> None:
    source = Slow()
    source.may.set()
    async with shown(source, size=(80, 24)) as (app, pilot):
        await pilot.resize_terminal(*size)
        await until(lambda: " Details " in screen_text(app) and "Acceptance" in screen_text(app), "the panel")
        graph = app.main.graph
        assert graph.size.height == graph.row_count()
        await pilot.press("Z")
        await until(lambda: graph.size.height > 35, "the zoom")
        await pilot.press("Z")
        await until(lambda: graph.size.height == graph.row_count(), "the end of the zoom")
        await pilot.press("i")
        await until(lambda: app.main.form is not None and not app.main.details.display, "the form in its place")
