"""Opens the terminal screen."""

import sys

from coordinator.artifacts.paths import Layout
from coordinator.errors import CoordError


def open_screen(layout: Layout) -> int:
    """Run the screen until it is left; CoordError where there is no terminal to draw on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CoordError("the screen needs a terminal", "for scripts: `coord status --json`, `coord log --follow`")
    from tui.app import run_app

    return run_app(layout)
