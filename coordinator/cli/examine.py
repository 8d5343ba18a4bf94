"""What `coord doctor` looks at."""

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from coordinator.artifacts.paths import find_project
from coordinator.errors import CoordError
from coordinator.model.problem import Problem
from coordinator.observe import Observer

TMUX_MINIMUM = (3, 2)
AGENT_COMMANDS = ("claude", "codex", "gemini", "opencode")


def examine(directory: Path) -> tuple[list[Problem], list[str]]:
    """Return what is missing or wrong, and a line for each thing that is fine."""
    problems: list[Problem] = []
    notes = [f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"]
    for tool, arguments, minimum in (("tmux", "-V", TMUX_MINIMUM), ("git", "--version", (2, 30))):
        _tool(tool, arguments, minimum, problems, notes)
    found = [name for name in AGENT_COMMANDS if shutil.which(name)]
    notes.append(f"agents: {', '.join(found)}" if found else "agents: none installed; the demo needs none")
    _project(directory, problems, notes)
    return problems, notes


def _tool(name: str, argument: str, minimum: tuple[int, int], problems: list[Problem], notes: list[str]) -> None:
    wanted = ".".join(map(str, minimum))
    remedy = f"install {name} {wanted} or newer with your package manager"
    if shutil.which(name) is None:
        problems.append(Problem(name, 0, "missing-tool", "is not installed", remedy))
        return
    text = subprocess.run([name, argument], capture_output=True, text=True, timeout=20).stdout
    match = re.search(r"(\d+)\.(\d+)", text)
    version = (int(match[1]), int(match[2])) if match else None
    if version is not None and version < minimum:
        problems.append(Problem(name, 0, "old-tool", f"{text.strip()} is too old", remedy))
    else:
        notes.append(text.strip())


def _project(directory: Path, problems: list[Problem], notes: list[str]) -> None:
    try:
        layout = find_project(directory)
        snapshot = Observer(layout).snapshot()
    except CoordError as error:
        problems.append(Problem(str(directory), 0, "project", error.message, error.remedy))
        return
    notes.append(f"project {snapshot.project}: {len(snapshot.prompts)} prompts, {snapshot.head} events")
    problems.extend(snapshot.problems)
