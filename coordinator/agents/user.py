"""Strict mode: agents run as a user of their own, who can write neither the log nor anything else of the loop's."""

import os
import shutil
import sys
from dataclasses import dataclass, replace

from coordinator.agents.runtime import Command
from coordinator.errors import CoordError

_GIT = {"safe.directory": "*", "gc.auto": "0"}
"""Settings of git for the agents' user, to whom the repository does not belong."""


@dataclass(frozen=True, slots=True)
class AgentUser:
    """The user that agents run as."""

    name: str
    uid: int
    gid: int
    home: str


def find_user(name: str) -> AgentUser:
    """The user of that name. CoordError when there is none, or when strict mode can't work with it, here or at all."""
    import pwd

    remedy = "`coord strict setup` makes one"
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise CoordError(f"the user {name} of the setting agent_user is not there", remedy) from None
    if not sys.platform.startswith("linux"):
        raise CoordError("strict mode needs Linux", "take agent_user out of .coord/coord.yaml")
    if os.geteuid() != 0:
        raise CoordError(
            "strict mode needs root, to run agents as another user", "run the loop as root, in a container"
        )
    if entry.pw_uid == 0:
        raise CoordError("agents that run as root can write everything", remedy)
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
