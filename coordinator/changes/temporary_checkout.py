"""Temporary checkouts of the merge gate: made beside the attempts' worktrees, removed after it or by the next one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coordinator.changes.folders import Places, make_worktrees
from coordinator.changes.git import Git

_PREFIX = "gate-"


@contextmanager
def temporary_checkout(git: Git, places: Places, commit: str) -> Iterator[Path]:
    """A detached checkout of a commit; whatever happens in it is thrown away."""
    make_worktrees(places)
    from tempfile import mkdtemp

    path = Path(mkdtemp(prefix=_PREFIX, dir=places.worktrees))
    try:
        git.run("worktree", "add", "--quiet", "--detach", "--", str(path), commit, writes=True)
        yield path
    finally:
        _drop(git, path)


def sweep(git: Git, places: Places) -> None:
    """Remove the temporary checkouts of a killed merge; only for the holder of the merge lock."""
    try:
        names = os.listdir(places.worktrees)
    except FileNotFoundError:
        return
    for name in names:
        if name.startswith(_PREFIX):
            _drop(git, places.worktrees / name)


def _drop(git: Git, path: Path) -> None:
    import shutil

    remove = ("worktree", "remove", "--force", "--force", "--", str(path))
    git.run(*remove, ok=None, writes=True)
    if os.path.lexists(path):  # half-made, or with something in it that git wouldn't delete
        shutil.rmtree(path, ignore_errors=True)
        git.run(*remove, ok=None, writes=True)
