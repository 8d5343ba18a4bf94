"""When a working folder changed last: by what writes, and by nothing that only looks."""

import os
from pathlib import Path

from support.repository import Repository
from support.wait import wait_until

from coordinator.changes import worktrees
from coordinator.changes.last_change import last_change
from coordinator.model.work import prompt_work


def later(folder: Path, than: float, apart: str = "") -> bool:
    return last_change(str(folder), apart=apart) > than


def tick(folder: Path, than: float) -> None:
    """Wait until the clock of the file system has gone on."""
    probe = folder / "probe"

    def on() -> bool:
        probe.write_text("x")
        return probe.stat().st_ctime > than

    wait_until(on, message="the clock of the file system")


def test_whatever_is_written_into_a_worktree_is_seen_and_looking_is_not(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    folder = worktrees.create(repository.layout, prompt_work(7), 1).path
    (folder / "deep" / "er").mkdir(parents=True)
    old = folder / "deep" / "er" / "old.txt"
    old.write_text("old")
    (folder / ".gitignore").write_text("deep\n")
    before = last_change(str(folder))
    tick(tmp_path, before)
    repository.git("status", cwd=folder)
    os.utime(folder / ".git", None)
    assert not later(folder, before)
    old.write_text("new")
    os.utime(old, (0, 0))
    assert later(folder, before)
    before = last_change(str(folder))
    tick(tmp_path, before)
    old.unlink()
    assert later(folder, before)


def test_a_commit_is_a_change_even_of_nothing(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    for folder in (worktrees.create(repository.layout, prompt_work(7), 1).path, repository.root):
        before = last_change(str(folder), apart=str(repository.layout.coord))
        tick(tmp_path, before)
        repository.git("commit", "--allow-empty", "-qm", "Nothing", cwd=folder)
        assert later(folder, before, str(repository.layout.coord))


def test_what_lies_apart_and_what_is_not_there_do_not_count(tmp_path: Path) -> None:
    apart = tmp_path / ".coord"
    apart.mkdir()
    before = last_change(str(tmp_path), apart=str(apart))
    tick(apart, before)
    assert not later(tmp_path, before, str(apart))
    assert later(tmp_path, before)
    assert last_change(str(tmp_path / "gone")) == 0.0
