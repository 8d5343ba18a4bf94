"""`coord pipeline`: a task becomes a prompt with a pipeline; what does not fit is refused, and nothing written."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.project import Project

from coordinator.formats.stage_plan import brought, read

Make = Callable[..., Project]
PLAN = """\
---
tasks:
  - id: T1
    description: Cache core
    targetFiles: [cache.py]
  - id: T2
    description: Its tests
    targetFiles: [test_cache.py]
    dependencies: [T1]
---
# Why

Because it was slow.
"""


def dry(made: Project, *words: str) -> Any:
    return json.loads(made.coord("pipeline", *words, "--dry-run", "--json").stdout)


def added(plan: Any) -> str:
    """The text of the file that a plan makes."""
    (edit,) = plan["edits"]
    return "\n".join(line[1:] for line in edit["diff"].splitlines() if line.startswith("+") and line[:3] != "+++")


def test_a_task_becomes_a_prompt_of_the_pipeline(make: Make) -> None:
    plan = dry(make({}), "Make the cache forget", "--no-test")
    assert plan["summary"] == "01 Make the cache forget: pipeline staged, without TEST"
    text = added(plan)
    assert "pipeline: staged\n" in text
    assert "skip_stages: [TEST]\n" in text


def test_a_plan_that_is_brought_stands_in_the_prompt_and_is_read_from_there_as_it_was(make: Make) -> None:
    made = make({1: []})
    (made.layout.root / "plan.md").write_text(PLAN)
    plan = dry(made, "Make the cache forget", "--plan", str(made.layout.root / "plan.md"), "--after", "1")
    text = added(plan)
    assert plan["summary"] == "02 Make the cache forget: pipeline staged, by a plan of 2 tasks, without PLAN"
    assert "dependencies: [1]\n" in text
    assert "Because it was slow." in text
    found = brought(text, "p")
    assert found is not None
    assert found.tasks == read(PLAN.encode(), "p").tasks
    from_stage = dry(made, "It", "--plan", str(made.layout.root / "plan.md"), "--stage", "IMPLEMENT")
    assert "skip_stages: [PLAN]\n" in added(from_stage)


@pytest.mark.parametrize(
    ("words", "code", "said", "how"),
    [
        (["It", "--stage", "IMPLEMENT"], 3, "IMPLEMENT works by a plan", "--plan FILE"),
        (["It", "--stage", "TEST", "--no-test"], 2, "--stage TEST and --no-test at once", "say one of them"),
        (["It", "--pipeline", "buidl"], 1, "there is no pipeline `buidl`", "did you mean `build`?"),
        (["It", "--pipeline", "build", "--no-test"], 2, "`build` has no stages", "--pipeline staged"),
        (["It", "--plan", "nope.md"], 2, "there is no file nope.md", "-"),
        (["It", "--plan", "bad.md"], 2, "bad.md, line 3: T1: it waits for `T9`", "there is T1"),
        ([" "], 2, "the title is empty", "say in a few words"),
        (["x " * 150], 2, "the title has 299 characters", "details belong in the body"),
        (["It", "--after", "7"], 3, "there is no prompt 07", ""),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(
    make: Make, words: list[str], code: int, said: str, how: str
) -> None:
    made = make({})
    bad = "---\ntasks:\n- {id: T1, description: d, targetFiles: [a], dependencies: [T9]}\n---\n"
    (made.layout.root / "bad.md").write_text(bad)
    words = [str(made.layout.root / word) if word == "bad.md" else word for word in words]
    answer = made.coord("pipeline", *words, "--yes", check=False)
    assert said in answer.stderr
    assert how in answer.stderr
    assert (answer.returncode, answer.stderr.count("\n")) == (code, 2)
    assert made.events() == []


def test_nobody_to_confirm_is_said(make: Make) -> None:
    answer = make({}).coord("pipeline", "It", check=False)
    assert (answer.returncode, "nobody is there to confirm" in answer.stderr) == (2, True)


def test_validate_names_what_is_wrong_and_knows_own_flows_of_stages(make: Make) -> None:
    made = make({1: []})
    (made.layout.pipelines).mkdir(parents=True)
    (made.layout.pipelines / "staged.yaml").write_text("stagse: {}\n")
    (made.layout.flows / "staged-task.md").write_text("---\nrole: stage\n---\n# Mine\n")
    said = made.coord("validate", check=False).stdout
    assert "there is no `stagse`" in said
    assert "staged-task" not in said
