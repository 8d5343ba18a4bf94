"""Themes can be read, and the terminal gets characters that it can draw."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from support import scenes
from support.onscreen import contrast, screen_text, shown, until
from support.still import StillSource
from textual.color import Color
from textual.theme import Theme

from coordinator.client.ports import Preferences
from coordinator.lazy.dataclass import fields
from tui.paint.ascii import to_ascii
from tui.paint.ink import safe
from tui.paint.theme import ANSI, ASCII, DARK, LIGHT, UNICODE, Glyphs, choose_theme, glyphs, themes

COLOURED = [theme for theme in themes() if not theme.ansi]


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
@pytest.mark.parametrize("token", ["foreground", "primary", "success", "secondary", "warning", "error", "accent"])
def test_every_colour_of_a_theme_can_be_read_on_its_grounds(theme: Theme, token: str) -> None:
    tokens = theme.to_color_system().generate()
    for ground in ("background", "surface", "panel"):
        assert contrast(Color.parse(tokens[token]), Color.parse(tokens[ground])) >= 4.5, ground


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_quiet_text_is_quiet_and_readable(theme: Theme) -> None:
    tokens = theme.to_color_system().generate()
    ground = Color.parse(tokens["background"])
    quiet = contrast(Color.parse(tokens["text-muted"]), ground)
    assert 4.5 <= quiet < contrast(Color.parse(tokens["foreground"]), ground)


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_the_cursor_row_can_be_read(theme: Theme) -> None:
    tokens = theme.to_color_system().generate()
    for kind in ("", "-blurred"):
        ground = Color.parse(tokens[f"block-cursor{kind}-background"])
        assert contrast(Color.parse(tokens[f"block-cursor{kind}-foreground"]), ground) >= 4.5
        for token in ("primary", "warning", "error", "secondary"):
            assert contrast(Color.parse(tokens[token]), ground) >= 3, token


@pytest.mark.parametrize("marks", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_glyph_is_one_column_wide(marks: Glyphs) -> None:
    for field in fields(marks):
        value = getattr(marks, field.name)
        for glyph in value if isinstance(value, tuple) else [value]:
            if isinstance(glyph, str) and field.name != "enter":
                assert cell_len(glyph) == 1, field.name


@pytest.mark.parametrize(
    ("environ", "boxes"),
    [
        ({}, True),
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, False),
        ({"LANG": "en_US.UTF-8", "COORD_ASCII": "1"}, False),
        ({"TERM": "linux", "COORD_ASCII": "0"}, True),
    ],
)
def test_boxes_are_drawn_where_the_terminal_can(environ: dict[str, str], boxes: bool) -> None:
    assert glyphs(environ).boxes is boxes


@pytest.mark.parametrize(
    ("wanted", "environ", "theme"),
    [
        ("", {}, DARK),
        ("", {"COLORFGBG": "0;15"}, LIGHT),
        ("", {"COLORFGBG": "15;default;0"}, DARK),
        ("", {"TERM": "linux"}, ANSI),
        ("", {"TERM": "linux", "COLORTERM": "truecolor"}, DARK),
        ("nord", {"TERM": "linux"}, "nord"),
    ],
)
def test_the_theme_follows_the_user_then_the_terminal(wanted: str, environ: dict[str, str], theme: str) -> None:
    assert choose_theme(wanted, environ) == theme


def test_settings_go_before_a_choice_and_a_choice_before_the_ground_but_not_on_sixteen_colours() -> None:
    assert choose_theme("nord", {}, chosen=LIGHT) == "nord"
    assert choose_theme("", {"COLORFGBG": "15;0"}, chosen=LIGHT) == LIGHT
    assert choose_theme("", {"TERM": "linux"}, chosen=LIGHT) == ANSI


@given(st.text(max_size=30))
def test_text_keeps_its_width_in_ascii(text: str) -> None:
    text = safe(text)
    assert to_ascii(text).isascii()
    assert cell_len(to_ascii(text)) == cell_len(text)


def test_ascii_keeps_the_sense_of_signs() -> None:
    assert to_ascii("waits for “02” → 03…") == 'waits for "02" > 03~'
    assert to_ascii("設定 é") == "???? ?"


async def test_ascii_terminals_get_no_other_character() -> None:
    async with shown(StillSource(scenes.bucket(), scenes.bucket_events()), environ={"COORD_ASCII": "1"}) as (
        app,
        pilot,
    ):
        await pilot.press("down", "down")
        assert screen_text(app).isascii(), {char for char in screen_text(app) if not char.isascii()}


@pytest.mark.parametrize("name", [DARK, LIGHT, ANSI, "nord", "textual-light", "ansi-dark"])
async def test_the_screen_works_in_every_theme(name: str) -> None:
    source = StillSource(scenes.bucket(), scenes.bucket_events(), preferences=Preferences(theme=name))
    async with shown(source) as (app, _):
        assert app.theme == name
        assert "Redis backend" in screen_text(app)


async def test_an_unknown_theme_is_told_and_replaced() -> None:
    async with shown(StillSource(scenes.bucket(), preferences=Preferences(theme="sepia"))) as (app, _):
        assert app.theme == DARK


async def test_the_palettes_theme_command_goes_between_dark_and_light_and_is_kept() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, _):
        for theme in (LIGHT, DARK):
            await app.main.action_act("theme")
            assert app.theme == theme
            await until(lambda theme=theme: ("theme", theme) in source.asked, "it to be kept")  # type: ignore[misc]


async def test_the_screen_begins_with_the_theme_that_was_chosen_unless_that_is_gone() -> None:
    for chosen, theme in ((LIGHT, LIGHT), ("sepia", DARK)):
        source = StillSource(scenes.bucket(), preferences=Preferences(chosen_theme=chosen))
        async with shown(source) as (app, _):
            assert app.theme == theme
            assert "there is none called" not in screen_text(app)


async def test_where_settings_name_the_theme_changing_it_says_for_which_projects_it_is_kept() -> None:
    source = StillSource(scenes.bucket(), preferences=Preferences(theme="nord", chosen_theme=LIGHT))
    async with shown(source) as (app, _):
        assert app.theme == "nord"
        await app.main.action_act("theme")
        await until(lambda: "coord.yaml names nord" in screen_text(app), "the remark")
