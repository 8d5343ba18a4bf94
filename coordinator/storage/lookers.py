"""Test runners and linters of a project that would look into the agents' worktrees, as copies of all its files.

Told by their settings' files alone; whatever names `.coord` there is taken to keep it out. Most tools leave out folders
whose names begin with a dot (pytest unless told otherwise, mypy, tsc, go, cargo), or what git ignores (ruff, black).
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.model.problem import Problem
from coordinator.storage.paths import Layout
from coordinator.storage.reading import read_limited

_LIMIT = 1 << 20
_NORECURSE = regex.compile(r"(?ms)^\s*norecursedirs\s*=(.*?)(?=^\s*[\w-]+\s*=|^\[|\Z)")
_FLAKE8 = regex.compile(r"(?m)^\[flake8\]")


@dataclass(frozen=True, slots=True)
class _Tool:
    name: str
    files: tuple[str, ...]
    """How the names of files begin, in the root, that say that it is used."""
    package: str
    """A key of package.json that holds its settings; empty: none."""
    ignores: tuple[str, ...]
    """Files that name what it leaves out."""
    remedy: str


_TOOLS = (
    _Tool(
        "jest", ("jest.config.",), "jest", (), "add `modulePathIgnorePatterns: ['<rootDir>/.coord/']` to its settings"
    ),
    _Tool(
        "vitest", ("vitest.config.",), "", (), "add `exclude: [...configDefaults.exclude, '.coord/**']` to its `test`"
    ),
    _Tool("eslint", ("eslint.config.",), "", (), "add `globalIgnores(['.coord/'])` to its settings"),
    _Tool(
        "prettier",
        (".prettierrc", "prettier.config."),
        "prettier",
        (".prettierignore", ".gitignore"),
        "add `.coord/` to .prettierignore",
    ),
)


def find_lookers(layout: Layout) -> Iterator[Problem]:
    """A warning for each tool whose settings let it look into the worktrees."""
    if not layout.worktrees.is_relative_to(layout.root):
        return
    package = _json(layout.root / "package.json")
    names = _names(layout.root)
    for tool in _TOOLS:
        files = [layout.root / name for name in names if name.startswith(tool.files)]
        settings = [_text(path) for path in (*files, *(layout.root / name for name in tool.ignores))]
        own = package.get(tool.package) if tool.package else None
        if (files or own) and ".coord" not in "".join(settings) + json.dumps(own or ""):
            yield _problem(files[0].name if files else "package.json", tool.name, tool.remedy)
    yield from _python(layout.root)


def _python(root: Path) -> Iterator[Problem]:
    for name in ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"):
        text = _text(root / name)
        given = _NORECURSE.search(text) if "norecursedirs" in text else None
        if given is not None and ".coord" not in given[1] and ".*" not in given[1]:
            yield _problem(name, "pytest", "add `.*` to its norecursedirs, where it was before these were given")
    for name in (".flake8", "tox.ini", "setup.cfg"):
        text = _text(root / name)
        if "[flake8]" in text and _FLAKE8.search(text) and ".coord" not in text:
            yield _problem(name, "flake8", "add `extend-exclude = .coord` to its settings")


def _names(root: Path) -> list[str]:
    """The files of the root."""
    try:
        with os.scandir(root) as entries:
            return sorted(entry.name for entry in entries if entry.is_file())
    except OSError:
        return []


def _problem(path: str, tool: str, remedy: str) -> Problem:
    message = f"{tool} would look into the agents' worktrees below .coord/, and find everything twice"
    return Problem(path, 0, "looks-into-worktrees", message, remedy, warning=True)


def _text(path: Path) -> str:
    try:
        return read_limited(path, _LIMIT).decode("utf-8", "replace")
    except (OSError, CoordError):
        return ""


def _json(path: Path) -> dict[str, object]:
    try:
        values = json.loads(_text(path) or "{}")
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
