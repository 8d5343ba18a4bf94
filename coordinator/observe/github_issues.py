"""Issues of GitHub, by its own command-line tool: read, commented on, closed."""

import shutil
from pathlib import Path

from coordinator.changes.forge_tool import run_tool
from coordinator.errors import CoordError, UsageError
from coordinator.formats.imports.github import FIELDS, PATH
from coordinator.lazy import regex
from coordinator.model.imported import Tree
from coordinator.model.text import clip, plain

TIMEOUT = 120.0
"""Seconds that gh gets; it talks to the network."""
MOST = 2000
"""Issues that are read."""
_REPOSITORY = regex.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")


def repository_of(place: str) -> str:
    """`OWNER/NAME` of `github:OWNER/NAME`; empty for `github`, the one that the folder belongs to. UsageError else."""
    name = place.partition(":")[2]
    if name and not _REPOSITORY.fullmatch(name):
        raise UsageError(f"`{clip(plain(name), 60)}` is no repository", "write github:OWNER/NAME, or github alone")
    return name


def read_issues(root: Path, place: str) -> Tree:
    """The issues of a repository, open and closed. CoordError when gh is missing, logged out, or says no."""
    fields = ",".join(FIELDS)
    text = _gh(root, place, "issue", "list", "--state=all", f"--limit={MOST}", f"--json={fields}")
    return Tree({PATH: text})


def comment(root: Path, place: str, number: int, text: str) -> None:
    """Say something below an issue."""
    _gh(root, place, "issue", "comment", str(number), f"--body={text}")


def close(root: Path, place: str, number: int) -> None:
    """Close an issue as completed."""
    _gh(root, place, "issue", "close", str(number), "--reason=completed")


def _gh(root: Path, place: str, *args: str) -> bytes:
    name = repository_of(place)
    if shutil.which("gh") is None:
        raise CoordError(
            "gh isn't installed, or not on PATH", "install GitHub's command-line tool, then `gh auth login`"
        )
    where = [f"--repo={name}"] if name else []
    return run_tool("gh", [*args, *where], root, seconds=TIMEOUT)
