"""The one place where git is run.

How coord runs git, wherever it does:

- argv only, never a shell; names from outside stand behind a full `refs/heads/…` or `--`; lists are read with `-z`.
- No question can block it: no terminal (a session of its own), no input, no prompt, no editor, a time limit.
- The engineer's hooks run for the agents' commits and, as post-checkout, for an agent's new worktree. What coord does
  on its own account (building and landing a merge, its temporary worktrees) runs no hook: it may wait for a person who
  isn't there. Validation suites are the place for checks on a merge. Merges are signed where commit.gpgSign says so,
  within a time limit.
- No program that an agent may have named runs: monitors, filters, drivers, converters, helpers, editors, pagers,
  signers, nothing of a submodule. What the engineer's settings name does (see `coordinator.changes.programs`).
- It starts no daemon and no garbage collection, stashes nothing, and obeys no replacement objects: what was reviewed
  is merged.
- What it writes is on the disk when it ends (`core.fsync`): the log says so next.
- Reading takes no lock (`GIT_OPTIONAL_LOCKS=0`), so that watching never gets in the way of the engineer's own commands.
"""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from coordinator.changes.obstacles import find_obstacle, remove_obstacles
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import IO
from coordinator.model.text import plain

_DOUBT = 1.0
"""Seconds after which it is asked what a command waits for."""
_LAST = 2.0
"""Seconds in which a command that is told to end does so by itself."""
READ_TIMEOUT = 120.0
WRITE_TIMEOUT = 1800.0
"""Seconds; a checkout of a very large repository may take minutes."""

_KEPT = frozenset(
    {
        *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT"),
        *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES"),
    }
)
_KEPT_FAMILIES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
"""Git's own variables that pass; all others (GIT_DIR, GIT_INDEX_FILE, GIT_TRACE …) would point it elsewhere."""
_QUIET = (
    "core.fsmonitor=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "diff.submodule=short",
    "push.gpgSign=false",
    "merge.verifySignatures=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "log.showSignature=false",
    "i18n.commitEncoding=utf-8",
    "i18n.logOutputEncoding=utf-8",
    "advice.detachedHead=false",
)
_SETTINGS = tuple(word for setting in _QUIET for word in ("-c", setting))
_DURABLE = ("-c", "core.fsync=all")
"""What a command of ours has written is on the disk when it ends, branches and index too. Since git 2.36."""
_DIFFS = frozenset(("diff", "diff-files", "diff-index", "diff-tree", "log", "show"))
_PLAINLY = ("--no-ext-diff", "--no-textconv")
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
_HOOK_OUTPUT = 64 * 1024
"""Bytes of what hooks say that are kept."""
_NO_SPACE = "free some disk space, and try again; nothing was lost"
_ELSEWHERE = "switch to another branch there"
_REMEDIES = (
    ("dubious ownership", "if you trust the folder, run the `git config … safe.directory …` that `git status` names"),
    ("No space left on device", _NO_SPACE),
    ("Out of diskspace", _NO_SPACE),
    ("Disk quota exceeded", _NO_SPACE),
    ("unable to write", _NO_SPACE),
    (".lock': File exists", "another git command is at work there, or died: if none runs, delete the lock it names"),
    ("'refs/heads/coord' exists", "rename the branch `coord`: attempts have branches below that name"),
    ("already checked out at", _ELSEWHERE),
    ("already used by worktree", _ELSEWHERE),
    ("cannot force update the branch", _ELSEWHERE),
    ("Permission denied", "make the repository writable for you"),
    ("not a git repository", "run coord inside a git repository, or `git init` one"),
)
"""What helps, by what git said."""


class GitError(CoordError):
    """A git command that failed: `status` is its exit status, `stderr` all it said."""

    def __init__(self, message: str, remedy: str = "", *, status: int = -1, stderr: str = "") -> None:
        super().__init__(message, remedy)
        self.status = status
        self.stderr = stderr


class Waits(GitError):
    """A git command that would have waited for ever at a pipe or a device."""


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


def run_git(
    *args: str,
    cwd: Path,
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
) -> Done:
    """Run one git command and return what it gave.

    `ok` are the exit statuses that are answers (None: all), others raise GitError. `writes` says that it may take locks
    and time, `hooks` lets the engineer's hooks run, `hold` is a descriptor that stays open as long as the command
    lives, `limit` bounds the bytes of output that are kept, `words` go in front: what makes it run as another
    user. `seconds`: a time limit other than the usual one. `settings`: further options that stand before the command.
    """
    ours = (*_SETTINGS, *(_DURABLE if writes else ()), *settings, *(() if hooks else _NO_HOOKS))
    argv = [*words, "git", *ours, args[0], *(_PLAINLY if args[0] in _DIFFS else ()), *args[1:]]
    env, seconds = environment(env, writes=writes), seconds or (WRITE_TIMEOUT if writes else READ_TIMEOUT)
    try:
        done = _run(argv, cwd, env, stdin, hooks, hold, limit, seconds, args[0])
    except Waits:
        # one that an agent put into git's own folders would hold up all the others
        if words:
            raise
        remove_obstacles(cwd)
        if find_obstacle(cwd):
            raise
        done = _run(argv, cwd, env, stdin, hooks, hold, limit, seconds, args[0])
    if ok is not None and done.status not in ok:
        raise failure(done, args)
    return done


def _file() -> AbstractContextManager[IO[bytes]]:
    from tempfile import TemporaryFile

    return TemporaryFile()


def _run(
    argv: list[str],
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes | None,
    hooks: bool,
    hold: int | None,
    limit: int | None,
    seconds: float,
    verb: str,
) -> Done:
    with _file() if hooks else nullcontext() as said:  # what a hook leaves running may hold a pipe
        try:
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=said or subprocess.PIPE,
                stderr=said or subprocess.PIPE,
                start_new_session=True,
                pass_fds=() if hold is None else (hold,),
            )
        except FileNotFoundError:
            raise _cannot_start(cwd) from None
        except OSError as error:
            raise GitError(f"git can't be started: {error.strerror}", "close other programs, and try again") from None
        with _time_limit(process, seconds, verb, cwd):
            return _finish(process, stdin, limit, said)


def decode(data: bytes) -> str:
    """Text of git's output; undecodable bytes become surrogates, as `os.fsdecode` makes of file names."""
    return data.decode("utf-8", "surrogateescape")


def inherited() -> dict[str, str]:
    """Our environment without the variables that would point git to another repository, index or trace."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _KEPT or name.startswith(_KEPT_FAMILIES)
    }


def environment(extra: Mapping[str, str] | None = None, *, writes: bool = False) -> dict[str, str]:
    """The environment that git gets: nothing of it makes git ask, translate or write where it only reads."""
    env = inherited()
    env.update(
        LC_ALL="C",
        LANGUAGE="C",
        GIT_TERMINAL_PROMPT="0",
        GIT_ASKPASS="",
        SSH_ASKPASS="",
        GIT_EDITOR="true",
        GIT_SEQUENCE_EDITOR="true",
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


@contextmanager
def _time_limit(process: "subprocess.Popen[bytes]", seconds: float, verb: str, cwd: Path) -> Iterator[None]:
    """Kill a command and what it started if it takes too long, or if we leave before its end.

    One that is not through in a moment may wait at a pipe that somebody put there: that is looked for, once.
    """
    late, obstacle, over = threading.Event(), "", threading.Event()

    def watch() -> None:
        nonlocal obstacle
        if over.wait(_DOUBT):
            return
        obstacle = find_obstacle(cwd)
        if obstacle or not over.wait(seconds - _DOUBT):
            late.set()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)  # git takes its locks away, if it can
            if not over.wait(_LAST):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    threading.Thread(target=watch, name="git-limit", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if obstacle:
        raise Waits(f"git {verb} waits for ever at {plain(obstacle)}, which is no file", "delete it, and try again")
    if late.is_set():
        raise GitError(
            f"git {verb} did not end within {seconds:g} s", "see what holds it up: a hook, a filter, a slow disk"
        )


def _finish(process: "subprocess.Popen[bytes]", stdin: bytes | None, limit: int | None, said: IO[bytes] | None) -> Done:
    if said is not None:
        status = process.wait()
        said.seek(0)
        return Done(status, b"", decode(said.read(_HOOK_OUTPUT)))
    if limit is None:
        out, err = process.communicate(stdin)
        return Done(process.returncode, out, decode(err))
    return _read_some(process, limit)


def _read_some(process: "subprocess.Popen[bytes]", limit: int) -> Done:
    assert process.stdout is not None
    assert process.stderr is not None
    errors: list[bytes] = []
    listener = threading.Thread(target=lambda pipe: errors.append(pipe.read()), args=(process.stderr,), daemon=True)
    listener.start()
    out = process.stdout.read(limit + 1)
    if len(out) > limit:
        return Done(0, out[:limit], "", cut=True)
    listener.join()
    return Done(process.wait(), out, decode(b"".join(errors)))


def _cannot_start(cwd: Path) -> GitError:
    if not cwd.is_dir():
        return GitError(f"the folder {plain(str(cwd))} is gone", "restore it, or start again from an existing one")
    return GitError("git isn't installed, or not on PATH", "install git 2.30 or newer")
