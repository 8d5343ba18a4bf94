"""One look at a project, for a command that looks and ends."""

from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.snapshot import Snapshot
from coordinator.observe.observer import Observer
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from coordinator.client.status_cache import Stamped


def look(project: Project) -> Snapshot:
    """The project as it is now. Raises CoordError when its settings or its log can't be read."""
    observer = Observer(project.layout, lambda: project.findings)
    try:
        return observer.snapshot()
    finally:
        observer.close()


def look_around(project: Project) -> Snapshot:
    """The same, with the windows that the project adopts."""
    observer = Observer(project.layout, lambda: project.findings)
    try:
        observer.look_around()
        return observer.snapshot()
    finally:
        observer.close()


def look_stamped(project: Project) -> "tuple[Snapshot, Stamped]":
    """The project as it is now, and the state in which its files were right before."""
    from coordinator.client.status_cache import Stamped
    from coordinator.storage.branch import told_by

    root = project.layout.root
    observer = Observer(project.layout, lambda: project.findings)
    try:
        stamped = Stamped(str(root), [*map(str, observer.folders()), *told_by(root)])
        return observer.snapshot(), stamped
    finally:
        observer.close()
