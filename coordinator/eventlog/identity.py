"""Who writes: decided from where a process runs, not from what it claims.

An agent's window is launched with COORD_AGENT and COORD_ROLE in its environment. A process is that agent if it, one of
the processes above it, or the leader of its session was started with these, whatever it has changed or unset since:
the kernel keeps the environment that each process was started with. When several carry a name, the outermost one is
the launcher's; the ones below it may have been made up.

A launcher is the parent of what loses its own below it, and whatever else the agents' tmux server is made to start
carries a name too. What is then taken for the human, but descends from no terminal (a script of cron or CI, or an
orphan on purpose), is noted as such. This guards against mistakes, as the default mode promises. Who writes into the
database with another program, or has a service of the system start it, is seen as the human; running agents as another
user (strict mode) is what keeps that out.
"""

import os
import sys
from collections.abc import Iterator, Mapping

from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.event import Actor, ActorKind
from coordinator.model.text import plain


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    session: int
    """Process id of the session's leader; 0 where the system does not tell."""
    terminal: bool
    """Whether a terminal controls it."""
    claim: Actor | None
    """The agent that its starting environment names."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """The variables of that environment that are about coord."""


def who(environ: Mapping[str, str] | None = None, pid: int | None = None) -> Actor:
    """The actor that a process is; by default, this one."""
    environ = os.environ if environ is None else environ
    pid = os.getpid() if pid is None else pid
    launched, terminal = _launched_as(pid)
    return launched or _claimed(environ) or Actor(ActorKind.HUMAN, _login(environ), terminal=terminal)


def launched_with(environ: Mapping[str, str], pid: int) -> dict[str, str]:
    """What coord has given the agent that a process belongs to, whatever the process says; else what it says itself.

    Agent CLIs leave out of the environment of what they start what they take for their own.
    """
    table = _Proc() if sys.platform.startswith("linux") else _Ps()
    given: Mapping[str, str] = {}
    for process in _up(table, pid):
        given = process.environ if process.claim else given
    return {**environ, **given}


def _launched_as(pid: int) -> tuple[Actor | None, bool]:
    """The agent whose launcher is farthest up, among the ancestors and their session leaders; whether any of these has
    a terminal, or can't be looked at."""
    table = _Proc() if sys.platform.startswith("linux") else _Ps()
    found: Actor | None = None
    leaders: set[int] = set()
    terminal, above = False, pid
    for process in _up(table, pid):
        found = process.claim or found
        leaders.add(process.session)
        # What adopts orphans may sit in a terminal, of a container for example; that is none of theirs.
        terminal = terminal or (process.terminal and (above > 1 or pid == 1))
        above = process.parent
    if found is None:
        # A process orphaned on purpose has lost its parents, but still sits in the agent's session.
        for leader in leaders - {0, pid}:
            process_ = table.look(leader)
            found = process_.claim if process_ else None
            if found:
                break
    return found, terminal or above > 1


def _up(table: "_Proc | _Ps", pid: int) -> Iterator[_Process]:
    """A process and all above it, however many an agent puts between itself and its launcher."""
    seen, below = set[int](), 0
    while pid > 0 and pid not in seen:
        process = table.look(pid)
        if process is None:
            again = table.look(below) if below else None
            if again is None or again.parent == pid:
                return
            pid = again.parent  # it ended since: what is below it has another parent by now
            continue
        yield process
        seen.add(pid)
        below, pid = pid, process.parent


class _Proc:
    """The process table of Linux."""

    def look(self, pid: int) -> _Process | None:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                stat = file.read()
        except OSError:
            return None
        fields = stat[stat.rindex(b")") + 2 :].split()  # the command before it may hold spaces and brackets
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            words = []  # another user's process: it names nobody, but its parents may
        pairs = (word.partition(b"=") for word in words)
        environ = {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs if name.startswith(b"COORD_")}
        return _Process(int(fields[1]), int(fields[3]), fields[4] != b"0", _claimed(environ), environ)


class _Ps:
    """The process table of macOS: one `ps` of everything."""

    def __init__(self) -> None:
        import subprocess

        command = ["ps", "-A", "-ww", "-E", "-o", "pid=,ppid=,tty=,command="]
        self._table = parse_ps(subprocess.run(command, capture_output=True, check=False).stdout)

    def look(self, pid: int) -> _Process | None:
        return self._table.get(pid)


def parse_ps(listing: bytes) -> dict[int, _Process]:
    """Processes by id from lines of `pid ppid terminal command environment`; `??` is no terminal."""
    table = {}
    for line in listing.decode(errors="surrogateescape").splitlines():
        words = line.split()
        if len(words) >= 3 and words[0].isdigit() and words[1].isdigit():
            pairs = (word.partition("=") for word in words[3:])
            environ = {name: value for name, _, value in pairs if name.startswith("COORD_")}
            terminal = words[2] not in ("?", "??", "-")
            table[int(words[0])] = _Process(int(words[1]), 0, terminal, _claimed(environ), environ)
    return table


def _claimed(environ: Mapping[str, str]) -> Actor | None:
    name = plain(environ.get("COORD_AGENT", "")).strip()
    return Actor(ActorKind.AGENT, name, plain(environ.get("COORD_ROLE", "")).strip()) if name else None


def _login(environ: Mapping[str, str]) -> str:
    named = plain(environ.get("USER") or environ.get("LOGNAME") or "")
    if named:
        return named
    import pwd

    try:
        return plain(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        return f"uid-{os.getuid()}"
