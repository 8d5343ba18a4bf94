"""How the screens look: every character and colour as it was last meant. CONTRIBUTING.md: how to accept a change."""

import importlib
import pkgutil
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.gallery import PICTURES, Picture
from support.onscreen import hard_to_read
from textual.pilot import Pilot
from textual.screen import Screen

import tui
from tui.app import CoordApp
from tui.forms.form import Form
from tui.paint.theme import DARK, LIGHT

SIZES = ((80, 24), (160, 45))
KEPT = [name for name, picture in PICTURES.items() if picture.kept]


@pytest.fixture(autouse=True)
def _anywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times in UTC, and all colours, whatever is set here."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    with monkeypatch.context() as zone:
        zone.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", KEPT)
def test_looks(name: str, size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(PICTURES[name].app(DARK), terminal_size=size, run_before=legibly(PICTURES[name])), _HOW


@pytest.mark.parametrize("name", ["main", "review"])
def test_looks_in_the_light(name: str, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(PICTURES[name].app(LIGHT), terminal_size=(160, 45), run_before=legibly(PICTURES[name])), _HOW


@pytest.mark.slow
async def test_every_screen_and_every_form_has_a_scene_whose_looks_are_kept() -> None:
    there = {kind for base in (Screen, Form) for kind in kinds_of(base) if not kinds_of(kind)}
    for name in KEPT:
        app = PICTURES[name].app(DARK)
        async with app.run_test(size=(160, 45), notifications=True) as pilot:
            await PICTURES[name].play(pilot)
            shown = (app.screen, *app.screen.query(Form))
            there -= {kind for one in shown for kind in type(one).__mro__}  # some are made as they are needed
    assert there == set()


def kinds_of(base: type) -> set[type]:
    """The screen's own classes that are made from one, at whatever remove."""
    for module in pkgutil.walk_packages([str(Path(tui.__file__).parent)], "tui."):
        if module.name.startswith(("tui.screens.", "tui.forms.")):
            importlib.import_module(module.name)
    made = {base}
    while more := {kind for known in made for kind in known.__subclasses__()} - made:
        made |= more
    return {kind for kind in made - {base} if kind.__module__.startswith("tui.")}


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", PICTURES)
async def test_every_word_of_every_screen_can_be_read_in_every_theme(name: str, size: tuple[int, int]) -> None:
    picture, hard = PICTURES[name], {}
    app = picture.app(DARK)
    async with app.run_test(size=size, notifications=True) as pilot:
        await picture.play(pilot)
        coloured = [theme.name for theme in app.available_themes.values() if not theme.ansi]
        assert len(coloured) > 10
        for theme in coloured:
            app.theme = theme
            await pilot.pause()
            if found := hard_to_read(app):
                hard[theme] = found
    assert hard == {}


def legibly(picture: Picture) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Come to what is shown, and look that each word can be read before it is compared."""

    async def play(pilot: Pilot[Any]) -> None:
        await picture.play(pilot)
        app = pilot.app
        assert isinstance(app, CoordApp)
        assert hard_to_read(app) == []

    return play


_HOW = "it looks otherwise than before: build/looks.html shows both; if that was meant, `make accept-looks`"
