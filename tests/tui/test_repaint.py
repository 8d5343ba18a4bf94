"""What is painted again: rows that look different, and nothing else."""

import pytest
from support import scenes
from support.onscreen import line_with, shown, until
from support.still import StillSource
from textual.geometry import Region
from textual.widget import Widget

from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Snapshot
from tui.messages import SnapshotArrived
from tui.paint.theme import UNICODE
from tui.widgets.graph_rows import Preview, Scene

Painted = list[tuple[str, tuple[Region, ...]]]
"""What was asked to be painted again: ids of widgets, or their kinds, with the regions (none: all of it)."""


def busy(agents: int = 2) -> Snapshot:
    """Agents at work on the first of forty prompts."""
    prompts = [scenes.prompt(n, f"Work {n}") for n in range(1, 41)]
    steps = [scenes.step(n, scenes.StepState.RUNNING, 100) for n in range(1, agents + 1)]
    team = tuple(scenes.agent(n, scenes.AgentState.WORKING, 100) for n in range(1, agents + 1))
    return scenes.snapshot(prompts, steps, agents=team, loop=scenes.Loop(scenes.LoopState.RUNNING, "", 3, alive=True))


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> Painted:
    asked: Painted = []
    refresh = Widget.refresh

    def note(self: Widget, *regions: Region, **more: bool) -> Widget:
        asked.append((self.id or type(self).__name__, regions))
        return refresh(self, *regions, **more)

    monkeypatch.setattr(Widget, "refresh", note)
    return asked


async def test_the_same_snapshot_once_more_paints_nothing(painted: Painted) -> None:
    snapshot = busy()
    async with shown(StillSource(snapshot)) as (app, pilot):
        painted.clear()
        app.main.post_message(SnapshotArrived(replace(snapshot)))
        await until(lambda: app.main.snapshot is not snapshot, "the snapshot")
        await pilot.pause()
        assert painted == []


async def test_a_tick_paints_the_rows_in_motion_only(painted: Painted) -> None:
    now = [scenes.NOW]
    async with shown(StillSource(busy()), clock=lambda: now[0]) as (app, pilot):
        painted.clear()
        app.main.tick()
        assert painted == []
        now[0] += 1
        app.main.tick()
        assert sorted(name for name, _ in painted) == ["agents", "agents", "prompts", "prompts", "why"]
        assert all(region.height == 1 for name, regions in painted for region in regions if name != "why")
        await pilot.pause()
        assert "1m41" in line_with(app, "Work 1 ")


async def test_a_screen_full_of_rows_in_motion_moves_more_rarely(painted: Painted) -> None:
    now = [scenes.NOW]
    async with shown(StillSource(busy(30)), clock=lambda: now[0]) as (app, _):
        moved = []
        for _ in range(6):
            now[0] += 1
            painted.clear()
            app.main.tick()
            moved.append(bool(painted))
        assert moved.index(True) < 3
        assert 1 < moved.count(True) < 4


async def test_the_cursor_paints_the_row_it_leaves_and_the_one_it_comes_to(painted: Painted) -> None:
    async with shown(StillSource(busy())) as (_, pilot):
        await pilot.press("down")
        await pilot.pause()
        painted.clear()
        await pilot.press("down")
        await pilot.pause()
        rows = {regions[0].y for name, regions in painted if name == "prompts" and regions}
        assert len(rows) == 2
        assert ("prompts", ()) not in painted


async def test_the_focus_paints_the_panel_it_leaves_and_the_one_it_comes_to(painted: Painted) -> None:
    async with shown(StillSource(busy())) as (app, pilot):
        await pilot.press("tab", "tab", "shift+tab", "shift+tab")
        await until(lambda: app.main.focused is app.main.graph, "the focus on the prompts")
        await pilot.pause()
        painted.clear()
        await pilot.press("tab")
        await until(lambda: app.main.focused is app.main.agents, "the focus on the agents")
        await pilot.pause()
        assert {name for name, _ in painted} <= {"prompts", "agents", "footer", "ScrollBar"}


async def test_a_panel_of_another_height_paints_its_rows_once(painted: Painted) -> None:
    async with shown(StillSource(busy()), size=(160, 45)) as (app, pilot):
        painted.clear()
        app.main.why.styles.height = 8
        await until(lambda: app.main.why.size.height == 6, "the other height")
        await pilot.pause()
        assert [regions for name, regions in painted if name == "prompts" and regions] == []


def test_what_a_filter_leaves_is_looked_for_once() -> None:
    snapshot = busy()
    whole = Scene.of(snapshot, Preview(), UNICODE)
    some = Scene.of(snapshot, Preview(), UNICODE, whole, frozenset({1, 2}))
    assert some.graph.nodes == (1, 2)
    assert some.facts is whole.facts
    assert Scene.of(snapshot, Preview(), UNICODE, some, frozenset({1, 2})).graph is some.graph
    assert Scene.of(snapshot, Preview(), UNICODE, some, frozenset({3})).graph.nodes == (3,)
    assert Scene.of(replace(snapshot), Preview(), UNICODE, some, frozenset({1, 2})).facts is not some.facts
