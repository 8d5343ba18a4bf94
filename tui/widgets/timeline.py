"""A line for the whole log, with a mark where one is; a click goes to that place."""

from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from coordinator.views.spans import Span
from tui.messages import MomentSought
from tui.paint.ink import Spans, ink_of, paint
from tui.paint.theme import UNICODE, Glyphs


class Timeline(Widget):
    """Event 1 at the left edge, the newest at the right one."""

    DEFAULT_CSS = "Timeline { height: 1; }"

    def __init__(self, marks: Glyphs = UNICODE, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marks = marks
        self.seq, self.head = 0, 0

    def show(self, seq: int, head: int) -> None:
        """Put the mark at event `seq` of `head`."""
        if (seq, head) != (self.seq, self.head):
            self.seq, self.head = seq, head
            self.refresh()

    def render_line(self, y: int) -> Strip:
        return paint(timeline_spans(self.seq, self.head, self.size.width, self.marks), self.size.width, self.ink)

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def on_click(self, event: events.Click) -> None:
        if self.head:
            self.post_message(MomentSought(seq_at(event.x, self.head, self.size.width)))


def timeline_spans(seq: int, head: int, width: int, marks: Glyphs) -> Spans:
    """What had happened by then as a bar, the place itself, and what was still to come; a blank at both ends."""
    room = max(1, width - 2)
    place = _place(seq, head, room)
    return [
        Span(" "),
        Span(marks.bar * place, "need"),
        Span(marks.play, "need-strong"),
        Span(marks.bar_rest * (room - place - 1), "line"),
    ]


def seq_at(column: int, head: int, width: int) -> int:
    """The event that a column of the line stands for: what `timeline_spans` puts there."""
    room = max(1, width - 2)
    if room < 2 or head < 2:
        return min(1, head)
    share = max(0.0, min(1.0, (column - 1) / (room - 1)))
    return 1 + round(share * (head - 1))


def _place(seq: int, head: int, room: int) -> int:
    return round((room - 1) * max(0, seq - 1) / (head - 1)) if head > 1 else 0
