"""Pictures of the screen, from scenes made by hand: `python -m support.gallery OUT [NAME…]` writes SVG files.

Run it from the root with `PYTHONPATH=tests:.`; names are those of `PICTURES`.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from support import scenes
from support.still import StillSource
from textual.pilot import Pilot

from tui.app import CoordApp

Play = Callable[[Pilot[None]], Awaitable[None]]


async def _nothing(pilot: Pilot[None]) -> None:
    await pilot.pause()


def keys(*names: str) -> Play:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press(*names)
        await pilot.pause()

    return play


def still(name: str = "bucket", **more: Any) -> StillSource:
    events = scenes.bucket_events() if name == "bucket" else []
    return StillSource(getattr(scenes, name)(), events, scenes.screens(), **more)


PICTURES: dict[str, tuple[Callable[[], StillSource], tuple[int, int], str, Play]] = {
    "main-dark": (still, (160, 45), "coord-dark", _nothing),
    "main-light": (still, (160, 45), "coord-light", _nothing),
    "main-ansi": (still, (160, 45), "coord-ansi", _nothing),
    "main-80x24": (still, (80, 24), "coord-dark", _nothing),
    "second-80x24": (still, (80, 24), "coord-dark", keys("tab")),
    "big-200x50": (still, (200, 50), "coord-dark", _nothing),
    "events": (still, (160, 45), "coord-dark", keys("4", "up", "up")),
    "help": (still, (160, 45), "coord-dark", keys("question_mark")),
    "answer": (still, (160, 45), "coord-dark", keys("n")),
    "answer-80x24": (still, (80, 24), "coord-dark", keys("n")),
    "stop": (still, (160, 45), "coord-dark", keys("L")),
    "palette": (still, (160, 45), "coord-dark", keys("ctrl+p")),
    "wide": (lambda: still("wide_titles"), (120, 30), "coord-dark", _nothing),
    "empty": (lambda: still("empty"), (120, 30), "coord-dark", _nothing),
    "stopped": (lambda: still("stopped"), (120, 30), "coord-light", _nothing),
    "troubled": (lambda: still("troubled"), (120, 30), "coord-dark", _nothing),
    "problems": (lambda: still("troubled"), (120, 30), "coord-dark", keys("exclamation_mark")),
    "crowd": (lambda: still("crowd"), (160, 45), "coord-dark", _nothing),
    "many": (lambda: StillSource(scenes.many(1000)), (160, 45), "coord-dark", _nothing),
    "zoom": (still, (160, 45), "coord-dark", keys("Z")),
    "toast": (lambda: still("stopped"), (120, 30), "coord-dark", keys("a")),
    "ascii": (still, (120, 30), "coord-dark", _nothing),
    "review": (still, (160, 45), "coord-dark", keys("v")),
    "interject": (still, (160, 45), "coord-dark", keys("i")),
    "question-list": (still, (120, 30), "coord-dark", keys("Q")),
}


async def draw(name: str, environ: dict[str, str] | None = None) -> str:
    """The SVG of one picture."""
    make, size, theme, play = PICTURES[name]
    source = make()
    environ = environ or {"LANG": "C.UTF-8", "COORD_ASCII": "1" if name == "ascii" else "0"}
    app = CoordApp(source, environ, clock=lambda: scenes.NOW)
    app.theme = theme
    async with app.run_test(size=size, notifications=True) as pilot:
        while app.is_running and (app.main.snapshot is None or app.main.log_panel.busy):
            await pilot.pause(0.001)
        await play(pilot)
        await pilot.pause()
        svg = app.export_screenshot(title="coord")
        source.close()
    return svg


def main(out: Path, names: list[str]) -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    out.mkdir(parents=True, exist_ok=True)
    for name in names or list(PICTURES):
        (out / f"{name}.svg").write_text(asyncio.run(draw(name)), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
