"""A project is found from wherever one stands in it; every path of it has one place."""

from pathlib import Path

import pytest

from coordinator.errors import CoordError
from coordinator.model.work import prompt_work
from coordinator.storage.paths import Layout, find_project


def test_a_project_is_found_from_any_folder_in_it(tmp_path: Path) -> None:
    (tmp_path / ".coord").mkdir()
    (tmp_path / "src" / "deep").mkdir(parents=True)
    for start in (tmp_path, tmp_path / "src" / "deep", tmp_path / ".coord"):
        assert find_project(start).root == tmp_path


def test_the_nearest_project_counts(tmp_path: Path) -> None:
    inner = tmp_path / "vendor" / "inner"
    (inner / ".coord").mkdir(parents=True)
    (tmp_path / ".coord").mkdir()
    assert find_project(inner).root == inner


def test_an_agents_worktree_belongs_to_the_main_project_even_with_a_copy_of_its_prompts(tmp_path: Path) -> None:
    worktree = Layout(tmp_path).worktree(prompt_work(7), 1)
    (worktree / ".coord" / "prompts").mkdir(parents=True)
    (worktree / "src").mkdir()
    for start in (worktree, worktree / "src", worktree / ".coord"):
        assert find_project(start).root == tmp_path


def test_no_project_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CoordError) as caught:
        find_project(tmp_path)
    assert "coord init" in caught.value.remedy


def test_paths_are_told_relative_to_the_root(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert layout.rel(layout.attempt("run-3", prompt_work(7), 2)) == ".coord/runs/run-3/prompts/07/attempt-2"
    assert layout.rel(layout.worktree(prompt_work(107), 1)) == ".coord/worktrees/107-1"
    assert layout.rel("/elsewhere/x") == "/elsewhere/x"
    assert layout.rel(f"{tmp_path}-other/x") == f"{tmp_path}-other/x"


def test_the_folder_of_the_loop_may_lie_elsewhere(tmp_path: Path) -> None:
    layout = Layout(tmp_path, Path("docs/loop"))
    assert layout.prompts == tmp_path / "docs" / "loop" / "prompts"
    assert Layout(tmp_path).coord == tmp_path / ".coord"
