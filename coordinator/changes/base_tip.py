"""Where a branch is: git is asked only when one of its files tells that it may have moved."""

import os
from pathlib import Path

from coordinator.changes.git import Git
from coordinator.errors import CoordError


class BaseTip:
    """Keeps where one branch was. Belongs to one thread."""

    def __init__(self, root: Path) -> None:
        self._git = Git(root)
        self._seen: tuple[object, ...] = ()
        self._tip = ""
        self.folder: Path | None = None
        """In which the branch is kept: something in it changes when the branch moves."""

    def of(self, branch: str) -> str:
        """The commit that a branch is at; empty where there is none, or no git."""
        try:
            common = self._git.place.common
        except CoordError:
            self.folder = None
            return ""
        own = common / "refs" / "heads" / branch
        self.folder = own.parent
        seen = (branch, *map(_stamp, (own, common / "packed-refs", common / "reftable" / "tables.list")))
        if seen != self._seen:
            try:
                self._tip = self._git.head(branch)
            except CoordError:
                return ""
            self._seen = seen
        return self._tip


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
