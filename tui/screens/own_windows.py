"""What there is to read of commands of the project's own: the words before one runs, and their windows."""

from collections.abc import Sequence

from coordinator.model.own_command import OwnWindow, Ready
from coordinator.model.text import plain, plain_lines
from coordinator.views.spans import Span
from tui.screens.reader import Entry


def effects(ready: Ready) -> list[str]:
    """What running it does: its exact words, and where they run."""
    return [*plain_lines(ready.words), f"in {ready.folder}, as you, in a window of its own"]


def entries(windows: Sequence[OwnWindow]) -> list[Entry]:
    """A row for each window."""
    about = [[Span("Runs, or has ended and waits for a key there: then it closes.", "quiet")]]
    return [Entry([Span(f"{one.id:>5}  ", "quiet"), Span(plain(one.name))], about) for one in windows]
