"""Emergent surgery on the screen: cards, verdicts, and one plan for all of them."""

from pathlib import Path

import pytest
from support import pages, scenes
from support.onscreen import screen_text, shown, until
from support.project import project
from support.steering import path_of, plain_project, steered
from support.still import StillSource

from coordinator.lazy.dataclass import replace
from coordinator.model.change import FileChange
from coordinator.model.prompt import PromptStatus
from coordinator.storage.paths import Layout
from tui.forms.stages import Stage

EMERGENT = {"type": "emergent", "hypothesis": "faster"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """1 is done and emergent, 2 and 3 are pending and emergent; 4 waits for 1 and 2."""
    values = {1: {**EMERGENT, "status": "done", "commits": "[abc1234]"}, 2: EMERGENT, 3: EMERGENT}
    return plain_project(tmp_path, {1: (), 2: (), 3: (1,), 4: (1, 2)}, values)


@pytest.mark.slow
async def test_every_emergent_prompt_gets_its_verdict_and_all_are_one_plan(layout: Layout) -> None:
    async with steered(layout, selected=1) as desk:
        await desk.press("s")
        for number in (1, 2, 3):
            assert f"{number:02d} Prompt {number}" in desk.line("02 Prompt 2")
        assert "Decide on one or more" in desk.text
        await desk.press("i", "tab")
        await desk.type("less copying")
        await desk.press("shift+tab", "right", "x", "right", "k", "tab")
        await desk.type("too much")
        assert "will be cancelled" in desk.line("Prompt 2")
        assert "Improve: Prompt 1" in desk.line("patches 01 new")
        await desk.press("enter", "enter")
        await desk.closed()
        prompts = desk.prompts()
        assert prompts[2].status is PromptStatus.CANCELLED
        assert prompts[5].patches_prompts == (1,)
        assert b"less copying" in prompts[5].source
        assert prompts[4].dependencies == (1, 2, 5)
        assert "kept: too much" in layout.alignment.read_text()
        assert [event.data["text"] for event in desk.events("decision.recorded")] == ["keep: too much"]


async def test_surgery_is_undone_as_one(layout: Layout) -> None:
    async with steered(layout, selected=1) as desk:
        before = desk.files()
        await desk.press("s", "x", "right", "x", "ctrl+s")
        await desk.closed()
        assert len(desk.prompts()) == 5
        await desk.press("u")
        await until(lambda: desk.form.stage is Stage.CONFIRM, "what is taken back")
        await desk.press("enter")
        await desk.closed()
        assert desk.files() == before


async def test_a_verdict_can_be_taken_back_and_escape_keeps_the_others(layout: Layout) -> None:
    async with steered(layout, selected=1) as desk:
        before = desk.files()
        await desk.press("s", "k", "right", "x", "backspace", "escape")
        await desk.closed()
        assert desk.files() == before
        await desk.press("s")
        assert "✓ keep" in desk.text
        assert "eliminate" not in desk.line("✓ keep")


async def test_what_the_commits_touched_is_read_from_git(tmp_path: Path) -> None:
    with project(tmp_path, {1: []}) as made:
        path = next(made.layout.prompts.iterdir())
        path.write_text(path.read_text().replace("type: planned", "type: emergent"))
        assert made.run_loop() == 0
        async with steered(made.layout, selected=1) as desk:
            await desk.press("s")
            await desk.sees("file-1.txt")
            assert "wrote file 1" in desk.text


async def test_eliminating_running_work_asks_whether_its_agent_may_be_ended() -> None:
    async with shown(StillSource(scenes.laboratory())) as (app, pilot):
        app.main.select(4)
        await pilot.press("s", "x", "enter")
        assert "prompt 04 is in progress (executor-04-1)" in screen_text(app)
        await pilot.press("K")
        form = app.main.plan_form
        assert form is not None
        assert form.stage is Stage.CONFIRM
        assert "executor-04-1 is ended, 04 held until you restart it" in screen_text(app)


async def test_many_cards_scroll_and_hostile_ones_are_text() -> None:
    async with shown(StillSource(scenes.laboratory()), size=(80, 24)) as (app, pilot):
        await pilot.press("s", "end")
        await pilot.pause()
        assert "07 Another cache" in screen_text(app)
        await pilot.press("left")
        await pilot.pause()
        assert "05 [b]Bold[/b] ·[31mclaims" in screen_text(app)
        await pilot.press("home", *["down"] * 30)
        await pilot.pause()
        assert "memory was the bottleneck" in screen_text(app)
        await pilot.press("o")
        await pilot.pause()
        assert "Two windows; 40 % less memory" in screen_text(app)


async def test_a_prompt_that_ceases_to_be_emergent_leaves_the_cards(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("s", "x")
        for number in (1, 2, 3):
            path_of(layout, number).write_text(path_of(layout, number).read_text().replace("emergent", "planned"))
        await desk.sees("There is no emergent prompt any more.")
        await desk.press("ctrl+s")
        assert desk.form.stage is Stage.EDIT


async def test_a_card_says_what_the_diff_really_did_and_how_that_stands_to_the_milestone() -> None:
    source = StillSource(scenes.laboratory())
    page = pages.change()
    source.changes[2] = replace(page, change=replace(page.change, files=(FileChange("a.py", 3, 1),)))
    async with shown(source, size=(160, 45)) as (app, pilot):
        await until(lambda: app.main.snapshot is not None, "the project")
        app.main.select(2)
        await pilot.press("s")
        await until(lambda: app.main.plan_form is not None, "the form")
        await pilot.press("o")
        await until(lambda: "What it did" in screen_text(app) and "a.py  +3 -1" in screen_text(app), "the diff")
        assert "no test is among its files" in screen_text(app)
        assert "success criterion: Memory of a window stays" in screen_text(app)
        await pilot.press("escape")
