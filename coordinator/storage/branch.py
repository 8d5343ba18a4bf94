"""Folders that are called after the branch that is checked out, such as `.planning/{branch}/prompts`."""

import os
import re
from pathlib import Path

from coordinator.lazy import regex
from coordinator.model.settings import BRANCH
from coordinator.storage.files import NotAFile, TooLarge, read_limited

_LIMIT = 4096
_UNUSUAL = regex.compile(r"[^A-Za-z0-9_-]")
_NAME = regex.compile(r"ref: refs/heads/([^\s~^:?*\[\\]+)")


def in_branch(folder: str, root: Path, branch: str = "") -> str:
    """The folder with `branch` in the place of `{branch}`, else with that of the checkout; as it is when there is none.

    A branch `release/1.2` is the folder `release/1.2`; or `release-1.2` or `release-1-2`, where that one is there and
    none before it.
    """
    if BRANCH not in folder:
        return folder
    name = branch or checked_out(root)
    if not name:
        return folder
    names = (name, name.replace("/", "-"), _UNUSUAL.sub("-", name))
    folders = [folder.replace(BRANCH, called) for called in names]
    return next((called for called in folders if (root / called).is_dir()), folders[0])


def is_of_branch(pattern: str, folder: str) -> bool:
    """The folder is `pattern` with some branch in the place of `{branch}`."""
    return re.fullmatch(re.escape(pattern).replace(re.escape(BRANCH), ".+"), folder) is not None


def checked_out(root: Path) -> str:
    """The branch that is checked out at `root`, read from git's own file; empty when there is none."""
    git = _git_dir(root)
    try:
        match = None if git is None else _NAME.fullmatch(read_limited(git / "HEAD", _LIMIT).decode().strip())
    except (OSError, UnicodeDecodeError, NotAFile, TooLarge):
        return ""
    name = match[1] if match is not None else ""
    return "" if {"", ".", ".."} & set(name.split("/")) else name  # git has no such branch: it would lead elsewhere


def told_by(root: Path) -> list[str]:
    """Files and folders whose time stamps tell that another branch is checked out at `root`, or that one has moved."""
    git = _git_dir(root)
    if git is None:
        return []
    try:
        common = git / read_limited(git / "commondir", _LIMIT).decode().strip()
    except (OSError, UnicodeDecodeError, NotAFile, TooLarge):
        common = git
    return [str(git / "HEAD"), str(common / "packed-refs"), os.path.normpath(common / "refs" / "heads")]


def _git_dir(root: Path) -> Path | None:
    git = next((place / ".git" for place in (root, *root.parents) if (place / ".git").exists()), None)
    if git is None or not git.is_file():
        return git
    try:  # a worktree or a submodule
        pointer = read_limited(git, _LIMIT).decode().removeprefix("gitdir:").strip()
    except (OSError, UnicodeDecodeError, NotAFile, TooLarge):
        return None
    return Path(os.path.join(git.parent, pointer))
