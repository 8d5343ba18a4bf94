"""The worktree and branch of an attempt: made in one git command, made good again after a kill, removed when merged.

Branch `coord/NN-K` (see `coordinator.changes.branches`), worktree `.coord/worktrees/NN-K`. Where the project is a
folder of a larger repository the worktree holds the whole repository, and the agent works in the matching folder.
Submodules that are initialised in the engineer's checkout are initialised in it too.
"""

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

from coordinator.changes.command import failure
from coordinator.changes.folders import Places, make_worktrees
from coordinator.changes.git import Git
from coordinator.changes.holding import what_it_holds
from coordinator.changes.lending import store_of, take_back
from coordinator.changes.lock import locked
from coordinator.changes.programs import RECORD
from coordinator.changes.submodules import initialise
from coordinator.errors import CoordError
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.model.text import plain
from coordinator.model.work import WorkId
from coordinator.safefiles.regular import read_line

ORPHAN_PATIENCE = 60.0
"""Seconds to wait for a checkout that a killed loop's git is still making."""
_STALE_LOCK = 60.0
"""Seconds after which an index.lock is stale where the system can't tell who works in a folder."""
_BRIEF = 1.0
"""Seconds after which the lock of a branch that nobody works on is stale."""
_ADMIN = ("HEAD", "commondir", "index")
"""What git keeps of every worktree that was checked out."""
_NAME = regex.compile(r"(\d{2,})-(\d+)\Z")


@dataclass(frozen=True, slots=True)
class WorktreeInfo:
    """A worktree that is ready to work in."""

    work: WorkId
    attempt: int
    path: Path
    """Root of the worktree."""
    cwd: Path
    """The project's folder in it: where the agent works."""
    branch: str
    base: str
    """Commit that the attempt started from."""
    base_branch: str
    """Branch that it is to be merged into."""
    adopted: bool = False
    """It was there already, or what was there was made good."""
    warning: str = ""
    """Something that the engineer should know about it; one line."""


@dataclass(frozen=True, slots=True)
class Removed:
    """The worktree is gone; so is the branch, if the base branch holds all of it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Nothing was removed."""

    reason: str


class BranchTaken(CoordError):
    """The branch is checked out elsewhere: it is another project's, and an attempt needs another name."""


def create(
    places: Places,
    work: WorkId,
    attempt: int,
    base: str = "",
    *,
    branch: str = "",
    resume: bool = False,
    env: Mapping[str, str] | None = None,
) -> WorktreeInfo:
    """Make the worktree of an attempt, or take over what a killed loop left of it: calling it again is safe.

    `base` is the configured base branch; empty means the one checked out in the main checkout. `branch` is the
    attempt's own, where it has not the usual name: one that is checked out elsewhere raises BranchTaken. One that is
    there without worktree and has commits of its own is only continued with `resume`: else it is somebody's earlier
    work. `env` is for git and the hooks that it runs. Raises CoordError without a commit to start from, on a detached
    HEAD without `base`, and when git fails.
    """
    maker = _Maker(places, work, attempt, base, branch, env)
    if os.path.lexists(maker.path) and maker.is_whole():
        return maker.adopt()
    make_worktrees(places)
    with locked(places.worktrees / f".{maker.label}.lock", ORPHAN_PATIENCE) as hold:
        if hold is None:
            raise CoordError(
                f"another git command is still making the worktree {maker.label}",
                "wait for it, or end it, and try again",
            )
        if os.path.lexists(maker.path) and maker.is_whole():
            return maker.adopt()
        clear_branch_lock(maker.git, maker.branch)
        if os.path.lexists(maker.path):
            return maker.make_good(hold, resume)
        return maker.make(hold) or maker.make_good(hold, resume)


class _Maker:
    """Makes one attempt's worktree."""

    def __init__(
        self, places: Places, work: WorkId, attempt: int, base: str, branch: str, env: Mapping[str, str] | None = None
    ) -> None:
        self.work, self.attempt, self.env = work, attempt, env
        self.git = Git(places.root)
        self.path = places.worktree(work, attempt)
        self.label = self.path.name
        self.branch = branch or work.branch(attempt)
        self.base_branch = self.git.base_branch(base)
        self.start = self.git.base_commit(self.base_branch)

    def make(self, hold: int) -> WorktreeInfo | None:
        """The usual way, one command; None when something is in the way."""
        args = ("worktree", "add", "--quiet", "--no-track", "-b", self.branch, "--", str(self.path), self.start)
        done = self.git.run(*args, ok=None, writes=True, hooks=True, hold=hold, env=self.env)
        if done.status == 0:
            return self.info(self.start, warning=self._without_hooks())
        if self.is_whole():
            return self.info(self.start, warning="the post-checkout hook failed: " + _last_line(done.err))
        if _admin_of(self.git, self.path) or self.git.head(self.branch):
            return None
        raise failure(done, args)

    def make_good(self, hold: int, resume: bool) -> WorktreeInfo:
        """Clear what is half-made, put aside what isn't ours, and check the branch out again."""
        import shutil

        warning = self._clear()
        if self.is_whole():
            return self.adopt()
        if _admin_of(self.git, self.path):
            self.git.run("worktree", "remove", "--force", "--force", "--", str(self.path), ok=None, writes=True)
        if admin := _admin_of(self.git, self.path):
            shutil.rmtree(admin)  # half of it is gone: git takes it for no worktree of its own
        self.refuse_others()
        tip = self.git.head(self.branch)
        own = tip and not self.git.is_ancestor(tip, self.start)
        if own and not resume:
            raise CoordError(
                f"the branch {self.branch} exists, with commits that {plain(self.base_branch)} doesn't have",
                "they stay as they are: restart the prompt, its next attempt gets a branch of another name",
            )
        fresh = ("--no-track", "-B", self.branch, "--", str(self.path), self.start)
        args = ("worktree", "add", "--quiet", *(("--", str(self.path), self.branch) if own else fresh))
        done = self.git.run(*args, ok=None, writes=True, hooks=True, hold=hold, env=self.env)
        if done.status and not self.is_whole():
            raise failure(done, args)
        start = self.git.merge_base(tip, self.start) if own else self.start
        return self.info(start, adopted=True, warning=warning)

    def refuse_others(self) -> None:
        """What is checked out elsewhere is another project's, or a person's: neither reset nor to be got rid of."""
        for checkout in self.git.checkouts():
            if checkout.branch == self.branch and not _same(checkout.path, self.path):
                raise BranchTaken(
                    f"the branch {self.branch} is checked out in {plain(str(checkout.path))}",
                    "it is somebody else's there: restart the prompt, its next attempt gets another name",
                )

    def _without_hooks(self) -> str:
        names = ", ".join(self.git.strange_hooks())
        if not names:
            return ""
        record = self.git.place.common / RECORD
        return f"no hook ran: {names} came or changed since the loop first began; delete {record} if that was you"

    def adopt(self) -> WorktreeInfo:
        """Take over the whole worktree that is there."""
        warning = (
            ""
            if _clear_stale_locks(self.git, self.path, self.branch)
            else f"a git command seems to be at work in {self.path}"
        )
        tip = self.git.head(self.branch)
        if not tip:
            raise CoordError(
                f"the branch {self.branch} is gone, its worktree {plain(str(self.path))} is there",
                f"in that folder: `git switch -c {self.branch}`",
            )
        start = self.start if tip == self.start else self.git.merge_base(tip, self.start)
        return self.info(start, adopted=True, warning=warning)

    def info(self, start: str, *, adopted: bool = False, warning: str = "") -> WorktreeInfo:
        lacking = initialise(self.git, self.path)
        warning = "; ".join(text for text in (warning, lacking) if text)
        cwd = self.path / self.git.place.prefix
        if not cwd.is_dir():
            raise CoordError(
                f"{plain(self.git.place.prefix)}/ is not in the commits of {plain(self.base_branch)}",
                "commit the project's folder first: agents start from what is committed",
            )
        return WorktreeInfo(
            self.work, self.attempt, self.path, cwd, self.branch, start, self.base_branch, adopted, plain(warning)
        )

    def is_whole(self) -> bool:
        """A worktree of this repository whose first checkout was completed."""
        admin = _admin_of(self.git, self.path)
        if admin is None or not (self.path / ".git").is_file() or _initializing(admin):
            return False
        return all((admin / name).is_file() for name in _ADMIN)  # git takes them away one by one when it gives up

    def _clear(self) -> str:
        """Make room for the worktree; returns what the engineer should know."""
        import shutil

        if not os.path.lexists(self.path):
            return ""
        admin = _admin_of(self.git, self.path)
        if admin is not None and _initializing(admin):
            shutil.rmtree(self.path)  # a checkout that never ended: create() did not hand it to anyone
            return ""
        left = os.listdir(self.path) if self.path.is_dir() else ["a file"]
        if not left or (left == [".git"] and (self.path / ".git").is_file()):
            shutil.rmtree(self.path)
            return ""
        if (self.path / ".git").is_file():  # the project was moved: git can tell
            self.git.run("worktree", "repair", "--", str(self.path), ok=None, writes=True)
            if self.is_whole():
                return ""
        aside = _free_name(self.path)
        self.path.rename(aside)
        return f"{self.path.name} was not a worktree of this repository; kept as {aside.name}"


def remove(
    places: Places,
    work: WorkId,
    attempt: int,
    base: str = "",
    *,
    branch: str = "",
    merged_as: str = "",
    merged_tip: str = "",
    look: bool = False,
) -> Removed | Kept:
    """Remove a merged attempt's worktree and branch; keep both, and say why, if anything in them would be lost.

    Merged means: the branch is part of the base branch; or it still is at `merged_tip`, and the base branch has the
    commit `merged_as` that was made of it (a squash on a forge). `look`: nothing is
    removed, only told what would be.
    """
    if not look:
        take_back(places, work, attempt)
    elif store_of(places.worktree(work, attempt)).is_dir():
        return Kept("it is lent to its agent's user still")
    git, branch, path = Git(places.root), branch or work.branch(attempt), places.worktree(work, attempt)
    tip, base_tip = git.head(branch), git.base_commit(git.base_branch(base))
    landed = bool(tip) and git.is_ancestor(tip, base_tip)
    squashed = bool(merged_as) and tip == merged_tip and git.is_ancestor(merged_as, base_tip)
    if tip and not landed and not squashed:
        return Kept(f"{branch} is not merged")
    if os.path.lexists(path):
        admin = _admin_of(git, path)
        if admin is None:
            return Kept(f"{path.name} is not a worktree of this repository")
        reason = what_it_holds(git, path, admin, tip, base_tip)
        if not reason and not look:
            force = ("--force",) if (admin / "modules").is_dir() else ()  # it removes none with submodules otherwise
            done = git.run("worktree", "remove", *force, "--", str(path), ok=None, writes=True, about=path)
            reason = failure(done, ("worktree", "remove")).message if done.status else ""
        if reason:
            return Kept(reason)
    if look:
        return Removed()
    if landed:
        with contextlib.suppress(CoordError):  # it moved meanwhile, or is checked out: then it stays
            git.run("branch", "--quiet", "-D", "--", branch, writes=True)
    (places.worktrees / f".{path.name}.lock").unlink(missing_ok=True)
    return Removed()


def clear_branch_lock(git: Git, branch: str) -> None:
    """Delete the lock that a git which was killed left on a branch.

    No git of ours is at it while its worktree's own lock is held; `pack-refs` of the engineer takes no such time.
    """
    lock = git.place.common / "refs" / "heads" / f"{branch}.lock"
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        while time.time() - lock.stat().st_mtime < _BRIEF:
            time.sleep(0.02)
        lock.unlink()


def existing(places: Places) -> list[tuple[int, int]]:
    """Number and attempt of every worktree folder that is there, in order."""
    try:
        names = os.listdir(places.worktrees)
    except FileNotFoundError:
        return []
    found = (_NAME.match(name) for name in names)
    return sorted((int(match[1]), int(match[2])) for match in found if match)


def _admin_of(git: Git, path: Path) -> Path | None:
    """The folder in which the repository keeps a worktree's state; None when it has none for this path."""
    wanted = os.path.realpath(path / ".git")
    with contextlib.suppress(OSError, ValueError):
        pointed = Path(read_line(path / ".git").removeprefix("gitdir: ").strip())
        if pointed.parent == git.place.common / "worktrees" and _points_back(pointed, wanted):
            return pointed
    with contextlib.suppress(OSError):
        for entry in os.scandir(git.place.common / "worktrees"):
            if _points_back(Path(entry.path), wanted):
                return Path(entry.path)
    return None


def _points_back(admin: Path, wanted: str) -> bool:
    try:
        return os.path.realpath(read_line(admin / "gitdir")) == wanted
    except OSError:
        return False


def _initializing(admin: Path) -> bool:
    """Git holds a new worktree locked, for this reason, until its checkout is complete."""
    try:
        return read_line(admin / "locked").startswith("initializing")
    except OSError:
        return False


def _clear_stale_locks(git: Git, path: Path, branch: str) -> bool:
    """Delete what a dead git left locked of an attempt, its index or its branch; False when the owner may live."""
    admin = _admin_of(git, path)
    locks = [git.place.common / "refs" / "heads" / f"{branch}.lock", *([admin / "index.lock"] if admin else [])]
    left = [lock for lock in locks if lock.exists()]
    if not left:
        return True
    busy = _someone_works_in(path)
    if busy is None:
        busy = any(time.time() - lock.stat().st_mtime < _STALE_LOCK for lock in left)
    if not busy:
        for lock in left:
            lock.unlink(missing_ok=True)
    return not busy


def _someone_works_in(path: Path) -> bool | None:
    """Tell whether a process has its working directory in the folder; None where the system doesn't say."""
    inside = os.path.realpath(path)
    try:
        pids = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return None
    for pid in pids:
        with contextlib.suppress(OSError):
            cwd = os.readlink(f"/proc/{pid}/cwd")
            if cwd == inside or cwd.startswith(inside + os.sep):
                return True
    return False


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _free_name(path: Path) -> Path:
    number = 1
    while os.path.lexists(path.with_name(f"{path.name}.stray-{number}")):
        number += 1
    return path.with_name(f"{path.name}.stray-{number}")


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return plain(lines[-1]) if lines else "it said nothing"
