"""Files that somebody made or refers to: where they lie in the project, how large, with which fingerprint."""

import os
from pathlib import Path

from coordinator.errors import CoordError, Refused
from coordinator.lazy.dataclass import dataclass
from coordinator.model.text import plain
from coordinator.storage.files import digest_of
from coordinator.storage.paths import Layout

_LIMIT = 1 << 40


@dataclass(frozen=True, slots=True)
class Produced:
    """A file as it was at one moment."""

    path: str
    """Relative to the project's root or, in an agent's worktree, to that: where it is going to be once merged."""
    digest: str
    """SHA-256, hex."""
    size: int
    """Bytes."""
    worktree: str = ""
    """The worktree that it lies in, relative to the root; empty: the project's own checkout."""

    def to_data(self) -> dict[str, object]:
        data: dict[str, object] = {"path": plain(self.path), "digest": f"sha256:{self.digest}", "size": self.size}
        return data | {"worktree": self.worktree} if self.worktree else data


def examine_file(layout: Layout, given: Path) -> Produced:
    """Look at a file, given relative to the current folder.

    Raises CoordError when there is none, Refused when it is no regular file or lies outside of the project.
    """
    shown = plain(str(given))
    path = Path(os.path.abspath(given))
    real = Path(os.path.realpath(path))
    home = _home(layout, path)
    if home is None or not real.is_relative_to(os.path.realpath(home)):
        raise Refused(f"{shown} lies outside of the project", f"put it somewhere below {plain(str(layout.root))}")
    try:
        digest = digest_of(real, _LIMIT)
        size = real.stat().st_size
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise CoordError(f"can't read {shown}: {reason}", "make it first; name it from where you are") from error
    if digest is None:
        raise CoordError(f"there is no file {shown}", "make it first; name it from where you are")
    worktree = "" if home == layout.root else layout.rel(home)
    return Produced(path.relative_to(home).as_posix(), digest, size, worktree)


def _home(layout: Layout, path: Path) -> Path | None:
    """The checkout that a path lies in."""
    if path.is_relative_to(layout.worktrees):
        inner = path.relative_to(layout.worktrees).parts
        return layout.worktrees / inner[0] if inner else None
    return layout.root if path.is_relative_to(layout.root) else None
