"""Pipelines on the screen: lines below their prompt, passed by when moving; who is at which station."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import build, piping
from support.graph_panel import stage
from support.onscreen import line_with, screen_text, shown, until
from support.piped import DONE, WORK, Make, piped
from support.scenes import NOW
from support.still import StillSource

from coordinator.client.look import look
from coordinator.client.opening import Project as Opened
from coordinator.client.pipeline_page import pipeline_page
from coordinator.client.ports import Preferences
from coordinator.errors import Refused
from coordinator.lazy.dataclass import replace
from coordinator.model.graph import Graph
from coordinator.model.snapshot import AgentState
from coordinator.views.graph_rails import UNICODE as RAILS
from coordinator.views.graph_rails import layout
from tui.paint.theme import UNICODE
from tui.screens.runs import RunsScreen
from tui.widgets.agents import agent_spans, columns_for, look_of


async def test_a_tall_panel_shows_every_station_and_a_low_one_the_one_that_matters() -> None:
    async with stage(piping.piped(), size=(80, 30)) as s:
        lines = s.lines()
        at = next(place for place, line in enumerate(lines) if " 02 " in line)
        assert lines[at + 1].rstrip().endswith("├ ✓ requirements-author")
        assert "implementer" in lines[at + 4]
        assert "2 turns, " in lines[at + 4]
        assert lines[at + 6].rstrip().endswith("└ · cleanup")
        assert any("│ └ ! 2.1/T3" in line for line in lines)
    async with stage(piping.piped(), size=(80, 12)) as s:
        lines = s.lines()
        at = next(place for place, line in enumerate(lines) if " 03 " in line)
        assert "└ ! test-author" in lines[at + 1]
        assert " 04 " in lines[at + 2]


async def test_moving_goes_from_prompt_to_prompt() -> None:
    async with stage(piping.piped(), size=(80, 30)) as s:
        await s.press("home")
        seen = [s.graph.selected]
        for _ in range(5):
            await s.press("down")
            seen.append(s.graph.selected)
        assert seen == [1, 2, 3, 4, 5, 5]
        for _ in range(4):
            await s.press("up")
            seen.append(s.graph.selected)
        assert seen[6:] == [4, 3, 2, 1]


@given(build.sound_prompts(20), st.integers(2, 5))
def test_lines_below_a_row_carry_on_the_rails_that_pass(prompts: list[build.Prompt], lanes: int) -> None:
    rails = layout(Graph.of(prompts), lanes=lanes)
    for row in range(len(rails)):
        below = rails.below(row)
        assert len(below) == rails.width
        passing = {rails.lanes[source] for source in range(row + 1) if rails.ends[source] > row}
        assert {place // 2 for place, cell in enumerate(below[:-1]) if cell.char == RAILS.vertical} | (
            {rails.width // 2} if below and below[-1].char == RAILS.vertical else set()
        ) == passing
        if row + 1 == len(rails):
            assert all(cell.char == " " for cell in below)


def test_the_role_of_an_agent_of_a_station_is_its_station() -> None:
    for path, role in (
        ("implementer", "implementer"),
        ("implementer.2", "implemen….2"),
        ("IMPLEMENT/2.1/T3", "2.1/T3"),
        ("PLAN/1.2", "1.2"),
    ):
        agent = replace(piping.turn_agent(2, path, AgentState.WORKING, 60))
        look = look_of(agent, NOW, UNICODE)
        text = "".join(span.text for span in agent_spans(agent, columns_for(60, 10), NOW, UNICODE, look))
        assert text.split()[2] == role, text


async def test_a_key_opens_what_the_pipeline_of_the_selected_prompt_made() -> None:
    source = StillSource(piping.piped(), preferences=Preferences())
    source.contents = piping.CONTENTS
    async with shown(source, size=(120, 40)) as (app, pilot):
        app.main.select(5)
        await pilot.press("O")
        await until(lambda: "No pipeline of 05 has begun." in screen_text(app), "the reason")
        app.main.select(2)
        await pilot.press("O")
        await until(lambda: "requirements.md" in screen_text(app), "the page")
        text = screen_text(app)
        assert "02 Token bucket core  pipeline build" in text
        assert "running     implementer.2" in text
        await pilot.press(*["down"] * 7)
        await until(lambda: "0 of 2 criteria passed" in screen_text(app), "the ledger")


async def test_the_runs_show_those_of_other_tools_below_the_own_ones() -> None:
    source = StillSource(piping.piped(), preferences=Preferences())
    source.foreign = piping.foreign()
    async with shown(source, size=(120, 40)) as (app, pilot):
        app.push_screen(RunsScreen(app, piping.piped()))
        await until(lambda: "gh-12" in screen_text(app), "the runs")
        assert "UNVERIFIED" in line_with(app, "gh-12")
        await pilot.press("down", "down", "down")
        await until(lambda: "1 of 2 criteria passed" in screen_text(app), "the run of the swarm")
        assert "`coord import .runs/gh-12` makes prompts of them" in screen_text(app)


def test_the_page_is_read_from_where_the_artifacts_lie(make: Make) -> None:
    made = make({})
    piped(made, "author\nreader", WORK + 'test "$COORD_TURN" != author || echo hello >"$COORD_OUT/note.md"\n' + DONE)
    text = '---\nrole: stage\nwrites: ["**"]\noutputs: [note.md]\n---\n# How to write\n\nDo it.\n'
    (made.layout.flows / "author.md").write_text(text)
    assert made.run_loop() == 0, made.said()[-2000:]
    project = Opened(made.layout)
    page = pipeline_page(project, look(project), 1)
    assert [turn.path for turn in page.position.turns] == ["author", "reader"]
    assert page.contents == {"note.md": b"hello\n"}
    (made.layout.root / page.folder / "note.md").unlink()
    (made.layout.root / page.folder / "note.md").symlink_to(made.layout.config)
    assert "link" in str(pipeline_page(project, look(project), 1).contents["note.md"])
    with pytest.raises(Refused):
        pipeline_page(project, look(project), 9)
