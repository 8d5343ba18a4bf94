"""What is written back by the state of a prompt, and what stays since somebody else has changed it."""

import pytest
from support.build import attempt, snapshot
from support.foreign_tasks import TOOLS, Task, tree

from coordinator.formats.imports import registry
from coordinator.formats.prompt_text import parse_prompt
from coordinator.lazy.dataclass import replace
from coordinator.model.imported import BytePatch, TaskStatus, Tree
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.services.importing import Import, plan_import
from coordinator.services.write_back import plan_write_back

FORM = registry.form("backlog.md")
TASKS = [Task(1, "One"), Task(2, "Two", after=(1,)), Task(3, "Three", TaskStatus.IN_PROGRESS)]
THERE = tree(TOOLS["backlog.md"], TASKS)


def imported(**states: StepState) -> Snapshot:
    """The tasks as prompts, some of which have run: `_1=StepState.MERGED`."""
    made = plan_import(snapshot(), Import("backlog.md", ".", FORM.read(THERE), "ada"))
    read = [parse_prompt(edit.content, edit.path) for edit in made.edits]
    prompts = [prompt for prompt in read if isinstance(prompt, Prompt)]
    return snapshot(prompts, [attempt(int(name[1:]), state) for name, state in states.items()])


def edited(there: Tree, number: int, word: str) -> Tree:
    """The same files, with one status changed by hand."""
    path = next(path for path in there.files if f"task-{number} " in path)
    lines = there.files[path].split(b"\n")
    changed = [f"status: {word}".encode() if line.startswith(b"status:") else line for line in lines]
    return Tree({**there.files, path: b"\n".join(changed)})


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (StepState.RUNNING, "In Progress"),
        (StepState.CHANGE_OPEN, "In Progress"),
        (StepState.MERGED, "Done"),
    ],
)
def test_a_task_says_what_became_of_its_prompt_and_only_that_line_changes(state: StepState, word: str) -> None:
    made = plan_write_back(imported(_1=state), FORM, THERE, ".")
    ((path, content),) = made.files.items()
    assert content == THERE.files[path].replace(b"status: To Do", f"status: {word}".encode())
    assert [(one.source, one.number, one.before) for one in made.changes] == [("backlog.md:TASK-1", 1, "To Do")]
    assert made.problems == ()


def test_what_never_ran_and_what_is_so_already_is_left_alone() -> None:
    assert plan_write_back(imported(), FORM, THERE, ".").files == {}
    assert plan_write_back(imported(_3=StepState.RUNNING), FORM, THERE, ".").files == {}
    assert plan_write_back(imported(_1=StepState.MERGED), FORM, THERE, "elsewhere").files == {}


def test_a_tool_without_a_word_for_it_is_told_nothing() -> None:
    made = plan_write_back(imported(_1=StepState.FAILED), FORM, THERE, ".")
    assert (made.files, made.problems) == ({}, ())
    config = Tree({**THERE.files, "backlog/config.yml": b'statuses: ["To Do", "In Progress", "Blocked", "Done"]\n'})
    (content,) = plan_write_back(imported(_1=StepState.FAILED), FORM, config, ".").files.values()
    assert b"status: Blocked" in content


def test_a_status_that_somebody_changed_stays_and_is_a_problem() -> None:
    there = edited(THERE, 1, "Blocked")
    made = plan_write_back(imported(_1=StepState.MERGED), FORM, there, ".")
    assert made.files == {}
    (problem,) = made.problems
    assert (problem.code, problem.numbers, problem.line) == ("status-conflict", (1,), 3)
    assert problem.message == "TASK-1 was set to `Blocked` there, while prompt 01 is done"


def test_a_status_that_coord_wrote_itself_is_written_over() -> None:
    there = edited(THERE, 1, "Blocked")
    made = plan_write_back(imported(_1=StepState.MERGED), FORM, there, ".", {"backlog.md:TASK-1": "blocked"})
    assert [one.status for one in made.changes] == [TaskStatus.DONE]


def test_other_changes_of_the_file_are_kept() -> None:
    path = next(iter(THERE.files))
    there = Tree({**THERE.files, path: THERE.files[path] + b"\nA note.\n"})
    (content,) = plan_write_back(imported(_1=StepState.MERGED), FORM, there, ".").files.values()
    assert content == there.files[path].replace(b"status: To Do", b"status: Done")


def test_a_file_that_would_be_read_otherwise_is_not_written() -> None:
    def clumsy(tree: Tree, item: object, status: object) -> tuple[BytePatch, ...]:
        return (BytePatch(next(iter(tree.files)), 0, 30, b""),)

    made = plan_write_back(imported(_1=StepState.MERGED), replace(FORM, write_back=clumsy), THERE, ".")
    assert (made.files, made.changes) == ({}, ())
    assert [one.code for one in made.problems] == ["unwritable"]


def test_what_a_tool_keeps_beside_its_tasks_is_written_there_and_told() -> None:
    form, there = registry.form("gsd"), tree(TOOLS["gsd"], [Task(1, "One"), Task(2, "Two")])
    made = plan_import(snapshot(), Import("gsd", ".", form.read(there), "ada"))
    read = [parse_prompt(edit.content, edit.path) for edit in made.edits]
    prompts = [prompt for prompt in read if isinstance(prompt, Prompt)]
    world = snapshot(prompts, [attempt(1, StepState.MERGED)])
    back = plan_write_back(world, form, there, ".")
    road = ".planning/ROADMAP.md"
    assert back.files == {road: there.files[road].replace(b"- [ ] 01-001", b"- [x] 01-001")}
    assert [(one.source, one.file) for one in back.changes] == [("gsd:01-001", road)]
    assert back.problems == ()
