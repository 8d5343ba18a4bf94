"""Worktrees that are made ahead, for prompts that come next: what is on disk of them, how they are used, and dropped.

Such a worktree lies where its attempt is going to work, on the branch that is going to be the attempt's. Beside it,
`.NN-K.warm` says that nobody works in it yet: it is written before anything is made, and goes when the attempt begins.
Whoever finds one of a loop that is gone removes both, unless there is work in the worktree: a commit, or a change that
its set-up did not make.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from coordinator.changes.copying import signature
from coordinator.changes.diff import IN_NO_SUBMODULE
from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.lock import locked
from coordinator.changes.safekeeping import sync
from coordinator.changes.scripts import SETUP
from coordinator.changes.setup import Wanted
from coordinator.changes.worktrees import clear_branch_lock
from coordinator.errors import CoordError
from coordinator.formats.digest import sha256
from coordinator.lazy import regex
from coordinator.lazy.dataclass import asdict, dataclass
from coordinator.model.text import plain
from coordinator.model.work import WorkId, prompt_work
from coordinator.safefiles.regular import read_line, read_part, replace_file

_MARK = regex.compile(r"\.((\d{2,})-(\d+))\.warm\Z")
_LIMIT = 4 << 20
_SCRIPT_LIMIT = 1 << 20
_LOCK_FILES = frozenset(
    {
        *("package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock"),
        *("bun.lockb", "pyproject.toml", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.txt"),
        *("requirements-dev.txt", "requirements.lock", "requirements-dev.lock", "environment.yml", "go.mod", "go.sum"),
        *("Cargo.toml", "Cargo.lock", "Gemfile", "Gemfile.lock", "composer.json", "composer.lock", "mix.exs"),
        *("mix.lock", "pubspec.lock", "build.gradle", "build.gradle.kts", "gradle.lockfile", "pom.xml", "flake.lock"),
        *(".tool-versions", ".nvmrc", ".python-version", "mise.toml"),
    }
)
"""Names of files that say what a set-up installs: when one of them is another, it is run again."""
_GITLINK = "160000"


_PATIENCE = 60.0
"""Seconds to wait for a git of a killed loop that is still making one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What `.NN-K.warm` says."""

    branch: str
    ready: bool = False
    """It is whole; all that can be done ahead is done."""
    set_up: bool = False
    """`setup.sh` has run in it."""
    port: int = 0
    inputs: str = ""
    """What it was set up from, besides its commit; see `inputs_of`."""
    left: tuple[str, ...] = ()
    """Changes and new files that its set-up left, as `git status` tells them."""
    at: str = ""
    """Commit that it was made at, or that it was to be brought to."""
    warning: str = ""
    """What the engineer should know of how it was made."""


def mark_of(places: Places, label: str) -> Path:
    """The mark beside a worktree, by its name `NN-K`."""
    return places.worktrees / f".{label}.warm"


def log_of(places: Places, label: str) -> Path:
    """What its set-up says, until it is an attempt's."""
    return places.worktrees / f".{label}.log"


def write_mark(places: Places, label: str, mark: Mark) -> None:
    """Write a mark, durable: it is there before what it speaks of, whatever happens. Raises OSError and CoordError."""
    path = mark_of(places, label)
    replace_file(path, json.dumps(asdict(mark)).encode(), 0o600)
    sync([path, path.parent])


def read_mark(places: Places, label: str) -> Mark | None:
    """What the mark of a worktree says; None where there is none. One that can't be read says that nothing is ready."""
    try:
        values = json.loads(read_part(mark_of(places, label), _LIMIT, follow=False))
        return Mark(
            str(values["branch"]),
            bool(values["ready"]),
            bool(values["set_up"]),
            int(values["port"]),
            str(values["inputs"]),
            tuple(map(str, values["left"])),
            str(values["at"]),
            str(values["warning"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return Mark("")


def marked(places: Places) -> Iterator[tuple[str, WorkId, int]]:
    """Label, work and number of each worktree that a mark says is nobody's yet, in order."""
    try:
        names = sorted(os.listdir(places.worktrees))
    except OSError:
        return
    for name in names:
        match = _MARK.match(name)
        if match is not None:
            yield match[1], prompt_work(int(match[2])), int(match[3])


def inputs_of(places: Places, wanted: Wanted) -> tuple[str, str]:
    """What worktrees are made ready from now: `setup.sh`, and the files that `copy` names, each in a word."""
    try:
        script = sha256(read_part(places.coord / SETUP, _SCRIPT_LIMIT, follow=False))
    except OSError:
        script = ""
    files = signature(places.root, wanted.copy) if wanted.copy else []
    return script, sha256(json.dumps([wanted.copy, files]).encode())


def left_in(git: Git, tree: Path) -> tuple[str, ...]:
    """Changes and new files in a worktree, as `git status` tells them."""
    status = ("status", "--porcelain", "-z", "--untracked-files=normal", IN_NO_SUBMODULE)
    return tuple(git.run(*status, cwd=tree).fields)


def lock_files_between(git: Git, old: str, new: str) -> frozenset[str] | None:
    """Files that differ between two commits and say what a set-up installs; None when submodules differ."""
    listed = git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new, "--").fields
    names: set[str] = set()
    for about, path in zip(listed[::2], listed[1::2], strict=True):
        if _GITLINK in about or path == ".gitmodules":
            return None
        if os.path.basename(path) in _LOCK_FILES:
            names.add(path)
    return frozenset(names)


def bring_to(git: Git, tree: Path, commit: str) -> None:
    """Bring a worktree, and the branch that it stands on, to a commit."""
    git.run("reset", "--hard", "--quiet", commit, "--", cwd=tree, writes=True)


def work_in(git: Git, tree: Path, mark: Mark, base_tip: str) -> str:
    """What of somebody's is in a worktree that nobody was to work in yet: a line; empty for nothing."""
    tip = git.head(mark.branch) if mark.branch else ""
    if tip and tip != mark.at and not git.is_ancestor(tip, base_tip):
        return f"{mark.branch} has commits of somebody's"
    admin = git.admin(tree)
    if admin is None:
        return "" if not _files_in(tree) else f"{tree.name} is no worktree of this repository, and has files"
    head = _head(admin)
    if head and head != f"ref: refs/heads/{mark.branch}" and not git.is_ancestor(head, base_tip):
        return f"{tree.name} is at commits of somebody's"
    if not mark.ready:
        return ""
    known = set(mark.left)
    new = [entry for entry in left_in(git, tree) if entry not in known]
    return f"{tree.name} has changes of somebody's: {plain(new[0])}" if new else ""


def _head(admin: Path) -> str:
    """What a worktree stands on; empty where git did not get to write it."""
    try:
        return read_line(admin / "HEAD")
    except OSError:
        return ""


def drop(places: Places, label: str, base_branch: str) -> str:
    """Remove a worktree that nobody worked in, its branch and its mark; why it stays, else nothing."""
    git, tree = Git(places.root), places.worktrees / label
    with locked(places.worktrees / f".{label}.lock", _PATIENCE) as hold:
        if hold is None:
            return f"another git command is at work on {label}"
        mark = read_mark(places, label)
        if mark is None:
            return ""
        try:
            held = work_in(git, tree, mark, git.base_commit(base_branch))
            if held:
                return held
            if os.path.lexists(tree):
                _remove(git, tree)
            clear_branch_lock(git, mark.branch)
            if mark.branch and git.head(mark.branch):
                git.run("branch", "--quiet", "-D", "--", mark.branch, writes=True)
        except CoordError as error:
            return error.message
        except OSError as error:
            return f"{label} can't be removed: {(error.strerror or str(error)).lower()}"
        log_of(places, label).unlink(missing_ok=True)
        mark_of(places, label).unlink(missing_ok=True)
        (places.worktrees / f".{label}.lock").unlink(missing_ok=True)
    return ""


def _remove(git: Git, tree: Path) -> None:
    import shutil

    admin = git.admin(tree)
    git.run("worktree", "remove", "--force", "--force", "--", str(tree), ok=None, writes=True, about=tree)
    if os.path.lexists(tree):  # half-made, or with something in it that git wouldn't delete
        _make_removable(tree)
        shutil.rmtree(tree)
    if admin is not None and admin.is_dir():
        shutil.rmtree(admin)


def _make_removable(tree: Path) -> None:
    """Folders that a package manager made read-only keep neither git nor us from it."""
    for folder, names, _ in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            if not os.access(path, os.W_OK) and not os.path.islink(path):
                with suppress(OSError):
                    os.chmod(path, 0o700)


def _files_in(tree: Path) -> bool:
    left = os.listdir(tree) if tree.is_dir() else []
    return bool([name for name in left if name != ".git"])
