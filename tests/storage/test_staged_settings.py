"""Settings of staged prompts from what a project has for staged subagents: taken where they mean the same."""

import json
from pathlib import Path

import pytest

from coordinator.model.staged_config import StagedConfig
from coordinator.storage.paths import Layout
from coordinator.storage.staged_settings import CONFIG, read_settings

THEIRS = {
    "version": "1.1",
    "defaults": {"model": "sonnet", "testStage": True, "gitWorkflow": "branch+PR", "blockOnSeverity": "medium"},
    "complexityScoring": {"easy": {"model": "haiku"}, "hard": {"model": "opus", "needsCodexReview": True}},
    "stages": {
        "PLAN": {"enabled": True, "planReview": {"tool": "codex-high", "maxRetries": 2}},
        "IMPLEMENT": {
            "useComplexityScoring": True,
            "implementReview": {"tool": "codex-high", "bugFixer": {"type": "model", "tool": "opus"}, "maxRetries": 1},
        },
        "TEST": {"commands": {"lint": "make lint"}, "coverageThreshold": 70},
        "FINAL": {
            "enabled": False,
            "codexFinal": {"tool": "codex-xhigh", "bugFixer": {"type": "mcp", "tool": "x"}, "maxRetries": 0},
            "completion": {"git": {"workflow": "none"}},
        },
    },
    "parallelism": {"maxParallelTasks": 2},
}


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "project").mkdir()
    return Layout(tmp_path / "project")


def put(root: Path, values: object, name: str = CONFIG) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(values if isinstance(values, str) else json.dumps(values))


def test_settings_for_staged_subagents_hold_here_too(layout: Layout) -> None:
    put(layout.root, THEIRS)
    found = read_settings(layout, "staged")
    assert found.problems == ()
    values, stages = found.values, found.values["stages"]
    assert (values["defaults"]["model"], values["defaults"]["blockOnSeverity"]) == ("sonnet", "medium")
    assert [values["complexityScoring"][level]["model"] for level in ("easy", "medium", "hard")] == [
        "haiku",
        "",
        "opus",
    ]
    assert (stages["PLAN"]["planReview"]["maxRetries"], stages["TEST"]["coverageThreshold"]) == (2, 70)
    assert stages["IMPLEMENT"]["implementReview"]["bugFixer"] == "opus"
    assert (stages["FINAL"]["enabled"], stages["FINAL"]["finalReview"]["maxRetries"]) == (False, 0)
    assert stages["FINAL"]["finalReview"]["bugFixer"] == ""
    assert stages["TEST"]["commands"]["lint"] == "make lint"
    assert values["parallelism"]["maxParallelTasks"] == 2
    assert StagedConfig(values).values is values


def test_a_layer_of_ours_is_over_one_of_theirs_and_the_project_over_the_user(layout: Layout, tmp_path: Path) -> None:
    put(tmp_path / "home", {"defaults": {"model": "one"}, "parallelism": {"maxParallelTasks": 1}})
    assert read_settings(layout, "staged").values["defaults"]["model"] == "one"
    put(tmp_path / "config/coord", "defaults:\n  model: two\n", "staged.yaml")
    assert read_settings(layout, "staged").values["defaults"]["model"] == "two"
    put(layout.root, {"defaults": {"model": "three"}})
    assert read_settings(layout, "staged").values["defaults"]["model"] == "three"
    put(layout.pipelines, "defaults:\n  model: four\n", "staged.yaml")
    found = read_settings(layout, "staged").values
    assert (found["defaults"]["model"], found["parallelism"]["maxParallelTasks"]) == ("four", 1)


@pytest.mark.parametrize(
    "text", ["{", '{"agents": {"builder": {}}}', "[1]", '{"defaults": {"modle": "x"}}', '{"stages": {"TEST": 3}}']
)
def test_what_is_not_understood_of_theirs_is_told_and_stops_nothing(layout: Layout, text: str) -> None:
    put(layout.root, text)
    found = read_settings(layout, "staged")
    assert found.values == read_settings(Layout(layout.root / "other"), "staged").values
    assert [(problem.path, problem.warning) for problem in found.problems] == [(CONFIG, True)]


def test_a_link_in_the_place_of_their_settings_is_not_followed(layout: Layout, tmp_path: Path) -> None:
    put(tmp_path, {"defaults": {"model": "elsewhere"}}, "secret.json")
    (layout.root / ".claude").mkdir()
    (layout.root / CONFIG).symlink_to(tmp_path / "secret.json")
    found = read_settings(layout, "staged")
    assert found.values["defaults"]["model"] == ""
    assert [problem.warning for problem in found.problems] == [True]
