"""The one place where git is run, and the few questions about a repository that everything here asks.

How coord runs git, wherever it does:

- argv only, never a shell; names from outside stand behind a full `refs/heads/…` or `--`; lists are read with `-z`.
- No question can block it: no terminal (a session of its own), no input, no prompt, no editor, a time limit.
- The engineer's hooks run for the agents' commits and, as post-checkout, for an agent's new worktree. What coord does
  on its own account (building and landing a merge, its temporary worktrees) runs no hook and signs nothing: either may
  wait for a person who isn't there. Validation suites are the place for checks on a merge.
- It starts no daemon and no garbage collection, stashes nothing, and obeys no replacement objects: what was reviewed
  is merged.
- Reading takes no lock (`GIT_OPTIONAL_LOCKS=0`), so that watching never gets in the way of the engineer's own commands.
"""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.model.text import plain

READ_TIMEOUT = 120.0
WRITE_TIMEOUT = 1800.0
"""Seconds; a checkout of a very large repository may take minutes."""

_KEPT = frozenset(
    {
        *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
        *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES"),
    }
)
"""Git's own variables that pass; all others (GIT_DIR, GIT_INDEX_FILE, GIT_TRACE …) would point it elsewhere."""
_QUIET = (
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "log.showSignature=false",
    "i18n.commitEncoding=utf-8",
    "i18n.logOutputEncoding=utf-8",
    "advice.detachedHead=false",
)
_SETTINGS = tuple(word for setting in _QUIET for word in ("-c", setting))
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
_HEX = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\n?\Z")
_BRANCH = re.compile(r"(?![-/])(?!.*(?:\.\.|@\{|//|/\.))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])\Z")
_REMEDIES = (
    (
        "dubious ownership",
        "run the `git config --global --add safe.directory …` that git names, if you trust the folder",
    ),
    ("No space left on device", "free some disk space; nothing was lost, and it is tried again"),
    ("Out of diskspace", "free some disk space; nothing was lost, and it is tried again"),
    ("unable to write", "free some disk space; nothing was lost, and it is tried again"),
    ("Disk quota exceeded", "free some disk space; nothing was lost, and it is tried again"),
    ("index.lock", "another git command is at work there, or died: if none runs, delete the index.lock that git names"),
    ("'refs/heads/coord' exists", "rename the branch `coord`: attempts have branches below that name"),
    ("already checked out at", "switch to another branch there"),
    ("already used by worktree", "switch to another branch there"),
    ("cannot force update the branch", "switch to another branch there"),
    ("Permission denied", "make the repository writable for you"),
    ("not a git repository", "run coord inside a git repository, or `git init` one"),
)


class GitError(CoordError):
    """A git command that failed: `status` is its exit status, `stderr` all it said."""

    def __init__(self, message: str, remedy: str = "", *, status: int = -1, stderr: str = "") -> None:
        super().__init__(message, remedy)
        self.status = status
        self.stderr = stderr


@dataclass(frozen=True, slots=True)
class Done:
    """A git command that ended."""

    status: int
    out: bytes
    err: str
    cut: bool = False
    """More output came than was asked for; it was dropped."""

    @property
    def text(self) -> str:
        """The output without its last line break; undecodable bytes as surrogates, as in file names."""
        return decode(self.out).rstrip("\n")

    @property
    def fields(self) -> list[str]:
        """The NUL-separated fields of the output."""
        text = decode(self.out)
        return text.removesuffix("\0").split("\0") if text else []


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
    ) -> Done:
        """Run one git command and return what it gave.

        `ok` are the exit statuses that are answers (None: all), others raise GitError. `writes` says that it may take
        locks and time, `hooks` lets the engineer's hooks run, `hold` is a descriptor that stays open as long as the
        command lives, `limit` bounds the bytes of output that are kept.
        """
        argv = ["git", *_SETTINGS, *(() if hooks else _NO_HOOKS), *args]
        try:
            process = subprocess.Popen(
                argv,
                cwd=cwd or self.root,
                env=environment(env, writes=writes),
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=() if hold is None else (hold,),
            )
        except FileNotFoundError as error:
            raise _cannot_start(error, cwd or self.root) from None
        except OSError as error:
            raise GitError(f"git can't be started: {error.strerror}", "see the message of the system") from None
        done = _finish(process, stdin, WRITE_TIMEOUT if writes else READ_TIMEOUT, limit, args)
        if ok is not None and done.status not in ok:
            raise failure(done, args)
        return done

    @property
    def place(self) -> Place:
        """Where the project lies in its repository. Raises GitError when it isn't in one."""
        return _discover(str(self.root))

    @cached_property
    def main(self) -> "Git":
        """Git in the root of the checkout, where paths are relative to the repository."""
        return self if self.root == self.place.top else Git(self.place.top)

    def is_repo(self) -> bool:
        """Tell whether the project lies in the checkout of a git repository."""
        try:
            return bool(self.place)
        except GitError as error:
            if "not a git repository" in error.stderr or "must be run in a work tree" in error.stderr:
                return False
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


def branch_name(number: int, attempt: int) -> str:
    """`coord/07-1`: the branch of an attempt."""
    return f"coord/{number:02d}-{attempt}"


def decode(data: bytes) -> str:
    """Text of git's output; undecodable bytes become surrogates, as `os.fsdecode` makes of file names."""
    return data.decode("utf-8", "surrogateescape")


def environment(extra: Mapping[str, str] | None = None, *, writes: bool = False) -> dict[str, str]:
    """The environment that git gets: ours without the variables that would point it elsewhere or make it ask."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    env.update(
        LC_ALL="C",
        LANGUAGE="C",
        GIT_TERMINAL_PROMPT="0",
        GIT_ASKPASS="",
        SSH_ASKPASS="",
        GIT_EDITOR="true",
        GIT_PAGER="cat",
        GIT_MERGE_AUTOEDIT="no",
        GIT_NO_REPLACE_OBJECTS="1",
        GIT_REFLOG_ACTION="coord",
    )
    if not writes:
        env["GIT_OPTIONAL_LOCKS"] = "0"
    return env | dict(extra or {})


def failure(done: Done, args: Collection[str]) -> GitError:
    """The error that says what git said."""
    lines = [line.strip() for line in done.err.splitlines() if line.strip()]
    said = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[0] if lines else "")
    said = plain(re.sub(r"^(fatal|error): ", "", said)) or f"exit status {done.status}"
    remedy = next((text for mark, text in _REMEDIES if mark in done.err), "see `git status` there; then try again")
    verb = " ".join(list(args)[:2]) if args and next(iter(args)) == "worktree" else next(iter(args), "")
    return GitError(f"git {verb}: {said}", remedy, status=done.status, stderr=done.err)


def _finish(
    process: "subprocess.Popen[bytes]", stdin: bytes | None, timeout: float, limit: int | None, args: Collection[str]
) -> Done:
    try:
        if limit is None:
            out, err = process.communicate(stdin, timeout)
            return Done(process.returncode, out, decode(err))
        return _read_some(process, limit, timeout)
    except subprocess.TimeoutExpired:
        raise GitError(
            f"git {next(iter(args), '')} did not end within {timeout:g} s",
            "see what holds it up: a filter, a slow disk",
        ) from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _read_some(process: "subprocess.Popen[bytes]", limit: int, timeout: float) -> Done:
    assert process.stdout is not None
    assert process.stderr is not None
    said: list[bytes] = []
    listener = threading.Thread(target=lambda pipe: said.append(pipe.read()), args=(process.stderr,), daemon=True)
    listener.start()
    alarm = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
    alarm.start()
    try:
        out = process.stdout.read(limit + 1)
        if len(out) > limit:
            return Done(0, out[:limit], "", cut=True)
        status = process.wait()
    finally:
        alarm.cancel()
    listener.join()
    return Done(status, out, decode(b"".join(said)))


def _cannot_start(error: FileNotFoundError, cwd: Path) -> GitError:
    if not cwd.is_dir():
        return GitError(f"the folder {plain(str(cwd))} is gone", "restore it, or start again from an existing one")
    return GitError("git isn't installed, or not on PATH", "install git 2.30 or newer")


@lru_cache(maxsize=64)
def _discover(root: str) -> Place:
    done = Git(Path(root)).run(
        "rev-parse", "--show-toplevel", "--absolute-git-dir", "--git-common-dir", "--show-prefix"
    )
    top, git_dir, common, prefix = decode(done.out).split("\n")[:4]
    return Place(Path(top), prefix.rstrip("/"), Path(git_dir), Path(os.path.abspath(os.path.join(root, common))))


def _peek(path: Path) -> str:
    """A ref as its file states it, which spares a process; empty when it is not kept in a file of its own."""
    try:
        return path.read_text("ascii").strip()
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
