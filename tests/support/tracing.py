"""Processes killed at a chosen system call, with strace; the same run without a kill tells which calls there are.

Never with `--seccomp-bpf`: a process that strace lets go at its exec would keep the filter, and hang in it.
"""

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from coordinator.lazy.dataclass import dataclass

STRACE = shutil.which("strace") or ""
WRITING = (
    *("write", "writev", "pwrite64", "pwritev", "ftruncate", "fallocate", "fsync", "fdatasync"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat"),
    *("mkdir", "mkdirat", "rmdir", "chmod", "fchmod", "fchmodat", "openat"),
)
"""Kinds of calls that change something on disk; of `openat` only those which may create a file."""
_CALL = re.compile(r"(\d+)\s+(\w+)\((.*)")


def _traces() -> bool:
    """Whether strace is here, may look into processes, and can let go of what they start."""
    if not STRACE:
        return False
    command = [STRACE, "-f", "-b", "execve", "-qq", "-o", "/dev/null", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


needs_strace = pytest.mark.skipif(not _traces(), reason="needs strace, and the right to use it")


@dataclass(frozen=True, slots=True)
class Call:
    """The `number`-th call of its kind (also if it writes nothing) that a thread makes, and what it was given."""

    thread: int
    kind: str
    number: int
    given: str

    @property
    def writes(self) -> bool:
        return self.kind != "openat" or "O_CREAT" in self.given


@dataclass(frozen=True, slots=True)
class Point:
    """Where a process is killed: before the `number`-th call of a kind that any of its threads makes."""

    kind: str
    number: int
    phase: str = ""

    def __str__(self) -> str:
        return f"{self.phase} {self.kind} {self.number}".strip()


def traced(
    command: Sequence[str], trace: Path, *, at: Point | None = None, paths: Iterable[Path] = (), follow: bool = False
) -> list[str]:
    """The command under strace, which writes its calls to `trace`, or kills it `at` a point.

    Its threads count each for itself. Calls that have nothing to do with `paths` are left out, if there are any. What
    the command starts runs untouched, unless it is to be followed too.
    """
    kinds = ["-e", f"trace={','.join(WRITING) if at is None else at.kind}"]
    if at is not None:
        kinds += ["-e", f"inject={at.kind}:signal=KILL:when={at.number}"]
    only = [word for path in paths for word in ("-P", str(path))]
    let_go = [] if follow else ["-b", "execve"]
    return [STRACE, "-f", *let_go, "-qq", "-s", "4096", "-o", str(trace), *kinds, *only, *command]


def run(
    command: Sequence[str], env: Mapping[str, str], *, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, with an answer to nothing it may ask."""
    return subprocess.run(
        command, env=env, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=90, check=False
    )


def calls(trace: Path) -> Iterator[Call]:
    """What a trace tells, in order."""
    counts = Counter[tuple[str, str]]()
    for line in trace.read_text(errors="replace").splitlines():
        match = _CALL.match(line)
        if match:
            thread, kind, given = match.groups()
            counts[thread, kind] += 1
            yield Call(int(thread), kind, counts[thread, kind], given)


def points(trace: Path, phase_of: Callable[[Call], str]) -> list[Point]:
    """The points of a trace, in order. Only the first thread that comes to a number can be killed there."""
    reached = Counter[str]()
    found = []
    for call in calls(trace):
        phase = phase_of(call)
        if call.number > reached[call.kind]:
            reached[call.kind] = call.number
            if call.writes:
                found.append(Point(call.kind, call.number, phase))
    return found


def in_parts() -> bool:
    """Whether only a part of all points is tried, which need not lead to every outcome."""
    return "/" in _wanted()


def _wanted() -> str:
    return os.environ.get("COORD_CRASH_POINTS") or "1"


def _as_asked(found: Sequence[Point]) -> list[Point] | None:
    """The points that COORD_CRASH_POINTS names: `all`, or `3/20`, the third of twenty parts that are all together.

    None where it is a number: that many times as many as usual.
    """
    if _wanted() == "all":
        return list(found)
    part, _, parts = _wanted().partition("/")
    return list(found[(int(part) - 1) % int(parts) :: int(parts)]) if parts else None


def sample(found: Sequence[Point], most: int) -> list[Point]:
    """At most so many points, evenly over all kinds; COORD_CRASH_POINTS says otherwise."""
    asked = _as_asked(found)
    if asked is not None:
        return asked
    kinds = [[point for point in found if point.kind == kind] for kind in dict.fromkeys(p.kind for p in found)]
    kinds.sort(key=len)
    chosen: list[Point] = []
    left = most * int(_wanted())
    for place, of_kind in enumerate(kinds):  # of the rare ones all, if need be; the others share what is left
        count = min(len(of_kind), max(1, left // (len(kinds) - place)))
        chosen += [of_kind[(2 * i + 1) * len(of_kind) // (2 * count)] for i in range(count)]
        left -= count
    return sorted(chosen, key=found.index)


def spread(found: Sequence[Point], most: int) -> list[Point]:
    """At most so many points of each kind, evenly from its first to its last; COORD_CRASH_POINTS says otherwise."""
    asked = _as_asked(found)
    if asked is not None:
        return asked
    most *= int(_wanted())
    chosen = []
    for kind in dict.fromkeys(point.kind for point in found):
        of_kind = [point for point in found if point.kind == kind]
        count = min(most, len(of_kind))
        places = {round(i * (len(of_kind) - 1) / max(count - 1, 1)) for i in range(count)}
        chosen += [of_kind[place] for place in sorted(places)]
    return chosen
