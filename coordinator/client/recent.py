"""The projects that a person opened last on this machine, newest first; those that are gone fall out."""

import os

from coordinator.lazy.typing import Any
from coordinator.storage.root import COORD
from coordinator.storage.user_state import keep, kept

_FILE = "projects.json"
MOST = 30
"""Projects that are remembered."""


def remember(root: str) -> None:
    """Put a project, by its root, before all others."""
    whole = os.path.realpath(root)

    def change(before: dict[str, Any]) -> dict[str, Any]:
        others = [path for path in _there(before) if path != whole]
        return {"projects": [whole, *others][:MOST]}

    keep(_FILE, change)


def recent() -> tuple[str, ...]:
    """Roots of those that are still there."""
    return tuple(_there(kept(_FILE)))[:MOST]


def _there(found: dict[str, Any]) -> list[str]:
    listed = found.get("projects")
    paths = [path for path in listed if isinstance(path, str)] if isinstance(listed, list) else []
    return [path for path in paths if os.path.isabs(path) and _is_project(path)]


def _is_project(path: str) -> bool:
    try:
        return os.path.isdir(os.path.join(path, COORD))
    except ValueError:  # no system has such a path
        return False
