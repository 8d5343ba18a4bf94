"""Temporary checkouts, of the merge gate and of witnesses: beside the attempts' worktrees, removed after their use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from coordinator.changes.folders import Places, make_worktrees
from coordinator.changes.git import Git
from coordinator.safefiles.regular import read_part

_WHOLE = ("-c", "core.sparseCheckout=false", "-c", "core.symlinks=true")
"""Whatever the repository's settings say, which agents may write: all of the commit is there, and a link is one."""
_ATTRIBUTES = 1 << 20
"""Bytes of a file of attributes that are looked at."""
GATE, WITNESS = "gate-", "witness-"
"""How the names of their folders begin: each clears up behind its own kind."""


@contextmanager
def temporary_checkout(
    git: Git, places: Places, commit: str, *, prefix: str = GATE, empty: bool = False
) -> Iterator[Path]:
    """A detached checkout of a commit; whatever happens in it is thrown away. `empty`: without any of its files."""
    make_worktrees(places)
    from tempfile import mkdtemp

    path = Path(mkdtemp(prefix=prefix, dir=places.worktrees))
    files = ("--no-checkout",) if empty else ()
    try:
        add = ("worktree", "add", "--quiet", "--detach", *files, "--", str(path), commit)
        git.run(*add, writes=True, settings=_WHOLE)
        yield path
    finally:
        _drop(git, path)


def other_encodings(git: Git) -> tuple[str, ...]:
    """Words for what would write files of a checkout in another encoding than the commit says, and is none of it."""
    told = git.run("config", "--local", "--type=path", "--get", "core.attributesFile", ok=None).text.strip()
    named = [("the file that core.attributesFile names", git.main.root / told)] if told else []
    found = []
    for name, path in (("info/attributes of the repository", git.place.common / "info/attributes"), *named):
        with suppress(OSError):
            if b"working-tree-encoding" in read_part(path, _ATTRIBUTES):
                found.append(f"{name} sets an encoding, so that files are others than what was committed")
    return tuple(found)


def sweep(git: Git, places: Places, prefix: str = GATE) -> None:
    """Remove the temporary checkouts of a killed one; only for the holder of its lock."""
    try:
        names = os.listdir(places.worktrees)
    except FileNotFoundError:
        return
    for name in names:
        if name.startswith(prefix):
            _drop(git, places.worktrees / name)


def _drop(git: Git, path: Path) -> None:
    import shutil

    remove = ("worktree", "remove", "--force", "--force", "--", str(path))
    git.run(*remove, ok=None, writes=True)
    if os.path.lexists(path):  # half-made, or with something in it that git wouldn't delete
        shutil.rmtree(path, ignore_errors=True)
        git.run(*remove, ok=None, writes=True)
