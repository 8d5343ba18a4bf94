"""What `coord doctor` looks at."""

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from coordinator.agents.readiness import not_ready, version
from coordinator.agents.runtime import find_runtime, packaged_runtimes
from coordinator.artifacts.paths import Layout, find_project
from coordinator.config import load_config
from coordinator.errors import CoordError
from coordinator.model.problem import Problem
from coordinator.observe import Observer

TMUX_MINIMUM = (3, 2)


def examine(directory: Path) -> tuple[list[Problem], list[str]]:
    """Return what is missing or wrong, and a line for each thing that is fine."""
    problems: list[Problem] = []
    notes = [f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"]
    for tool, arguments, minimum in (("tmux", "-V", TMUX_MINIMUM), ("git", "--version", (2, 30))):
        _tool(tool, arguments, minimum, problems, notes)
    layout = _project(directory, problems, notes)
    _agents(layout, problems, notes)
    return problems, notes


def _agents(layout: Layout | None, problems: list[Problem], notes: list[str]) -> None:
    """Each agent CLI: one that the project uses has to be ready, of the others it is only noted."""
    used = _used_runtimes(layout)
    found = False
    for name in packaged_runtimes():
        runtime = find_runtime(name, {})
        if runtime.needs is None:
            continue
        installed = shutil.which(runtime.needs.program) is not None
        found = found or installed
        if not installed and name not in used:
            continue
        trouble = not_ready(runtime, layout.root if layout else Path.cwd())
        if trouble is None:
            notes.append(f"agent {name}: {version(runtime.needs.program)}, ready")
        elif name in used:
            problems.append(Problem(name, 0, "agent-not-ready", trouble.message, trouble.remedy))
        else:
            notes.append(f"agent {name}: {trouble.message} (no prompt uses it)")
    if not found:
        notes.append("agents: none installed; the demo needs none")


def _used_runtimes(layout: Layout | None) -> set[str]:
    if layout is None:
        return set()
    try:
        prompts = Observer(layout).snapshot().prompts.values()
        return {prompt.agent or load_config(layout).runtime for prompt in prompts if not prompt.status.ended}
    except CoordError:
        return set()


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


def _project(directory: Path, problems: list[Problem], notes: list[str]) -> Layout | None:
    try:
        layout = find_project(directory)
        snapshot = Observer(layout).snapshot()
    except CoordError as error:
        problems.append(Problem(str(directory), 0, "project", error.message, error.remedy))
        return None
    notes.append(f"project {snapshot.project}: {len(snapshot.prompts)} prompts, {snapshot.head} events")
    problems.extend(snapshot.problems)
    return layout
