"""Where the engineer writes to the coordinator: lines that grow, what was said before, and ways to go on."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import TextArea

from coordinator.services.slash import Way, replaced
from coordinator.views.spans import Span
from tui.forms.fields import EDITOR, ProseField
from tui.paint.ink import Spans, fit, pad
from tui.paint.lines import Lines
from tui.paint.theme import Glyphs

_REMEMBERED = 200
_MOST = 6
"""Rows of ways to go on."""
WaysOn = Callable[[str], Sequence[Way]]
"""What stands before the cursor → how it may go on."""


class Ways(Lines, can_focus=False):
    """The ways to go on with a word, above it."""

    DEFAULT_CSS = f"Ways {{ height: auto; max-height: {_MOST}; display: none; }}"

    def __init__(self, marks: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marks = marks
        self.ways: tuple[Way, ...] = ()

    def offer(self, ways: Sequence[Way]) -> None:
        self.ways = tuple(ways)
        self.cursor = 0
        self.display = bool(ways)
        self.rows_changed()

    @property
    def chosen(self) -> Way | None:
        return self.ways[self.cursor] if self.ways else None

    def turn(self, by: int) -> None:
        self.cursor = (self.cursor + by) % len(self.ways)
        self.reveal(self.cursor)

    def row_count(self) -> int:
        return len(self.ways)

    def row_version(self, row: int) -> object:
        return self.ways[row]

    def row_spans(self, row: int, width: int) -> Spans:
        way = self.ways[row]
        return fit([Span(pad(f" {way.text}", 18), "key"), Span(f" {way.about}", "quiet")], width, self.marks.ellipsis)


class Composer(ProseField):
    """Enter sends, ^j begins a line, up and down recall what was said; Tab takes a way to go on."""

    BINDINGS: ClassVar[list[BindingType]] = [EDITOR]

    class Left(Message):
        """Escape, with nothing of its own to leave."""

    class Went(Message):
        """Tab, or a page key: to another part of the screen."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Chose(Message):
        """A digit on an empty line."""

        def __init__(self, digit: int) -> None:
            super().__init__()
            self.digit = digit

    class Wondered(Message):
        """A question mark on an empty line."""

    def __init__(self, ways: Ways, ways_on: WaysOn, *, placeholder: str, id: str) -> None:
        super().__init__("", placeholder=placeholder, id=id)
        self._ways, self._ways_on = ways, ways_on
        self._said: list[str] = []
        self._place = 0
        """Where in what was said before it is; at its end: in what is being written."""
        self._kept = ""
        """What was being written when older words were recalled."""

    def remember(self, text: str) -> None:
        """These words were said: up brings them back."""
        if text and self._said[-1:] != [text]:
            self._said = [*self._said, text][-_REMEMBERED:]
        self._place = len(self._said)

    def take(self) -> str:
        """What was written; the line is empty then."""
        text = self.text.strip()
        self.text = ""
        self.remember(text)
        return text

    async def _on_key(self, event: events.Key) -> None:
        if self._own_key(event):
            event.prevent_default()
            event.stop()
        else:
            await super()._on_key(event)

    def _own_key(self, event: events.Key) -> bool:
        """Do what a key does here and in no other field."""
        key, ways = event.key, self._ways
        if ways.ways and key in ("tab", "up", "down", "escape"):
            if key == "tab":
                self._go_on()
            elif key == "escape":
                ways.offer(())
            else:
                ways.turn(-1 if key == "up" else 1)
        elif ways.ways and key == "enter" and ways.chosen is not None and not self._is_whole(ways.chosen):
            self._go_on()
        elif key == "escape":
            self.post_message(self.Left())
        elif key in ("tab", "shift+tab"):
            self.post_message(self.Went(1 if key == "tab" else -1))
        elif not self.text and event.character is not None and event.character in "123456789":
            self.post_message(self.Chose(int(event.character)))
            return False  # where nothing was asked, it is the beginning of what is written
        elif not self.text and event.character == "?":
            self.post_message(self.Wondered())
        else:
            return False
        return True

    def _before(self) -> str:
        return self.get_text_range((0, 0), self.cursor_location)

    def _is_whole(self, way: Way) -> bool:
        """What is typed is that already: nothing would come of taking it."""
        return self._before().endswith(way.text.strip())

    def _go_on(self) -> None:
        way = self._ways.chosen
        if way is not None:
            start, end = self._before(), self.cursor_location
            self.replace(replaced(start, way), (0, 0), end)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        super().on_text_area_changed(event)
        self._ways.offer(self._ways_on(self._before()) if self.text else ())

    def action_cursor_up(self, select: bool = False) -> None:
        if not select and self.get_cursor_up_location()[0] == self.cursor_location[0] == 0 and self._place > 0:
            self._recall(self._place - 1)
        else:
            TextArea.action_cursor_up(self, select)

    def action_cursor_down(self, select: bool = False) -> None:
        at_end = self.cursor_location[0] == self.document.line_count - 1
        if not select and at_end and self._place < len(self._said):
            self._recall(self._place + 1)
        else:
            TextArea.action_cursor_down(self, select)

    def _recall(self, place: int) -> None:
        if self._place == len(self._said):
            self._kept = self.text
        self._place = place
        self.text = self._said[place] if place < len(self._said) else self._kept
        self.move_cursor(self.document.end)
        self._ways.offer(())
