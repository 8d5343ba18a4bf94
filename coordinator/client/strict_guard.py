"""Tells whether this process may write the project's log itself, or has to ask the loop to: strict mode's agents do.

Apart from everything else, since every command pays for it.
"""

import os

from coordinator.safefiles.regular import read_part
from coordinator.storage.root import COORD, find_root

SOCKET = "log.sock"
_LIMIT = 1 << 20  # bytes of settings


def root_of(start: str) -> str | None:
    """The root of the project that a command given in `start` is about: an agent's own one, wherever it works."""
    return find_root(os.environ.get("COORD_ROOT") or start)


def guarded(start: str) -> str | None:
    """The folder of the project that `start` lies in, if its log is not ours to write and there is a door."""
    root = root_of(start)
    if root is None:
        return None
    folder = os.path.join(root, COORD)
    database = os.path.join(folder, "events.db")
    if os.access(database, os.W_OK) or not os.path.exists(database):
        return None
    return folder if _strict(folder) else None


def _strict(folder: str) -> bool:
    """There is a door, or was: its socket stays behind when the loop is killed, and settings tell before it is made."""
    if os.path.exists(os.path.join(folder, SOCKET)):
        return True
    try:
        settings = read_part(os.path.join(folder, "coord.yaml"), _LIMIT)
        return any(line.startswith(b"agent_user:") for line in settings.splitlines())
    except OSError:
        return False
