"""What one listing of tmux tells of a window, and the mark by which coord knows its own."""

import json
from collections.abc import Mapping

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, field

SIZE = (200, 50)
"""Columns and rows of a window while nobody is attached."""
WINDOW_ID = regex.compile(r"@[0-9]+")
MARK = "@coord"
"""The option of a window that says what it was opened for."""
_FIELDS = (
    "window_id",
    "pane_id",
    "pane_pid",
    "pane_dead",
    "pane_dead_status",
    "pane_dead_signal",
    "pane_width",
    "pane_height",
    "window_active",
    "window_activity",
    "window_name",
    MARK,
    "pane_title",
)
_SEPARATOR = "␞"  # printable: newer versions of tmux escape control characters in what they print
ROW = _SEPARATOR.join(f"#{{{name}}}" for name in _FIELDS)


@dataclass(frozen=True, slots=True)
class Window:
    """A tmux window with its first pane, as one `list-panes` call tells it."""

    id: str
    """`@3`; never reused while the server lives."""
    pane: str
    """`%5`"""
    name: str
    mark: Mapping[str, str] = field(default_factory=dict)
    """What `open_window` was given; empty for windows that people opened by hand."""
    pid: int = 0
    """Process started in the pane; after its end a number that may belong to anyone."""
    dead: bool = False
    dead_status: int | None = None
    """Exit status as the shell sees it, 128 + n for signal n. None while it runs, and for a while after; tmux before
    3.3 never tells a signal. What must know writes a file of its own."""
    width: int = SIZE[0]
    height: int = SIZE[1]
    title: str = ""
    """Set by the program; untrusted."""
    active: bool = False
    server: int = 0
    """Process of the tmux server, where it was just opened; 0 in a listing."""
    activity: float | None = field(default=None, compare=False)
    """Unix seconds, whole, of its last output; None where tmux doesn't tell."""


def parse_row(line: str) -> Window | None:
    values = line.split(_SEPARATOR, len(_FIELDS) - 1)
    if len(values) != len(_FIELDS) or not WINDOW_ID.fullmatch(values[0]):
        return None
    window, pane, pid, dead, status, signal, width, height, active, activity, name, mark, title = values
    code = int(status) if status else 128 + int(signal) if signal.isdigit() else None
    return Window(
        window,
        pane,
        name,
        parse_mark(mark),
        int(pid or 0),
        dead == "1",
        code,
        int(width),
        int(height),
        title,
        active == "1",
        activity=float(activity) if activity.isdigit() else None,
    )


def parse_mark(text: str) -> dict[str, str]:
    """What a window is marked with; empty for anything that is no mark of ours."""
    try:
        mark = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return {str(k): str(v) for k, v in mark.items()} if isinstance(mark, dict) else {}
