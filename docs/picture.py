"""Takes the README's picture: the real screen on the running demo, at the moment when its agent has asked a question.

`make picture` writes docs/coord.svg.
"""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from coordinator.client.demo_project import PACE, DemoProject
from coordinator.client.project import ProjectSource
from coordinator.model.step import StepState
from tui.app import CoordApp

TARGET = Path(__file__).with_name("coord.svg")
SIZE = (160, 45)
PATIENCE = 120.0


async def main() -> None:
    os.environ.setdefault(PACE, "0.05")
    with DemoProject(None) as project:
        project.start_loop()
        source = ProjectSource(project.layout)
        app = CoordApp(source, {"LANG": "C.UTF-8"})
        async with app.run_test(size=SIZE) as pilot:
            await _until(lambda: _worth_a_picture(app))
            await pilot.press("down", "down", "down", "down")
            await _until(lambda: app.main.context().agent is not None)
            await pilot.pause(1.0)
            TARGET.write_text(app.export_screenshot(title="coord"), encoding="utf-8")
            source.close()


def _worth_a_picture(app: CoordApp) -> bool:
    """Something is merged, something runs, something failed or was patched, and a question is open."""
    snapshot = app.main.snapshot
    if snapshot is None:
        return False
    states = [step.state for step in snapshot.steps.values()]
    return bool(snapshot.open_questions) and states.count(StepState.MERGED) >= 3


async def _until(predicate: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not predicate():
        if time.monotonic() > deadline:
            raise SystemExit("the demo never came to the moment of the picture")
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main())
