"""What a worktree holds that would be gone with it: nothing is removed that holds something. Ignored files may go."""

import os
from collections.abc import Iterator
from pathlib import Path

from coordinator.changes.diff import IN_NO_SUBMODULE
from coordinator.changes.git import Git
from coordinator.changes.submodules import submodules_in, what_submodules_hold
from coordinator.model.text import plain


def what_it_holds(git: Git, path: Path, admin: Path, tip: str, base_tip: str) -> str:
    """Why a worktree whose branch is at `tip`, and merged, can't go: a line; empty when nothing would be lost.

    `admin`: the folder in which its repository keeps it.
    """
    head = git.run("rev-parse", "HEAD", cwd=path).text
    if head != tip and not git.is_ancestor(head, base_tip):
        return f"{path.name} has commits that are not on its branch"
    left = git.run("status", "--porcelain", "-z", "--untracked-files=normal", IN_NO_SUBMODULE, cwd=path).fields
    if left:
        return f"{path.name} has uncommitted changes: {plain(left[0])}"
    own = {os.path.realpath(place) for place, _ in submodules_in(git, path, admin)}
    inner = next((found for found in _repositories(path) if os.path.realpath(found) not in own), None)
    if inner is not None:  # also where it is ignored
        return f"{path.name} has another worktree or repository in it: {plain(os.path.relpath(inner, path))}"
    inside = what_submodules_hold(git, admin, path)
    return f"{path.name}: {inside}" if inside else ""


def _repositories(top: Path) -> Iterator[Path]:
    """Folders below that are a worktree or a repository of their own; git isn't asked: it would obey their settings."""
    todo = [str(top)]
    while todo:
        folder = todo.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        if folder != str(top) and any(entry.name == ".git" for entry in entries) and _holds(folder):
            yield Path(folder)
        todo += [entry.path for entry in entries if entry.name != ".git" and entry.is_dir(follow_symlinks=False)]


def _holds(folder: str) -> bool:
    """A repository with an object or a reference, or a pointer to one; not the empty shell that `git init` leaves."""
    git = os.path.join(folder, ".git")
    if not os.path.isdir(git):
        return True
    inside = (os.path.join(git, name) for name in ("objects", "refs"))
    return os.path.lexists(os.path.join(git, "packed-refs")) or any(
        files for place in inside for _, _, files in os.walk(place)
    )
