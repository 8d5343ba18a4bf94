"""What lies beside the attempts' worktrees and is none: stores and folders that were put aside, and files of locks."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.lock import locked
from coordinator.lazy import regex
from coordinator.model.text import plain
from coordinator.safefiles.regular import read_part

_TREE = r"(?:\d{2,}|[A-Za-z][A-Za-z0-9._-]{0,63})-\d+"
"""The name of an attempt's worktree: `07-1`, `verifier-3`."""
_KEPT = regex.compile(rf"{_TREE}\.git\.kept-\d+\Z")
_STRAY = regex.compile(rf"{_TREE}\.stray-\d+\Z")
_LOCK = regex.compile(rf"\.({_TREE})\.lock\Z")
_REFS = 1 << 24
"""Bytes of names of branches that are read of a store that was an agent's, and files of them that are looked at."""
_MOST = 10_000
_COMMIT = regex.compile(rb"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")


def put_aside(places: Places) -> Iterator[tuple[str, Path]]:
    """Kind (`kept`, `stray`, `lock`) and path of each, in order."""
    try:
        names = sorted(os.listdir(places.worktrees))
    except OSError:
        return
    for name in names:
        path, lock = places.worktrees / name, _LOCK.match(name)
        if _KEPT.match(name):
            yield "kept", path
        elif _STRAY.match(name):
            yield "stray", path
        elif lock is not None and not os.path.lexists(places.worktrees / lock[1]):
            yield "lock", path


def holds(git: Git, kind: str, path: Path) -> str:
    """What would be lost with it: a line; empty when nothing would."""
    try:
        if kind == "kept":
            return _kept_holds(git, path)
        if kind == "stray":
            return _stray_holds(path)
    except OSError as error:
        return f"it can't be looked at: {plain(error.strerror or str(error))}"
    with locked(path, 0.0) as hold:
        return "" if hold is not None else "a command holds it"


def remove(git: Git, kind: str, path: Path) -> str:
    """Remove it unless it holds something now; what it holds, or what prevents it."""
    import shutil

    held = "" if kind == "lock" else holds(git, kind, path)
    if held:
        return held
    try:
        if kind == "kept":
            shutil.rmtree(path)
        elif kind == "stray":
            for folder, _, _ in os.walk(path, topdown=False):
                os.rmdir(folder)  # whatever came into it meanwhile prevents that
        else:
            with locked(path, 0.0) as hold:
                if hold is None:
                    return "a command holds it"
                path.unlink(missing_ok=True)
    except OSError as error:
        return f"it can't be removed: {plain(error.strerror or str(error))}"
    return ""


def _stray_holds(path: Path) -> str:
    if path.is_symlink() or not path.is_dir():
        return "it is a file that was no worktree's"
    for folder, names, files in os.walk(path, onerror=_fail):
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        if found := [*files, *links]:
            return f"it has files: {plain(os.path.relpath(os.path.join(folder, found[0]), path))}"
    return ""


def _kept_holds(git: Git, store: Path) -> str:
    """Its commits are read from its files only: git of ours runs in no repository that was an agent's."""
    there = dict.fromkeys(commit for _, commit in _lines(store))
    if not all(map(_COMMIT.match, there)):
        return "what it has can't be read"
    asked = git.run("rev-list", "--max-count=1", "--stdin", "--not", "--all", ok=None, stdin=b"\n".join(there))
    return "it has commits that are nowhere else" if asked.status or asked.text else ""


def _lines(store: Path) -> Iterable[tuple[bytes, bytes]]:
    head = read_part(store / "HEAD", 4096).strip()
    if not head.startswith(b"ref: "):
        yield b"HEAD", head
    try:
        packed = read_part(store / "packed-refs", _REFS, follow=False)
    except FileNotFoundError:
        packed = b""
    if len(packed) == _REFS:
        raise OSError(0, "it names too much")
    for line in packed.splitlines():
        value, _, name = line.partition(b" ")
        if not line.startswith((b"#", b"^")):
            yield name, value
    count = 0
    for folder, _, files in os.walk(store / "refs", onerror=_fail):
        for file in files:
            count += 1
            if count > _MOST:
                raise OSError(0, "it names too much")
            path = Path(folder, file)
            value = read_part(path, 4096, follow=False).strip()
            if not value.startswith(b"ref: "):
                yield os.fsencode(os.path.relpath(path, store)), value


def _fail(error: OSError) -> None:
    raise error
