"""The questions about a repository that everything here asks. How git is run: see `coordinator.changes.command`."""

import os
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path

from coordinator.changes.command import Done, GitError, decode, failure, run_git
from coordinator.changes.obstacles import git_folders
from coordinator.changes.programs import (
    RECORD,
    Guarded,
    Include,
    Setting,
    digests,
    guard,
    includes,
    of_the_checkout,
    parse,
    parse_included,
    read_known,
    strange_hooks,
    write_known,
)
from coordinator.errors import CoordError
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.model.text import plain
from coordinator.safefiles.regular import read_line, read_part

_HEX = regex.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\n?\Z")
_REF_LIMIT = 4096
_BRANCH = regex.compile(r"(?![-/])(?!.*(?:\.\.|@\{|//|/\.))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])\Z")
_MOST_INCLUDED = 100
"""Files of conditional settings that are read."""
_HALF_MADE = regex.compile(r"fatal: .*worktrees/[^/\n]+/(?:commondir|gitdir|HEAD)")
_PATIENCE, _PAUSE = 3.0, 0.02
"""Seconds that a half-made worktree is waited for, and between two looks."""
_Stamp = tuple[tuple[str, int, int, int], ...]
_GUARDED: dict[tuple[str, ...], tuple[_Stamp, Guarded]] = {}
"""Git folders of a checkout → the files of its settings as they were read, and what came of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a project lies in its repository."""

    top: Path
    """Root of the checkout; a project may lie below it."""
    prefix: str
    """Folder of the project in the repository, `a/b`; empty when it is the whole checkout."""
    git_dir: Path
    common: Path
    """The git directory that all worktrees share."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """One line of `git worktree list`."""

    path: Path
    head: str
    branch: str
    """Short name; empty when detached."""
    locked: bool = False


class Git:
    """Git in one project; `root` may be any folder of a checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(
        self,
        *args: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        ok: Collection[int] | None = (0,),
        stdin: bytes | None = None,
        writes: bool = False,
        hooks: bool = False,
        hold: int | None = None,
        limit: int | None = None,
        words: tuple[str, ...] = (),
        seconds: float | None = None,
        settings: tuple[str, ...] = (),
        about: Path | None = None,
    ) -> Done:
        """Run one git command, in the project unless `cwd` says where; the rest as in `run_git`.

        `about`: another checkout that git itself goes into. What looks at all worktrees (`worktree`, `branch -D`,
        `fetch`, …) git refuses while one of them is half-made: by a command that runs, or that was killed until its
        attempt goes on. In the project that is waited for.
        """
        place = cwd or self.root
        until = time.monotonic() + _PATIENCE
        while True:
            done = run_git(
                *args,
                cwd=place,
                env=env,
                ok=None,
                stdin=stdin,
                writes=writes,
                hooks=hooks,
                hold=hold,
                limit=limit,
                words=words,
                seconds=seconds,
                settings=(*(() if words else self._guarding(place, hooks, about)), *settings),
            )
            refused = bool(done.status) and cwd is None and _HALF_MADE.search(done.err) is not None
            if not refused or time.monotonic() > until:
                break
            time.sleep(_PAUSE)
        if ok is not None and done.status not in ok:
            raise failure(done, args)
        return done

    def holds(self, folder: Path) -> bool:
        """Tell whether a folder's `.git` leads to this repository, and not to one that somebody put in its place."""
        folders = git_folders(str(folder))
        return bool(folders) and os.path.realpath(folders[-1]) == os.path.realpath(self.place.common)

    def _guarding(self, place: Path, hooks: bool, about: Path | None) -> tuple[str, ...]:
        """Options that keep out what an agent may have put into the repository's settings, or in place of it."""
        try:
            common = self.place.common
        except GitError:
            return ()  # no repository, or none yet
        if place != self.root and place.is_dir() and not self.holds(place):
            raise GitError(
                f"{plain(str(place))} belongs to another repository: its .git leads elsewhere",
                "if it is an attempt's worktree, restart the prompt",
            )
        if not hooks and not (common / RECORD).exists():
            return ()
        found = self.programs(place)
        if about is not None and about.is_dir() and self.holds(about):
            found = replace(found, words=(*found.words, *self.programs(about).words))
        if not hooks:
            return found.words
        folder = self.hooks(found)
        return (*found.words, "-c", f"core.hooksPath={'/dev/null' if strange_hooks(found, folder) else folder}")

    def programs(self, place: Path | None = None) -> Guarded:
        """Which programs the settings name, seen from a checkout; looked at again when one of their files changes."""
        folders = tuple(git_folders(str(place or self.root)))
        stamp, found = _GUARDED.get(folders, ((), Guarded()))
        if not stamp or stamp != _stamp(path for path, *_ in stamp):
            settings, files = self._settings(place or self.root)
            own = (f"{folder}/{name}" for folder in folders for name in ("config", "config.worktree", RECORD))
            stamp = _stamp(dict.fromkeys((*files, *own)))
            found = guard(settings, read_known(self.place.common))
            _GUARDED[folders] = (stamp, found)
        return found

    def programs_of_the_checkout(self) -> tuple[Setting, ...]:
        """Settings by which git runs what was committed, wherever it checks it out."""
        settings, _ = self._settings(self.root)
        return of_the_checkout(settings, self.place.top)

    def strange_hooks(self) -> tuple[str, ...]:
        """Hooks that would run, and don't: they came or changed since the loop began, and may be an agent's."""
        found = self.programs()
        return strange_hooks(found, self.hooks(found))

    def know_programs(self) -> None:
        """Take what the settings and hooks are now for the engineer's, unless that was done before. Raises CoordError.

        For the beginning of a loop whose agents are the engineer's own user.
        """
        common = self.place.common
        if read_known(common) is None:
            settings, _ = self._settings(self.root)
            try:
                write_known(common, settings, digests(self.hooks(guard(settings, None))))
            except OSError as error:
                raise CoordError(f"can't write {common / RECORD}: {error.strerror}", "see who owns it") from error

    def hooks(self, found: Guarded) -> Path:
        """Where the engineer's hooks are, wherever git runs."""
        return self.place.top / os.path.expanduser(found.hooks) if found.hooks else self.place.common / "hooks"

    def lost_hooks(self, tree: Path) -> str:
        """The folder of the engineer's hooks, if their setting is relative and a worktree has no such folder.

        Git looks for it in the worktree; one that is ignored, or made by a tool, is in the main checkout alone.
        """
        found = self.programs()
        folder = os.path.expanduser(found.hooks)
        if not folder or os.path.isabs(folder) or (tree / folder).is_dir():
            return ""
        return str(self.place.top / folder) if (self.place.top / folder).is_dir() else ""

    def _settings(self, place: Path) -> tuple[list[Setting], list[str]]:
        listed = run_git("config", "--list", "--show-scope", "--show-origin", "-z", cwd=place)
        settings, files = parse(listed.fields)
        more, included = _included(place, includes(listed.fields))
        return [*settings, *more], [os.path.join(place, file) for file in (*files, *included)]

    @property
    def place(self) -> Place:
        """Where the project lies in its repository. Raises GitError when it isn't in one."""
        return _discover(str(self.root))

    @cached_property
    def main(self) -> "Git":
        """Git in the root of the checkout, where paths are relative to the repository."""
        return self if self.root == self.place.top else Git(self.place.top)

    def is_repo(self) -> bool:
        """Tell whether the project lies in the checkout of a git repository. CoordError for a bare one."""
        try:
            return bool(self.place)
        except GitError as error:
            if "not a git repository" in error.stderr:
                return False
            if "must be run in a work tree" in error.stderr:
                raise _bare(self.root) from None
            raise

    def base_branch(self, configured: str = "") -> str:
        """Name the branch that attempts start from and merge into: the configured one, else the one checked out now.

        Raises CoordError when HEAD is detached, or the name can't be a branch.
        """
        if configured:
            name = configured.removeprefix("refs/heads/")
            if not _BRANCH.match(name):
                raise CoordError(
                    f"{plain(configured)!r} can't be the name of a branch", "correct base_branch in .coord/coord.yaml"
                )
            return name
        head = _peek(self.place.git_dir / "HEAD")
        if not head.startswith("ref: refs/heads/") or head == "ref: refs/heads/.invalid":
            head = "ref: " + self.run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).text
        name = head.removeprefix("ref: refs/heads/")
        if name == head:
            raise CoordError(
                "no branch is checked out here (detached HEAD), so there is nothing to merge into",
                "`git switch` to a branch, or name one as base_branch in .coord/coord.yaml",
            )
        return name

    def head(self, branch: str) -> str:
        """The commit that a branch points at; empty when there is no such branch."""
        loose = _peek(self.place.common / "refs" / "heads" / branch)
        if _HEX.match(loose):
            return loose
        done = self.run("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}", ok=(0, 1, 128))
        return done.text if done.status == 0 else ""

    def base_commit(self, branch: str) -> str:
        """The commit that the base branch points at. Raises CoordError when it has none yet."""
        commit = self.head(branch)
        if commit:
            return commit
        if self.run("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1, 128)).status:
            raise CoordError(
                f"the branch {plain(branch)} has no commit yet",
                "make the first one: `git add -A && git commit -m 'First commit'`",
            )
        raise CoordError(
            f"there is no branch {plain(branch)}",
            f"`git branch {plain(branch)}`, or correct base_branch in .coord/coord.yaml",
        )

    def tree(self, commit: str) -> str:
        """The content that a commit has."""
        return self.run("rev-parse", f"{commit}^{{tree}}").text

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Tell whether the commit `older` is part of the history of `newer` (or the same)."""
        return older == newer or self.run("merge-base", "--is-ancestor", older, newer, ok=(0, 1)).status == 0

    def merge_base(self, one: str, other: str) -> str:
        """The newest common ancestor of two commits; empty when they share no history."""
        done = self.run("merge-base", one, other, ok=(0, 1))
        return done.text if done.status == 0 else ""

    def checkouts(self) -> list[Checkout]:
        """All worktrees of the repository, the main one first."""
        done = self.run("worktree", "list", "--porcelain", "-z", ok=(0, 129))
        if done.status == 0:
            return _parse_checkouts(done.fields)
        return _parse_checkouts(self.run("worktree", "list", "--porcelain").text.split("\n"))  # git before 2.36

    def admin(self, tree: Path) -> Path | None:
        """The folder in which the repository keeps a worktree; None when it has none of that path."""
        wanted = os.path.realpath(tree / ".git")
        for folder in (self.place.common / "worktrees").glob("*"):
            with suppress(OSError):
                if os.path.realpath(read_line(folder / "gitdir")) == wanted:
                    return folder
        return None


@lru_cache(maxsize=64)
def _discover(root: str) -> Place:
    asked = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir", "--show-prefix")
    done = run_git("rev-parse", *asked, cwd=Path(root))
    top, git_dir, common, prefix = decode(done.out).split("\n")[:4]
    return Place(Path(top), prefix.rstrip("/"), Path(git_dir), Path(os.path.abspath(os.path.join(root, common))))


def _included(place: Path, waiting: list[Include]) -> tuple[list[Setting], list[str]]:
    """Settings of files that are included where a condition holds, whether or not it holds here; and those files."""
    settings: list[Setting] = []
    files: list[str] = []
    while waiting and len(files) < _MOST_INCLUDED:
        one = waiting.pop(0)
        folder = os.path.dirname(os.path.join(place, one.file))
        path = os.path.join(folder, os.path.expanduser(one.path))
        if path in files:
            continue
        files.append(path)
        if os.path.isfile(path):
            listed = run_git("config", "--file", path, "--list", "--no-includes", "-z", cwd=place, ok=None)
            found, further = parse_included(listed.fields, path, one.own)
            settings += found
            waiting += further
    return settings, files


def _bare(root: Path) -> CoordError:
    """What to say of a repository without files, the hub of worktrees: agents' changes land in one of those."""
    listed = _parse_checkouts(run_git("worktree", "list", "--porcelain", cwd=root, ok=None).text.split("\n"))
    found = next((checkout.path for checkout in listed if checkout.head), None)
    how = (
        f"run coord in one of its worktrees: cd {plain(str(found))}"
        if found
        else "make a worktree: git worktree add main"
    )
    return CoordError(f"{plain(str(root))} is a bare repository: it has no files to work on", how)


def _stamp(paths: Iterable[str]) -> _Stamp:
    found = []
    for path in paths:
        try:
            status = os.stat(path)
            found.append((path, status.st_mtime_ns, status.st_size, status.st_ino))
        except OSError:
            found.append((path, 0, 0, 0))
    return tuple(found)


def _peek(path: Path) -> str:
    """A ref as its file states it, which spares a process; empty when it is not kept in a file of its own."""
    try:
        return read_part(path, _REF_LIMIT).decode("ascii").strip()
    except (OSError, ValueError):
        return ""


def _parse_checkouts(lines: list[str]) -> list[Checkout]:
    found: list[Checkout] = []
    entry: dict[str, str] = {}
    for line in [*lines, ""]:
        if line:
            key, _, value = line.partition(" ")
            entry[key] = value
        elif entry:
            branch = entry.get("branch", "").removeprefix("refs/heads/")
            found.append(Checkout(Path(entry["worktree"]), entry.get("HEAD", ""), branch, "locked" in entry))
            entry = {}
    return found
