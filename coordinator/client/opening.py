"""Where a caller begins: at the project that a folder lies in."""

from pathlib import Path

from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.observe.project import Project as Project
from coordinator.storage.paths import Layout, find_project

if TYPE_CHECKING:
    from coordinator.observe.prefetch import Ahead


def open_project(directory: str) -> Project:
    """The project that a folder lies in, walking up. Raises CoordError when there is none."""
    return Project(find_project(Path(directory)))


def open_finished(directory: str) -> Project:
    """The same; a plan that a killed process left unfinished is finished first."""
    from coordinator.observe.finishing import finish

    project = open_project(directory)
    finish(project.layout)
    return project


def look_ahead(project: Project) -> "Ahead":
    """Begin to look at a project in another process, while this one still loads what it shows it with."""
    from coordinator.observe.prefetch import Ahead

    return Ahead(project.layout)


def project_at(root: str) -> Project:
    """The project whose root is this folder, whether there is one already or not."""
    return Project(Layout(Path(root)))
