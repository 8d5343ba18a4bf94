"""Commits what a task has changed in its own files, while others are at work in the same worktree."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from coordinator.changes.command import GitError
from coordinator.changes.git import Git
from coordinator.model.ownership import folders_above

_COORD = {"GIT_AUTHOR_NAME": "coord", "GIT_AUTHOR_EMAIL": "coord@localhost"} | {
    "GIT_COMMITTER_NAME": "coord",
    "GIT_COMMITTER_EMAIL": "coord@localhost",
}
_INDEX = "coord-task"


def commit_files(root: Path, tree: Path, branch: str, files: Sequence[str], message: str) -> str:
    """Commit these files as they are in a worktree, and nothing else of it; the commit, empty where none was needed.

    Paths are relative to the project's folder. GitError where the worktree is on another branch: nothing is done then.
    Safe to call again after a kill.
    """
    git = Git(root).main
    admin = git.admin(tree)
    if admin is None or git.run("symbolic-ref", "--quiet", "HEAD", cwd=tree, ok=(0, 1)).text != f"refs/heads/{branch}":
        raise GitError(f"the worktree is not on {branch} any more", "restart the prompt")
    prefix = git.place.prefix
    paths = [f"{prefix}/{file}" if prefix else file for file in files]
    head = git.run("rev-parse", "--verify", "HEAD", cwd=tree).text
    index = {"GIT_INDEX_FILE": str(admin / _INDEX)}
    try:
        git.run("read-tree", head, cwd=tree, env=index, writes=True)
        _take(git, tree, paths, index)
        made = git.run("write-tree", cwd=tree, env=index, writes=True).text
    finally:
        for name in (_INDEX, f"{_INDEX}.lock"):
            (admin / name).unlink(missing_ok=True)
    commit = ""
    if made != git.tree(head):
        commit = git.run("commit-tree", made, "-p", head, "-m", message, cwd=tree, env=_COORD, writes=True).text
        git.run("update-ref", f"refs/heads/{branch}", commit, head, cwd=tree, writes=True)
    _take(git, tree, paths, {})
    return commit


def _take(git: Git, tree: Path, paths: Sequence[str], index: dict[str, str]) -> None:
    """Have an index hold these paths as they are on disk: a file, a link, a folder with all in it, or nothing."""
    there = [path for path in paths if _is(tree, path, stat.S_IFREG, stat.S_IFLNK)]
    folders = [path for path in paths if _is(tree, path, stat.S_IFDIR)]
    gone = [path for path in paths if path not in there and path not in folders]
    if folders:
        git.run("add", "--all", "--", *(f":(top,literal){path}" for path in folders), cwd=tree, env=index, writes=True)
    adds = ("update-index", "--add", "--replace", "-z", "--stdin")
    if there:
        git.run(*adds, cwd=tree, stdin=_lines(there), env=index, writes=True)
    if gone:
        git.run("update-index", "--force-remove", "-z", "--stdin", cwd=tree, stdin=_lines(gone), env=index, writes=True)


def _is(tree: Path, path: str, *kinds: int) -> bool:
    """Whether something of these kinds is there, with folders alone above it."""
    if any(os.path.islink(tree / folder) for folder in folders_above(path)):
        return False
    try:
        kind = stat.S_IFMT((tree / path).lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return kind in kinds


def _lines(texts: Sequence[str]) -> bytes:
    return b"".join(os.fsencode(text) + b"\0" for text in texts)
