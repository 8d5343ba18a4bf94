"""What a task did in its own files is committed for it, whatever others do beside it in the same worktree."""

from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.command import GitError
from coordinator.changes.task_commit import commit_files
from coordinator.changes.worktrees import create
from coordinator.model.work import prompt_work


@pytest.fixture
def tree(repo: Repository) -> Path:
    repo.commit({"a.py": "a\n", "b.py": "b\n", "old.py": "old\n"}, "Before")
    return create(repo.layout, prompt_work(7), 1).path


def commit(repo: Repository, tree: Path, *files: str) -> str:
    return commit_files(repo.root, tree, "coord/07-1", files, "T1: the first")


def test_its_own_files_are_committed_and_those_of_others_stay_as_they_are(repo: Repository, tree: Path) -> None:
    (tree / "a.py").write_text("a of T1\n")
    (tree / "new").mkdir()
    (tree / "new" / "it.py").write_text("new\n")
    (tree / "old.py").unlink()
    (tree / "b.py").write_text("b of T2, half done")
    (tree / "c.py").write_text("of T2")
    made = commit(repo, tree, "a.py", "new/it.py", "old.py", "never.py")
    assert made == repo.head("coord/07-1")
    changed = repo.git("diff", "--name-status", f"{made}^", made, cwd=tree).split()
    assert changed == ["M", "a.py", "A", "new/it.py", "D", "old.py"]
    assert repo.git("status", "--porcelain", cwd=tree).split() == ["M", "b.py", "??", "c.py"]
    assert repo.git("log", "-1", "--format=%an %s", cwd=tree) == "coord T1: the first"


def test_a_folder_is_its_own_with_all_that_is_in_it(repo: Repository, tree: Path) -> None:
    (tree / "[a]*").mkdir()
    (tree / "[a]*" / "one.py").write_text("1\n")
    (tree / "a1").mkdir()
    (tree / "a1" / "other.py").write_text("of T2")
    made = commit(repo, tree, "[a]*")
    assert repo.git("diff", "--name-only", f"{made}^", made, cwd=tree) == "[a]*/one.py"
    (tree / "[a]*" / "one.py").unlink()
    made = commit(repo, tree, "[a]*")
    assert repo.git("diff", "--name-status", f"{made}^", made, cwd=tree).split() == ["D", "[a]*/one.py"]


def test_nothing_new_is_no_commit_and_it_may_be_asked_for_again(repo: Repository, tree: Path) -> None:
    before = repo.head("coord/07-1")
    assert commit(repo, tree, "a.py") == ""
    (tree / "a.py").write_text("a of T1\n")
    made = commit(repo, tree, "a.py")
    assert commit(repo, tree, "a.py") == ""
    assert (repo.head("coord/07-1"), before) == (made, repo.git("rev-parse", f"{made}^", cwd=tree))


def test_what_an_agent_staged_of_its_own_is_in_it_and_of_others_is_not(repo: Repository, tree: Path) -> None:
    for name in ("a.py", "b.py"):
        (tree / name).write_text("changed\n")
        repo.git("add", name, cwd=tree)
    made = commit(repo, tree, "a.py")
    assert repo.git("diff", "--name-only", f"{made}^", made, cwd=tree) == "a.py"
    assert repo.git("diff", "--cached", "--name-only", cwd=tree) == "b.py"


def test_a_link_above_a_file_is_not_followed(repo: Repository, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "it.py").write_text("secret")
    (tree / "new").symlink_to(tmp_path / "outside")
    assert commit(repo, tree, "new/it.py") == ""


def test_no_hook_of_the_project_runs(repo: Repository, tree: Path) -> None:
    hook = Path(repo.git("rev-parse", "--git-common-dir", cwd=tree)) / "hooks" / "pre-commit"
    hook = hook if hook.is_absolute() else tree / hook
    hook.write_text(f"#!/bin/sh\ntouch {repo.root}/ran\nexit 1\n")
    hook.chmod(0o755)
    (tree / "a.py").write_text("a of T1\n")
    assert commit(repo, tree, "a.py")
    assert not (repo.root / "ran").exists()


def test_a_worktree_on_another_branch_is_left_alone(repo: Repository, tree: Path) -> None:
    repo.git("switch", "-c", "elsewhere", cwd=tree)
    (tree / "a.py").write_text("a of T1\n")
    with pytest.raises(GitError, match="is not on coord/07-1 any more"):
        commit(repo, tree, "a.py")
    assert repo.git("status", "--porcelain", cwd=tree).split() == ["M", "a.py"]
