"""Forms in which other tools write prompts: each is read as it is meant, and kept as it is written."""

from pathlib import Path

import pytest
from support.project import NOTHING, Project, project
from support.repository import Repository

from coordinator.formats.frontmatter import parse, patch
from coordinator.loop.prompt_status import word_for
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.storage.branch import in_branch
from coordinator.storage.config import Config, load_config
from coordinator.storage.paths import Layout
from coordinator.storage.prompts import PromptReader, PromptSet, read_prompt


def read(tmp_path: Path, text: str, name: str = "07-a-thing.prompt.md") -> Prompt:
    (tmp_path / name).write_text(text)
    prompt = read_prompt(tmp_path / name, name)
    assert isinstance(prompt, Prompt), prompt
    return prompt


def folder(tmp_path: Path, files: dict[str, str], **settings: str) -> PromptSet:
    """What is read of a folder of another harness with these files."""
    (tmp_path / "plans").mkdir()
    for name, text in files.items():
        (tmp_path / "plans" / name).write_text(text)
    layout = Layout(tmp_path)
    layout.coord.mkdir()
    lines = [f"{key}: {value}\n" for key, value in {"prompt_folders": "[plans]", **settings}.items()]
    layout.config.write_text("".join(lines))
    return PromptReader(layout, load_config(layout)).refresh()


def test_a_deleted_prompt_is_cancelled(tmp_path: Path) -> None:
    assert read(tmp_path, "---\ntitle: x\nstatus: deleted\n---\n").status is PromptStatus.CANCELLED


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: Title\nname: Name\n---\n# Heading\n", "Title"),
        ("---\nname: Name\n---\n# Heading\n", "Name"),
        ("---\nstatus: pending\n---\n\nSome words.\n\n# The `heading` itself #\n\n## Tasks\n", "The `heading` itself"),
        ("---\nstatus: pending\n---\n```\n# a comment\n```\n", "a thing"),
        ("---\nstatus: pending\n---\n## Tasks\n", "a thing"),
        ("---\ntitle:\nname: ''\n---\n", "a thing"),
    ],
)
def test_a_title_is_found_where_other_tools_write_it(tmp_path: Path, text: str, title: str) -> None:
    assert read(tmp_path, text).title == title


def test_a_key_that_stands_twice_with_one_value_is_a_warning_and_the_prompt_is_read(tmp_path: Path) -> None:
    found = folder(tmp_path, {"01-a.md": "---\ntitle: x\nstatus: todo\nstatus: 'todo'\n---\n"})
    assert found.problems == ()
    assert found.prompts[1].status is PromptStatus.PENDING
    (warning,) = found.warnings
    assert (warning.path, warning.line, warning.code, warning.warning) == ("plans/01-a.md", 4, "duplicate-key", True)


def test_a_key_that_stands_twice_with_two_values_stays_a_problem(tmp_path: Path) -> None:
    found = folder(tmp_path, {"01-a.md": "---\ntitle: x\nstatus: todo\nstatus: done\n---\n"})
    assert [problem.code for problem in found.problems] == ["duplicate-key"]


def test_a_key_that_stands_twice_is_changed_in_both_places() -> None:
    text = b"---\nstatus: todo # a\ntitle: x\nstatus: 'todo'\n---\nbody\n"
    assert patch(text, {"status": "done"}) == b"---\nstatus: done # a\ntitle: x\nstatus: 'done'\n---\nbody\n"


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (("p/release-1-2",), "p/release-1-2"),
        (("p/release-1.2", "p/release-1-2"), "p/release-1.2"),
        (("p/release/1.2", "p/release-1-2"), "p/release/1.2"),
        ((), "p/release/1.2"),
    ],
)
def test_the_folder_of_a_branch_is_found_however_its_name_was_made(
    tmp_path: Path, there: tuple[str, ...], found: str
) -> None:
    repository = Repository(tmp_path / "r")
    repository.git("checkout", "-q", "-B", "release/1.2")
    for name in there:
        (repository.root / name).mkdir(parents=True)
    assert in_branch("p/{branch}", repository.root) == found


ANALYSIS = "# Analysis\n\nWhat was found.\n"
PROMPT = "---\ntitle: First\n---\n"


def test_notes_without_frontmatter_beside_a_prompt_are_no_second_prompt(tmp_path: Path) -> None:
    found = folder(tmp_path, {"001.md": PROMPT, "001-analysis.md": ANALYSIS, "002-lonely.md": ANALYSIS})
    assert list(found.prompts) == [1]
    assert [(problem.path, problem.code) for problem in found.problems] == [("plans/002-lonely.md", "no-frontmatter")]


def test_a_pattern_says_which_files_are_prompts(tmp_path: Path) -> None:
    files = {"001.md": PROMPT, "001-analysis.md": PROMPT, "002-notes.md": ANALYSIS}
    found = folder(tmp_path, files, prompts_pattern='"[0-9][0-9][0-9].md"')
    assert list(found.prompts) == [1]
    assert found.problems == ()


def test_without_a_pattern_two_prompts_of_one_number_are_a_problem_that_names_it(tmp_path: Path) -> None:
    found = folder(tmp_path, {"001.md": PROMPT, "001-analysis.md": PROMPT})
    assert [problem.code for problem in found.problems] == ["duplicate-number"]
    assert "prompts_pattern" in found.problems[0].remedy


@pytest.mark.parametrize("pattern", ["''", "[a, b]", "a/b.md"])
def test_what_is_no_pattern_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(Exception, match="prompts_pattern"):
        folder(tmp_path, {}, prompts_pattern=pattern)


def some(number: int, word: str, where: str = "plans") -> Prompt:
    found = {"todo": PromptStatus.PENDING}.get(word, PromptStatus.DONE)
    return Prompt(number, "t", f"{where}/{number:02d}.md", status=found, status_word=word)


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["completed", "completed", "todo"], "completed"),
        (["completed", "done"], "done"),
        (["completed", "done", "completed"], "completed"),
        (["todo"], "done"),
        ([], "done"),
    ],
)
def test_a_status_is_written_in_the_word_of_the_folder(words: list[str], word: str) -> None:
    prompts = [some(number, word) for number, word in enumerate(words, 2)]
    elsewhere = [some(number, "shipped", "other") for number in range(20, 25)]
    assert word_for(PromptStatus.DONE, some(1, "todo"), [*prompts, *elsewhere]) == word


def test_the_loop_writes_completed_where_the_folder_does(tmp_path: Path) -> None:
    with project(tmp_path, {}, prompt_folders="[plans]") as made:
        plans = made.layout.root / "plans"
        plans.mkdir()
        (plans / "01-a.md").write_text("---\ntitle: a\nstatus: completed\n---\n")
        (plans / "02-b.md").write_text("---\ntitle: b\nstatus: todo\n---\n")
        (made.layout.scripts / "02.sh").write_text(NOTHING)
        assert made.run_loop() == 0, made.said()
        assert "\nstatus: completed\n" in (plans / "02-b.md").read_text()
        assert made.states()[2] == "merged"


@pytest.fixture
def bare(tmp_path: Path):
    """A project that was never set up."""
    with project(tmp_path, {}) as made:
        for name in ("coord.yaml", "milestone.md", "events.db"):
            (made.layout.coord / name).unlink()
        yield made


def test_a_folder_of_tasks_in_a_form_that_is_not_read_is_said_to_be_one(bare: Project) -> None:
    tasks = bare.layout.root / "tasks"
    tasks.mkdir()
    for number in range(159):
        (tasks / f"task-{number} - A-thing.md").write_text("---\nid: task-1\ntitle: x\n---\n")
    (tasks / "config.json").write_text("{}")
    said = bare.coord("init", "--prompts", "tasks").stdout
    assert "160 files in tasks, none read as a prompt" in said
    assert "task-0 - A-thing.md" in said
    assert "07-what-to-do.md" in said
    assert "0 prompts" not in said
    checked = bare.coord("validate").stdout
    assert "160 files in tasks, none read as a prompt" in checked
    assert "sound" not in checked
    (tasks / "07-what.md").write_text("---\ntitle: x\n---\n")
    assert "sound" in bare.coord("validate").stdout


def test_only_what_was_made_for_prompts_is_counted(bare: Project) -> None:
    (bare.layout.root / "empty").mkdir()
    said = bare.coord("init", "--prompts", "empty").stdout
    assert "Found 0 prompts and 0 problems" in said


def test_a_problem_that_is_a_warning_says_so_to_programs() -> None:
    warning = Problem("p", 1, "c", "m", "r", warning=True)
    assert warning.to_json()["warning"] is True
    assert "warning" not in Problem("p", 1, "c", "m", "r").to_json()
    assert Config().prompts_pattern == ""
    assert not isinstance(parse(b"---\na: 1\na: 1\n---\n", "p"), Problem)
