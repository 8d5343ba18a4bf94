"""A text to read: wrapped, scrolled by the line API."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from coordinator.views.spans import Span
from tui.paint.ink import Spans, columns, ink_of, mark, paint, wrap
from tui.paint.scrollbars import ScrolledView
from tui.paint.scrolling import LINES

_CELLS_SHARE = 0.45
"""Most of the width that the cells before a text may take for it to be wrapped beside them."""


class Pager(ScrolledView, can_focus=True):
    """Lines of spans, each wrapped to the width."""

    DEFAULT_CSS = """
    Pager { overflow-x: hidden; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; background: transparent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "page_down", "Page down", show=False),
        *LINES,
    ]

    def __init__(self, lines: Sequence[Spans] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source = list(lines)
        self._lines: list[Spans] = []
        self._width = -1
        self._needle = ""
        self._hit = 0
        """Line of the match that one is at."""

    def show(self, lines: Sequence[Spans]) -> None:
        """Read something else, from the top."""
        self._source = list(lines)
        self._width = -1
        self._lay()
        self.scroll_to(y=0, animate=False, force=True)
        self.refresh()

    # Searching

    def find(self, needle: str) -> None:
        """Mark a text wherever it stands, whatever the case, and go to its last place; nothing ends the search."""
        self._needle = needle
        self._hit = len(self._lines)
        self.step(-1)
        self.refresh()

    def step(self, by: int) -> None:
        """Go to the next place of the text, or the one before; after the last one comes the first."""
        hits = self.hits
        if not hits:
            return
        beyond = [hit for hit in hits if (hit > self._hit if by > 0 else hit < self._hit)]
        self._hit = (beyond or hits)[0 if by > 0 else -1]
        height = self.scrollable_content_region.height
        if not self.scroll_offset.y <= self._hit < self.scroll_offset.y + height:
            self.scroll_to(y=self._hit - height // 2, animate=False, force=True)
        self.refresh()

    @property
    def hits(self) -> list[int]:
        """Lines, as they are wrapped, that the text stands in."""
        needle = self._needle.casefold()
        texts = ("".join(span.text for span in line) for line in self._lines) if needle else ()
        return [row for row, text in enumerate(texts) if needle in text.casefold()]

    @property
    def place(self) -> str:
        """`3 of 17`: which place one is at."""
        hits = self.hits
        return f"{hits.index(self._hit) + 1} of {len(hits)}" if self._hit in hits else "nowhere"

    def on_resize(self) -> None:
        self._lay()

    def _lay(self) -> None:
        width = self.scrollable_content_region.width
        if width == self._width or width <= 0:
            return
        self._width = width
        self._lines = [line for spans in self._source for line in wrapped(spans, width)]
        self.virtual_size = Size(width, len(self._lines))

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        row = y + self.scroll_offset.y
        if row >= len(self._lines):
            return Strip.blank(width, self.ink("text"))
        spans = self._lines[row]
        if self._needle:
            spans = mark(spans, self._needle, "cursor" if row == self._hit else "found")
        return paint(spans, width, self.ink)


def wrapped(spans: Spans, width: int) -> list[Spans]:
    """Break a line; what follows stands beside its cells (spans that end in a blank), or below its own indent."""
    whole = wrap(spans, width - 1)
    if len(whole) < 2:
        return list(whole)
    cells = columns(spans[:-1])
    if len(spans) > 1 and spans[-2].text.endswith(" ") and cells <= min(width * _CELLS_SHARE, width - 2):
        first, *rest = wrap(spans[-1:], width - 1 - cells)
        return [[*spans[:-1], *first], *([Span(" " * cells), *line] for line in rest)]
    indent = len(spans[0].text) - len(spans[0].text.lstrip(" "))
    if not indent or indent > min(width // 2, width - 2):
        return list(whole)
    first, *rest = wrap(spans, width - 1 - indent)
    return [first, *([Span(" " * indent), *line] for line in rest)]
