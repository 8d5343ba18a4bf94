"""Which merges a branch has: git is asked once for each place that it comes to, however often somebody looks."""

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from coordinator.changes.git import Git
from coordinator.errors import CoordError
from coordinator.lazy.typing import NamedTuple

_AT_ONCE = 500
"""Commits that one git command is asked about."""


class Work(NamedTuple):
    """What an attempt landed."""

    merge: str
    """The commit that it was merged as."""
    start: str
    tip: str
    """Its own last commit; with `start` it tells the work also where a rebase made other commits of it."""


class Ancestry:
    """Keeps what it was told of one branch at a time. Belongs to one thread."""

    def __init__(self, root: Path) -> None:
        self._git = Git(root)
        self._seen: tuple[object, ...] = ()
        self._now = ""
        """Where the branch was when git was asked for it."""
        self._tip = ""
        """Where it was when `_has` was told."""
        self._has: dict[str, bool] = {}
        """Merge → whether the branch has it, where it is now."""

    def lacking(self, branch: str, works: Collection[Work]) -> frozenset[str]:
        """The merges among these that the branch does not have. CoordError where git can't tell."""
        tip = self._tip_of(branch)
        if not tip:
            return frozenset()
        works = [work for work in works if work.merge != tip]  # what it is at needs no asking: the usual one
        if works and tip != self._tip:
            self._move(tip)
        fresh = [work for work in works if work.merge not in self._has]
        if fresh:
            absent = self._absent([work.merge for work in fresh], tip)
            for work in fresh:
                self._has[work.merge] = work.merge not in absent or self._has_equal(work, tip)
        return frozenset(work.merge for work in works if not self._has[work.merge])

    def folder(self, branch: str) -> Path:
        """The folder in which the branch is kept: something in it changes when the branch moves."""
        return (self._git.place.common / "refs" / "heads" / branch).parent

    def _tip_of(self, branch: str) -> str:
        """Where the branch is. A branch without a file of its own costs a process only when the packed ones moved."""
        common = self._git.place.common
        if (common / "refs" / "heads" / branch).is_file():
            self._seen = ()
            return self._git.head(branch)
        seen = (branch, _stamp(common / "packed-refs"), _stamp(common / "reftable" / "tables.list"))
        if seen != self._seen:
            self._now, self._seen = self._git.head(branch), seen
        return self._now

    def _move(self, tip: str) -> None:
        """What the branch had it has still, if it only went on."""
        went_on = bool(self._tip) and not self._absent([self._tip], tip)
        self._has = {merge: True for merge, has in self._has.items() if has and went_on}
        self._tip = tip

    def _absent(self, commits: Sequence[str], tip: str) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(commits), _AT_ONCE):
            part = commits[start : start + _AT_ONCE]
            done = self._git.run("rev-list", *part, f"^{tip}", "--", ok=None)
            if done.status == 0:
                found.update(done.text.split())
            else:  # one of them is not in this repository any more
                found.update(commit for commit in part if not self._is_there(commit, tip))
        return found.intersection(commits)

    def _is_there(self, commit: str, tip: str) -> bool:
        return self._git.run("merge-base", "--is-ancestor", commit, tip, ok=None).status == 0

    def _has_equal(self, work: Work, tip: str) -> bool:
        """The branch has the same changes in other commits: it was rebased, or they were picked."""
        if not work.start or not work.tip:
            return False
        with suppress(CoordError):
            done = self._git.run("cherry", tip, work.tip, work.start, ok=None)
            lines = done.text.splitlines()
            return done.status == 0 and bool(lines) and all(line.startswith("-") for line in lines)
        return False


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
