"""The page of settings: read them, change one as a plan, take it back."""

from pathlib import Path

import pytest
from support import scenes
from support.onscreen import screen_text, shown, until
from support.steering import plain_project, steered
from support.still import StillSource

from coordinator.storage.config import load_config
from coordinator.storage.paths import Layout
from tui.context import nothing_applied
from tui.forms.setting import SettingForm
from tui.forms.stages import Stage
from tui.screens.reader import Listing


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = plain_project(tmp_path, {1: ()}, {})
    made.config.write_text("# ours\nmax_parallel: 2 # few\n")
    return made


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=str)
async def test_a_comma_shows_each_setting_with_its_value_and_whose_it_is(size: tuple[int, int]) -> None:
    async with shown(StillSource(scenes.bucket()), size=size) as (app, pilot):
        await pilot.press("comma")
        await until(lambda: isinstance(app.screen, Listing), "the page")
        await until(lambda: "isolation" in screen_text(app), "the settings")
        await pilot.press(*["down"] * 7)
        await until(lambda: "one of review, auto, forge" in screen_text(app), "what the gate takes")
        assert "coord.yaml, line 1" in screen_text(app)
        assert "↵ change" in screen_text(app)
        await pilot.press("escape")
        await until(lambda: app.screen is app.main, "the main screen")


async def test_a_choice_is_taken_shown_as_a_diff_applied_and_taken_back(layout: Layout) -> None:
    async with steered(layout, selected=1) as desk:
        before = layout.config.read_bytes()
        await desk.press("comma")
        await until(lambda: isinstance(desk.app.screen, Listing), "the page")
        await desk.press(*["down"] * 7, "enter")
        await until(lambda: isinstance(desk.app.main.form, SettingForm) and desk.form.has_focus_within, "the form")
        await desk.press("2")
        await desk.sees("gate: auto")
        await desk.press("enter")
        await until(lambda: desk.form.stage is Stage.CONFIRM, "the review")
        await desk.press("enter")
        await desk.closed()
        assert load_config(layout).gate == "auto"
        assert layout.config.read_bytes() == before + b"gate: auto\n"
        await until(lambda: not nothing_applied(desk.app.main.context()), "the project to know of it")
        await desk.press("u")
        await until(lambda: desk.form.stage is Stage.CONFIRM, "what is taken back")
        await desk.press("enter")
        await desk.closed()
        assert layout.config.read_bytes() == before


async def test_a_value_that_validation_refuses_is_refused_while_it_is_typed(layout: Layout) -> None:
    async with steered(layout, selected=1) as desk:
        await desk.press("comma")
        await until(lambda: isinstance(desk.app.screen, Listing), "the page")
        await desk.press(*["down"] * 11, "enter")
        await until(lambda: isinstance(desk.app.main.form, SettingForm) and desk.form.has_focus_within, "the form")
        assert desk.form.field("value").value == "2"
        await desk.press("backspace")
        await desk.type("900")
        await desk.sees("is not a whole number from 1 to 256")
        await desk.press("backspace", "backspace")
        await desk.sees("max_parallel: 9")
        await desk.press("ctrl+s")
        await until(lambda: layout.config.read_bytes() == b"# ours\nmax_parallel: 9 # few\n", "the setting")
