"""Settings of stages: the user's, the project's and the prompt's over the defaults, and every fault at its line."""

import os
from pathlib import Path

import pytest

from coordinator.errors import CoordError
from coordinator.formats.prompt_text import parse_prompt
from coordinator.formats.stage_plan import read as read_plan
from coordinator.model.prompt import Prompt
from coordinator.storage.paths import Layout
from coordinator.storage.staged_settings import read_settings, require_settings, skipped_stages


def prompt(more: str) -> Prompt:
    text = f"---\nnumber: 7\ntitle: It\npipeline: staged\n{more}---\n# It\n"
    made = parse_prompt(text.encode(), ".coord/prompts/07-it.prompt.md")
    assert isinstance(made, Prompt)
    return made


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "coord").mkdir(parents=True)
    made = Layout(tmp_path / "project")
    made.pipelines.mkdir(parents=True)
    return made


def users(layout: Layout, text: str) -> None:
    (layout.root.parent / "config" / "coord" / "staged.yaml").write_text(text)


def test_each_layer_is_heard_after_the_one_before(layout: Layout) -> None:
    users(layout, "defaults: {model: haiku, retries: 2}\nstages:\n  TEST:\n    coverageThreshold: 70\n")
    (layout.pipelines / "staged.yaml").write_text("defaults:\n  model: sonnet\nstages: {TEST: {enabled: no}}\n")
    own = prompt("stages:\n  TEST:\n    enabled: yes\n    testReview: {maxRetries: 1}\n")
    found = read_settings(layout, "staged", own)
    assert found.problems == ()
    test = found.values["stages"]["TEST"]
    assert found.values["defaults"]["model"] == "sonnet"
    assert found.values["defaults"]["retries"] == 2
    assert (test["coverageThreshold"], test["enabled"], test["testReview"]["maxRetries"]) == (70, True, 1)
    assert read_settings(layout, "staged").values["stages"]["TEST"]["enabled"] is False
    assert read_settings(layout, "quick", own).values["defaults"]["model"] == "haiku"


def test_faults_are_told_with_file_and_line_and_keep_a_prompt_from_beginning(layout: Layout) -> None:
    (layout.pipelines / "staged.yaml").write_text(
        "defaults:\n  testStage: true\n  modle: opus\n  gitWorkflow: commit\n"
    )
    own = prompt("stages:\n  TSET:\n    enabled: no\n")
    found = read_settings(layout, "staged", own).problems
    assert [(one.path.rpartition("/")[2], one.line, one.remedy, one.warning) for one in found] == [
        ("staged.yaml", 3, "did you mean `model`?", False),
        ("staged.yaml", 4, "the gate of coord.yaml decides what becomes of the branch", True),
        ("07-it.prompt.md", 6, "did you mean `TEST`?", False),
    ]
    with pytest.raises(CoordError, match=r"staged\.yaml, line 3: there is no `defaults\.modle`"):
        require_settings(layout, "staged", own)


@pytest.mark.parametrize("text", ["a: [", "- x\n", "a: &b c\n", "\0", "defaults: []\n", "x: {" * 40])
def test_what_is_no_settings_is_a_problem_and_no_crash(layout: Layout, text: str) -> None:
    (layout.pipelines / "staged.yaml").write_text(text)
    assert read_settings(layout, "staged").problems


def test_a_link_a_fifo_and_a_large_file_are_problems(layout: Layout) -> None:
    file = layout.pipelines / "staged.yaml"
    os.mkfifo(file)
    assert read_settings(layout, "staged").problems
    file.unlink()
    file.write_bytes(b"#" * 100_000)
    assert read_settings(layout, "staged").problems


def test_stages_that_a_prompt_leaves_out() -> None:
    assert skipped_stages(prompt("")) == ()
    assert skipped_stages(prompt("skip_stages: [TEST, PLAN]\n")) == ("PLAN", "TEST")
    assert skipped_stages(prompt("skip_stages: FINAL\n")) == ("FINAL",)
    with pytest.raises(CoordError, match="there is no stage `test`"):
        skipped_stages(prompt("skip_stages: [test]\n"))


def test_settings_and_plan_of_the_documentation_hold_as_they_stand_there(layout: Layout) -> None:
    page = (Path(__file__).parents[2] / "docs" / "staged.md").read_text()
    blocks = [
        "\n".join(line[4:] for line in block.splitlines())
        for block in page.split("\n\n")
        if all(line.startswith("    ") for line in block.splitlines())
    ]
    (settings,) = [block for block in blocks if block.startswith("defaults:")]
    (plan,) = [block for block in blocks if block.startswith("---")]
    (layout.pipelines / "staged.yaml").write_text(settings)
    found = read_settings(layout, "staged")
    assert found.problems == ()
    assert found.values["stages"]["IMPLEMENT"]["implementReview"]["bugFixer"] == "codex"
    assert [task.id for task in read_plan(plan.encode(), "plan.md").tasks] == ["T1"]
