"""Steering in a real terminal: the engineer's own editor takes it over and gives it back."""

from collections.abc import Callable
from pathlib import Path

from support.project import Project
from support.terminal import Terminal
from support.wait import wait_until

Make = Callable[..., Project]
WRITTEN = "## Tasks\n\n- one\n- two\n- three\n\n## Acceptance Criteria\n\n- a\n- b\n"


def editor(folder: Path, project: Project, script: str) -> None:
    """Make a shell script the engineer's $EDITOR, for the `coord` of this project."""
    path = folder / "editor.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    before = project.environment
    project.environment = lambda **more: before(**more) | {"EDITOR": str(path)}  # type: ignore[method-assign]


def test_a_body_is_written_in_the_engineers_editor_and_applied(make: Make, terminal: Terminal, tmp_path: Path) -> None:
    project = make({1: (), 2: (1,)})
    (tmp_path / "written.md").write_text(WRITTEN)
    editor(tmp_path, project, f'cp {tmp_path}/written.md "$1"')
    terminal.open(project)
    terminal.wait_for("Prompt 1", "stopped")
    terminal.press("i")
    terminal.wait_for("Run after")
    terminal.press("Reject", "Space", "it")
    terminal.press("C-e")
    terminal.wait_for("3 tasks, 2 criteria", "Reject it")
    terminal.press("Enter")
    terminal.wait_for("this is going to happen", "+dependencies: [1, 3]")
    terminal.press("Enter")
    terminal.wait_for("takes it back")
    prompts = project.snapshot().prompts
    assert prompts[3].title == "Reject it"
    assert prompts[3].source.decode().endswith(WRITTEN)
    assert prompts[2].dependencies == (1, 3)
    terminal.press("u")
    terminal.wait_for("take back: 03 Reject it")
    terminal.press("Enter")
    wait_until(lambda: set(project.snapshot().prompts) == {1, 2}, message="the prompt to be gone")


def test_an_editor_that_fails_leaves_the_form_and_the_screen_as_they_were(
    make: Make, terminal: Terminal, tmp_path: Path
) -> None:
    project = make({1: ()})
    editor(tmp_path, project, "exit 3")
    terminal.open(project)
    terminal.wait_for("Prompt 1", "stopped")
    terminal.press("e")
    terminal.wait_for("Edit 01 Prompt 1")
    terminal.press("C-e")
    terminal.wait_for("the editor ended with status 3; nothing was changed", "Nothing is changed yet.")
    terminal.press("x")
    terminal.wait_for("Prompt 1x")
