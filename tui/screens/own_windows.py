"""What there is to read of commands of the project's own: the words before one runs, and their windows."""

from collections.abc import Sequence

from coordinator.model.own_command import OwnWindow, Ready
from coordinator.model.text import plain, plain_lines
from coordinator.views.spans import Span
from tui.screens.reader import Entry, Reading

_ROWS, _COLUMNS = 6, 60
"""What a card has room for in the smallest window."""


def effects(ready: Ready) -> list[str]:
    """What running it does: where it runs, and its exact words."""
    return [f"In {ready.folder}, as you, in a window of its own:", *plain_lines(ready.words)]


def whole_words(ready: Ready) -> Reading | None:
    """A page to read the words on before they are asked about; None where a card shows all of them."""
    lines = plain_lines(ready.words)
    if sum(1 + len(line) // _COLUMNS for line in lines) <= _ROWS:
        return None
    return Reading(f"{ready.name}: what it runs; then you are asked", [[Span(line)] for line in lines])


def entries(windows: Sequence[OwnWindow]) -> list[Entry]:
    """A row for each window."""
    about = [[Span("Runs, or has ended and waits for a key there: then it closes.", "quiet")]]
    return [Entry([Span(f"{one.id:>5}  ", "quiet"), Span(plain(one.name))], about) for one in windows]
