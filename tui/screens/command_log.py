"""The command log: what was done from this screen, as the words of `coord` that do the same."""

from collections.abc import Sequence

from coordinator.client.noting import Noted
from coordinator.model.clock import iso, wall
from coordinator.model.text import clip, plain, plain_lines
from coordinator.views.copying import Copy
from coordinator.views.spans import Span
from tui.paint.ink import Spans
from tui.paint.theme import Glyphs
from tui.screens.reader import Entry, Listing

_NONE = "(no single command does the same)"


class CommandLog(Listing):
    """The newest first; Enter ends it with the row whose command is to be copied."""

    def __init__(self, done: Sequence[tuple[float, Noted]], marks: Glyphs) -> None:
        self._done = tuple(reversed(done))
        entries = [_entry(at, noted) for at, noted in self._done]
        super().__init__("Command log", entries, lambda row: "copy it" if self._done[row][1].command else "", marks)

    def copy(self, row: int) -> Copy:
        """The command of a row."""
        return Copy("c", "command", self._done[row][1].command)

    def copies(self) -> tuple[Copy, ...]:
        command = self.copy(self.row)
        every = "\n".join(noted.command for _, noted in reversed(self._done) if noted.command)
        found = (command, Copy("x", "all, oldest first", every))
        return tuple(copy for copy in found if copy.text)


def _entry(at: float, noted: Noted) -> Entry:
    row: Spans = [Span(f"{wall(iso(at))}  ", "quiet"), Span(plain(clip(noted.command, 500) or _NONE))]
    about = [[Span(line, "quiet")] for line in plain_lines(noted.about)]
    command = [[Span(line)] for line in plain_lines(noted.command or _NONE)]
    return Entry(row, [*command, [], *about])
