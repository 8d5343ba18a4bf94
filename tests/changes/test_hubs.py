"""A bare repository with worktrees: coord works in one of those, and says so elsewhere. Hooks of a relative folder."""

from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.git import Git
from coordinator.changes.outcome import Merged
from coordinator.changes.worktrees import create
from coordinator.errors import CoordError
from coordinator.model.work import prompt_work


def hub(repo: Repository, folder: Path) -> Path:
    """A bare clone, with a `.git` file beside it as people make it."""
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(folder / "hub/.bare"))
    (folder / "hub/.git").write_text("gitdir: ./.bare\n")
    return folder / "hub"


def test_a_bare_repository_is_named_with_the_worktree_to_work_in(repo: Repository, tmp_path: Path) -> None:
    place = hub(repo, tmp_path)
    with pytest.raises(CoordError, match="is a bare repository") as caught:
        Git(place).is_repo()
    assert caught.value.remedy == "make a worktree: git worktree add main"
    repo.git("worktree", "add", "--quiet", "main", cwd=place)
    for bare in (place, place / ".bare"):
        with pytest.raises(CoordError, match="is a bare repository") as caught:
            Git(bare).is_repo()
        assert caught.value.remedy.endswith(f"cd {place}/main")


def test_an_attempt_lands_in_a_worktree_of_a_bare_repository(repo: Repository, tmp_path: Path) -> None:
    place = hub(repo, tmp_path)
    repo.git("worktree", "add", "--quiet", "main", cwd=place)
    inside = Repository.__new__(Repository)
    inside.root, inside.layout = place / "main", type(repo.layout)(place / "main")
    tree = create(inside.layout, prompt_work(1), 1, "main")
    repo.commit({"made": "made\n"}, cwd=tree.path)
    assert isinstance(
        merge_attempt(inside.layout, MergeRequest(prompt_work(1), 1, base="main", start=tree.base)), Merged
    )
    assert (place / "main/made").read_text() == "made\n"


def test_a_relative_folder_of_hooks_that_a_worktree_lacks_is_the_one_of_the_main_checkout(repo: Repository) -> None:
    tree, git = create(repo.layout, prompt_work(1), 1, "main"), Git(repo.root)
    assert git.lost_hooks(tree.path) == ""
    repo.git("config", "core.hooksPath", ".husky/_")
    assert git.lost_hooks(tree.path) == ""
    (repo.root / ".husky/_").mkdir(parents=True)
    assert git.lost_hooks(tree.path) == str(repo.root / ".husky/_")
    (tree.path / ".husky/_").mkdir(parents=True)
    assert git.lost_hooks(tree.path) == ""
