"""A second look at a change: what it became since it was sent back, and nothing that the base gained meanwhile."""

from pathlib import Path

import pytest
from support.build import attempt
from support.repository import Repository

from coordinator.changes.diff import change_of
from coordinator.changes.worktrees import create
from coordinator.lazy.dataclass import replace
from coordinator.model.change import Since
from coordinator.model.snapshot import Review
from coordinator.model.step import StepState
from coordinator.model.work import prompt_work
from coordinator.observe.review_lines import since_review

LONG = "".join(f"line {number}\n" for number in range(1, 30))


@pytest.fixture
def branch(tmp_path: Path) -> Repository:
    """A repository with an attempt of prompt 7 whose change of line 3 was looked at."""
    repo = Repository(tmp_path / "project")
    repo.commit({"long.txt": LONG, "other.txt": LONG})
    info = create(repo.layout, prompt_work(7), 1)
    repo.commit({"long.txt": LONG.replace("line 3\n", "third\n")}, cwd=info.path)
    return repo


def looked(repo: Repository, then: str) -> Since | None:
    own = attempt(7, StepState.CHANGE_OPEN, count=2, branch="coord/07-1", base_branch="main")
    change = replace(change_of(repo.layout, replace(own, base="")), branch="coord/07-1")
    return since_review(repo.layout, own, change, Review(7, 1, False, then, "ada"))


def test_only_what_changed_since_is_shown(branch: Repository) -> None:
    tree = branch.layout.worktree(prompt_work(7), 1)
    then = branch.head("coord/07-1")
    branch.commit({"new.txt": "added since\n"}, cwd=tree)
    found = looked(branch, then)
    assert found is not None
    assert [file.path for file in found.files] == ["new.txt"]
    assert "third" not in found.diff


@pytest.mark.parametrize("how", ["merge", "rebase"])
def test_what_the_base_gained_is_no_part_of_it(branch: Repository, how: str) -> None:
    tree = branch.layout.worktree(prompt_work(7), 1)
    then = branch.head("coord/07-1")
    branch.commit({"long.txt": LONG.replace("line 20\n", "twentieth\n"), "other.txt": "of the base\n"})
    branch.git(how, "--quiet", *(["--no-edit"] if how == "merge" else []), "main", cwd=tree)
    text = (tree / "long.txt").read_text()
    branch.commit({"long.txt": text.replace("line 28\n", "since\n")}, cwd=tree)
    found = looked(branch, then)
    assert found is not None
    assert [(file.path, file.added, file.removed) for file in found.files] == [("long.txt", 1, 1)]
    assert "+since" in found.diff
    assert "twentieth" not in found.diff


def test_where_both_clash_only_files_of_the_change_are_shown(branch: Repository) -> None:
    tree = branch.layout.worktree(prompt_work(7), 1)
    then = branch.head("coord/07-1")
    branch.commit({"long.txt": LONG.replace("line 3\n", "of the base\n"), "other.txt": "of the base\n"})
    branch.git("reset", "--quiet", "--hard", "main", cwd=tree)
    branch.commit({"long.txt": LONG.replace("line 3\n", "both\n")}, cwd=tree)
    found = looked(branch, then)
    assert found is not None
    assert [file.path for file in found.files] == ["long.txt"]
    assert "other.txt" not in found.diff


def test_nothing_that_is_gone_is_looked_for(branch: Repository) -> None:
    assert looked(branch, "f" * 40) is None
