"""Two projects in worktrees of one repository never get at each other's branches."""

from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.branches import free_branch, is_attempts
from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.git import Git
from coordinator.changes.outcome import Merged
from coordinator.changes.worktrees import BranchTaken, Removed, create, remove
from coordinator.model.work import prompt_work
from coordinator.storage.paths import Layout


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], "coord/01-1"),
        (["coord/02-1", "coord/01-11"], "coord/01-1"),
        (["coord/01-1"], "coord/project/01-1"),
        (["coord/01-1/by-hand"], "coord/project/01-1"),
        (["coord/01-1", "coord/project"], "coord/project-2/01-1"),
        (["coord/01-1", "coord/project/01-1", "coord/project-2/01-1/x"], "coord/project-3/01-1"),
    ],
)
def test_a_branch_is_named_as_usual_or_in_a_name_space(repo: Repository, there: list[str], expected: str) -> None:
    for name in there:
        repo.git("branch", name)
    name = free_branch(Git(repo.root), prompt_work(1), 1)
    assert name == expected
    assert is_attempts(name)
    assert create(repo.layout, prompt_work(1), 1, branch=name).branch == name
    assert all(repo.head(other) for other in there)


def test_a_name_that_a_remote_has_is_taken(repo: Repository) -> None:
    repo.git("update-ref", "refs/remotes/origin/coord/01-1", "HEAD")
    assert free_branch(Git(repo.root), prompt_work(1), 1) == "coord/project/01-1"


def test_a_folder_of_any_name_makes_a_branch(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "..täglich neu~^: [x]")
    repo.git("branch", "coord/01-1")
    assert (
        create(repo.layout, prompt_work(1), 1, branch=free_branch(Git(repo.root), prompt_work(1), 1)).branch
        == "coord/t-glich-neu-x/01-1"
    )


def test_two_projects_in_worktrees_of_one_repository_work_side_by_side(repo: Repository, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "second"))
    second = Layout(tmp_path / "second")
    second.coord.mkdir()
    mine = create(repo.layout, prompt_work(1), 1, branch=free_branch(Git(repo.root), prompt_work(1), 1))
    with pytest.raises(BranchTaken, match="is checked out in"):  # as if both had chosen at the same moment
        create(second, prompt_work(1), 1, branch=mine.branch)
    theirs = create(second, prompt_work(1), 1, branch=free_branch(Git(second.root), prompt_work(1), 1))
    assert (mine.branch, theirs.branch, theirs.base_branch) == ("coord/01-1", "coord/second/01-1", "other")
    made = repo.commit({"a.txt": "mine\n"}, cwd=mine.path)
    other = repo.commit({"a.txt": "theirs\n"}, cwd=theirs.path)
    request = {"run": "run-1", "base": theirs.base_branch, "start": theirs.base, "branch": theirs.branch}
    assert merge_attempt(second, MergeRequest(prompt_work(1), 1, **request)) == Merged(repo.head("other"), (other,))  # type: ignore[arg-type]
    assert remove(second, prompt_work(1), 1, "other", branch=theirs.branch) == Removed()
    assert (repo.head("coord/01-1"), repo.head(theirs.branch), mine.path.is_dir()) == (made, "", True)
    landed = merge_attempt(repo.layout, MergeRequest(prompt_work(1), 1, run="run-1", base="main", start=mine.base))
    assert landed == Merged(repo.head("main"), (made,))


def test_a_merge_of_another_projects_attempt_is_not_taken_for_ones_own(repo: Repository, tmp_path: Path) -> None:
    """Both lie on `main`'s line, with the same numbers and run: the name of the branch tells them apart."""
    theirs = create(repo.layout, prompt_work(1), 1, branch="coord/second/01-1")
    repo.commit({"a.txt": "a\n"}, cwd=theirs.path)
    request = MergeRequest(prompt_work(1), 1, run="run-1", base="main", start=theirs.base, branch=theirs.branch)
    assert isinstance(merge_attempt(repo.layout, request), Merged)
    own = merge_attempt(repo.layout, MergeRequest(prompt_work(1), 1, run="run-1", base="main", start=theirs.base))
    assert not isinstance(own, Merged)
