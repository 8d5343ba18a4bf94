"""`^z` goes back to the shell that the screen was started from, and `fg` to the screen."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.project import NOTHING, project
from support.terminal import Terminal


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(120, 30)
    yield made
    made.close()


@pytest.mark.slow
def test_the_screen_goes_to_the_background_and_comes_back(tmp_path: Path, terminal: Terminal) -> None:
    with project(tmp_path, {1: []}, {1: NOTHING}) as made:
        coord = shlex.join([sys.executable, "-m", "coordinator.cli.main", "-C", str(made.layout.root)])
        terminal.shell(made)
        terminal.wait_for("bash-")
        terminal.press(coord, "Enter")
        terminal.wait_for("Prompts")
        terminal.press("C-z")
        terminal.wait_for("Stopped", without="Prompts")
        terminal.press("fg", "Enter")
        terminal.wait_for("Prompts")
        terminal.press("q")
        terminal.wait_for("bash-", without="Prompts")
