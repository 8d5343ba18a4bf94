"""A diff of any length: rows are coloured and painted when they come into sight."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual.binding import Binding, BindingType

from coordinator.model.change import FileChange
from coordinator.views.diff_rows import Kind, Pair, Row, side_by_side
from coordinator.views.diff_words import changed_words
from coordinator.views.spans import Span
from tui.paint.contrast import readable
from tui.paint.ink import Spans, clip, ink_of
from tui.paint.lines import Lines
from tui.paint.syntax import Colouring, Piece
from tui.paint.theme import Glyphs

_TOKENS = {
    "comment": "color: $text-muted; text-style: italic;",
    "string": "color: $success;",
    "number": "color: $warning;",
    "keyword": "color: $secondary;",
    "name": "color: $primary;",
}
_SIDES = {
    "added": ("background: $success 18%;", "color: ansi_green;"),
    "removed": ("background: $error 18%;", "color: ansi_red;"),
    "added-word": ("background: $success 42%;", "color: ansi_green; text-style: bold underline;"),
    "removed-word": ("background: $error 42%;", "color: ansi_red; text-style: bold underline;"),
}
"""What a line and the changed words in it lie on: in colours, and with the terminal's own sixteen."""
_STEP = 8
"""Columns that the left and right keys pan."""


def _css() -> str:
    tokens = "\n".join(f"    & > .ink--{name} {{ {rule} }}" for name, rule in _TOKENS.items())
    sides = "\n".join(f"    & > .ink--{name} {{ {rule} }}" for name, (rule, _) in _SIDES.items())
    ansi = "\n".join(f"    &:ansi > .ink--{name} {{ {rule} }}" for name, (_, rule) in _SIDES.items())
    return f"DiffView {{\n    height: 1fr;\n{tokens}\n{sides}\n{ansi}\n}}"


class DiffView(Lines):
    """Unified, or the old and the new text side by side; signs and numbers tell what colours tell too."""

    HELP = "The change as a diff. Up and down move, left and right pan, ] [ go by files, } { by hunks."
    DEFAULT_CSS = _css()
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"ink--{name}" for name in (*_TOKENS, *_SIDES)}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", f"pan({-_STEP})", "Left", show=False),
        Binding("right", f"pan({_STEP})", "Right", show=False),
        Binding("right_square_bracket", "file(1)", "Next file", show=False),
        Binding("left_square_bracket", "file(-1)", "Previous file", show=False),
        Binding("right_curly_bracket,n", "hunk(1)", "Next hunk", show=False),
        Binding("left_curly_bracket,N", "hunk(-1)", "Previous hunk", show=False),
        Binding("space", "page(1)", "Page down", show=False),
    ]

    def __init__(self, marks: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marks = marks
        self.rows: tuple[Row, ...] = ()
        self.split = False
        """The two sides stand side by side."""
        self._pairs: tuple[Pair, ...] = ()
        self._pan = 0
        self._colouring = Colouring((), ())
        self._partner: dict[int, int] = {}
        """Removed line → the added one beside it, and the other way round."""
        self._digits = 1
        self._longest = 0
        """Characters of the longest line."""

    def show(self, rows: Sequence[Row], files: Sequence[FileChange], *, stay: bool = False) -> None:
        """Show other rows, from the top; `stay`: they are of the same diff, and the cursor stays on its line."""
        here = self._row_at(self.cursor) if stay else None
        line = self.rows[here] if here is not None else None
        self.rows = tuple(rows)
        self._pairs = side_by_side(self.rows)
        self._partner = {}
        for one in self._pairs:
            if one.left is not None and one.right is not None and one.left != one.right:
                self._partner |= {one.left: one.right, one.right: one.left}
        self._colouring = Colouring(self.rows, [file.path for file in files])
        self._longest = max((len(row.text) for row in self.rows if row.kind.code), default=0)
        self._digits = len(str(max((max(row.old, row.new) for row in self.rows), default=0)))
        self._pan = self._pan if stay else 0
        self._drawn.clear()
        self._painted.clear()
        self.set_reactive(Lines.cursor, self._place_of(self._like(line)) if line is not None else 0)
        self.rows_changed()
        self.refresh()

    def _like(self, line: Row) -> int:
        """The row that is the same line, else the last one of its file before it, else the first."""
        best = 0
        for index, row in enumerate(self.rows):
            if row.file == line.file and row.kind is not Kind.REMARK:
                if (row.kind, row.old, row.new) == (line.kind, line.old, line.new):
                    return index
                if row.kind is Kind.FILE or 0 < max(row.old, row.new) <= max(line.old, line.new):
                    best = index
        return best

    def toggle_split(self) -> None:
        """Change between one column and two, at the same place of the diff."""
        here = self._row_at(self.cursor)
        self.split = not self.split
        self._drawn.clear()
        self.rows_changed()
        if here is not None:
            self.go(self._place_of(here))

    @property
    def file(self) -> int | None:
        """Index of the file that the cursor is in."""
        here = self._row_at(self.cursor)
        return self.rows[here].file if here is not None else None

    @property
    def here(self) -> Row | None:
        """The row under the cursor."""
        at = self._row_at(self.cursor)
        return self.rows[at] if at is not None else None

    @property
    def wide(self) -> bool:
        """Some line is longer than there is room for it: only panning shows its end."""
        width = self.scrollable_content_region.width
        room = (width - 1) // 2 - self._digits if self.split else width - 2 * self._digits - 1
        return self._longest > room - 3 > 0

    @property
    def line(self) -> int:
        """Number of the line under the cursor, as the file is now; 1 where there is none."""
        here = self._row_at(self.cursor)
        return max(1, self.rows[here].new) if here is not None else 1

    # ── rows

    def row_count(self) -> int:
        return len(self._pairs) if self.split else len(self.rows)

    def row_version(self, row: int) -> object:
        return row, self.split, self._pan

    def row_spans(self, row: int, width: int) -> Spans:
        if not self.split:
            return self._unified(row, width)
        pair = self._pairs[row]
        if pair.left == pair.right and pair.left is not None and not self.rows[pair.left].kind.code:
            return self._heading(pair.left, width)
        half = (width - 1) // 2
        bar = Span("│" if self.marks.boxes else "|", "line")
        return [*self._cell(pair.left, half, old=True), bar, *self._cell(pair.right, width - half - 1, old=False)]

    def empty_spans(self) -> list[Spans]:
        return [[Span("Nothing to show: the change has no text that differs.", "quiet")]]

    def ink(self, name: str) -> Style:
        """`added.keyword`: the colour of the token on the background of the side."""
        style = self._inks.get(name)
        if style is None:
            side, dot, token = name.partition(".")
            style = ink_of(self, side)
            if dot and token:
                of_token = ink_of(self, token)
                style += Style(color=of_token.color, bold=of_token.bold, italic=of_token.italic)
            # themes choose for their own ground, not for a tinted one
            style += Style(color=readable(style.color, style.bgcolor, None))
            self._inks[name] = style
        return style

    def _unified(self, index: int, width: int) -> Spans:
        row = self.rows[index]
        if not row.kind.code:
            return self._heading(index, width)
        size = self._digits
        numbers = f"{row.old or '':>{size}} {row.new or '':>{size}} "
        return [Span(numbers, "quiet"), *self._code(index, width - len(numbers))]

    def _cell(self, index: int | None, width: int, *, old: bool) -> Spans:
        if index is None:
            return [Span(" " * width)]
        row = self.rows[index]
        number = f"{(row.old if old else row.new) or '':>{self._digits}} "
        return [Span(number, "quiet"), *self._code(index, width - len(number))]

    def _heading(self, index: int, width: int) -> Spans:
        row = self.rows[index]
        if row.kind is Kind.REMARK:
            bar = "┃" if self.marks.boxes else "|"
            return [Span(clip(f"{' ' * self._digits} {bar} {row.text}", width), row.ink)]
        if row.kind is Kind.FILE:
            aside = clip(row.aside, width // 2)
            name = clip(f"{self.marks.review} {row.text}", width - len(aside) - 2, self.marks.ellipsis)
            return [Span(name, "strong"), Span(f"  {aside}", "need")]
        if row.kind is Kind.HUNK:
            return [Span(clip(f"   {self.marks.dash * 3} line {row.new}  {row.text}", width), "badge")]
        return [Span(clip(f"   {row.text}", width), "quiet")]

    def _code(self, index: int, width: int) -> Spans:
        """Sign and text of a code row on the background of its side, exactly `width` columns."""
        kind = self.rows[index].kind
        side = {Kind.ADDED: "added", Kind.REMOVED: "removed"}.get(kind, "text")
        sign = {Kind.ADDED: "+ ", Kind.REMOVED: "- "}.get(kind, "  ")
        spans, left, skip = [Span(sign, side)], width - 2, self._pan
        more = cell_len(_whole(self._colouring.pieces(index))[self._pan :]) > left > 1
        left -= more
        for text, token, word in self._pieces(index):
            shown = text[skip:]
            skip = max(0, skip - len(text))
            size = cell_len(shown)
            if size > left:
                shown, size = set_cell_size(shown, max(0, left)), max(0, left)
            left -= size
            ground = f"{side}-word" if word else side
            spans.append(Span(shown, f"{ground}.{token}" if token else ground))
        return [*spans, Span(" " * left, side), *([Span(self.marks.ellipsis, side)] if more else [])]

    def _pieces(self, index: int) -> Iterator[tuple[str, str, bool]]:
        """Text, token, and whether it is among the words that the line beside it has not."""
        pieces = self._colouring.pieces(index)
        other = self._partner.get(index)
        ranges = () if other is None else changed_words(_whole(pieces), _whole(self._colouring.pieces(other)))[0]
        at = 0
        for text, token in pieces:
            cuts = sorted({0, len(text), *(edge - at for span in ranges for edge in span if 0 < edge - at < len(text))})
            for first, last in pairwise(cuts):
                yield text[first:last], token, any(low <= at + first < high for low, high in ranges)
            at += len(text)

    # ── moving

    def _row_at(self, place: int) -> int | None:
        """The row of the diff at a place of the list."""
        if not 0 <= place < self.row_count():
            return None
        if not self.split:
            return place
        pair = self._pairs[place]
        return pair.right if pair.right is not None else pair.left

    def _place_of(self, index: int) -> int:
        if not self.split:
            return index
        return next((at for at, pair in enumerate(self._pairs) if index in (pair.left, pair.right)), 0)

    def action_pan(self, by: int) -> None:
        self._pan = max(0, min(self._pan + by, self._longest - _STEP))
        self.refresh()

    def action_file(self, by: int) -> None:
        self._go_to(Kind.FILE, by)

    def action_hunk(self, by: int) -> None:
        self._go_to(Kind.HUNK, by)

    def _go_to(self, kind: Kind, by: int) -> None:
        places = [self._place_of(index) for index, row in enumerate(self.rows) if row.kind is kind]
        ahead = [place for place in places if (place > self.cursor if by > 0 else place < self.cursor)]
        if ahead:
            goal = ahead[0] if by > 0 else ahead[-1]
            self.go(goal)
            self.scroll_to(y=goal, animate=False, force=True)


def _whole(pieces: Sequence[Piece]) -> str:
    return "".join(text for text, _ in pieces)
