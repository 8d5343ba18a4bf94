"""A service that is a module and a line of the registry is in the palette, and has a form."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import asyncio, sys
from pathlib import Path
from support.toy import LINE
from coordinator.services.registry import SERVICES
SERVICES[LINE.name] = LINE  # before the screen is read, as a line of the registry would be

from support.onscreen import until
from support.steering import plain_project, steered
from textual.command import CommandPalette
from textual.widgets import Input

async def main():
    async with steered(plain_project(Path(sys.argv[1]), {1: (), 2: (1,)}), selected=2) as desk:
        await desk.pilot.press("ctrl+p")
        await until(lambda: isinstance(desk.app.screen, CommandPalette), "the palette")
        desk.app.screen.query_one(Input).value = "rename"
        await desk.sees("Give a prompt another title")
        await desk.pilot.press("enter", "enter")
        await desk.sees("Rename 02 Prompt 2")
        assert "another title" in desk.line("Title"), desk.text
        assert "Reason" in desk.text
        await desk.sees("Still missing: Its new title.")
        await desk.type("Better")
        assert "02 changes: title" in desk.text, desk.text
        await desk.press("ctrl+s")
        await desk.closed()
        assert desk.prompts()[2].title == "Better"

asyncio.run(main())
"""


def test_a_registered_service_is_found_in_the_palette_filled_in_and_applied(tmp_path: Path) -> None:
    tests = Path(__file__).parent.parent
    environ = {**os.environ, "PYTHONPATH": f"{tests}:{tests.parent}"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
