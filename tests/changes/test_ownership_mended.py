"""A turn that breaks its own worktree, or what git keeps of it: it is mended, and nothing else is touched."""

import os
import shutil
from pathlib import Path

import pytest
from support.repository import Repository
from support.turn import CODE, Turn

from coordinator.changes.git import Git
from coordinator.changes.turn_repair import mend


def test_a_worktree_that_leads_elsewhere_is_its_own_again_and_nothing_else_is_touched(turn: Turn) -> None:
    other = Repository(turn.tree.parent / "other")
    before = (other.status(), other.head(), turn.repo.status(), turn.repo.head())
    turn.commit({"tests/test_a.py": "x\n"})
    (turn.tree / ".git").write_text(f"gitdir: {other.root}/.git\n")
    assert turn.take_back(*CODE).said == ("tests/test_a.py",)
    assert turn.mended == [".git, which led elsewhere"]
    (turn.tree / ".git").unlink()  # git would find the project's own repository above it
    turn.write({"README.md": "mine\n"})
    assert turn.take_back().said == ("README.md",)
    (turn.tree / ".git").unlink()
    Repository(turn.tree / "new")
    (turn.tree / "new/.git").rename(turn.tree / ".git")
    shutil.rmtree(turn.tree / "new")
    assert turn.take_back(*CODE).said == ()
    assert turn.mended == [".git, which was another repository"]
    assert (turn.aside("") / "HEAD").exists()
    assert (other.status(), other.head(), turn.repo.status(), turn.repo.head()) == before


def test_settings_that_lead_elsewhere_lead_nowhere(turn: Turn, tmp_path: Path) -> None:
    turn.commit({"tests/test_a.py": "x\n"})
    (tmp_path / "elsewhere/tests").mkdir(parents=True)
    (tmp_path / "elsewhere/tests/test_a.py").write_text("the engineer's\n")
    turn.git("config", "extensions.worktreeConfig", "true")
    turn.git("config", "--worktree", "core.worktree", str(tmp_path / "elsewhere"))
    assert turn.take_back(*CODE).said == ("tests/test_a.py",)
    assert (tmp_path / "elsewhere/tests/test_a.py").read_text() == "the engineer's\n"
    assert (turn.tree / "tests/test_a.py").read_text() == "assert 1\n"


@pytest.mark.parametrize("how", ["files", "all", "branch"])
def test_a_worktree_that_is_gone_is_made_again(turn: Turn, how: str) -> None:
    turn.commit({"tests/test_a.py": "x\n"})
    if how == "files":
        shutil.rmtree(turn.tree)
    else:
        turn.repo.git("worktree", "remove", "--force", str(turn.tree))
    if how == "branch":
        turn.repo.git("branch", "-qD", turn.info.branch)
    found = turn.take_back()
    assert turn.mended == ["its worktree, which was gone"]
    if how != "branch":
        assert found.said == ("tests/test_a.py",)
    assert turn.git("diff", turn.base, turn.info.branch) == ""
    assert turn.git("status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["HEAD", "index", "index.lock", "HEAD.lock", "coord-taken-back"])
def test_what_git_keeps_of_it_may_be_broken(turn: Turn, name: str) -> None:
    turn.commit({"tests/test_a.py": "x\n", "src/app.py": "own\n"})
    place = turn.repo.root / ".git/worktrees/07-1" / name
    place.unlink(missing_ok=True)
    if name in ("HEAD", "index"):
        place.write_text("garbage\n")
    else:
        place.mkdir()
        (place / "in").touch()
    assert turn.take_back(*CODE).said == ("tests/test_a.py",)
    assert turn.git("diff", "--name-only", turn.base, turn.info.branch) == "src/app.py"
    assert turn.git("status", "--porcelain") == ""


def test_a_lock_of_somebody_who_works_beside_it_stays(turn: Turn) -> None:
    lock = turn.repo.root / ".git/worktrees/07-1/index.lock"
    lock.touch()
    mend(Git(turn.repo.root), turn.tree, turn.info.branch, list, Path, alone=False)
    assert lock.exists()
    os.utime(lock, (0, 0))
    mend(Git(turn.repo.root), turn.tree, turn.info.branch, list, Path, alone=False)
    assert not lock.exists()


def test_pipes_do_not_keep_anybody_waiting(turn: Turn) -> None:
    os.mkfifo(turn.tree / ".gitignore")
    (turn.tree / "tests/test_a.py").unlink()
    os.mkfifo(turn.tree / "tests/test_a.py")
    assert set(turn.take_back(*CODE).said) == {"tests/test_a.py", ".gitignore, which was no file"}
    assert (turn.tree / "tests/test_a.py").read_text() == "assert 1\n"


def test_a_file_that_no_patch_holds_is_put_aside(turn: Turn) -> None:
    with (turn.tree / "huge.bin").open("wb") as file:
        file.truncate((64 << 20) + 1)
    assert turn.take_back().said == ("huge.bin, which is put aside",)
    assert not (turn.tree / "huge.bin").exists()
    assert turn.aside("huge.bin").stat().st_size > 64 << 20
