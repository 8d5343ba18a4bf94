"""A turn of a flow that may write some files only: a worktree, an agent at work in it, and what is taken back."""

from functools import partial
from pathlib import Path

from support.repository import Repository

from coordinator.changes.git import Git
from coordinator.changes.ownership import Checkout, Found
from coordinator.changes.turn_repair import mend
from coordinator.changes.worktrees import create
from coordinator.model.work import prompt_work

CODE = ("**", "!tests/**")
TESTS = ("tests/**",)


class Turn:
    """A worktree in which something was made before, and an agent at work in it."""

    def __init__(self, repo: Repository) -> None:
        self.repo = repo
        repo.commit({"tests/test_a.py": "assert 1\n", "docs/a.md": "A\n"}, "Tests")
        self.info = create(repo.layout, prompt_work(7), 1)
        self.tree = self.info.path
        self.mended: list[str] = []
        self.base = repo.commit({"src/made.py": "made\n", "tests/test_b.py": "assert b\n"}, "Before", self.tree)

    def git(self, *args: str) -> str:
        return self.repo.git(*args, cwd=self.tree)

    def write(self, files: dict[str, str]) -> None:
        self.repo.write(files, self.tree)

    def commit(self, files: dict[str, str]) -> str:
        return self.repo.commit(files, "Turn", self.tree)

    def take_back(self, *writes: str) -> Found:
        make = partial(create, self.repo.layout, prompt_work(7), 1, "main", branch=self.info.branch, resume=True)
        self.mended = mend(Git(self.repo.root), self.tree, self.info.branch, make, lambda: self.aside(".git"))
        checkout = Checkout(Git(self.repo.root), self.tree, self.info.branch, self.base, "main")
        found = checkout.find(writes)
        head = checkout.put_back(found, "Take back", self.aside)
        assert head == self.repo.head(self.info.branch)
        again = Checkout(Git(self.repo.root), self.tree, self.info.branch, self.base, "main").find(writes)
        assert (again.said, again.parent) == ((), "")
        return found

    def aside(self, name: str) -> Path:
        return self.tree.with_name(f"{self.tree.name}.stray-1")

    def at(self, path: str, ref: str = "") -> str:
        return self.git("show", f"{ref or self.info.branch}:{path}")
