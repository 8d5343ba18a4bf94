"""A text to read: wrapped, scrolled by the line API."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from coordinator.views.spans import Span
from tui.paint.ink import Spans, columns, ink_of, paint, wrap
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

    def show(self, lines: Sequence[Spans]) -> None:
        """Read something else, from the top."""
        self._source = list(lines)
        self._width = -1
        self._lay()
        self.scroll_to(y=0, animate=False, force=True)
        self.refresh()

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
        return paint(self._lines[row], width, self.ink)


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
