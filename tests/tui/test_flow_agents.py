"""Agents of an iteration's flows on the screen: who they are, and what is done to them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.flow_loop import DONE, flow, loop
from support.onscreen import line_with, until
from support.project import Project, project
from support.steering import steered
from support.wait import wait_until

from coordinator.model.work import flow_work


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    """Prompt 1 runs, and beside it a specialist of iteration 1."""
    with project(tmp_path, {1: []}) as made:
        (made.layout.scripts / "01.sh").write_text(made.until("never"))
        flow(made, "rot", made.until() + DONE)
        with loop(made, "rot"):
            made.wait_for(1, "running")
            work = flow_work(1, "rot")
            wait_until(lambda: any(a.work == work and a.state.at_work for a in made.snapshot().agents))
            yield made


async def test_a_flow_s_agent_stands_among_the_others_and_is_ended_by_key(made: Project) -> None:
    async with steered(made.layout, selected=1) as desk:
        await desk.sees("i1  rot")
        assert "scripted" in line_with(desk.app, "i1  rot")
        await desk.press("2")
        while desk.app.main.agents.current is None or not desk.app.main.agents.current.flow:
            await desk.press("down")
        await desk.sees("rot 1 · live window")
        await desk.press("x")
        await desk.sees("Kill rot-1-1")
        assert "rot-1-1 is ended, rot of iteration 1 held until you restart it" in desk.text
        await desk.press("enter", "enter")
        await until(lambda: desk.app.main.form is None, "the form to close", timeout=30)
        snapshot = await asyncio.to_thread(made.snapshot)
        assert snapshot.flows[flow_work(1, "rot")].state.value == "blocked"
        assert made.states() == {1: "running"}, "the selected prompt was left alone"
