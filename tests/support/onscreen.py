"""Driving the app in tests: start it, wait for the thing itself, read what is on screen."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from rich.cells import cell_len
from support import scenes
from textual import app as textual_app
from textual import pilot as textual_pilot
from textual.app import active_app
from textual.color import Color
from textual.pilot import Pilot
from textual.screen import ModalScreen

from coordinator.client.ports import Source
from tui.app import CoordApp

UTF8 = {"LANG": "C.UTF-8"}
_CALM = 3
"""Rounds of the event loop in which nobody has anything to do."""


async def at_rest(min_sleep: float = 0.0, max_sleep: float = 10.0) -> None:
    """Let the app run until all that it has to do waits for a time, a thread or a key, and is painted.

    Textual's own looks every 20 ms whether processor time passes: thousands of keys take minutes, and what other tests
    do meanwhile counts.
    """
    loop, deadline, calm = asyncio.get_running_loop(), time.monotonic() + max_sleep, 0
    if min_sleep:
        await asyncio.sleep(min_sleep)
    while calm < _CALM and time.monotonic() < deadline:
        await asyncio.sleep(0)
        if loop._ready:  # type: ignore[attr-defined]
            calm = 0
            continue
        app = active_app.get(None)
        if calm == 0 and app is not None and app._screen_stack:
            app.screen._on_timer_update()
        calm += 1


async def _screen_at_rest(_: Pilot[Any], timeout: float = 30.0) -> bool:
    """In place of a message to every widget and back, after each key: at rest nobody has a message left."""
    await at_rest(max_sleep=timeout)
    return True


textual_app.wait_for_idle = textual_pilot.wait_for_idle = at_rest  # type: ignore[attr-defined]
Pilot._wait_for_screen = _screen_at_rest  # type: ignore[method-assign]


@asynccontextmanager
async def shown(
    source: Source,
    size: tuple[int, int] = (160, 45),
    environ: Mapping[str, str] = UTF8,
    clock: Callable[[], float] = lambda: scenes.NOW,
    loaded: bool = True,
) -> AsyncIterator[tuple[CoordApp, Pilot[None]]]:
    """The app over a source; once its first snapshot and events are in, unless `loaded` is False."""
    app = CoordApp(source, environ, clock)
    async with app.run_test(size=size, notifications=True) as pilot:
        if loaded:
            await until(lambda: app.main.snapshot is not None and not app.main.log_panel.busy, "the first snapshot")
            await pilot.pause()
        yield app, pilot
        source.close()


async def until(predicate: Callable[[], Any], message: str, timeout: float = 60.0) -> None:
    """Let the app run until something is the case."""
    deadline = time.monotonic() + timeout
    while not predicate():
        assert time.monotonic() < deadline, f"still waiting for {message} after {timeout:g} s"
        await asyncio.sleep(0.002)


def screen_text(app: CoordApp) -> str:
    """What is on screen, line by line, blanks at the ends of lines gone."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def line_with(app: CoordApp, needle: str) -> str:
    """The first line on screen that contains a text."""
    found = [line for line in screen_text(app).splitlines() if needle in line]
    assert found, f"{needle!r} is not on screen:\n{screen_text(app)}"
    return found[0]


def place_of(app: CoordApp, needle: str) -> tuple[int, int]:
    """Column and row of a text on screen, to click at."""
    for row, line in enumerate(screen_text(app).splitlines()):
        if needle in line:
            return line.index(needle), row
    raise AssertionError(f"{needle!r} is not on screen:\n{screen_text(app)}")


def hard_to_read(app: CoordApp) -> list[str]:
    """Words on screen whose colours differ too little, with both; not those behind a page that lies over them."""
    found = []
    modal = isinstance(app.screen, ModalScreen)
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        x = 0
        for text, style, _ in strip:
            place, x = x, x + cell_len(text)
            behind = modal and app.screen.get_widget_at(place, y)[0] is app.screen
            if behind or style is None or not any(map(str.isalnum, text)) or text.strip() in ("o", "v", "x"):
                continue  # a single letter is a sign of the graph where there are no others
            ink, ground = style.color, style.bgcolor
            if ink is None or ground is None or ink.is_default or ground.is_default:
                continue
            ratio = contrast(Color.from_rich_color(ink), Color.from_rich_color(ground))
            if ratio < 4.5:
                found.append(f"{text.strip()!r}: {ratio:.1f}, {ink.name} on {ground.name}")
    return found


def contrast(one: Color, other: Color) -> float:
    """The ratio of two colours' luminances as WCAG counts it: 1.0 to 21.0."""

    def luminance(colour: Color) -> float:
        parts = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in colour.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
