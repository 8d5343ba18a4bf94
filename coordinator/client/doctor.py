"""What `coord doctor` looks at."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from coordinator.changes.git import Git
from coordinator.client.doctor_agents import examine_agents
from coordinator.client.look import look
from coordinator.client.opening import open_project
from coordinator.client.telling import examine_addresses
from coordinator.errors import CoordError
from coordinator.eventlog.connection import SQLITE_VERSION
from coordinator.model.problem import Problem
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import amount
from coordinator.observe.project import Project
from coordinator.storage.paths import Layout

TMUX_MINIMUM = (3, 2)
NO_REPOSITORY = "no-repository"
_WRITABLE = "mount the disk writable, and look at its owner, mode and attributes (ls -l, lsattr)"
_LITTLE_SPACE = 64 * 1024 * 1024
"""Bytes."""


def examine(directory: Path, *, try_addresses: bool = False) -> tuple[list[Problem], list[str]]:
    """Return what is missing or wrong, and a line for each thing that is fine.

    `try_addresses`: send a word to each address of the engineer's.
    """
    problems: list[Problem] = []
    notes = [f"Python {sys.version.split()[0]}, SQLite {SQLITE_VERSION}"]
    for tool, arguments, minimum in (("tmux", "-V", TMUX_MINIMUM), ("git", "--version", (2, 30))):
        _tool(tool, arguments, minimum, problems, notes)
    project = _project(directory, problems, notes)
    examine_agents(project, problems, notes)
    examine_addresses(try_addresses, problems, notes)
    return problems, notes


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
    for folder in (layout.coord, layout.prompts, layout.runs, layout.worktrees):
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
    problems.extend(_not_allowed(snapshot, problems))
    if missing is None and shutil.which("git"):
        problems.extend(_nobody(project))
    return project


def _not_allowed(snapshot: Snapshot, told: list[Problem]) -> Iterator[Problem]:
    """What keeps everything from running before a human has looked at the project."""
    asks = snapshot.asks
    if asks is not None and asks.problem not in told:
        yield asks.problem


def _nobody(project: Project) -> Iterator[Problem]:
    """Whoever works in a worktree has to commit, and git lets nobody without a name."""
    git = Git(project.layout.root)
    if project.config.isolation != "shared" and git.run("var", "GIT_AUTHOR_IDENT", ok=None).status:
        remedy = "`git config --global user.name NAME`, and the same for user.email"
        yield Problem("git", 0, "no-identity", "it knows neither name nor email of who commits: no work could", remedy)
