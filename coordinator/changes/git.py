"""The questions about a repository that everything here asks. How git is run: see `coordinator.changes.command`."""

import os
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from coordinator.changes.command import Done, GitError, decode, run_git
from coordinator.errors import CoordError
from coordinator.model.text import plain
from coordinator.regular import read_line, read_part

_HEX = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\n?\Z")
_REF_LIMIT = 4096
_BRANCH = re.compile(r"(?![-/])(?!.*(?:\.\.|@\{|//|/\.))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a project lies in its repository."""

    top: Path
    """Root of the checkout; a project may lie below it."""
    prefix: str
    """Folder of the project in the repository, `a/b`; empty when it is the whole checkout."""
    git_dir: Path
    common: Path
    """The git directory that all worktrees share."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """One line of `git worktree list`."""

    path: Path
    head: str
    branch: str
    """Short name; empty when detached."""
    locked: bool = False


class Git:
    """Git in one project; `root` may be any folder of a checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(
        self,
        *args: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        ok: Collection[int] | None = (0,),
        stdin: bytes | None = None,
        writes: bool = False,
        hooks: bool = False,
        hold: int | None = None,
        limit: int | None = None,
        words: tuple[str, ...] = (),
        seconds: float | None = None,
    ) -> Done:
        """Run one git command, in the project unless `cwd` says where; the rest as in `run_git`."""
        place = cwd or self.root
        return run_git(
            *args,
            cwd=place,
            env=env,
            ok=ok,
            stdin=stdin,
            writes=writes,
            hooks=hooks,
            hold=hold,
            limit=limit,
            words=words,
            seconds=seconds,
        )

    @property
    def place(self) -> Place:
        """Where the project lies in its repository. Raises GitError when it isn't in one."""
        return _discover(str(self.root))

    @cached_property
    def main(self) -> "Git":
        """Git in the root of the checkout, where paths are relative to the repository."""
        return self if self.root == self.place.top else Git(self.place.top)

    def is_repo(self) -> bool:
        """Tell whether the project lies in the checkout of a git repository."""
        try:
            return bool(self.place)
        except GitError as error:
            if "not a git repository" in error.stderr or "must be run in a work tree" in error.stderr:
                return False
            raise

    def base_branch(self, configured: str = "") -> str:
        """Name the branch that attempts start from and merge into: the configured one, else the one checked out now.

        Raises CoordError when HEAD is detached, or the name can't be a branch.
        """
        if configured:
            name = configured.removeprefix("refs/heads/")
            if not _BRANCH.match(name):
                raise CoordError(
                    f"{plain(configured)!r} can't be the name of a branch", "correct base_branch in .coord/coord.yaml"
                )
            return name
        head = _peek(self.place.git_dir / "HEAD")
        if not head.startswith("ref: refs/heads/") or head == "ref: refs/heads/.invalid":
            head = "ref: " + self.run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).text
        name = head.removeprefix("ref: refs/heads/")
        if name == head:
            raise CoordError(
                "no branch is checked out here (detached HEAD), so there is nothing to merge into",
                "`git switch` to a branch, or name one as base_branch in .coord/coord.yaml",
            )
        return name

    def head(self, branch: str) -> str:
        """The commit that a branch points at; empty when there is no such branch."""
        loose = _peek(self.place.common / "refs" / "heads" / branch)
        if _HEX.match(loose):
            return loose
        done = self.run("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}", ok=(0, 1, 128))
        return done.text if done.status == 0 else ""

    def base_commit(self, branch: str) -> str:
        """The commit that the base branch points at. Raises CoordError when it has none yet."""
        commit = self.head(branch)
        if commit:
            return commit
        if self.run("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1, 128)).status:
            raise CoordError(
                f"the branch {plain(branch)} has no commit yet",
                "make the first one: `git add -A && git commit -m 'First commit'`",
            )
        raise CoordError(
            f"there is no branch {plain(branch)}",
            f"`git branch {plain(branch)}`, or correct base_branch in .coord/coord.yaml",
        )

    def tree(self, commit: str) -> str:
        """The content that a commit has."""
        return self.run("rev-parse", f"{commit}^{{tree}}").text

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Tell whether the commit `older` is part of the history of `newer` (or the same)."""
        return older == newer or self.run("merge-base", "--is-ancestor", older, newer, ok=(0, 1)).status == 0

    def merge_base(self, one: str, other: str) -> str:
        """The newest common ancestor of two commits; empty when they share no history."""
        done = self.run("merge-base", one, other, ok=(0, 1))
        return done.text if done.status == 0 else ""

    def checkouts(self) -> list[Checkout]:
        """All worktrees of the repository, the main one first."""
        done = self.run("worktree", "list", "--porcelain", "-z", ok=(0, 129))
        if done.status == 0:
            return _parse_checkouts(done.fields)
        return _parse_checkouts(self.run("worktree", "list", "--porcelain").text.split("\n"))  # git before 2.36

    def admin(self, tree: Path) -> Path | None:
        """The folder in which the repository keeps a worktree; None when it has none of that path."""
        wanted = os.path.realpath(tree / ".git")
        for folder in (self.place.common / "worktrees").glob("*"):
            with suppress(OSError):
                if os.path.realpath(read_line(folder / "gitdir")) == wanted:
                    return folder
        return None


def branch_name(number: int, attempt: int) -> str:
    """`coord/07-1`: the branch of an attempt."""
    return f"coord/{number:02d}-{attempt}"


@lru_cache(maxsize=64)
def _discover(root: str) -> Place:
    done = Git(Path(root)).run(
        "rev-parse", "--show-toplevel", "--absolute-git-dir", "--git-common-dir", "--show-prefix"
    )
    top, git_dir, common, prefix = decode(done.out).split("\n")[:4]
    return Place(Path(top), prefix.rstrip("/"), Path(git_dir), Path(os.path.abspath(os.path.join(root, common))))


def _peek(path: Path) -> str:
    """A ref as its file states it, which spares a process; empty when it is not kept in a file of its own."""
    try:
        return read_part(path, _REF_LIMIT).decode("ascii").strip()
    except (OSError, ValueError):
        return ""


def _parse_checkouts(lines: list[str]) -> list[Checkout]:
    found: list[Checkout] = []
    entry: dict[str, str] = {}
    for line in [*lines, ""]:
        if line:
            key, _, value = line.partition(" ")
            entry[key] = value
        elif entry:
            branch = entry.get("branch", "").removeprefix("refs/heads/")
            found.append(Checkout(Path(entry["worktree"]), entry.get("HEAD", ""), branch, "locked" in entry))
            entry = {}
    return found
