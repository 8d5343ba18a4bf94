"""What a person keeps on this machine for themselves, outside of every project: below `$XDG_STATE_HOME/coord`."""

import os
from contextlib import suppress

from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.safefiles.regular import read_part, replace_file
from coordinator.storage.paths import state_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LIMIT = 256 * 1024


def kept(name: str) -> "dict[str, Any]":
    """What a file of that name keeps; nothing where there is none, or none that can be read."""
    import json

    try:
        found = json.loads(read_part(state_folder() / name, _LIMIT, follow=False))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def keep(name: str, change: "Callable[[dict[str, Any]], dict[str, Any]]") -> None:
    """Keep something else from now on, for this user's eyes alone; where nothing can be written, nothing is kept."""
    import json

    from coordinator.errors import CoordError
    from coordinator.storage.locks import Lock

    folder = state_folder()
    with suppress(OSError, CoordError):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with Lock(folder / f"{name}.lock"):
            before = kept(name)
            after = change(dict(before))
            if after != before:
                replace_file(folder / name, json.dumps(after, indent=1).encode() + b"\n", 0o600)
