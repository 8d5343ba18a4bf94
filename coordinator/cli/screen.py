"""Opens the terminal screen."""

import gc
import sys

from coordinator.client.opening import Project, look_ahead
from coordinator.errors import CoordError


def open_screen(project: Project) -> int:
    """Run the screen until it is left; CoordError where there is no terminal to draw on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CoordError("the screen needs a terminal", "for scripts: `coord status --json`, `coord log --follow`")
    # Starting makes many objects and no garbage; they stay to the end, so the collector need never look at them. The
    # app lets it begin once there is a picture.
    gc.disable()
    ahead = look_ahead(project)
    from coordinator.client.project import ProjectSource
    from tui.app import run_app

    return run_app(ProjectSource(project.layout, ahead))
