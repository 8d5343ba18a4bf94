"""Where the work of an attempt may be when its own branch has none: what is new in the repository since it began.

Agents work in worktrees that their own tools make, on side branches, in the engineer's checkout, or leave a stash. What
is found may be somebody else's, so it is told, never taken; only what lies in the attempt's own worktree, or names its
branch, is certainly its own.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from coordinator.changes.branches import is_attempts
from coordinator.changes.diff import IN_NO_SUBMODULE
from coordinator.changes.folders import Places
from coordinator.changes.git import Checkout, Git
from coordinator.changes.lending import store_of
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from coordinator.model.clock import timestamp
from coordinator.model.step import Attempt
from coordinator.model.text import amount, plain

_REFLOG = 200
"""Newest positions of a worktree that are looked at."""
_NAMED = 3
"""Files that a sentence names."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Work that is not on the attempt's branch."""

    text: str
    """What, and where: `2 commits on the branch side`."""
    own: bool = False
    """It is certainly the attempt's."""


def work_elsewhere(places: Places, attempt: Attempt, owned: Sequence[str] = ()) -> tuple[Elsewhere, ...]:
    """What is found outside an attempt's branch since the attempt began, what is certainly its own first.

    `owned`: folders besides its own that the loop writes into, relative to the project's root. What git can't tell is
    left out.
    """
    try:
        found = list(_Search(places, attempt, owned).all())
    except (CoordError, OSError):
        return ()
    return tuple(sorted(found, key=lambda one: not one.own))


class _Search:
    """One look around."""

    def __init__(self, places: Places, attempt: Attempt, owned: Sequence[str]) -> None:
        self.git, self.worktrees = Git(places.root), places.worktrees
        self.tree = places.worktree(attempt.work, attempt.attempt)
        self.branch, self.start, self.base = attempt.branch, attempt.base, attempt.base_branch
        self.since = int(timestamp(attempt.started))
        self.known = [c for c in (self.git.head(attempt.branch), self.git.head(attempt.base_branch)) if c]
        self.apart = [
            _below(folder, self.git.place.top) for folder in (places.coord, *(places.root / f for f in owned))
        ]

    def all(self) -> Iterator[Elsewhere]:
        """Everything, in the order in which it is likely."""
        checkouts = self.git.checkouts()
        for checkout in checkouts:
            yield from self.in_worktree(checkout)
        yield from self.on_branches({c.branch for c in checkouts if not _same(c.path, self.git.place.top)})
        yield from self.on_base()
        yield from self.in_checkout()
        yield from self.stashed()
        yield from self.dropped()

    def in_worktree(self, checkout: Checkout) -> Iterator[Elsewhere]:
        """Another worktree: one inside the attempt's own, or one that was worked in meanwhile."""
        path = checkout.path
        if not path.is_dir() or _same(path, self.tree) or _same(path, self.git.place.top):
            return
        inside = _within(path, self.tree)
        if not inside and (path.parent.parts[-2:] == (".coord", "worktrees") or _same(path.parent, self.worktrees)):
            return  # another attempt's, or the gate's
        since = 0 if inside else self.since
        commits = self.count(checkout.head, since)
        files = self.changed(path, since)
        what = [amount(commits, "commit")] if commits else []
        what += [f"uncommitted {_some(files)}"] if files else []
        if what:
            on = f", branch {plain(checkout.branch)}" if checkout.branch else ""
            yield Elsewhere(f"{' and '.join(what)} in the worktree {plain(str(path))}{on}", own=inside)

    def on_branches(self, told: Iterable[str]) -> Iterator[Elsewhere]:
        """Side branches with commits made meanwhile."""
        refs = self.git.run("for-each-ref", "--format=%(committerdate:unix) %(refname)", "refs/heads")
        skipped = {self.branch, self.base, *told}
        for line in refs.text.splitlines():
            when, _, ref = line.partition(" ")
            name = ref.removeprefix("refs/heads/")
            if not when.isdigit() or int(when) < self.since or name in skipped or is_attempts(name):
                continue
            commits = self.count(ref, self.since)
            if commits:
                yield Elsewhere(f"{amount(commits, 'commit')} on the branch {plain(name)}")

    def on_base(self) -> Iterator[Elsewhere]:
        """Commits on the base branch itself that no merge brought."""
        tip = self.git.head(self.base)
        if not (tip and self.start):
            return
        args = ("--count", "--first-parent", "--no-merges", f"--since=@{self.since}", f"{self.start}..{tip}", "--")
        commits = int(self.git.run("rev-list", *args).text)
        if commits:
            yield Elsewhere(f"{amount(commits, 'commit')} right on {plain(self.base)}")

    def in_checkout(self) -> Iterator[Elsewhere]:
        """Uncommitted files in the engineer's checkout, but for what the loop itself writes there."""
        top = self.git.place.top
        files = self.changed(top, self.since)
        files = [name for name in files if not any(name == a or name.startswith(f"{a}/") for a in self.apart if a)]
        if files:
            yield Elsewhere(f"uncommitted {_some(files)} in {plain(str(top))}")

    def stashed(self) -> Iterator[Elsewhere]:
        """A stash that was made meanwhile; its message tells on which branch."""
        for record in self.git.run("stash", "list", "-z", "--format=%ct%x1f%gd%x1f%gs").fields:
            when, name, subject = record.split("\x1f", 2)
            if int(when) >= self.since:
                own = f"n {self.branch}:" in subject  # "WIP on BRANCH: …", "On BRANCH: …"
                yield Elsewhere(f"the stash {plain(name)} ({plain(subject)})", own=own)

    def dropped(self) -> Iterator[Elsewhere]:
        """Commits that the attempt's worktree stood on, and that no branch has."""
        if not self.tree.is_dir() or store_of(self.tree).is_dir():  # lent: it is not for us to go into
            return
        log = self.git.run("log", "-g", f"--max-count={_REFLOG}", "--format=%H", "HEAD", "--", cwd=self.tree, ok=None)
        stood = sorted(set(log.text.split()))
        if log.status or not stood:
            return
        gone = self.git.run("rev-list", "--no-walk", *stood, "--not", "--branches", "--remotes").text.split()
        if gone:
            yield Elsewhere(f"{amount(len(gone), 'commit')} taken off again (`git show {gone[0][:10]}`)")

    def count(self, tip: str, since: int) -> int:
        """Commits that neither the attempt's branch nor the base branch has."""
        newer = (f"--since=@{since}",) if since else ()
        return int(self.git.run("rev-list", "--count", *newer, tip, "--not", *self.known).text)

    def changed(self, top: Path, since: int) -> list[str]:
        """Files with uncommitted changes that are not older than `since`."""
        status = self.git.run(
            "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal", IN_NO_SUBMODULE, cwd=top
        )
        names = [field[3:].rstrip("/") for field in status.fields]
        return [name for name in names if not since or _touched(top / name) >= since]


def _touched(path: Path) -> float:
    try:
        return path.lstat().st_ctime
    except OSError:
        return path.parent.stat().st_ctime if path.parent.is_dir() else 0.0  # it was deleted


def _below(folder: Path, top: Path) -> str:
    inner, outer = os.path.realpath(folder), os.path.realpath(top)
    return os.path.relpath(inner, outer) if inner.startswith(outer + os.sep) else ""


def _within(path: Path, folder: Path) -> bool:
    return os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep)


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _some(files: Sequence[str]) -> str:
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return ", ".join(plain(name) for name in files[:_NAMED]) + more
