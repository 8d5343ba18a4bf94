"""Strict mode: each agent runs as a user of its own, who can write neither the log nor anything else of the loop's.

There is a user for what the gate runs, and beside it as many as agents may work at the same time: they can neither
touch each other's work nor end each other's processes, and the kernel tells which of them speaks.
"""

import os
import sys
import time
from collections.abc import Sequence

from coordinator.agents.runtime import Command
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass, replace

_GIT = {"safe.directory": "*", "gc.auto": "0"}
"""Settings of git for the agents' user, to whom the repository does not belong."""
_SET_UP = "`coord strict setup` makes them"
_PATIENCE = 5.0
"""Seconds in which the processes of a user who is no longer needed have to be gone."""


@dataclass(frozen=True, slots=True)
class AgentUser:
    """A user that agents run as, one at a time."""

    name: str
    uid: int
    gid: int
    home: str


@dataclass(frozen=True, slots=True)
class AgentUsers:
    """Who runs what in strict mode."""

    gate: AgentUser
    """Runs validation suites and whatever else agents wrote, when no agent is to be at it."""
    agents: tuple[AgentUser, ...]
    """One for each agent that works at the same time."""


def find_users(names: Sequence[str]) -> AgentUsers:
    """The users of the setting `agent_user`: the gate's, and those of agents.

    Of one name, agents have those called `NAME-1`, `NAME-2`, …; else all but the first. Raises CoordError when there
    are none, when two are the same, and as `find_user` does.
    """
    gate = find_user(names[0])
    others = names[1:] or numbered(names[0])
    agents = tuple(map(find_user, others))
    if not agents:
        raise CoordError(f"agents have no user each of their own: there is no {names[0]}-1", _SET_UP)
    if len({user.uid for user in (gate, *agents)}) <= len(agents):
        raise CoordError(f"{', '.join((names[0], *others))} are not one user each", _SET_UP)
    _refuse_shared_groups((gate, *agents))
    return AgentUsers(gate, agents)


def _refuse_shared_groups(users: tuple[AgentUser, ...]) -> None:
    """A worktree is open to the group of the user who works in it."""
    for user in users:
        for other in users:
            if other is not user and user.gid in os.getgrouplist(other.name, other.gid):
                raise CoordError(
                    f"{other.name} is in the group of {user.name}, and could write where it works",
                    f"give {user.name} a group of its own: groupadd {user.name}; usermod -g {user.name} {user.name}",
                )


def numbered(name: str) -> tuple[str, ...]:
    """`NAME-1`, `NAME-2`, … as far as there are such users."""
    found: list[str] = []
    while is_user(f"{name}-{len(found) + 1}"):
        found.append(f"{name}-{len(found) + 1}")
    return tuple(found)


def is_user(name: str) -> bool:
    """Whether the system knows a user of that name."""
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def find_user(name: str) -> AgentUser:
    """The user of that name. CoordError when there is none, or when strict mode can't work with it, here or at all."""
    import pwd

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise CoordError(f"the user {name} of the setting agent_user is not there", _SET_UP) from None
    if not sys.platform.startswith("linux"):
        raise CoordError("strict mode needs Linux", "take agent_user out of .coord/coord.yaml")
    if os.geteuid() != 0:
        raise CoordError(
            "strict mode needs root, to run agents as another user", "run the loop as root, in a container"
        )
    if entry.pw_uid == 0:
        raise CoordError("agents that run as root can write everything", _SET_UP)
    import shutil

    if shutil.which("setpriv") is None:
        raise CoordError("setpriv is not installed", "install util-linux")
    return AgentUser(name, entry.pw_uid, entry.pw_gid, entry.pw_dir)


def as_user(user: AgentUser, words: tuple[str, ...]) -> tuple[str, ...]:
    """A command line that runs `words` as the user, for good: nothing that it starts can become another user again."""
    become = ("setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--init-groups", "--inh-caps=-all")
    # setpriv itself still finds programs with root's rights; `env` looks as the user
    return (*become, "--no-new-privs", "--", "env", *words)


def wrapped(command: Command, user: AgentUser) -> Command:
    """The command run as the user, with that user's home and a git that works in a repository of somebody else's."""
    return replace(command, argv=as_user(user, command.argv), env={**command.env, **user_environment(user)})


def user_environment(user: AgentUser) -> dict[str, str]:
    """What the user's programs need to know: whose they are, and that the repository may be somebody else's."""
    values = {"HOME": user.home, "USER": user.name, "LOGNAME": user.name, "GIT_CONFIG_COUNT": str(len(_GIT))}
    for place, (key, value) in enumerate(_GIT.items()):
        values |= {f"GIT_CONFIG_KEY_{place}": key, f"GIT_CONFIG_VALUE_{place}": value}
    return values


def processes_of(user: AgentUser) -> list[int]:
    """Everything that runs with the user's rights, whatever it has done to be taken for somebody else's."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _belongs(name, user.uid)]


def _belongs(pid: str, uid: int) -> bool:
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            lines = dict(line.split(b":", 1) for line in file if line.startswith((b"Uid:", b"State:")))
    except (OSError, ValueError):
        return False
    return str(uid).encode() in lines.get(b"Uid", b"").split() and b"Z" not in lines.get(b"State", b"").split()


def end_all(user: AgentUser) -> None:
    """End everything of the user, who is nobody's any more. CoordError when something would not end.

    The user sends the signal to all that it may send one to: nothing can be started between a look and the signal.
    """
    deadline = time.monotonic() + _PATIENCE
    while found := processes_of(user):
        words = as_user(user, ("sh", "-c", "kill -KILL -1"))
        import subprocess

        subprocess.run(words, cwd="/", env={"PATH": os.defpath}, capture_output=True, check=False)
        if time.monotonic() > deadline:
            left = ", ".join(map(str, found))
            raise CoordError(f"processes of the user {user.name} would not end: {left}", "end them by hand, as root")
        time.sleep(0.01)
