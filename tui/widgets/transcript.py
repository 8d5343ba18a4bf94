"""What was said: words of both sides, what was looked at, proposals and questions; painted by the line as it comes."""

from collections.abc import Callable
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from coordinator.model.conversation import Ask
from coordinator.model.text import plain_lines
from coordinator.views.spans import Span
from tui.paint.ink import Spans, ink_of, paint, wrap
from tui.paint.markdown import Markdown
from tui.paint.scrolling import LINES
from tui.paint.theme import Glyphs
from tui.paint.titled import Titled

_INKS = {
    "code": "color: $accent;",
    "em": "color: $foreground; text-style: italic;",
    "link": "color: $primary; text-style: underline;",
    "comment": "color: $text-muted; text-style: italic;",
    "string": "color: $success;",
    "number": "color: $warning;",
    "keyword": "color: $secondary;",
    "name": "color: $primary;",
}
_WIDEST = 100
"""Columns of a line of words: longer ones are hard to read."""
_KEPT = 3000
"""Painted rows that are kept."""


def _css() -> str:
    inks = "\n".join(f"    & > .ink--{name} {{ {rule} }}" for name, rule in _INKS.items())
    scroll = "overflow-x: hidden; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0;"
    return f"Transcript {{\n    {scroll} height: 1fr; background: transparent;\n{inks}\n}}"


class Entry:
    """One thing that was said or done; `lines` gives its rows at a width."""

    def __init__(self, lines: Callable[[int], list[Spans]], close: bool = False) -> None:
        """`close`: it stands right below another such entry, without a blank row."""
        self.lines = lines
        self.close = close


class Transcript(ScrollView, Titled, can_focus=True):
    """Entries from top to bottom. It follows its end, unless one has scrolled away from it."""

    HELP = "What was said. Up and down, PgUp and PgDn read on; End follows the answer again."
    DEFAULT_CSS = _css()
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"ink--{name}" for name in _INKS}
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "page_down", "Page down", show=False), *LINES]

    class Grown(Message):
        """There is more below what is in sight, or no more."""

    def __init__(self, marks: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marks = marks
        self.entries: list[Entry] = []
        self.following = True
        """The end stays in sight while it grows."""
        self._starts: list[int] = []
        """The row at which each entry begins."""
        self._rows: list[Spans] = []
        self._strips: dict[int, Strip] = {}
        self._inks: dict[str, Style] = {}
        self._theme = ""
        self._width = -1
        self._told = False

    # ── what is said

    def add(self, entry: Entry) -> Entry:
        self.entries.append(entry)
        self._lay(len(self.entries) - 1)
        return entry

    def changed(self, entry: Entry) -> None:
        """An entry says something else now, or more."""
        if entry in self.entries[-8:]:  # what still changes is near the end
            self._lay(len(self.entries) - 1 - self.entries[::-1].index(entry))
        elif entry in self.entries:
            self._lay(self.entries.index(entry))

    def clear(self) -> None:
        self.entries.clear()
        self._lay(0)

    def say(self, text: str) -> Entry:
        """Words of the engineer."""
        return self.add(Entry(lambda width: _behind([Span("› ", "key")], _plain(text, "strong"), width)))

    def note(self, text: str, ink: str = "quiet", lead: str = "· ") -> Entry:
        """A line about what happens."""
        return self.add(Entry(lambda width: _behind([Span(lead, ink)], _plain(text, ink), width), close=lead == "· "))

    def answer(self, markdown: Markdown) -> Entry:
        """Words of the coordinator, which may grow."""
        return self.add(Entry(markdown.rows))

    def ask(self, asked: Ask) -> Entry:
        """A question, with the digits that answer it."""
        return self.add(Entry(lambda width: question_rows(asked, width)))

    # ── rows

    @property
    def text(self) -> str:
        """All of it, row by row."""
        return "\n".join("".join(span.text for span in row).rstrip() for row in self._rows)

    def on_resize(self) -> None:
        if self._wide() != self._width:
            self._lay(0)
        self._follow()

    def _wide(self) -> int:
        return min(_WIDEST, self.scrollable_content_region.width - 2)

    def _lay(self, first: int) -> None:
        """Lay out the entries from one on; rows that are what they were stay painted."""
        width = self._wide()
        if width <= 0:
            return
        first = 0 if width != self._width else min(first, len(self._starts))
        if width != self._width:
            self._strips.clear()
        self._width = width
        start = self._starts[first] if first < len(self._starts) else len(self._rows)
        old = self._rows[start:]
        del self._rows[start:], self._starts[first:]
        for place in range(first, len(self.entries)):
            entry = self.entries[place]
            before = self.entries[place - 1] if place else None
            self._starts.append(len(self._rows))
            if before is not None and not (entry.close and before.close):
                self._rows.append(_BLANK)
            self._rows += entry.lines(width)
        changed = self._forget_from(start, old)
        size = Size(width, len(self._rows))
        if size == self.virtual_size:
            self.refresh_lines(changed, len(self._rows) - changed)
        else:
            self.virtual_size = size
            self._follow()
            self.refresh()
        self._tell_place()

    def _forget_from(self, start: int, old: list[Spans]) -> int:
        """Have painted again what is another row now; the first of these."""
        same = 0
        for was, row in zip(old, self._rows[start:], strict=False):
            if was is not row:
                break
            same += 1
        kept = start + same
        for place in range(kept, start + len(old)):
            self._strips.pop(place, None)
        return kept

    def _follow(self) -> None:
        if self.following:
            self.scroll_to(y=self._last_top, animate=False, force=True, immediate=True)

    @property
    def _last_top(self) -> int:
        return max(0, len(self._rows) - self.scrollable_content_region.height)

    @property
    def more_below(self) -> bool:
        """There is more to read below what is in sight."""
        return self.scroll_offset.y < self._last_top

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(new_value) < round(old_value):
            self.following = new_value >= self._last_top
        elif new_value >= self._last_top:
            self.following = True
        self._tell_place()

    def _tell_place(self) -> None:
        if self._told != self.more_below:
            self._told = self.more_below
            self.post_message(self.Grown())

    # ── painting

    def ink(self, name: str) -> Style:
        style = self._inks.get(name)
        if style is None:
            style = self._inks[name] = ink_of(self, name)
        return style

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._forget_all()

    def _forget_all(self) -> None:
        self._theme = self.app.theme
        self._inks.clear()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        if self._theme != self.app.theme or len(self._strips) > _KEPT:
            self._forget_all()
        width = self.scrollable_content_region.width
        row = y + self.scroll_offset.y
        if row >= len(self._rows):
            return Strip.blank(width, self.ink("text"))
        strip = self._strips.get(row)
        if strip is None or strip.cell_length != width:
            strip = self._strips[row] = paint([Span(" "), *self._rows[row]], width, self.ink)
        return strip


_BLANK: Spans = ()


def question_rows(asked: Ask, width: int) -> list[Spans]:
    """A question with its options, each behind the digit that chooses it, with what speaks for and against it."""
    rows = _behind([Span("? ", "need-strong")], _plain(asked.question, "strong"), width)
    for place, option in enumerate(asked.options[:9], start=1):
        rows += _behind([Span(f"  {place} ", "key")], _plain(option.label, "text"), width)
        rows += _behind([Span("    ")], _plain(option.tradeoff, "quiet"), width) if option.tradeoff else []
    return rows


def _plain(text: str, ink: str) -> list[list[Span]]:
    return [[Span(line, ink)] for line in plain_lines(text)]


def _behind(lead: Spans, lines: list[list[Span]], width: int) -> list[Spans]:
    """Lines behind a lead, wrapped; they all begin in the same column."""
    hang = sum(len(span.text) for span in lead)
    rows = [row for line in lines for row in wrap(line, max(1, width - hang))]
    return [[*lead, *rows[0]], *([Span(" " * hang), *row] for row in rows[1:])]
