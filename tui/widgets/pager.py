"""A text to read: wrapped, scrolled by the line API."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.ink import Span, Spans, ink_of, paint, wrap


class Pager(ScrollView, can_focus=True):
    """Lines of spans, each wrapped to the width; `indent` of a wrapped line is that of its first one."""

    DEFAULT_CSS = """
    Pager { overflow-x: hidden; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; background: transparent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "page_down", "Page down", show=False),
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
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
        self._lines = [line for spans in self._source for line in _wrapped(spans, width)]
        self.virtual_size = Size(width, len(self._lines))

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        row = y + self.scroll_offset.y
        if row >= len(self._lines):
            return Strip.blank(width, self.ink("text"))
        return paint(self._lines[row], width, self.ink)


def _wrapped(spans: Spans, width: int) -> list[Spans]:
    first = spans[0].text if spans else ""
    indent = len(first) - len(first.lstrip(" "))
    lines = wrap(spans, width - 1)
    if len(lines) < 2 or not indent or indent > width // 2:
        return list(lines)
    again = wrap(spans, width - 1 - indent)
    return [again[0], *([Span(" " * indent), *line] for line in again[1:])]
