"""Marking several by hand, by likeness and by filter, and doing one thing to all of them."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from support import scenes
from support.onscreen import screen_text, shown, until
from support.steering import Desk, plain_project, steered
from support.still import StillSource

from coordinator.lazy.dataclass import replace
from coordinator.model.plan import Permit, Plan
from coordinator.model.snapshot import AgentState
from tui.app import CoordApp
from tui.forms.many import ManyForm
from tui.forms.marking import MarkForm

CHAIN: Mapping[int, tuple[int, ...]] = {1: (), 2: (1,), 3: (2,), 4: (), 5: (4,), 6: ()}


def marked(app: CoordApp) -> list[int]:
    return sorted(app.main.graph.marked)


async def many_form(app: CoordApp, name: str) -> None:
    await until(lambda: isinstance(app.main.form, ManyForm) and name in screen_text(app), f"the form: {name}")


async def mark_form(app: CoordApp) -> None:
    await until(lambda: isinstance(app.main.form, MarkForm) and app.main.form.has_focus_within, "the kinds")


async def no_form(app: CoordApp) -> None:
    await until(lambda: app.main.form is None, "the end of the form")


async def test_rows_are_marked_by_hand_as_a_range_and_unmarked_by_escape() -> None:
    async with shown(StillSource(scenes.long_plan())) as (app, pilot):
        order = app.main.snapshot.graph.order if app.main.snapshot else ()
        await pilot.press("g", "space", "j", "j", "j", "V")
        assert marked(app) == sorted(order[:4])
        await pilot.press("j", "shift+down", "shift+down")
        assert marked(app) == sorted(order[:7])
        await pilot.press("space")
        assert marked(app) == sorted(order[:6])
        await pilot.press("escape")
        assert marked(app) == []


async def test_marked_ones_are_cancelled_by_one_plan_and_taken_back_by_one(tmp_path: Path) -> None:
    async with steered(plain_project(tmp_path, CHAIN), selected=3) as desk:
        await desk.press("space", "up", "space")
        await desk.sees("cancel all 2")
        await desk.press("X")
        await many_form(desk.app, "Cancel 2 marked: 02, 03")
        await desk.press("enter", "enter")
        await desk.closed()
        assert {n: p.status.value for n, p in desk.prompts().items() if n in (2, 3)} == {2: "cancelled", 3: "cancelled"}
        (plan,) = desk.events("plan.applied")
        assert plan.data["service"] == "many"
        assert len(desk.events("prompt.cancelled")) == 2
        assert marked(desk.app) == []
        await desk.press("u", "enter", "enter")
        await desk.closed()
        assert {p.status.value for p in desk.prompts().values()} == {"pending"}


async def test_a_filter_marks_while_it_is_typed_and_escape_brings_back_what_was_marked(tmp_path: Path) -> None:
    async with steered(plain_project(tmp_path, CHAIN), selected=6) as desk:
        await desk.press("space", "colon")
        await mark_form(desk.app)
        await desk.type("branch")
        await desk.press("colon")
        await desk.type("1")
        await desk.sees("3 prompts")
        assert marked(desk.app) == [1, 2, 3]
        await desk.press("escape")
        await no_form(desk.app)
        assert marked(desk.app) == [6]
        await desk.press("colon")
        await mark_form(desk.app)
        await desk.type("odd")
        await desk.press("colon")
        await desk.sees("no filter is called `odd:`")
        await desk.press("enter")
        assert desk.app.main.form is not None


async def test_a_filter_adds_to_what_is_marked(tmp_path: Path) -> None:
    async with steered(plain_project(tmp_path, CHAIN), selected=6) as desk:
        await desk.press("space", "colon")
        await mark_form(desk.app)
        await desk.type("after")
        await desk.press("colon")
        await desk.type("1")
        await desk.press("enter")
        await no_form(desk.app)
        assert marked(desk.app) == [2, 3, 6]


async def test_priority_of_a_filter_is_set_for_all(tmp_path: Path) -> None:
    async with steered(plain_project(tmp_path, CHAIN), selected=1) as desk:
        await choose(desk, "01 and all that waits for it")
        assert marked(desk.app) == [1, 2, 3]
        await desk.press("P")
        await many_form(desk.app, "Priority of 3 marked: 01, 02, 03")
        await desk.press("ctrl+s")
        await desk.closed()
        assert {n for n, prompt in desk.prompts().items() if prompt.priority.value == "high"} == {1, 2, 3}


async def choose(desk: Desk, kind: str) -> None:
    """Press the number of a kind of prompts to mark."""
    await desk.press("asterisk")
    await mark_form(desk.app)
    (row,) = [row for row in desk.text.splitlines() if kind in row]
    await desk.press(row.split(kind)[0].split()[-1])
    await no_form(desk.app)


async def test_without_marks_hold_is_about_the_selected_one(tmp_path: Path) -> None:
    async with steered(plain_project(tmp_path, CHAIN), selected=4) as desk:
        await desk.press("h")
        await many_form(desk.app, "Hold 04")
        await desk.press("ctrl+s")
        await desk.closed()
        assert desk.prompts()[4].status.value == "blocked"


def asking() -> StillSource:
    """Three agents that ask leave for the same, and one that asks for something else."""
    busy = scenes.bucket()
    first = next(agent for agent in busy.agents if not agent.state.ended)
    wish = replace(first, state=AgentState.PERMISSION, doing="npm test")
    same = [replace(wish, id=f"executor-{n:02d}-1", prompt=n) for n in (4, 5, 6)]
    return StillSource(replace(busy, agents=(*same, replace(same[0], id="executor-07-1", prompt=7, doing="rm -rf /"))))


async def test_those_that_ask_for_the_same_are_marked_by_one_key_and_answered_by_one_plan() -> None:
    source = asking()
    async with shown(source) as (app, pilot):
        app.main.select(5)
        await pilot.press("asterisk")
        await mark_form(app)
        await pilot.press("1")
        await no_form(app)
        assert marked(app) == [4, 5, 6]
        await pilot.press("y")
        await many_form(app, "Permit 3 marked: 04, 05, 06")
        await pilot.press("ctrl+s")
        await until(lambda: any(isinstance(asked, tuple) and asked[0] == "apply" for asked in source.asked), "the plan")
        (plan,) = [asked[1] for asked in source.asked if isinstance(asked, tuple) and asked[0] == "apply"]
        assert isinstance(plan, Plan)
        assert {e.work.number for e in plan.effects if isinstance(e, Permit)} == {4, 5, 6}


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_agents_are_marked_in_their_own_list(size: tuple[int, int]) -> None:
    source = asking()
    async with shown(source, size=size) as (app, pilot):
        await pilot.press("2")
        await until(lambda: app.main.panel == "agents", "the agents")
        await pilot.press("g", "space", "j", "space")
        await until(lambda: len(marked(app)) == 2, "two marks")
        await pilot.press("x")
        await many_form(app, "Kill 2 marked")


async def test_an_agent_of_a_flow_is_marked_by_itself() -> None:
    busy = scenes.bucket()
    first = next(agent for agent in busy.agents if not agent.state.ended)
    flow = replace(first, id="verifier-1-1", prompt=None, flow="verifier", iteration=1, state=AgentState.WORKING)
    async with shown(StillSource(replace(busy, agents=(flow,)))) as (app, pilot):
        await pilot.press("2")
        await until(lambda: app.main.panel == "agents", "the agents")
        await pilot.press("space")
        assert app.main.marked_agents == {"verifier-1-1"}
        await pilot.press("t")
        await many_form(app, "Tell verifier-1-1")
        await pilot.press("escape")
        await no_form(app)
        await pilot.press("escape")
        assert app.main.marked_agents == frozenset()
