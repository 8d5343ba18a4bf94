"""What lands is what was there when it was looked at: git itself doesn't hash again what it reads."""

import zlib
from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.command import GitError
from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.safekeeping import keep_safe
from coordinator.changes.worktrees import create


def swap(store: Path, name: str, content: bytes) -> None:
    """Put other content under the name of a loose blob."""
    path = store / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"blob %d\0%b" % (len(content), content)))


def test_an_object_with_other_content_than_its_name_says_does_not_land(repo: Repository) -> None:
    tree = create(repo.layout, 1, 1, "main")
    repo.commit({"src/app.py": "reviewed\n"}, cwd=tree.path)
    keep_safe(repo.layout, tree.branch, tree.base)
    before = repo.head()
    swap(repo.root / ".git/objects", repo.git("rev-parse", f"{tree.branch}:src/app.py"), b"swapped\n")
    for land in (
        lambda: merge_attempt(repo.layout, MergeRequest(1, 1, base="main", start=tree.base)),
        lambda: keep_safe(repo.layout, tree.branch, tree.base),
    ):
        with pytest.raises(GitError, match="not what its name says"):
            land()
    assert repo.head() == before
