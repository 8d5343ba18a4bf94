"""A draft that is brought back says first where it is placed, since when, and how to begin afresh."""

import pytest
from support import scenes
from support.onscreen import UTF8, screen_text, shown, until
from support.still import StillSource

from tui.forms.plan_form import PlanForm


@pytest.mark.parametrize("width", [40, 60, 80, 104, 160, 200])
async def test_its_first_line_says_so_at_every_width(width: int) -> None:
    now = [scenes.NOW]
    async with shown(StillSource(scenes.bucket()), (width, 40), UTF8, lambda: now[0]) as (app, pilot):
        app.main.select(3)
        await pilot.press("i", "L", "i", "m", "escape")
        await until(lambda: app.main.form is None, "the form to close")
        now[0] += 180
        app.main.select(7)
        await pilot.press("i")
        await until(lambda: isinstance(app.main.form, PlanForm), "the form")
        await until(lambda: "Draft after 03" in screen_text(app), "what is placed where")
        lines = screen_text(app).splitlines()
        top = next(at for at, line in enumerate(lines) if "Draft after 03" in line)
        assert "Interject" in lines[top - 1]
        said = " ".join(" ".join(lines[top : top + 2]).replace("│", " ").split())
        assert "3m00 old" in said
        assert "^n begins afresh" in said
        await pilot.press("ctrl+n")
        await until(lambda: "Draft" not in screen_text(app), "a form without a draft")


async def test_a_draft_that_nobody_touched_stays_as_old_as_it_is_and_one_of_a_prompt_names_it() -> None:
    now = [scenes.NOW]
    async with shown(StillSource(scenes.bucket()), (80, 40), UTF8, lambda: now[0]) as (app, pilot):
        app.main.select(7)
        await pilot.press("e", "X", "escape")
        await until(lambda: app.main.form is None, "the form to close")
        for _ in range(2):
            now[0] += 60
            await pilot.press("e")
            await until(lambda: "Draft of 07" in screen_text(app), "the draft")
            await pilot.press("escape")
            await until(lambda: app.main.form is None, "the form to close")
        now[0] += 60
        await pilot.press("e")
        await until(lambda: "3m00 old" in screen_text(app), "its age")
