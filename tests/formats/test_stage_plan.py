"""Plan files: tasks in a YAML block, every fault with its line, and nothing that an agent writes breaks the reader."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.nested_yaml import read_nested
from coordinator.formats.stage_plan import LIMIT, as_body, brought, read
from coordinator.formats.yaml_reader import YamlError
from coordinator.model.staged_plan import Task

TASKS = """\
tasks:
  - id: T1
    description: Cache core
    targetFiles: [src/cache.py]
    instructions: |
      Keep it small.
      - no threads
  - id: T2
    description: Tests of it
    targetFiles:
      - tests/test_cache.py
    dependencies: [T1]
    estimatedLines: 120
"""
FORMS = {
    "front": f"---\n{TASKS}---\n# Why\n\nBecause.\n",
    "fenced": f"# Plan\n\n```yaml\nother: 1\n```\n\n```yaml\n{TASKS}```\n\nProse.\n",
    "bare": f"{TASKS}\n# Why\n\nBecause.\n",
    "alone": TASKS,
    "windows": f"---\n{TASKS}---\nProse\n".replace("\n", "\r\n"),
}


@pytest.mark.parametrize("form", FORMS)
def test_tasks_are_read_from_each_form(form: str) -> None:
    found = read(FORMS[form].encode(), "plan.md")
    assert found.problems == ()
    assert found.tasks == (
        Task("T1", "Cache core", ("src/cache.py",), "Keep it small.\n- no threads"),
        Task("T2", "Tests of it", ("tests/test_cache.py",), "", ("T1",), 120),
    )
    assert tuple(Task.from_json(task.to_json()) for task in found.tasks) == found.tasks


def with_task(line: str) -> str:
    return f"---\ntasks:\n  - id: T1\n    description: one\n    targetFiles: [a.py]\n{line}---\n"


@pytest.mark.parametrize(
    ("text", "code", "line", "words"),
    [
        ("# Nothing\n", "no-tasks", 1, "no block of tasks"),
        ("---\ntasks: []\n---\n", "no-tasks", 2, "no task"),
        ("---\ntasks: all of them\n---\n", "bad-task", 2, "no list"),
        ("---\ntasks:\n  - T1\n---\n", "bad-task", 3, "has keys"),
        ("---\ntasks: [\n---\n", "bad-yaml", 2, "not YAML"),
        (with_task("  - id: T1\n    description: two\n    targetFiles: [b.py]\n"), "bad-task", 3, "already"),
        (with_task("    dependencies: [T9]\n"), "bad-task", 3, "T9"),
        (with_task("    dependencies: [T1]\n"), "bad-task", 3, "itself"),
        (with_task("  - id: T2\n    description: two\n"), "bad-task", 6, "no target files"),
        (with_task("    estimatedLines: many\n"), "bad-task", 6, "whole number"),
        (with_task("  - description: two\n    targetFiles: [b.py]\n"), "bad-task", 6, "id: a name"),
        (with_task("  - id: a/../b\n    description: two\n    targetFiles: [b.py]\n"), "bad-task", 6, "called so"),
        (with_task("  - id: T2.2\n    description: two\n    targetFiles: [b.py]\n"), "bad-task", 6, "called so"),
        (with_task("  - id: fix\n    description: two\n    targetFiles: [b.py]\n"), "bad-task", 6, "called so"),
        *(
            (with_task(f"  - id: T2\n    description: two\n    targetFiles: ['{path}']\n"), "bad-task", 6, "no file")
            for path in ("/etc/passwd", "../out", "a/../../b", ".coord/coord.yaml", ".GIT/config", "a//b", "")
        ),
    ],
)
def test_what_is_no_plan_is_told_with_its_line(text: str, code: str, line: int, words: str) -> None:
    found = read(text.encode(), "plan.md")
    assert found.tasks == ()
    told = found.problems[0]
    assert (told.code, told.line) == (code, line)
    assert words in told.message


def test_tasks_that_wait_for_each_other_are_none() -> None:
    ring = "".join(
        f"  - id: T{n}\n    description: d\n    targetFiles: [f{n}]\n    dependencies: [T{(n + 1) % 3}]\n"
        for n in range(3)
    )
    found = read(f"---\ntasks:\n{ring}---\n".encode(), "plan.md")
    assert found.tasks == ()
    assert "wait for each other" in found.problems[0].message


def test_what_is_too_long_is_cut_marked_and_said() -> None:
    text = with_task(f"    instructions: {'y' * 3000}\n").replace("one", "x" * 150)
    found = read(text.encode(), "plan.md")
    assert [(problem.code, problem.warning, problem.line) for problem in found.problems] == [
        ("cut", True, 4),
        ("cut", True, 6),
    ]
    assert found.tasks[0].description == "x" * 99 + "…"
    assert found.tasks[0].instructions == "y" * 1999 + "…"


def test_a_key_that_says_nothing_is_named_and_the_plan_holds() -> None:
    found = read(with_task("    targetFile: b.py\n").encode(), "plan.md")
    assert len(found.tasks) == 1
    assert (found.problems[0].code, found.problems[0].remedy) == ("unknown-key", "did you mean `targetFiles`?")


def test_size_bytes_depth_and_number_are_bounded() -> None:
    assert read(b"a" * (LIMIT + 1), "p").problems[0].code == "too-large"
    assert read(b"---\ntasks: \xff\n---\n", "p").problems[0].code == "not-utf8"
    assert read(b"---\ntasks: " + b"[" * 5000 + b"\n---\n", "p").problems[0].code in ("too-deep", "bad-yaml")
    many = "".join(f"- {{id: T{n}, description: d, targetFiles: [f{n}]}}\n" for n in range(200))
    assert "100 are the most" in read(f"---\ntasks:\n{many}---\n".encode(), "p").problems[0].remedy
    assert read(b"---\ntasks:\n- &a x\n- *a\n---\n", "p").problems[0].code == "yaml-alias"


@given(st.text(max_size=200) | st.text("-:[]{}#&*!|>'\"%@` \ntasksid,T1", max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    for form in (text, f"---\ntasks:\n{text}\n---\n", f"tasks: {text}"):
        found = read(form.encode("utf-8", "surrogatepass"), "plan.md")
        assert found.tasks or found.problems
        assert all(problem.message.isprintable() and problem.line >= 0 for problem in found.problems)
    with suppress(YamlError):
        read_nested(text)


def test_a_prompt_brings_a_plan_below_its_heading_alone() -> None:
    example = "## Tasks\n\n```yaml\ntasks:\n  build: {cmds: [make]}\n```\n"
    assert brought(example, "07.md") is None
    assert brought("# Plan\n\nNo block.\n", "07.md") is None
    text = as_body(f"---\ntitle: x\n---\n{example}", FORMS["front"])
    found = brought(text, "07.md")
    assert found is not None
    assert [task.id for task in found.tasks] == ["T1", "T2"]
    wrong = brought(text.replace("[T1]", "[T7]"), "07.md")
    assert wrong is not None
    problem = wrong.problems[0]
    assert "T7" in problem.message
    assert text.splitlines()[problem.line - 1].strip() == "- id: T2"
