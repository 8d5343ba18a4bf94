"""Folders that are called after the branch that is checked out, such as `.planning/{branch}/prompts`."""

import os
import re
from pathlib import Path

from coordinator.artifacts.files import NotAFile, TooLarge, read_limited
from coordinator.model.settings import BRANCH

_LIMIT = 4096
_NAME = re.compile(r"ref: refs/heads/([^\s~^:?*\[\\]+)")


def in_branch(folder: str, root: Path, branch: str = "") -> str:
    """The folder with `branch` in the place of `{branch}`, else with that of the checkout; as it is when there is none.

    A branch `feature/x` is the folder `feature/x`; or `feature-x`, where that one is there and the other is not.
    """
    if BRANCH not in folder:
        return folder
    name = branch or checked_out(root)
    if not name:
        return folder
    nested, flat = folder.replace(BRANCH, name), folder.replace(BRANCH, name.replace("/", "-"))
    return flat if not (root / nested).is_dir() and (root / flat).is_dir() else nested


def is_of_branch(pattern: str, folder: str) -> bool:
    """The folder is `pattern` with some branch in the place of `{branch}`."""
    return re.fullmatch(re.escape(pattern).replace(re.escape(BRANCH), ".+"), folder) is not None


def checked_out(root: Path) -> str:
    """The branch that is checked out at `root`, read from git's own file; empty when there is none."""
    git = next((place / ".git" for place in (root, *root.parents) if (place / ".git").exists()), None)
    if git is None:
        return ""
    try:
        if git.is_file():  # a worktree or a submodule
            pointer = read_limited(git, _LIMIT).decode().removeprefix("gitdir:").strip()
            git = Path(os.path.join(git.parent, pointer))
        match = _NAME.fullmatch(read_limited(git / "HEAD", _LIMIT).decode().strip())
    except (OSError, UnicodeDecodeError, NotAFile, TooLarge):
        return ""
    name = match[1] if match is not None else ""
    return "" if {"", ".", ".."} & set(name.split("/")) else name  # git has no such branch: it would lead elsewhere
