"""Untracked files that are brought into a new worktree."""

import os
import stat
from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.copying import Stopped, bring, matches, signature
from coordinator.changes.git import Git
from coordinator.errors import CoordError

LIMIT = 1 << 20


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "project")
    made.commit({".gitignore": ".env\nnode_modules/\nlocal/\n*.pipe\n", "src/main.py": "1\n"})
    return made


@pytest.fixture
def tree(repo: Repository, tmp_path: Path) -> Path:
    place = tmp_path / "tree"
    repo.git("worktree", "add", "--quiet", "--detach", str(place))
    return place


def put(repo: Repository, name: str, text: str = "x", mode: int = 0o644) -> Path:
    path = repo.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_ignored_files_come_along_with_their_modes_times_and_links(repo: Repository, tree: Path) -> None:
    put(repo, ".env", "SECRET=1\n", 0o600)
    tool = put(repo, "node_modules/tool/run.js", "run", 0o755)
    os.utime(tool, (1, 1))
    (repo.root / "node_modules/.bin").mkdir()
    (repo.root / "node_modules/.bin/tool").symlink_to("../tool/run.js")
    (repo.root / "node_modules/workspace").symlink_to("../src")
    brought = bring(Git(repo.root), tree, [".env", "node_modules"], LIMIT)
    assert (brought.files, brought.left_out) == (4, [])
    assert (tree / ".env").read_text() == "SECRET=1\n"
    assert stat.S_IMODE((tree / ".env").stat().st_mode) == 0o600
    copy = (tree / "node_modules/tool/run.js").stat()
    assert (stat.S_IMODE(copy.st_mode), copy.st_mtime, copy.st_nlink) == (0o755, 1, 1)
    assert copy.st_ino != tool.stat().st_ino
    assert (tree / "node_modules/.bin/tool").read_text() == "run"
    assert (tree / "node_modules/workspace").resolve() == tree / "src"
    assert repo.git("status", "--porcelain", cwd=tree) == ""


def test_what_git_does_not_ignore_stays_out_with_a_word(repo: Repository, tree: Path) -> None:
    put(repo, "notes.txt")
    brought = bring(Git(repo.root), tree, ["notes.txt"], LIMIT)
    assert "git does not ignore it" in brought.warning
    assert not (tree / "notes.txt").exists()


def test_nothing_that_is_there_is_replaced(repo: Repository, tree: Path) -> None:
    put(repo, ".env", "mine")
    (tree / ".env").write_text("theirs")
    bring(Git(repo.root), tree, [".env"], LIMIT)
    assert (tree / ".env").read_text() == "theirs"


@pytest.mark.parametrize("leads", ["/etc", "../../outside", "deep/../../../outside"])
def test_a_link_that_leads_out_does_not_come_along(repo: Repository, tree: Path, leads: str) -> None:
    put(repo, "node_modules/a.js")
    (repo.root / "node_modules/out").symlink_to(leads)
    brought = bring(Git(repo.root), tree, ["node_modules"], LIMIT)
    assert "leads out" in brought.warning
    assert os.listdir(tree / "node_modules") == ["a.js"]


def test_links_that_lead_out_together_do_not_come_along(repo: Repository, tree: Path) -> None:
    put(repo, "node_modules/a.js")
    (repo.root / "node_modules/here").symlink_to(".")
    (repo.root / "node_modules/out").symlink_to("here/here/here/../../..")
    brought = bring(Git(repo.root), tree, ["node_modules"], LIMIT)
    assert "node_modules/out is not copied" in brought.warning
    assert sorted(os.listdir(tree / "node_modules")) == ["a.js", "here"]


def test_nothing_is_written_through_a_link_that_was_committed(repo: Repository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repo.root / "local").symlink_to(outside)
    repo.git("add", "-f", "local")
    repo.git("commit", "-qm", "link")
    place = tmp_path / "tree"
    repo.git("worktree", "add", "--quiet", "--detach", str(place))
    (repo.root / "local").unlink()
    put(repo, "local/key", "1")
    with pytest.raises(CoordError, match="in its way"):
        bring(Git(repo.root), place, ["local/key"], LIMIT)
    assert list(outside.iterdir()) == []


def test_files_behind_a_link_of_the_checkout_are_not_brought(repo: Repository, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/key").write_text("1")
    (repo.root / "local").symlink_to(tmp_path / "outside")
    assert matches(repo.root, ["local/key", "local/*", "**/key"]) == []
    assert bring(Git(repo.root), tree, ["local/key"], LIMIT).files == 0


def test_pipes_and_other_repositories_stay_where_they_are(repo: Repository, tree: Path) -> None:
    put(repo, "local/a")
    put(repo, "local/.git/HEAD")
    os.mkfifo(repo.root / "local/p")
    brought = bring(Git(repo.root), tree, ["local"], LIMIT)
    assert os.listdir(tree / "local") == ["a"]
    assert "it is no file" in brought.warning


def test_more_than_the_limit_is_refused_before_anything_is_copied(repo: Repository, tree: Path) -> None:
    put(repo, ".env")
    put(repo, "node_modules/big", "x" * (LIMIT + 1))
    with pytest.raises(CoordError, match="more than 1 MiB") as refused:
        bring(Git(repo.root), tree, [".env", "node_modules"], LIMIT)
    assert "copy_limit" in refused.value.remedy
    assert not (tree / ".env").exists()


def test_copying_ends_when_it_is_asked_to(repo: Repository, tree: Path) -> None:
    put(repo, ".env")
    with pytest.raises(Stopped):
        bring(Git(repo.root), tree, [".env"], LIMIT, going=lambda: False)


def test_patterns_name_files_by_name_by_sign_and_however_deep(repo: Repository) -> None:
    for name in (".env", "a/.env", "a/b/.env", "node_modules/x/.env", ".coord/worktrees/01-1/.env", "a/.env.local"):
        put(repo, name)
    assert matches(repo.root, [".env"]) == [".env"]
    assert matches(repo.root, ["**/.env"]) == [".env", "a/.env", "a/b/.env"]
    assert matches(repo.root, ["a/.env*"]) == ["a/.env", "a/.env.local"]
    assert matches(repo.root, ["*/.env", "a"]) == ["a"]
    assert matches(repo.root, ["missing", "src/main.py/x"]) == []


def test_the_signature_tells_of_a_file_that_was_written(repo: Repository) -> None:
    path = put(repo, ".env")
    before = signature(repo.root, [".env"])
    assert signature(repo.root, [".env"]) == before
    path.write_text("longer")
    assert signature(repo.root, [".env"]) != before
