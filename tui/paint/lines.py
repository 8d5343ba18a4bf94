"""A list of rows painted by the line API: only what is visible is drawn, and what did not change is drawn once."""

from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from tui.paint.ink import Spans, ink_of, paint
from tui.paint.scrollbars import ScrolledView
from tui.paint.scrolling import ROWS
from tui.paint.titled import Titled

_CACHE_LIMIT = 2000


class Lines(ScrolledView, Titled, can_focus=True):
    """Rows with a cursor. Subclasses say how many there are and what is in each.

    A row is drawn again when `version` of it differs from the one that was drawn; whoever shows times in its rows
    makes the text of the time part of the version.
    """

    HELP: ClassVar[str] = ""
    """What the panel is for, in the words of the help screen."""

    DEFAULT_CSS = """
    Lines {
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        overflow-x: hidden;
        background: transparent;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = ROWS

    cursor: reactive[int] = reactive(0, init=False, repaint=False)
    """Index of the row that keys act on."""

    class Moved(Message):
        """The cursor came to another row, by the user's hand."""

        def __init__(self, lines: "Lines", row: int) -> None:
            super().__init__()
            self.lines = lines
            self.row = row

        @property
        def control(self) -> "Lines":
            return self.lines

    class Activated(Message):
        """Enter, or a double click, on a row."""

        def __init__(self, lines: "Lines", row: int) -> None:
            super().__init__()
            self.lines = lines
            self.row = row

        @property
        def control(self) -> "Lines":
            return self.lines

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: dict[tuple[object, ...], Strip] = {}
        self._painted: dict[int, object] = {}
        """Row → what it looked like when it was last painted."""
        self._inks: dict[str, Style] = {}
        self._theme = ""

    # What subclasses say

    def row_count(self) -> int:
        raise NotImplementedError

    def row_version(self, row: int) -> object:
        """Anything hashable that changes when the row has to look different."""
        raise NotImplementedError

    def row_spans(self, row: int, width: int) -> Spans:
        """The content of a row, at most `width` columns."""
        raise NotImplementedError

    def empty_spans(self) -> list[Spans]:
        """Lines that teach what to do while there are no rows."""
        return []

    # What they call

    def rows_changed(self) -> None:
        """Take over a new number of rows, and repaint what differs."""
        count = self.row_count()
        self.set_reactive(Lines.cursor, max(0, min(self.cursor, count - 1)))
        size = Size(0, count)  # rows are as wide as there is room: another width needs no other layout
        if size == self.virtual_size and count:
            self.repaint()
        else:
            self.virtual_size = size
            self.refresh()

    def repaint(self) -> int:
        """Paint those rows in sight again that look different from what is on screen; how many they are."""
        differ = [row for row in self.rows_in_sight() if self._painted.get(row) != self._look_of(row)]
        for row in differ:
            self.refresh_line(row)
        return len(differ)

    def rows_in_sight(self) -> range:
        top = self.scroll_offset.y
        return range(top, min(top + self.scrollable_content_region.height, self.row_count()))

    # Painting

    def ink(self, name: str) -> Style:
        style = self._inks.get(name)
        if style is None:
            style = self._inks[name] = ink_of(self, name)
        return style

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._forget(self._theme)

    def _forget(self, theme: str) -> None:
        """Draw anew from here, in the colours of this theme."""
        self._theme = theme
        self._inks.clear()
        self._drawn.clear()
        self._painted.clear()

    def on_resize(self) -> None:
        self.rows_changed()

    def render_line(self, y: int) -> Strip:
        if self._theme != self.app.theme:
            self._forget(self.app.theme)
        width = self.scrollable_content_region.width
        row = y + self.scroll_offset.y
        count = self.row_count()
        if row >= count:
            return self._blank_or_empty(y, count, width)
        if len(self._drawn) > _CACHE_LIMIT:
            self._drawn.clear()
            self._painted.clear()
        look = self._painted[row] = self._look_of(row)
        strip = self._drawn.get((look, width))
        if strip is None:
            under = self._under(row)
            base = self.ink(under) if under else None
            strip = self._drawn[look, width] = paint(self.row_spans(row, width), width, self.ink, base)
        return strip

    def _look_of(self, row: int) -> object:
        """Equal for rows that are drawn alike."""
        return (self.row_version(row), row == self.cursor, self._under(row))

    def _under(self, row: int) -> str:
        """Ink that lies under the cursor row: bright only where keys go."""
        if row != self.cursor:
            return ""
        return "cursor" if self.has_focus else "cursor-blurred"

    def _blank_or_empty(self, y: int, count: int, width: int) -> Strip:
        if count == 0:
            lines = self.empty_spans()
            if y < len(lines):
                return paint(lines[y], width, self.ink)
        return Strip.blank(width, self.ink("text"))

    # Moving

    def watch_cursor(self, old: int, new: int) -> None:
        self.refresh_line(old)
        self.refresh_line(new)

    def reveal(self, row: int) -> None:
        """Scroll just far enough that the row is visible."""
        height = self.scrollable_content_region.height
        top = self.scroll_offset.y
        if row < top:
            self.scroll_to(y=row, animate=False, force=True)
        elif height and row >= top + height:
            self.scroll_to(y=row - height + 1, animate=False, force=True)

    def go(self, row: int) -> None:
        """Put the cursor on a row by the user's hand: shown, and told."""
        count = self.row_count()
        if not count:
            return
        row = max(0, min(row, count - 1))
        if row != self.cursor:
            self.cursor = row
        self.reveal(row)
        self.post_message(self.Moved(self, row))

    def action_move(self, by: int) -> None:
        self.go(self.cursor + by)

    def action_page(self, by: int) -> None:
        self.go(self.cursor + by * max(1, self.scrollable_content_region.height - 1))

    def action_half(self, by: int) -> None:
        self.go(self.cursor + by * max(1, self.scrollable_content_region.height // 2))

    def action_edge(self, to: int) -> None:
        self.go(0 if to < 0 else self.row_count() - 1)

    def action_activate(self) -> None:
        if self.row_count():
            self.post_message(self.Activated(self, self.cursor))

    def row_at(self, event: events.MouseEvent) -> int | None:
        """The row under the mouse; None beside the rows."""
        offset = event.get_content_offset(self)
        if offset is None:
            return None
        row = offset.y + self.scroll_offset.y
        return row if row < self.row_count() else None

    def on_click(self, event: events.Click) -> None:
        row = self.row_at(event)
        if row is None:
            return
        self.go(row)
        if event.chain == 2:
            self.action_activate()
