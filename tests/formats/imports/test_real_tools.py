"""Backlog.md and task-master themselves read what was written back. Slow: npm installs them once."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from support.foreign_tasks import TOOLS, Task, tree
from support.task_tools import installed_tools

from coordinator.formats.imports import registry
from coordinator.formats.imports.text import patched
from coordinator.model.imported import TaskStatus

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # npm may take its time
TASKS = [
    Task(1, "Größe: one", criteria=("It works",)),
    Task(2, "Two [x]", after=(1,)),
    Task(3, "Three", after=(1, 2)),
    Task(4, "Four"),
]
WRITTEN = (TaskStatus.DONE, TaskStatus.IN_PROGRESS, TaskStatus.BLOCKED)
CONFIG = 'project_name: "x"\nstatuses: ["To Do", "In Progress", "Blocked", "Done"]\ncheck_active_branches: false\n'


def written_back(folder: Path, form: str) -> None:
    """A project of the tool, its first tasks marked as done, in progress and blocked."""
    there = tree(TOOLS[form], TASKS)
    if form == "backlog.md":
        there.files["backlog/config.yml"] = CONFIG.encode()  # type: ignore[index]
    found = registry.form(form)
    files = dict(there.files)
    for item, status in zip(found.read(there).items, WRITTEN, strict=False):
        made = found.write_back(there, item, status)
        assert isinstance(made, tuple)
        assert made
    patches = [
        patch
        for item, status in zip(found.read(there).items, WRITTEN, strict=False)
        for patch in found.write_back(there, item, status)  # type: ignore[union-attr]
    ]
    for path in {patch.path for patch in patches}:
        files[path] = patched(files[path], tuple(patch for patch in patches if patch.path == path))
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [str(installed_tools() / words[0]), *words[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_backlog_md_reads_what_was_written_back(tmp_path: Path) -> None:
    written_back(tmp_path, "backlog.md")
    listed = run(tmp_path, "backlog", "task", "list", "--plain")
    parts = [part.partition(":") for part in re.split(r"\n\n+", listed) if part.strip()]
    groups = {part[0].strip(): re.findall(r"TASK-\d+", part[2]) for part in parts}
    assert groups == {"Done": ["TASK-1"], "In Progress": ["TASK-2"], "Blocked": ["TASK-3"], "To Do": ["TASK-4"]}
    assert "It works" in run(tmp_path, "backlog", "task", "1", "--plain")


def test_task_master_reads_what_was_written_back(tmp_path: Path) -> None:
    written_back(tmp_path, "task-master")
    said = run(tmp_path, "task-master", "list", "--json", "-p", str(tmp_path))
    listed, _ = json.JSONDecoder().raw_decode(said[said.index("{") :])  # news of the tool may follow
    assert {int(task["id"]): task["status"] for task in listed["tasks"]} == {
        1: "done",
        2: "in-progress",
        3: "deferred",
        4: "pending",
    }
    assert [task["title"] for task in listed["tasks"]] == [task.title for task in TASKS]
