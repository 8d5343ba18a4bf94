"""What `coord doctor` looks at."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from coordinator.agents.readiness import all_not_ready, version
from coordinator.agents.registry import find_runtime, packaged_runtimes
from coordinator.changes.git import Git
from coordinator.client.look import look
from coordinator.client.opening import open_project
from coordinator.errors import CoordError
from coordinator.eventlog.connection import SQLITE_VERSION
from coordinator.loop.preflight import Unready, wanted
from coordinator.model.problem import Problem
from coordinator.model.text import amount
from coordinator.observe.project import Project
from coordinator.storage.paths import Layout

TMUX_MINIMUM = (3, 2)
NO_REPOSITORY = "no-repository"
_WRITABLE = "mount the disk writable, and look at its owner, mode and attributes (ls -l, lsattr)"
_BUDGET_REMEDY = {
    "tokens": "set budget_time, which holds every agent",
    "cost": "set budget_tokens or budget_time besides",
}
_LITTLE_SPACE = 64 * 1024 * 1024
"""Bytes."""


def examine(directory: Path) -> tuple[list[Problem], list[str]]:
    """Return what is missing or wrong, and a line for each thing that is fine."""
    problems: list[Problem] = []
    notes = [f"Python {sys.version.split()[0]}, SQLite {SQLITE_VERSION}"]
    for tool, arguments, minimum in (("tmux", "-V", TMUX_MINIMUM), ("git", "--version", (2, 30))):
        _tool(tool, arguments, minimum, problems, notes)
    project = _project(directory, problems, notes)
    _agents(project, problems, notes)
    return problems, notes


def _agents(project: Project | None, problems: list[Problem], notes: list[str]) -> None:
    """Each agent CLI: one that the project uses has to be ready, of the others it is only noted."""
    used = _used_runtimes(project)
    clis = {name: needs.program for name in packaged_runtimes() if (needs := find_runtime(name, {}).needs) is not None}
    there = [name for name, program in clis.items() if shutil.which(program) is not None]
    asked = [*there, *sorted(used.keys() - set(there))]
    commands = {"command": project.config.command} if project and used else {}
    troubles = all_not_ready(asked, commands, project.layout.root if project else Path.cwd())
    ready = [name for name in there if name not in troubles]
    with ThreadPoolExecutor() as pool:
        versions = dict(zip(ready, pool.map(lambda name: version(clis[name]), ready), strict=True))
    for name in asked:
        trouble = troubles.get(name)
        if name in versions:
            notes.append(f"agent {name}: {versions[name]}, ready")
        elif trouble is not None and name in used:
            problems.append(
                Problem(name, 0, "agent-not-ready", Unready(name, used[name], trouble).what, trouble.remedy)
            )
        elif trouble is not None:
            notes.append(f"agent {name}: {trouble.message} (no prompt uses it)")
    if project is not None:
        _budgets(project, [name for name in used if name in packaged_runtimes()], problems, notes)
    if not there:
        notes.append("agents: none installed; the demo needs none")


def _budgets(project: Project, used: Iterable[str], problems: list[Problem], notes: list[str]) -> None:
    """Budgets that hold no agent of a runtime, since its CLI doesn't tell what it uses, or only when it is too late."""
    config = project.config
    limits = {
        "tokens": [k for k in ("budget_tokens", "run_budget_tokens") if getattr(config, k) is not None],
        "cost": [k for k in ("budget_cost", "run_budget_cost") if getattr(config, k) is not None],
    }
    for name, (what, keys) in product(sorted(used), limits.items()):
        tells = find_runtime(name, {"command": config.command}).tells(headless=config.headless)
        when, unit = getattr(tells, what), "tokens" if what == "tokens" else "dollars"
        if keys and not when:
            message = f"it never tells the {unit} it uses: {' and '.join(keys)} can't hold it"
            problems.append(Problem(name, 0, "budget-unkept", message, _BUDGET_REMEDY[what]))
        elif keys and when == "end":
            late = f"headless it tells the {unit} it used only at its end: {' and '.join(keys)} can't pause it before"
            notes.append(f"agent {name}: {late}; {_BUDGET_REMEDY[what]}")


def repository(project: Project) -> Problem | None:
    """What keeps attempts from having worktrees here: no repository, no branch, or nothing committed to start from.

    A missing repository keeps nobody from working: `NO_REPOSITORY` is for a hint.
    """
    git = Git(project.layout.root)
    try:
        config = project.config
        if config.isolation == "shared":
            return None
        if not git.is_repo():
            message = "no git repository: agents work in this folder, one at a time, without review"
            return Problem("git", 0, NO_REPOSITORY, message, "`git init` gives them worktrees")
        git.base_commit(git.base_branch(config.base_branch or ""))
    except CoordError as error:
        return Problem("git", 0, "no-base", error.message, error.remedy)
    return None


def _used_runtimes(project: Project | None) -> dict[str, tuple[int, ...]]:
    if project is None:
        return {}
    try:
        return wanted(look(project), project.config)
    except CoordError:
        return {}


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


def _unwritable(layout: Layout) -> Iterator[Problem]:
    """Places that the loop has to write to and can't: each is tried, since modes don't tell all."""
    for folder in (layout.coord, layout.prompts, layout.runs):
        if not folder.is_dir():
            continue
        try:
            with tempfile.TemporaryFile(dir=folder, prefix=".coord-doctor-"):
                pass
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            yield Problem(layout.rel(folder), 0, "unwritable", f"can't be written to: {reason}", _WRITABLE)
    if layout.events_db.exists() and not os.access(layout.events_db, os.W_OK):
        yield Problem(layout.rel(layout.events_db), 0, "unwritable", "the event log can't be written", _WRITABLE)
    free = shutil.disk_usage(layout.coord).free
    if free < _LITTLE_SPACE:
        said = f"only {free // (1024 * 1024)} MiB are free on its disk"
        yield Problem(layout.rel(layout.coord), 0, "disk-full", said, "free some space: each attempt is a checkout")


def _project(directory: Path, problems: list[Problem], notes: list[str]) -> Project | None:
    try:
        project = open_project(str(directory))
        problems.extend(_unwritable(project.layout))
        snapshot = look(project)
    except CoordError as error:
        problems.append(Problem(str(directory), 0, "project", error.message, error.remedy))
        return None
    prompts, events = amount(len(snapshot.prompts), "prompt"), amount(snapshot.head, "event")
    notes.append(f"project {snapshot.project}: {prompts}, {events}")
    missing = repository(project) if shutil.which("git") else None
    if missing is not None and missing.code == NO_REPOSITORY:
        notes.append(f"{missing.message}; {missing.remedy}")
    elif missing is not None:
        problems.append(missing)
    problems.extend(snapshot.problems)
    return project
