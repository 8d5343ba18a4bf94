"""The files of another tool, as far as they may be read: no links, no pipes, and no more than what is bounded here."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from coordinator.errors import CoordError, UsageError
from coordinator.model.imported import Tree
from coordinator.model.problem import Problem
from coordinator.model.text import plain
from coordinator.storage.reading import read_limited

FILE_LIMIT = 16 * 1024 * 1024
TOTAL_LIMIT = 128 * 1024 * 1024
"""Bytes of one file, and of all."""
FILES = 20_000
ENTRIES = 200_000
DEPTH = 12
"""How many files are read, how many names are looked at, and how deep."""
_SKIPPED = frozenset(
    (
        *(".git", ".hg", ".svn", ".coord", ".venv", "venv", ".tox", ".nox", "__pycache__", "site-packages"),
        *("node_modules", "vendor", "target", "dist", "build", ".next", ".cache", ".idea"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache"),
    )
)
"""Folders in which nobody keeps a plan."""


def read_tree(root: Path, place: Path, may_be: Callable[[str], bool]) -> tuple[Tree, str]:
    """The files at a place that may be tasks, and what the place is called: relative to `root`, POSIX.

    UsageError when there is nothing there. What can't be read, or is too much, is a problem of the tree.
    """
    real = os.path.realpath(place)
    if not os.path.lexists(real):
        raise UsageError(f"there is nothing at {plain(str(place))}", "name a folder or a file with tasks")
    name = os.path.relpath(real, os.path.realpath(root))
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    found = _walk(real, name, problems) if os.path.isdir(real) else iter([(real, name)])
    total = 0
    for path, shown in sorted(each for each in found if may_be(each[1])):
        if len(files) >= FILES or total >= TOTAL_LIMIT:
            problems.append(_problem(shown, "too-much", "there is more than what is read", "import a part of it"))
            break
        try:
            data = read_limited(path, FILE_LIMIT)
        except CoordError as error:
            problems.append(_problem(shown, "unreadable", error.message, error.remedy))
        except OSError as error:
            problems.append(_problem(shown, "unreadable", (error.strerror or "unreadable").lower(), "see what it is"))
        else:
            files[shown] = data
            total += len(data)
    return Tree(files, tuple(problems)), name


def _walk(top: str, name: str, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """Regular files below a folder, each with its name for people."""
    looked = 0
    waiting = [(top, "" if name == "." else f"{name}/", 0)]
    while waiting:
        folder, shown, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            looked += 1
            if looked > ENTRIES:
                problems.append(_problem(shown, "too-much", "there is more than what is read", "import a part of it"))
                return
            kind = _kind(entry)
            path = shown + entry.name
            if kind == "folder" and entry.name not in _SKIPPED and depth < DEPTH:
                waiting.append((entry.path, f"{path}/", depth + 1))
            elif kind == "file" and _is_text(path):
                yield entry.path, path


def _kind(entry: os.DirEntry[str]) -> str:
    """`file`, `folder`, or empty for links, pipes and devices."""
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError:
        return ""
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else ""


def _is_text(name: str) -> bool:
    """Whether a name can be written into a file: not one of undecodable bytes or with a line break in it."""
    return name == plain(name)


def _problem(path: str, code: str, message: str, remedy: str) -> Problem:
    return Problem(plain(path), 0, code, message, remedy, warning=True)
