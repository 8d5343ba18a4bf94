"""Opens the terminal screen."""

import gc
import os
import sys

from coordinator.client.opening import Project, look_ahead, open_project
from coordinator.errors import CoordError

_BROWSER = "textual.drivers.web_driver:WebDriver"
"""How Textual draws for a browser: `coord serve` says so to the screens that it starts."""

_GOODBYE = 3.0
"""Seconds that the screen has to end after that."""


def open_screen(project: Project) -> int:
    """Run the screen, and that of each project it is left for; CoordError where there is no terminal to draw on."""
    served = os.environ.get("TEXTUAL_DRIVER") == _BROWSER
    if not served and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CoordError("the screen needs a terminal", "for scripts: `coord status --json`, `coord log --follow`")
    if served:
        _end_with_the_server()
    # Starting makes many objects and no garbage; they stay to the end, so the collector need never look at them. The
    # app lets it begin once there is a picture.
    gc.disable()
    ahead = look_ahead(project)
    from coordinator.client.project import ProjectSource
    from tui.app import run_app

    while True:
        code, another = run_app(ProjectSource(project.layout, ahead))
        if not another:
            return code
        project = open_project(another)
        ahead = look_ahead(project)


def _end_with_the_server() -> None:
    """Leave when the process that brings this to a browser is gone, however it ended: nobody else would end this."""
    import select
    import signal
    import threading
    import time

    def watch() -> None:
        poll = select.poll()
        poll.register(0, 0)  # asks for nothing but the other end's hanging up
        poll.poll()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GOODBYE)
        os._exit(1)

    threading.Thread(target=watch, name="coord-served", daemon=True).start()
