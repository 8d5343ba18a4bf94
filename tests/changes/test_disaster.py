"""Full disks, power cuts and old versions of git."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.fulldisk import fill, tight_disk
from support.repository import Repository

from coordinator.changes.diff import attempt_change
from coordinator.changes.fast_forward_repair import Note, note
from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.git import Git
from coordinator.changes.outcome import Conflict, Merged, Outcome, Waiting
from coordinator.changes.worktrees import Kept, Removed, create, remove
from coordinator.errors import CoordError
from coordinator.model.work import prompt_work


def merge(repo: Repository, number: int = 7) -> Outcome:
    return merge_attempt(repo.layout, MergeRequest(prompt_work(number), 1))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with tight_disk(tmp_path, 4) as disk:
        yield disk


def test_a_full_disk_while_landing_leaves_the_checkout_as_it_was(small_disk: Path) -> None:
    repo = Repository(small_disk / "project")
    info = create(repo.layout, prompt_work(7), 1)
    big = "".join(f"{number}\n" for number in range(30_000))
    repo.commit({"README.md": "New.\n", "new/1.txt": big, "new/2.txt": big, "src/app.py": big}, cwd=info.path)
    repo.write({"mine.txt": "mine\n", "new/mine.txt": "mine\n"})
    before = repo.status()
    filler = fill(small_disk, 300_000)
    with pytest.raises(CoordError) as caught:
        merge(repo)
    assert "free some disk space" in caught.value.remedy
    assert (repo.head(), repo.status()) == (info.base, before)
    assert sorted(os.listdir(repo.root / "new")) == ["mine.txt"]
    filler.unlink()
    assert isinstance(merge(repo), Merged)
    assert repo.status() == "?? mine.txt\n?? new/mine.txt"
    assert (repo.root / "new/2.txt").read_text() == big


def test_a_full_disk_while_making_a_worktree_is_told_and_made_good(small_disk: Path) -> None:
    repo = Repository(small_disk / "project")
    repo.commit({f"{number}.txt": "x" * 100_000 for number in range(10)})
    filler = fill(small_disk, 400_000)
    with pytest.raises(CoordError) as caught:
        create(repo.layout, prompt_work(7), 1)
    assert "free some disk space" in caught.value.remedy
    filler.unlink()
    assert repo.status(cwd=create(repo.layout, prompt_work(7), 1).path) == ""


@pytest.mark.parametrize("mine", ["mine\n", "", "z"])
def test_git_killed_while_landing_leaves_only_the_engineers_work(repo: Repository, mine: str) -> None:
    repo.commit({".gitattributes": "*.bin filter=die\n", ".gitignore": "*.log\n", "gone.txt": "gone\n"})
    info = create(repo.layout, prompt_work(7), 1)
    repo.git("rm", "--quiet", "gone.txt", cwd=info.path)
    (info.path / "link").symlink_to("README.md")
    repo.git("add", "link", cwd=info.path)
    repo.commit({"README.md": "New.\n", "new/a.txt": "a\n", "b.log": "x\n", "z.bin": "z\n"}, cwd=info.path)
    repo.git("config", "filter.die.clean", "cat")
    repo.git("config", "filter.die.smudge", "kill -s KILL 0")
    with pytest.raises(CoordError):
        merge(repo)
    assert repo.head() == info.base
    assert repo.status() == ""
    assert not (repo.root / "b.log").exists()
    assert not (repo.root / "new").exists()
    assert not os.path.lexists(repo.root / "link")
    repo.git("config", "filter.die.smudge", "cat")
    assert isinstance(merge(repo), Waiting)  # for the index.lock that nobody but the engineer may judge
    (repo.root / ".git/index.lock").unlink()
    repo.write({"z.bin": mine})
    outcome = merge(repo)
    assert isinstance(outcome, Waiting)
    assert outcome.files == ("z.bin",)
    assert (repo.root / "z.bin").read_text() == mine
    (repo.root / "z.bin").unlink()
    assert isinstance(merge(repo), Merged)
    assert repo.status() == ""


def test_a_power_cut_between_index_and_branch_is_made_good(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    tip = repo.commit({"README.md": "New.\n", "a.txt": "a\n"}, cwd=info.path)
    note(Git(repo.root), Note(str(repo.root), "main", info.base, tip))
    repo.git("read-tree", "-m", "-u", "HEAD", tip)  # what a fast-forward does before it moves the branch
    assert isinstance(merge(repo), Merged)
    assert repo.status() == ""


def test_work_of_the_engineer_is_not_taken_for_what_broke_off(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    tip = repo.commit({"README.md": "A project.\nLonger.\n", "a.txt": "a\n"}, cwd=info.path)
    repo.write({"README.md": "A pro", "a.txt": ""})  # both what git would have written first
    for name in ("README.md", "a.txt"):
        os.utime(repo.root / name, ns=(0, 0))
    note(Git(repo.root), Note(str(repo.root), "main", info.base, tip))
    outcome = merge(repo)
    assert isinstance(outcome, Waiting)
    assert outcome.files == ("README.md", "a.txt")
    assert [(repo.root / name).read_text() for name in outcome.files] == ["A pro", ""]


def test_a_note_that_cannot_be_read_does_not_block(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    repo.commit({"a.txt": "a\n"}, cwd=info.path)
    (repo.root / ".git/coord-landing.json").write_text("{}")
    assert isinstance(merge(repo), Merged)


@pytest.fixture
def old_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that, as versions before 2.36, doesn't know `merge-tree --write-tree` and `worktree list -z`."""
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *" merge-tree --write-tree "* | *" worktree list "*-z) exit 129;; esac\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


@pytest.mark.usefixtures("old_git")
def test_an_old_git_merges_in_a_temporary_checkout(repo: Repository) -> None:
    infos = {number: create(repo.layout, prompt_work(number), 1) for number in (1, 2)}
    made = repo.commit({"README.md": "One.\n"}, cwd=infos[1].path)
    repo.commit({"README.md": "Two.\n"}, cwd=infos[2].path)
    repo.commit({"b.txt": "b\n"})
    assert merge(repo, 1) == Merged(repo.head(), (made,))
    conflict = merge(repo, 2)
    assert isinstance(conflict, Conflict)
    assert conflict.files == ("README.md",)
    assert "CONFLICT (content): Merge conflict in README.md" in conflict.message
    assert not list(repo.layout.worktrees.glob("gate-*"))
    assert (remove(repo.layout, prompt_work(1), 1), type(remove(repo.layout, prompt_work(2), 1))) == (Removed(), Kept)
    assert [checkout.branch for checkout in Git(repo.root).checkouts()] == ["main", "coord/02-1"]


def test_a_repository_with_long_ids_works(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "long", hash_name="sha256")
    info = create(repo.layout, prompt_work(7), 1)
    made = repo.commit({"a.txt": "a\n"}, cwd=info.path)
    assert len(made) == 64
    assert merge(repo) == Merged(repo.head(), (made,))


def test_missing_git_is_told(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CoordError, match="git isn't installed"):
        attempt_change(repo.layout, prompt_work(7), 1)


def test_a_broken_repository_is_told(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    repo.commit({"a.txt": "a\n"}, cwd=info.path)
    tree = repo.tree("coord/07-1")
    (repo.root / ".git/objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(CoordError, match="git "):
        merge(repo)
    assert repo.head() == info.base


@pytest.mark.slow
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(1, 6)), data=st.data())
def test_independent_changes_give_one_tree_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], data: st.DataObject
) -> None:
    contents = data.draw(st.lists(st.text(max_size=30), min_size=5, max_size=5))
    trees = set()
    for sequence in (sorted(order), order):
        repo = Repository(tmp_path_factory.mktemp("order") / "project")
        lines = (repo.root / "src/app.py").read_text().splitlines(keepends=True)
        for number in sequence:
            info = create(repo.layout, prompt_work(number), 1)
            changed = list(lines)
            changed[number * 4 - 4] = f"changed by {number}\n"
            text = contents[number - 1].encode("utf-8", "replace").decode()
            repo.commit({"src/app.py": "".join(changed), f"new/{number}": text}, cwd=info.path)
        for number in sequence:
            assert isinstance(merge(repo, number), Merged)
        trees.add(repo.tree())
        assert repo.status() == ""
    assert len(trees) == 1
