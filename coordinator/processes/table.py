"""The table of processes: from /proc where there is one, else from `ps`."""

import os
import re
import sys

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass

AGENT = "COORD_AGENT"
ROOT = "COORD_ROOT"

_CHUNK = 8192
"""Bytes that are read at once of a file of the kernel's, which gives all that is asked for until it has no more."""

Mark = tuple[str, str]
"""Agent and project root, as the environment at the start of a process says."""


@dataclass(frozen=True, slots=True)
class Process:
    """One live process, as it was looked up."""

    pid: int
    parent: int
    session: int
    """Id of the leader of its session; 0 where that is not known."""
    start: str
    """When it started, in the system's own words: an id may be used again, an id with its start is not."""
    mark: Mark | None = None
    stopped: bool = False
    """By a signal, or by whoever traces it: it does nothing until it is let go on."""
    bound: bool = False
    """No signal stops it now: it waits for a child to become another program, or for a device."""

    @property
    def identity(self) -> tuple[int, str]:
        return self.pid, self.start


def processes() -> dict[int, Process]:
    """All processes of the machine by id; those that have ended and wait to be buried are left out."""
    return _all_from_proc() if _has_proc() else _all_from_ps()


def start_of(pid: int) -> str | None:
    """When the process that has this id now started; None when there is none."""
    process = _from_proc(pid) if _has_proc() else _all_from_ps().get(pid)
    return process.start if process else None


def mark_of(pid: int) -> "Mark | None":
    """Whose a process is, by the environment that it was started with: an agent and the root of its project."""
    process = _from_proc(pid) if _has_proc() else _all_from_ps().get(pid)
    return process.mark if process else None


def is_stopped(pid: int, launcher: int = 0) -> bool:
    """Whether the process of this id is stopped, or, where it has ended, what its launcher waits for; False for none.

    An agent that was ended while it was paused leaves stopped processes, and its launcher waits for these.
    """
    if not _has_proc():
        return pid > 1 and any(row.strip().startswith("T") for row in _ps("-o", "stat=", "-p", str(pid)))
    fields = _fields(pid) if pid > 1 else None
    if fields is not None and fields[0] not in b"ZX":
        return fields[0] in b"Tt"
    states = (_fields(child) for child in children(launcher))
    return any(state is not None and state[0] in b"Tt" for state in states)


def children(pid: int) -> list[int]:
    """The processes that this one started itself and that have not been buried; none where the system can't tell."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except (OSError, ValueError):
        return []


def _has_proc() -> bool:
    return os.path.exists("/proc/self/stat")


# -- /proc -------------------------------------------------------------------------------------------------------


def _all_from_proc() -> dict[int, Process]:
    found = (_from_proc(int(name)) for name in os.listdir("/proc") if name.isdecimal())
    return {process.pid: process for process in found if process is not None}


def _from_proc(pid: int) -> Process | None:
    fields = _fields(pid)
    if fields is None or fields[0] in b"ZX":
        return None
    mark, stopped = _mark_from_proc(pid), fields[0] in b"Tt"
    return Process(pid, int(fields[1]), int(fields[3]), fields[19].decode(), mark, stopped, fields[0] == b"D")


def _fields(pid: int) -> list[bytes] | None:
    """What `stat` says of a process, from its state on; None when there is none."""
    # The name comes in parentheses and may hold anything, parentheses too.
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return fields if len(fields) > 19 else None


def _mark_from_proc(pid: int) -> Mark | None:
    environ = _read(f"/proc/{pid}/environ")
    if b"COORD_" not in environ:
        return None
    words = environ.split(b"\0")
    agent, root = (_value(words, name) for name in (AGENT, ROOT))
    return (agent, root) if agent is not None and root is not None else None


def _read(path: str) -> bytes:
    """All of a file of the kernel's; nothing where its process has ended meanwhile, or is another user's.

    Twice as fast as a file object, for hundreds of processes at each look.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        data = chunk = os.read(file, _CHUNK)
        while len(chunk) == _CHUNK:
            chunk = os.read(file, _CHUNK)
            data += chunk
    except OSError:
        return b""
    finally:
        os.close(file)
    return data


def _value(words: list[bytes], name: str) -> str | None:
    prefix = f"{name}=".encode()
    return next((os.fsdecode(word[len(prefix) :]) for word in words if word.startswith(prefix)), None)


# -- ps ----------------------------------------------------------------------------------------------------------

_ROW = regex.compile(
    r"\s*(?P<pid>\d+)\s+(?P<parent>\d+)\s+(?P<state>\S+)\s+(?P<start>\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s*"
)
_SHOW_ENVIRONMENT = "-E" if sys.platform == "darwin" else "e"


def _all_from_ps() -> dict[int, Process]:
    marks = {}
    for line in _ps("axww", _SHOW_ENVIRONMENT, "-o", "pid=,command="):
        pid, _, command = line.strip().partition(" ")
        if (mark := _mark_in(command)) is not None:
            marks[int(pid)] = mark
    rows = (_ROW.fullmatch(line) for line in _ps("axww", "-o", "pid=,ppid=,stat=,lstart="))
    return {
        int(row["pid"]): Process(
            int(row["pid"]),
            int(row["parent"]),
            0,
            row["start"],
            marks.get(int(row["pid"])),
            row["state"].startswith("T"),
        )
        for row in rows
        if row is not None and not row["state"].startswith("Z")
    }


def _mark_in(command: str) -> Mark | None:
    """Read the mark from a command line that is followed by its environment, all separated by blanks."""
    agent = re.search(rf" {AGENT}=(\S*)", command)
    root = re.search(rf" {ROOT}=(.*?)(?= [A-Za-z_][A-Za-z0-9_]*=|$)", command)
    return (agent[1], root[1]) if agent and root else None


def _ps(*options: str) -> list[str]:
    """Rows of `ps`, without its own."""
    import subprocess

    with subprocess.Popen(
        ["ps", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8", errors="surrogateescape"
    ) as ps:
        rows = ps.communicate()[0].splitlines()
    return [row for row in rows if row.split(None, 1)[:1] != [str(ps.pid)]]
