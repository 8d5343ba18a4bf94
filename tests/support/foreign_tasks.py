"""Tasks as each tool writes them: the other half of `coordinator.formats.imports`, for tests and measurements."""

import json
from collections.abc import Mapping, Sequence

from support.foreign_files import FILE_TOOLS, Task, Tool

from coordinator.model.imported import TaskStatus, Tree

TODO, DONE = TaskStatus.TODO, TaskStatus.DONE


def tree(tool: Tool, tasks: Sequence[Task], newline: str = "\n") -> Tree:
    files = tool.write(tasks)
    return Tree({path: files[path].replace("\n", newline).encode() for path in sorted(files)})


def _backlog(tasks: Sequence[Task]) -> dict[str, str]:
    words = {TODO: "To Do", DONE: "Done", TaskStatus.IN_PROGRESS: "In Progress"}
    files = {}
    for task in tasks:
        criteria = "".join(f"- [ ] #{n} {each}\n" for n, each in enumerate(task.criteria, 1))
        front = [
            f"id: TASK-{task.number}",
            f"title: {json.dumps(task.title, ensure_ascii=False)}",
            f"status: {words[task.status]}",
            "assignee: []",
            "created_date: '2026-03-01'",
            "labels: []",
            "dependencies:" + "".join(f"\n  - TASK-{n}" for n in task.after) if task.after else "dependencies: []",
            f"priority: {task.priority.value}",
            *([f"parent_task_id: TASK-{task.part_of}"] if task.part_of else []),
        ]
        body = f"## Acceptance Criteria\n<!-- AC:BEGIN -->\n{criteria}<!-- AC:END -->\n"
        name = f"backlog/tasks/task-{task.number} - {'-'.join(task.title.split())[:20].replace('/', '-')}.md"
        files[name] = "\n".join(("---", *front, "---", "", body))
    return files


def _task_master(tasks: Sequence[Task]) -> dict[str, str]:
    words = {
        TODO: "pending",
        DONE: "done",
        TaskStatus.IN_PROGRESS: "in-progress",
        TaskStatus.BLOCKED: "deferred",
        TaskStatus.CANCELLED: "cancelled",
    }
    listed = [
        {
            "id": task.number,
            "title": task.title,
            "description": f"What {task.number} is about.",
            "status": words[task.status],
            "dependencies": list(task.after),
            "priority": task.priority.value,
            "acceptanceCriteria": list(task.criteria),
            "subtasks": [],
        }
        for task in tasks
    ]
    text = json.dumps({"master": {"tasks": listed, "metadata": {}}}, ensure_ascii=False, indent=2)
    return {".taskmaster/tasks/tasks.json": text + "\n"}


def _spec_kit(tasks: Sequence[Task]) -> dict[str, str]:
    lines = ["# Tasks: it", "", "## Phase 1: Setup", ""]
    for task in tasks:
        after = f" (depends on {', '.join(f'T{n:04d}' for n in task.after)})" if task.after else ""
        lines.append(f"- [{'x' if task.status is DONE else ' '}] T{task.number:04d} [P] {task.title}{after}")
    return {"specs/001-it/tasks.md": "\n".join((*lines, ""))}


def _checklist(tasks: Sequence[Task]) -> dict[str, str]:
    marks = {TODO: " ", DONE: "x", TaskStatus.IN_PROGRESS: "/", TaskStatus.CANCELLED: "-"}
    return {"TODO.md": "".join(f"- [{marks[task.status]}] Item {task.number}\n" for task in tasks)}


_ALL = frozenset({"title", "after", "priority", "criteria"})
TOOLS: Mapping[str, Tool] = {
    **FILE_TOOLS,
    "backlog.md": Tool(
        _backlog,
        lambda task: f"TASK-{task.number}",
        _ALL | {"part_of", TODO, DONE, TaskStatus.IN_PROGRESS},
    ),
    "task-master": Tool(_task_master, lambda task: str(task.number), _ALL | set(TaskStatus)),
    "spec-kit": Tool(_spec_kit, lambda task: f"001-it/T{task.number:04d}", frozenset({"after", TODO, DONE})),
    "checklist": Tool(
        _checklist,
        lambda task: f"TODO.md#item-{task.number}",
        frozenset({TODO, DONE, TaskStatus.IN_PROGRESS, TaskStatus.CANCELLED}),
    ),
}
"""Form → how its tool writes."""
