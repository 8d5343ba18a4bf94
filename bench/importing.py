"""Importing tasks of another tool: beside writing as many files durably, sixteen at a time; and the graph of them."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from bench.graph import pages
from bench.report import Row, print_rows
from coordinator.apply.plans import apply
from coordinator.client.importing import read_tasks
from coordinator.client.look import look
from coordinator.client.opening import project_at
from coordinator.client.setup import make_project
from coordinator.model.event import Actor, ActorKind
from coordinator.model.plan import Plan
from coordinator.observe.project import Project
from coordinator.services.importing import plan_import

TASKS = 2_000
FEW = 100
"""Tasks whose graph is what that of all is held against."""
ROUNDS = 3
ADA = Actor(ActorKind.HUMAN, "ada")


def main() -> list[Row]:
    """2,000 tasks, a file each: read and planned, imported as a whole, once more, and gone through on the graph."""
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder:
        _fill(Path(folder) / "backlog" / "tasks", TASKS)
        _fill(Path(folder) / "few" / "tasks", FEW)
        few = _project(Path(folder) / "project-of-few")
        apply(few.layout, _plan(few, Path(folder) / "few"), ADA)
        whole, planned, again, floor = float("inf"), float("inf"), float("inf"), float("inf")
        for turn in range(ROUNDS):
            project = _project(Path(folder) / f"project-{turn}")
            contents: list[bytes] = []
            floor_folder = Path(folder) / f"floor-{turn}"
            planned = min(planned, _time(partial(_plan, project, Path(folder) / "backlog")))
            start = time.perf_counter()
            plan = _plan(project, Path(folder) / "backlog")
            apply(project.layout, plan, ADA)
            whole = min(whole, 1000 * (time.perf_counter() - start))
            again = min(again, _time(partial(_plan, project, Path(folder) / "backlog")))
            contents = [edit.content for edit in plan.edits]
            floor = min(floor, _time(partial(_write, floor_folder, contents)))
            shutil.rmtree(floor_folder)
        assert len(contents) == TASKS
        page, page_of_few = _page(project), _page(few)
    name = f"{TASKS:,} tasks"
    return [
        Row(f"{name} imported", whole, "ms", "writing the files", floor, target_value=1_600.0),
        Row(f"{name} read and planned", planned, "ms", "importing them", whole, target_ratio=1.0),
        Row(f"{name} once more", again, "ms", "importing them", whole, target_ratio=1.5),
        Row(f"{name} on the graph, a page further", page, "ms", f"{FEW} tasks", page_of_few, target_ratio=1.5),
    ]


def _project(root: Path) -> Project:
    root.mkdir()
    project = project_at(str(root))
    make_project(project, title="It", prompts="")
    return project


def _plan(project: Project, place: Path) -> Plan:
    return plan_import(look(project), read_tasks(project, place, "", "ada"))


def _page(project: Project) -> float:
    """Milliseconds of processor time for a page that was not in sight before; the least of a few."""
    shown = look(project)
    return min(asyncio.run(pages(shown, time.time(), turns=2)) for _ in range(2 * ROUNDS))


def _fill(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        after = ", ".join(f"TASK-{n}" for n in (number - 1, number - 7) if n > 0)
        text = (
            f"---\nid: TASK-{number}\ntitle: Keep bucket {number} in order\nstatus: To Do\nassignee: []\n"
            f"created_date: '2026-03-01'\nlabels: []\ndependencies: [{after}]\npriority: medium\n---\n\n"
            "## Description\n\n"
            + "What has to be done, and why.\n" * 20
            + "\n## Acceptance Criteria\n- [ ] #1 It works\n- [ ] #2 It is tested\n"
        )
        (folder / f"task-{number} - Keep-bucket-{number}.md").write_text(text)


def _write(folder: Path, contents: list[bytes]) -> None:
    """The floor: each file written and on the platter, sixteen at a time."""
    folder.mkdir()

    def one(numbered: tuple[int, bytes]) -> None:
        fd = os.open(folder / f"{numbered[0]}.md", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            os.write(fd, numbered[1])
            os.fsync(fd)
        finally:
            os.close(fd)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, enumerate(contents)))


def _time(do: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    print_rows(main())
