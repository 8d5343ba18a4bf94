"""Sentences in a form: wrapped to its width, as high as they are long."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from coordinator.views.spans import Span
from tui.paint.ink import Spans, columns, fit, ink_of, paint, wrap


class Line(NamedTuple):
    """A lead, such as a label or an indent, and what follows: wrapped lines go on behind the lead."""

    lead: Span
    rest: Spans


class MessageLines(Widget):
    """Lines with a lead each; a wrapped one goes on where its text began."""

    DEFAULT_CSS = """
    MessageLines { height: auto; width: 1fr; }
    MessageLines > .ink--added { color: $success; }
    MessageLines > .ink--removed { color: $error; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"ink--added", "ink--removed"}

    def __init__(self, *, least: int = 0, most: int = 12, id: str | None = None) -> None:
        """`least` and `most` are rows: a text that changes while one types should not make the form jump."""
        super().__init__(id=id)
        self._least = least
        self._most = most
        self._lines: tuple[Line, ...] = ()
        self._laid: tuple[int, list[Spans]] = (-1, [])

    def show(self, lines: Sequence[Line]) -> None:
        shown = tuple(Line(line.lead, tuple(line.rest)) for line in lines)
        if shown != self._lines:
            before = len(self._lay(self.size.width))
            self._lines = shown
            self._laid = (-1, [])
            self.refresh(layout=len(self._lay(self.size.width)) != before)

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(self._least, len(self._lay(width)))

    def _lay(self, width: int) -> list[Spans]:
        if width <= 0:
            return []
        if self._laid[0] != width:
            lines = [row for line in self._lines for row in _wrapped(line, width)]
            if len(lines) > self._most:
                lines = [*lines[: self._most - 1], fit([*lines[self._most - 1], Span(" …")], width)]
            self._laid = (width, lines)
        return self._laid[1]

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        lines = self._lay(width)
        return paint(lines[y], width, self.ink) if y < len(lines) and self.is_attached else Strip.blank(width)


def _wrapped(line: Line, width: int) -> list[Spans]:
    hang = columns([line.lead])
    rows = wrap(line.rest, max(1, width - hang))
    return [[line.lead, *rows[0]], *([Span(" " * hang), *row] for row in rows[1:])]
