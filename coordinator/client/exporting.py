"""Export, for callers: what other tools' own files are told, in place or as a copy."""

from pathlib import Path

from coordinator.client.look import look
from coordinator.client.opening import Project
from coordinator.lazy.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coordinator.services.export import Exported


def look_export(project: Project) -> "Exported":
    """What would be written in the project itself."""
    from coordinator.apply.export import look_export

    return look_export(project.layout, look(project))


def write_export(project: Project) -> "Exported":
    """Write it. Refused for an agent, and in a project that nobody trusts."""
    from coordinator.apply.export import write_export

    return write_export(project.layout, look(project))


def copy_export(project: Project, to: Path) -> "Exported":
    """Write a copy of all that other tools left, with what is new. Raises like `coordinator.apply.export`."""
    from coordinator.apply.export import copy_export

    return copy_export(project.layout, look(project), to)
