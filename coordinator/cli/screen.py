"""Opens the terminal screen."""

import gc
import sys

from coordinator.artifacts.paths import Layout
from coordinator.errors import CoordError


def open_screen(layout: Layout) -> int:
    """Run the screen until it is left; CoordError where there is no terminal to draw on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CoordError("the screen needs a terminal", "for scripts: `coord status --json`, `coord log --follow`")
    # Importing makes many objects and no garbage; they stay to the end, so the collector need never look at them.
    gc.disable()
    from tui.app import run_app
    from tui.project import ProjectSource

    gc.freeze()
    gc.enable()
    return run_app(ProjectSource(layout))
