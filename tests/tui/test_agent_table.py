"""The table of agents: its header, its order, and one row for those that ask for the same."""

import pytest
from rich.cells import cell_len
from support import scenes
from support.onscreen import line_with, screen_text, shown, until
from support.still import StillSource
from textual.pilot import Pilot

from coordinator.client.ports import Preferences
from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Agent, AgentState, Snapshot
from coordinator.model.step import StepState
from tui.app import CoordApp
from tui.forms.permit import PermitForm
from tui.paint.theme import UNICODE
from tui.screens.agents import AgentStatus
from tui.widgets.agent_table import AgentTable, Column, Sort, table_for

WISH = "Bash: rm -r build"


def team(count: int, asking: int = 0) -> Snapshot:
    """So many agents; the first ones ask for the same, the others used the less the higher their number."""
    titles = {n: f"日本語の題名 {n} とても長い題名です" if n % 2 else f"Work {n}" for n in range(1, count + 1)}
    agents = tuple(
        scenes.agent(n, AgentState.PERMISSION, 10 + n, doing=WISH)
        if n <= asking
        else scenes.agent(n, AgentState.WORKING, 10 + n, tokens=1000 * (count - n), cost_usd=n / 10, doing=f"step {n}")
        for n in range(1, count + 1)
    )
    prompts = [scenes.prompt(n, title) for n, title in titles.items()]
    steps = [scenes.step(n, StepState.RUNNING, 10 + n) for n in titles]
    return scenes.snapshot(prompts, steps, agents=agents)


async def opened(app: CoordApp, pilot: Pilot[None]) -> AgentTable:
    await pilot.press("A")
    await until(lambda: isinstance(app.screen, AgentStatus), "the page")
    await pilot.pause()
    assert isinstance(app.screen, AgentStatus)
    return app.screen.agents


def numbers(table: AgentTable) -> list[int | None]:
    return [agent.prompt for agent in table.agents]


@pytest.mark.parametrize("longest", [7, 14])
@pytest.mark.parametrize("width", [*range(30, 206, 8)])
def test_columns_take_the_width_and_no_more(width: int, longest: int) -> None:
    t = table_for(width, longest)
    assert 3 + 4 + t.role + t.runtime + t.title + t.state + t.line + t.age + t.tokens + t.cost <= max(width, 38)
    assert (t.cost > 0) <= (t.tokens > 0)
    assert Column.TITLE in t.columns or width < 40


@pytest.mark.parametrize("count", [12, 50])
@pytest.mark.parametrize("size", [(80, 24), (160, 45), (200, 50)])
async def test_every_row_stands_below_its_header_with_titles_of_any_script(size: tuple[int, int], count: int) -> None:
    async with shown(StillSource(team(count)), size=size) as (app, pilot):
        table = await opened(app, pilot)
        width = table.scrollable_content_region.width
        head = "".join(span.text for span in table.head_spans(width))
        assert cell_len(head) <= width
        for row in range(count):
            assert cell_len("".join(span.text for span in table.row_spans(row, width))) == cell_len(head)
        shown_head = line_with(app, "title")
        assert all(name in shown_head for name in ("agent", "state▴", "age", "tokens", "cost"))
        assert "last line" in shown_head or size[0] == 80
        assert "日本語の題名" in screen_text(app)
        assert "live window" in screen_text(app)


async def test_keys_sort_by_each_column_and_the_other_way_round_and_the_selection_stays() -> None:
    async with shown(StillSource(team(12))) as (app, pilot):
        table = await opened(app, pilot)
        await pilot.press("down", "down", "down")
        chosen = table.current
        assert chosen is not None
        seen = {}
        for _ in range(6):
            await pilot.press("s")
            await pilot.pause()
            seen[table.sort.column] = numbers(table)
            assert table.current is not None
            assert table.current.id == chosen.id
        forwards = list(range(1, 13))
        assert seen[Column.AGENT] == forwards
        assert seen[Column.TITLE] == [*sorted(range(2, 13, 2), key=str), *sorted(range(1, 13, 2), key=str)]
        assert seen[Column.AGE] == seen[Column.COST] == forwards[::-1]
        assert seen[Column.TOKENS] == forwards
        assert "cost▾" in line_with(app, "title")
        await pilot.press("S")
        await pilot.pause()
        assert numbers(table) == forwards
        assert "cost▴" in line_with(app, "title")
        await pilot.press("escape")
        await until(lambda: app.screen is app.main, "the main screen")
        again = await opened(app, pilot)
        assert again.sort == Sort(Column.COST, reversed=True)


async def test_keys_of_the_settings_sort() -> None:
    source = StillSource(team(3), preferences=Preferences(keys={"agents.sort": "z"}))
    async with shown(source) as (app, pilot):
        table = await opened(app, pilot)
        await pilot.press("z")
        assert table.sort.column is Column.AGENT
        assert "z sort" in screen_text(app).splitlines()[-1]


async def test_a_new_snapshot_keeps_order_and_selection() -> None:
    source = StillSource(team(4))
    async with shown(source) as (app, pilot):
        table = await opened(app, pilot)
        await pilot.press("s", "S", "end")
        assert numbers(table) == [4, 3, 2, 1]
        source.put(team(6))
        await until(lambda: len(table.agents) == 6, "the others")
        assert numbers(table) == [6, 5, 4, 3, 2, 1]
        assert table.current is not None
        assert table.current.prompt == 1


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_twenty_that_ask_for_the_same_are_one_row_and_are_answered_from_it(size: tuple[int, int]) -> None:
    source = StillSource(team(24, asking=20))
    async with shown(source, size=size) as (app, pilot):
        table = await opened(app, pilot)
        assert len(table.agents) == 5
        assert "permission ×20" in line_with(app, "permission")
        assert "space" in screen_text(app).splitlines()[-1]
        await pilot.press("y")
        await until(lambda: isinstance(app.main.form, PermitForm) and app.main.form.has_focus_within, "the form")
        form = app.main.form
        assert isinstance(form, PermitForm)
        assert len(form.alike) == 20
        await pilot.press("4", "enter")
        await until(lambda: app.main.form is None, "the answer")
        plan = next(plan for what, plan in (asked for asked in source.asked if asked[0] == "apply"))
        assert sum(bool(effect) for effect in plan.effects) == 20


async def test_what_is_one_row_unfolds_and_folds_again_and_its_row_is_that_of_each() -> None:
    async with shown(StillSource(team(6, asking=3))) as (app, pilot):
        app.main.agents.point_at("executor-02-1")
        table = await opened(app, pilot)
        assert len(table.agents) == 4
        await pilot.press("home", "space")
        await pilot.pause()
        assert len(table.agents) == 6
        await pilot.press("down", "space")
        await pilot.pause()
        assert len(table.agents) == 4
        assert table.cursor == 0


def test_what_is_known_of_nobody_comes_last() -> None:
    agents: tuple[Agent, ...] = team(3).agents
    unknown = replace(agents[0], tokens=None)
    table = AgentTable(UNICODE, Sort(Column.TOKENS), {}, id="x")
    assert [agent.prompt for agent in table.arranged((unknown, *agents[1:]))] == [2, 3, 1]
