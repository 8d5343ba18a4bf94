"""The main job: the real screen in a real terminal beside a running loop."""

import os
import signal
from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.terminal import Terminal
from support.wait import wait_until

Make = Callable[..., Project]
TALKS = "printf '\\033[32mworking on %s\\033[0m\\n' \"$COORD_PROMPT\"\n"


def row(screen: str, title: str) -> str:
    return next(line for line in screen.splitlines() if title in line)


def test_a_prompt_goes_from_ready_to_merged_before_the_engineers_eyes(make: Make, terminal: Terminal) -> None:
    project = make({1: (), 2: (1,)})
    for number in (1, 2):
        (project.layout.scripts / f"{number:02d}.sh").write_text(TALKS + project.until(f"go-{number}") + WRITE)
    terminal.open(project)
    screen = terminal.wait_for("Prompt 1", "Prompt 2", "stopped")
    assert "ready" in row(screen, "Prompt 1")
    assert "after 01" in row(screen, "Prompt 2")
    terminal.press("l")
    screen = terminal.wait_for("working on 1", "running", "01 running")
    assert "scripted" in row(screen, "Prompt 1")
    project.release("go-1")
    screen = terminal.wait_for("01  1 commit", "02 running")
    assert "✓" in row(screen, "Prompt 1")
    terminal.press("Down")
    terminal.wait_for("working on 2")
    project.release("go-2")
    terminal.wait_for("finished", "2/2 merged")


@pytest.mark.slow
def test_killing_the_screen_touches_neither_loop_nor_agents(make: Make, terminal: Terminal) -> None:
    project = make({1: (), 2: (1,)})
    (project.layout.scripts / "01.sh").write_text(TALKS + project.until() + WRITE)
    terminal.open(project)
    terminal.wait_for("Prompt 1", "stopped")
    terminal.press("l")
    before = terminal.wait_for("working on 1", "01 running")
    launcher = project.agents(1)[0]
    os.kill(terminal.pid(), signal.SIGKILL)
    wait_until(terminal.has_ended, message="the end of the screen")
    assert launcher in project.agents(1)
    terminal.open(project)
    again = terminal.wait_for("working on 1", "01 running")
    assert row(again, "Prompt 2") == row(before, "Prompt 2")
    assert project.snapshot().loop.alive
    project.release()
    terminal.wait_for("finished", "2/2 merged")


@pytest.mark.slow
def test_attach_goes_to_the_agents_window_and_comes_back(make: Make, terminal: Terminal) -> None:
    project = make({1: ()})
    (project.layout.scripts / "01.sh").write_text(TALKS + project.until() + WRITE)
    terminal.open(project)
    terminal.wait_for("Prompt 1", "stopped")
    terminal.press("l")
    terminal.wait_for("working on 1", "01 running")
    terminal.press("a")
    terminal.wait_for("working on 1", without="Prompts")
    terminal.press("F12")
    terminal.wait_for("Prompts", "Events", "01 running")
    project.release()
    terminal.wait_for("finished")
