"""Importing on the screen: from the palette, the plan while one types, applied and taken back."""

from pathlib import Path

import pytest
from support.onscreen import screen_text, until
from support.steering import plain_project, steered
from textual.command import CommandPalette
from textual.widgets import Input

from coordinator.storage.paths import Layout
from tui.forms.importing import ImportForm
from tui.forms.stages import Stage


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = plain_project(tmp_path, {1: ()}, {1: {"status": "done"}})
    (made.root / "TODO.md").write_text("- [ ] Sow [bold]beans[/bold]\n  - [ ] Dig\n- [x] Rake\n")
    return made


async def test_tasks_are_imported_from_the_palette_and_taken_back(layout: Layout) -> None:
    async with steered(layout, selected=1) as desk:
        before = desk.files()
        await desk.press("ctrl+p")
        await until(lambda: isinstance(desk.app.screen, CommandPalette), "the palette")
        desk.app.screen.query_one(Input).value = "import"
        await until(lambda: "Make prompts of the tasks" in screen_text(desk.app), "the command")
        await desk.press("enter", "enter")
        await until(lambda: isinstance(desk.app.main.form, ImportForm) and desk.form.has_focus_within, "the form")
        await desk.sees("Name the folder or the file")
        await desk.type("TODO")
        await desk.sees("there is nothing at")
        await desk.type(".md")
        await desk.sees("checklist in TODO.md: 2 new prompts")
        await desk.sees("02 Sow [bold]beans[/bold]")
        assert "after 03" in desk.line("Sow")
        await desk.press("enter")
        await until(lambda: desk.form.stage is Stage.CONFIRM, "the review")
        await desk.sees("part of 02")
        assert "1 task done already: no prompt" in desk.text
        await desk.press("enter")
        await desk.closed()
        assert set(desk.files()) - set(before) == {
            "02-planned-sow-bold-beans-bold.prompt.md",
            "03-planned-dig.prompt.md",
        }
        await desk.press("u")
        await until(lambda: desk.form.stage is Stage.CONFIRM, "what is taken back")
        await desk.press("enter")
        await desk.closed()
        assert desk.files() == before
