"""Tasks as tools write them that keep a file a task, or JSON: in any style that people and tools may have."""

import json
from collections.abc import Callable, Mapping, Sequence

from coordinator.lazy.dataclass import dataclass
from coordinator.model.imported import TaskStatus
from coordinator.model.prompt import Priority

TODO, DOING, DONE = TaskStatus.TODO, TaskStatus.IN_PROGRESS, TaskStatus.DONE
BLOCKED = TaskStatus.BLOCKED


@dataclass(frozen=True, slots=True)
class Task:
    """What there is to write, whatever the tool. `number` is 1 for the first, and so on."""

    number: int
    title: str
    status: TaskStatus = TODO
    after: tuple[int, ...] = ()
    priority: Priority = Priority.MEDIUM
    criteria: tuple[str, ...] = ()
    part_of: int = 0


@dataclass(frozen=True, slots=True)
class Tool:
    """How a tool writes tasks."""

    write: Callable[[Sequence[Task]], Mapping[str, str]]
    """Path → text."""
    key: Callable[[Task], str]
    tells: frozenset[str]
    """What of a task it writes: `after`, `priority`, `criteria`, `part_of`, and the statuses that it has a word for."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a file may be written."""

    quote: str = ""
    flow: bool = True
    """Lists in brackets, JSON on one line."""
    ascii: bool = False
    """Other letters as escapes, where that can be."""


PLAIN = Style()
Write = Callable[[Sequence[Task], Style], dict[str, str]]


def markdown(style: Style, status: str, more: dict[str, object], title: str, criteria: Sequence[str]) -> str:
    """A Markdown file with frontmatter; the status stands in the middle of it, and what looks like one in the body."""
    quoted = f"{style.quote}{{}}{style.quote}".format
    blocks: list[str] = []
    for key, value in more.items():
        if not isinstance(value, list):
            blocks.append(f"{key}: {value}")
        elif style.flow or not value:
            blocks.append(f"{key}: [{', '.join(map(quoted, value))}]")
        else:
            blocks.append("\n".join([f"{key}:", *(f"  - {quoted(one)}" for one in value)]))
    if status:
        blocks.insert(len(blocks) // 2, f"status: {quoted(status)} # as a tool has it")
    heading = f"# {title}\n\n" if title else ""
    listed = "\n## Acceptance Criteria\n\n" + "".join(f"- [ ] {one}\n" for one in criteria) if criteria else ""
    front = "\n".join(blocks)
    return f"---\n{front}\n---\n{heading}## Description\n\nstatus: open\n{listed}"


def in_files(name: str, said: dict[TaskStatus, str], values: Callable[[Task, Style], dict[str, object]]) -> Write:
    """A writer of a file a task, whose name has the number and whose heading the title, if no value has it."""

    def write(written: Sequence[Task], style: Style) -> dict[str, str]:
        texts: dict[str, str] = {}
        for one in written:
            more = values(one, style)
            title = "" if {"title", "name"} & set(more) else one.title
            texts[name.format(n=one.number)] = markdown(style, said.get(one.status, ""), more, title, one.criteria)
        return texts

    return write


def named(pattern: str, numbers: Sequence[int]) -> list[str]:
    return [pattern.format(n=number) for number in numbers]


def double(text: str, style: Style) -> str:
    return json.dumps(text, ensure_ascii=style.ascii and max(map(ord, text)) < 0x10000)


def single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def beads(written: Sequence[Task], style: Style) -> dict[str, str]:
    said = {TODO: "open", DOING: "in_progress", DONE: "closed", BLOCKED: "blocked"}
    lines = [
        json.dumps(
            {
                "id": f"bd-{one.number:03}",
                "dependencies": [{"depends_on_id": key, "status": "x"} for key in named("bd-{n:03}", one.after)],
                "design": 'not the "status": "open"',
                "title": one.title,
                "status": said[one.status],
                "priority": 2,
                "acceptance_criteria": "\n".join(f"- {text}" for text in one.criteria),
            },
            ensure_ascii=style.ascii,
            separators=(",", ":") if style.flow else (" , ", " : "),
        )
        for one in written
    ]
    return {".beads/issues.jsonl": "\n".join(lines)}


def ralph(written: Sequence[Task], style: Style) -> dict[str, str]:
    stories = [
        {
            "description": '"passes": false',
            "id": f"US-{one.number:03}",
            "title": one.title,
            "acceptanceCriteria": one.criteria,
            "passes": one.status is DONE,
            "dependsOn": named("US-{n:03}", one.after),
        }
        for one in written
    ]
    text = json.dumps({"userStories": stories}, ensure_ascii=style.ascii, indent=None if style.flow else 2)
    return {"prd.json": text}


def gsd(written: Sequence[Task], style: Style) -> dict[str, str]:
    texts = {
        ".planning/ROADMAP.md": "".join(
            f"- [{'x' if o.status is DONE else ' '}] 01-{o.number:03}: {o.title}\n" for o in written
        )
    }
    for one in written:
        truths = "".join(f"\n    - {double(text, style)}" for text in one.criteria) or " []"
        more: dict[str, object] = {
            "phase": "01-x",
            "plan": one.number,
            "wave": 1,
            "depends_on": named("01-{n:03}", one.after),
            "must_haves": f"\n  truths:{truths}\n  artifacts: []",
        }
        texts[f".planning/phases/01-x/01-{one.number:03}-PLAN.md"] = markdown(style, "", more, one.title, ())
    return texts


def swarm(written: Sequence[Task], style: Style) -> dict[str, str]:
    said = {TODO: "TODO", DOING: "DOING", DONE: "DONE"}
    lines = ["schema_version: subtasks_v1", "subtasks:"]
    for one in written:
        lines += [
            f"  - id: ST-{one.number:03}",
            f"    title: {double(one.title, style)}",
            f"    status: {style.quote}{said[one.status]}{style.quote} # its own",
            f"    depends_on: [{', '.join(named('ST-{n:03}', one.after))}]",
            "    acceptance_criteria:"
            + ("".join(f"\n      - {double(text, style)}" for text in one.criteria) or " []"),
            "    tests: ['status: TODO']",
        ]
    return {".runs/r/plan/subtasks.yaml": "\n".join((*lines, ""))}


WRITERS: dict[str, tuple[Write, str]] = {
    "tickets": (
        in_files(
            ".tickets/t-{n:03}.md",
            {TODO: "open", DOING: "in_progress", DONE: "closed"},
            lambda one, _: {"id": f"t-{one.number:03}", "deps": named("t-{n:03}", one.after), "type": "task"},
        ),
        "t-{n:03}",
    ),
    "beans": (
        in_files(
            ".beans/b-{n:03}--x.md",
            {TODO: "todo", DOING: "in-progress", DONE: "completed"},
            lambda one, style: {
                "title": double(one.title, style),
                "type": "task",
                "created_at": "x",
                "blocked_by": named("b-{n:03}", one.after),
            },
        ),
        "b-{n:03}",
    ),
    "ccpm": (
        in_files(
            ".claude/epics/e/{n:03}.md",
            {TODO: "open", DOING: "in-progress", DONE: "closed"},
            lambda one, _: {"name": single(one.title), "depends_on": named("{n}", one.after), "parallel": "true"},
        ),
        "e/{n:03}",
    ),
    "ai-task-manager": (
        in_files(
            ".ai/task-manager/plans/01--p/tasks/{n:03}--x.md",
            {TODO: "pending", DOING: "in-progress", DONE: "completed", BLOCKED: "needs-clarification"},
            lambda one, _: {"id": one.number, "group": "g", "dependencies": list(one.after), "skills": ["a"]},
        ),
        "01--p/{n}",
    ),
    "code-task": (
        in_files(
            "tasks/{n:03}.code-task.md",
            {TODO: "pending", DOING: "in_progress", DONE: "completed"},
            lambda one, _: {"created": "2026-01-01"},
        ),
        "tasks/{n:03}",
    ),
    "gsd": (gsd, "01-{n:03}"),
    "swarm": (swarm, "r/ST-{n:03}"),
    "beads": (beads, "bd-{n:03}"),
    "ralph": (ralph, "US-{n:03}"),
}


_TELLS = frozenset({"after", "criteria", TODO, DOING, DONE})
_MORE: dict[str, frozenset[str]] = {
    "beans": _TELLS | {"title"},
    "ccpm": _TELLS | {"title"},
    "ai-task-manager": _TELLS | {BLOCKED},
    "code-task": _TELLS - {"after"},
    "gsd": _TELLS - {DOING},
    "beads": _TELLS | {"title", BLOCKED},
    "ralph": _TELLS - {DOING, "after"} | {"title"},
}


def _tool(name: str) -> Tool:
    write, key = WRITERS[name]
    return Tool(lambda tasks: write(tasks, PLAIN), lambda task: key.format(n=task.number), _MORE.get(name, _TELLS))


FILE_TOOLS: dict[str, Tool] = {name: _tool(name) for name in WRITERS}
