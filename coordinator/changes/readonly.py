"""Checkouts for those who only look: a commit, detached, made anew for each attempt and thrown away after it.

What is found changed in one is named; none of it is kept, whoever did it.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from coordinator.changes.command import failure
from coordinator.changes.diff import IN_NO_SUBMODULE, files_between
from coordinator.changes.folders import Places, make_worktrees
from coordinator.changes.git import Git
from coordinator.changes.lending import APART, store_of, visitor
from coordinator.changes.lock import locked
from coordinator.changes.submodules import initialise
from coordinator.changes.worktrees import ORPHAN_PATIENCE, WorktreeInfo
from coordinator.errors import CoordError
from coordinator.model.text import amount, plain
from coordinator.model.work import WorkId

_REFLOG = 200
"""Newest positions of a checkout that are looked at."""
_MOST = 10_000
"""Files that are told apart."""


def create(
    places: Places,
    work: WorkId,
    attempt: int,
    commit: str,
    *,
    base_branch: str = "",
    env: Mapping[str, str] | None = None,
) -> WorktreeInfo:
    """Check a commit out for an attempt; what a killed loop left at its place goes. Raises CoordError.

    `env` is for git and the hooks that it runs.
    """
    git, path = Git(places.root), places.worktree(work, attempt)
    make_worktrees(places)
    with locked(places.worktrees / f".{path.name}.lock", ORPHAN_PATIENCE) as hold:
        if hold is None:
            raise CoordError(
                f"another git command is still making {path.name}", "wait for it, or end it, and try again"
            )
        _drop(git, path)
        args = ("worktree", "add", "--quiet", "--detach", "--", str(path), commit)
        done = git.run(*args, ok=None, writes=True, hooks=True, hold=hold, env=env)
    if done.status and _head(git, path) != commit:
        raise failure(done, args)
    lacking = initialise(git, path)
    cwd = path / git.place.prefix
    if not cwd.is_dir():
        raise CoordError(
            f"{plain(git.place.prefix)}/ is not in {commit[:12]}", "commit the project's folder first, and try again"
        )
    return WorktreeInfo(work, attempt, path, cwd, "", commit, base_branch, warning=plain(lacking))


def state_of(places: Places, work: WorkId, attempt: int) -> frozenset[str]:
    """What tells every changed file of a checkout from how it is later; CoordError when git can't tell.

    Taken once it is set up: what the set-up has changed by then is nobody's fault.
    """
    path = places.worktree(work, attempt)
    return frozenset(f"{_stamp(path / name)} {name}" for name in _changed(Git(places.root), path))


def changed_since(places: Places, work: WorkId, attempt: int, commit: str, before: frozenset[str]) -> tuple[str, ...]:
    """Files of a checkout that were changed, with what was committed from it, in words; empty: all is as it was.

    `before`: what `state_of` told when it was ready. Raises CoordError when git can't tell.
    """
    git, path = Git(places.root), places.worktree(work, attempt)
    if not path.is_dir():
        return ()
    if visitor(path) is None and not git.holds(path):
        return (".git",)
    now = {f"{_stamp(path / name)} {name}": name for name in _changed(git, path)}
    gone = {entry.partition(" ")[2] for entry in before - now.keys()}
    names = {name for entry, name in now.items() if entry not in before} | gone
    return (*sorted(map(plain, names)), *_committed(git, path, commit))


def drop(places: Places, work: WorkId, attempt: int) -> str:
    """Remove the checkout, whatever is in it; what prevents that, in words, or nothing."""
    git, path = Git(places.root), places.worktree(work, attempt)
    _drop(git, path)
    for _, ref in _apart(git, path):
        git.run("update-ref", "-d", ref, writes=True)
    (places.worktrees / f".{path.name}.lock").unlink(missing_ok=True)
    return f"{path.name} can't be removed" if os.path.lexists(path) else ""


def _drop(git: Git, path: Path) -> None:
    import shutil

    args = ("worktree", "remove", "--force", "--force", "--", str(path))
    if os.path.lexists(path) or git.admin(path) is not None:
        git.run(*args, ok=None, writes=True, about=path if path.is_dir() else None)
    if os.path.lexists(path):  # half-made, or with something in it that git wouldn't delete
        shutil.rmtree(path, ignore_errors=True)
        git.run(*args, ok=None, writes=True)
    shutil.rmtree(store_of(path), ignore_errors=True)


def _changed(git: Git, path: Path) -> Iterator[str]:
    """Files that differ from the commit that is checked out, and those that git does not know."""
    guest = visitor(path)
    words, env = ((), None) if guest is None else (guest.words, guest.env)
    args = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", IN_NO_SUBMODULE)
    done = git.run(*args, cwd=path, words=words, env=env)
    for count, field in enumerate(done.fields):
        if count == _MOST:
            return
        yield field[3:]


def _committed(git: Git, path: Path, commit: str) -> Iterator[str]:
    """What was committed in it: where it stands, and wherever it stood before."""
    head = _head(git, path)
    if head and head != commit:
        yield from (plain(file.path) for file in files_between(git, commit, head))
    log = git.run("log", "-g", f"--max-count={_REFLOG}", "--format=%H", "HEAD", "--", cwd=path, ok=None)
    stood = set(log.text.split()) if not log.status else set()
    stood.update(sha for sha, _ in _apart(git, path))
    made = [sha for sha in sorted(stood - {commit}) if not git.is_ancestor(sha, commit)]
    if made:
        yield f"{amount(len(made), 'commit')} made there ({made[0][:12]})"


def _apart(git: Git, path: Path) -> list[tuple[str, str]]:
    """Commit and name of what was taken over from the repository of an agent with a user of its own."""
    listed = git.run("for-each-ref", "--format=%(objectname) %(refname)", f"{APART}/{path.name}/")
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in listed.text.splitlines()]


def _head(git: Git, path: Path) -> str:
    if not path.is_dir():
        return ""
    return git.run("rev-parse", "--verify", "--quiet", "HEAD", cwd=path, ok=(0, 1, 128)).text


def _stamp(path: Path) -> str:
    try:
        status = path.lstat()
    except OSError:
        return "-"
    return f"{status.st_mtime_ns}:{status.st_size}:{status.st_ino}"
