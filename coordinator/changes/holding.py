"""What a worktree holds that would be gone with it: nothing is removed that holds something. Ignored files may go."""

import os
from collections.abc import Iterator
from pathlib import Path

from coordinator.changes.diff import IN_NO_SUBMODULE
from coordinator.changes.git import Git
from coordinator.changes.submodules import submodules_in, what_submodules_hold
from coordinator.model.text import plain

_BARE = frozenset({"HEAD", "objects", "refs"})
"""What a repository without files of its own has in it, by which git itself tells one."""


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
    hidden = _hidden_change(git, path)
    if hidden:
        return f"{path.name} has a change that git was told not to look at: {plain(hidden)}"
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
        names = {entry.name for entry in entries}
        store = os.path.join(folder, ".git") if ".git" in names else folder if names.issuperset(_BARE) else ""
        if folder != str(top) and store and _holds(store):
            yield Path(folder)
        todo += [entry.path for entry in entries if entry.name != ".git" and entry.is_dir(follow_symlinks=False)]


def _holds(store: str) -> bool:
    """A repository with an object or a reference, or a pointer to one; not the empty shell that `git init` leaves."""
    if not os.path.isdir(store):
        return True
    inside = (os.path.join(store, name) for name in ("objects", "refs"))
    return os.path.lexists(os.path.join(store, "packed-refs")) or any(
        files for place in inside for _, _, files in os.walk(place)
    )


def _hidden_change(git: Git, path: Path) -> str:
    """A file that git was told not to look at (`skip-worktree`, `assume-unchanged`), and that is another one."""
    for field in git.run("ls-files", "-v", "-z", cwd=path).fields:
        mark, name = field[:1], field[2:]
        if (mark == "S" or mark.islower()) and os.path.lexists(path / name):
            there = git.run("hash-object", "--no-filters", "--", name, cwd=path, ok=None).text
            if there != git.run("rev-parse", "--verify", "--quiet", f":{name}", cwd=path, ok=None).text:
                return name
    return ""
