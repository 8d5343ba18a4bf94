"""Notifications of the desktop, for whoever looks elsewhere while something waits."""

import shutil
import subprocess
import sys

_PATIENCE = 5.0
_APPLE = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")


def notify(title: str, text: str) -> bool:
    """Show a notification; False where nothing can show one. Whatever stands in the words, they are only words."""
    command = _command(title, text)
    if command is None:
        return False
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _command(title: str, text: str) -> list[str] | None:
    if sys.platform == "darwin":
        script = [word for line in _APPLE for word in ("-e", line)]
        return ["osascript", *script, title, text] if shutil.which("osascript") else None
    return ["notify-send", "--app-name=coord", "--", title, _escaped(text)] if shutil.which("notify-send") else None


def _escaped(text: str) -> str:
    """Notification servers read markup in the body."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
