"""Who is at the other end of a socket: told by the kernel, and by nothing that the peer can choose.

In strict mode agents run as a user of their own. A process of that user belongs to the agent whose launcher is above
it: the nearest process that is *not* that user's, and so carries an environment that the agents can't have made up.
Such a process may look like another user's in other ways: one that forbids to be examined has its /proc files owned by
root, and a setuid program runs as root in an environment of the caller's. So all four user ids are looked at.

Linux only, as strict mode is.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

_DEEPEST = 256
_NAMES = ("COORD_ROOT", "COORD_RUN", "COORD_PROMPT", "COORD_ATTEMPT", "COORD_AGENT", "COORD_ROLE")


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    session: int
    users: frozenset[int]
    """Real, effective, saved and file-system user id."""


def launcher_environment(pid: int, user: int) -> dict[str, str]:
    """The `COORD_…` variables of the launcher that a process of the agents' user is below; empty when there is none.

    A process that has left its parents is told by the leader of its session; one that has left that too, by nothing.
    """
    sessions: list[int] = []
    found: dict[str, str] = {}
    for process_id, process in _up(pid):
        if user in process.users:
            sessions.append(process.session)
        else:
            found = _environment(process_id) or found
    for leader in () if found else sessions:
        process_ = _look(leader)
        if process_ is not None and user not in process_.users:
            return _environment(leader)
    return found


def working_folder(pid: int) -> str:
    """The folder that a process works in; empty when it has gone."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def _up(pid: int) -> Iterator[tuple[int, _Process]]:
    for _ in range(_DEEPEST):
        process = _look(pid) if pid > 0 else None
        if process is None:
            return
        yield pid, process
        pid = process.parent


def _look(pid: int) -> _Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read()
        with open(f"/proc/{pid}/status", "rb") as file:
            users = next(line for line in file if line.startswith(b"Uid:"))
    except (OSError, StopIteration):
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()  # the command before it may hold spaces and brackets
    return _Process(int(fields[1]), int(fields[3]), frozenset(map(int, users.split()[1:])))


def _environment(pid: int) -> dict[str, str]:
    """What a launcher was started with; empty for a process that launches nobody."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return {}
    pairs = (os.fsdecode(word).partition("=") for word in words)
    values = {name: value for name, _, value in pairs if name in _NAMES}
    return values if values.get("COORD_AGENT") else {}
