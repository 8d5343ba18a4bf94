"""Going over to another project in a real terminal, and `coord` where there is none."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.steering import plain_project
from support.terminal import Terminal

pytestmark = pytest.mark.slow


def test_outside_of_a_project_the_last_ones_are_offered_and_one_goes_over_to_another(tmp_path: Path) -> None:
    roots = []
    for name in ("garden", "kitchen"):
        (tmp_path / name).mkdir()
        roots.append(plain_project(tmp_path / name, {1: ()}, {}).root)
    trust = tmp_path / "state" / "coord" / "trust"
    trust.mkdir(parents=True, mode=0o700)
    (trust / "folders").write_text("/\n")
    (trust / "folders").chmod(0o600)
    environ = f"XDG_STATE_HOME={tmp_path / 'state'}"
    terminal = Terminal()
    coord = f"env -u COLUMNS -u LINES {environ} {sys.executable} -m coordinator.cli.main"
    try:
        terminal.tmux("new-session", "-d", "-x", "160", "-y", "45", f"cd {tmp_path} && PS1='$ ' exec sh")
        for root in roots:
            terminal.press(f"{coord} -C {root}", "Enter")
            terminal.wait_for(f"{root.name} › ")
            terminal.press("q")
            terminal.wait_for("$", without=" › ")
        terminal.press(f"clear; {coord}", "Enter")
        terminal.wait_for("Opened last:", f"1  {roots[1]}", f"2  {roots[0]}", "Which one?")
        terminal.press("2", "Enter")
        terminal.wait_for("garden › ")
        terminal.press("C-o")
        terminal.wait_for("Go over to the project", str(roots[1]))
        terminal.press("Enter")
        terminal.wait_for("kitchen › ", without="garden")
        terminal.press("q")
        terminal.wait_for("$", without=" › ")
        terminal.press(f"clear; {coord}", "Enter")
        terminal.wait_for("Which one?")
        terminal.press("Enter")
        terminal.wait_for("no coord project in")
    finally:
        subprocess.run(["tmux", "-L", terminal.socket, "kill-server"], check=False, capture_output=True)
