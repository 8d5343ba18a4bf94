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
_NAMED = 200
"""How many links, pipes and the like are named; of more nobody reads."""
_SKIPPED = frozenset(
    (
        *(".git", ".hg", ".svn", ".coord", ".venv", "venv", ".tox", ".nox", "__pycache__", "site-packages"),
        *("node_modules", "vendor", "target", "dist", "build", ".next", ".cache", ".idea"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache"),
    )
)
"""Folders in which nobody keeps a plan."""
_RUNS, _RUN = ".runs", "run_meta.json"
"""Where runs of a swarm are, and what one has: its flow `build` is none of those folders."""


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
    found = _walk(real, name, may_be, problems) if os.path.isdir(real) else iter([(real, name)])
    total = 0
    for path, shown in sorted(each for each in found if may_be(each[1])):
        if len(files) >= FILES or total >= TOTAL_LIMIT:
            problems.append(
                _problem(shown, "too-much", f"{shown or name}: there is more than what is read", "import a part of it")
            )
            break
        try:
            data = read_limited(path, FILE_LIMIT)
        except CoordError as error:
            problems.append(_problem(shown, "unreadable", error.message, error.remedy))
        except OSError as error:
            why = f"{shown}: {(error.strerror or 'unreadable').lower()}"
            problems.append(_problem(shown, "unreadable", why, "see what it is"))
        else:
            files[shown] = data
            total += len(data)
    return Tree(files, tuple(problems)), name


def _walk(top: str, name: str, may_be: Callable[[str], bool], problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """Regular files below a folder, each with its name for people; what else may have tasks is a problem."""
    looked = 0
    waiting = [(top, "" if name == "." else f"{name}/", 0)]
    while waiting:
        folder, shown, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        skipped = _SKIPPED - {"build"} if _is_run(shown, entries) else _SKIPPED
        for entry in entries:
            looked += 1
            if looked > ENTRIES:
                problems.append(
                    _problem(
                        shown, "too-much", f"{shown or name}: there is more than what is read", "import a part of it"
                    )
                )
                return
            kind = _kind(entry)
            path = shown + entry.name
            if kind == "folder" and entry.name not in skipped and depth < DEPTH:
                waiting.append((entry.path, f"{path}/", depth + 1))
            elif kind == "file" and _is_text(path):
                yield entry.path, path
            elif entry.name not in skipped and len(problems) < _NAMED:
                problems += _unread(path, kind, may_be)


def _is_run(shown: str, entries: list[os.DirEntry[str]]) -> bool:
    return f"/{_RUNS}/" in f"/{shown}" or any(entry.name == _RUN for entry in entries)


def _unread(path: str, kind: str, may_be: Callable[[str], bool]) -> list[Problem]:
    """Why something in which tasks may be is not looked into; nothing for what is none of anybody's tasks."""
    if kind == "folder":
        return [_problem(path, "too-deep", f"{path} lies deeper than {DEPTH} folders", "import it by itself")]
    if kind == "link" and (may_be(path) or "." not in path.rpartition("/")[2]):
        return [_problem(path, "link", f"{path} is a link, and links are not followed", "import what it points to")]
    if not may_be(path):
        return []
    if kind == "file":
        return [_problem(path, "bad-name", f"{path} has a name that can't be written down", "give it another name")]
    return [_problem(path, "no-file", f"{path} is no file", "nothing is read from it")]


def _kind(entry: os.DirEntry[str]) -> str:
    """`file`, `folder`, `link`, or empty for pipes, devices and what is gone."""
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError:
        return ""
    kinds = ((stat.S_ISDIR, "folder"), (stat.S_ISREG, "file"), (stat.S_ISLNK, "link"))
    return next((name for is_one, name in kinds if is_one(mode)), "")


def _is_text(name: str) -> bool:
    """Whether a name can be written into a file: not one of undecodable bytes or with a line break in it."""
    return name == plain(name)


def _problem(path: str, code: str, message: str, remedy: str) -> Problem:
    return Problem(plain(path), 0, code, plain(message), remedy, warning=True)
