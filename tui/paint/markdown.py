"""Markdown as rows, while it is still being written: what is complete is laid out once, only its end again and again.

A text is cut into pieces line by line: a paragraph, an item of a list, a heading, some lines of code. So the work for
each new word is that for the piece it stands in, however long the answer is, and no row moves that was there before.
"""

import re
from typing import NamedTuple

from rich.cells import cell_len

from coordinator.formats.markdown import HEADING, words_of
from coordinator.views.spans import Span
from tui.paint.ink import Spans, columns, pad, safe, wrap
from tui.paint.inline import inline_spans
from tui.paint.syntax import code_pieces

_FENCE = re.compile(r"( {0,15})(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^`]*$")
_ITEM = re.compile(r"( {0,15})([-*+]|\d{1,4}[.)])[ \t]+(\S.*)?$")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_DELIMITERS = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-*:?[ \t]*)*$")
_CHUNK = 24
"""Lines of code that are coloured as one: what one begins inside of is not known to the next."""
_MOST = 400
"""Lines of a piece; more are another one."""
_DEEPEST = 12
"""Columns that a list is put in at most."""
_NARROWEST = 4


class Piece(NamedTuple):
    """A part of a text that is laid out by itself."""

    kind: str
    """`text`, `item`, `heading`, `quote`, `code`, `table` or `rule`."""
    lines: tuple[str, ...]
    indent: int = 0
    """Columns that it stands further right."""
    sign: str = ""
    """The item's bullet or number, or the code's language."""
    gap: bool = False
    """A blank row goes before it."""


class Markdown:
    """A text that grows at its end."""

    def __init__(self, text: str = "") -> None:
        self.source = ""
        self._pieces: list[Piece] = []
        self._open = Piece("", ())
        """What is not complete yet; no kind: nothing is."""
        self._line = ""
        """The last line, which has no end yet."""
        self._fence = ""
        """What closes the code that the text is in."""
        self._gap = False
        self._laid: list[Spans] = []
        """Rows of the first pieces."""
        self._counted = 0
        self._width = -1
        self.feed(text)

    def feed(self, more: str) -> None:
        """Go on with the text."""
        self.source += more
        *lines, self._line = (self._line + more).replace("\r\n", "\n").split("\n")
        for line in lines:
            self._take(line.rstrip())

    def rows(self, width: int) -> list[Spans]:
        """All of it at a width; rows of what was complete before are the same objects as they were then."""
        if width != self._width:
            self._width, self._laid, self._counted = width, [], 0
        for piece in self._pieces[self._counted :]:
            self._lay(piece, self._laid)
        self._counted = len(self._pieces)
        rows = list(self._laid)
        for piece in self._unfinished():
            self._lay(piece, rows)
        return rows

    def _lay(self, piece: Piece, rows: list[Spans]) -> None:
        if piece.gap and rows:
            rows.append([])
        rows += piece_rows(piece, self._width)

    def _unfinished(self) -> list[Piece]:
        """What the end of the text looks like so far."""
        if not self._line:
            return [self._open] if self._open.kind else []
        aside = Markdown.__new__(Markdown)
        aside._pieces, aside._open, aside._fence, aside._gap = [], self._open, self._fence, self._gap
        if self._fence and self._line.strip() and self._fence.startswith(self._line.strip()):
            return [self._open] if self._open.kind else []  # the end of the code, half written
        aside._take(self._line.rstrip())
        return [*aside._pieces, *([aside._open] if aside._open.kind else [])]

    # ── by the line

    def _close(self) -> None:
        if self._open.kind:
            self._pieces.append(self._open)
            self._open = Piece("", ())

    def _begin(self, kind: str, line: str, indent: int = 0, sign: str = "") -> None:
        self._close()
        gap, self._gap = self._gap or kind == "heading", False
        self._open = Piece(kind, (line,), min(indent, _DEEPEST), sign, gap)

    def _add(self, line: str) -> None:
        if len(self._open.lines) >= _MOST:
            self._begin(self._open.kind, line, self._open.indent)
        else:
            self._open = self._open._replace(lines=(*self._open.lines, line))

    def _take(self, line: str) -> None:
        if self._fence:
            self._take_code(line)
        elif not line.strip():
            self._close()
            self._gap = True
        elif (fence := _FENCE.match(line)) is not None:
            self._close()
            self._fence = fence[2]
            gap, self._gap = self._gap, False
            self._open = Piece("code", (), min(len(fence[1]), _DEEPEST), fence[3], gap)
        elif not self._take_own_line(line):
            self._go_on(line)

    def _take_code(self, line: str) -> None:
        stripped, indent = line.strip(), self._open.indent
        if stripped.startswith(self._fence) and not stripped.strip(self._fence[0]):
            self._close()
            self._fence = ""
            return
        if len(self._open.lines) >= _CHUNK:
            after = Piece("code", (), indent, self._open.sign)
            self._close()
            self._open = after
        self._add(line[min(indent, len(line) - len(line.lstrip(" "))) :])

    def _take_own_line(self, line: str) -> bool:
        """Take a line that tells by itself what it is."""
        heading = HEADING.fullmatch(line)
        item = _ITEM.match(line)
        if heading is not None:
            self._begin("heading", words_of(heading[2]), sign=heading[1])
            self._close()
        elif _RULE.match(line) is not None:
            self._begin("rule", line)
            self._close()
        elif item is not None:
            self._begin("item", item[3] or "", len(item[1]), item[2])
        elif line.lstrip().startswith(">"):
            words = line.lstrip()[1:].removeprefix(" ")
            if self._open.kind == "quote":
                self._add(words)
            else:
                self._begin("quote", words)
        else:
            return False
        return True

    def _go_on(self, line: str) -> None:
        """Take a line that belongs to what is before it, if that is of a kind that goes on."""
        here = self._open
        if here.kind == "table" and "|" not in line:
            self._begin("text", line.strip())
        elif here.kind == "text" and len(here.lines) == 1 and "|" in here.lines[0] and _DELIMITERS.match(line):
            self._open = here._replace(kind="table")
        elif here.kind:
            self._add(line.strip())
        else:
            self._begin("text", line.strip(), len(line) - len(line.lstrip(" ")) if self._pieces else 0)


# ── rows


def piece_rows(piece: Piece, width: int) -> list[Spans]:
    """A piece as rows of at most so many columns."""
    room = max(_NARROWEST, width - piece.indent)
    before = [Span(" " * piece.indent)] if piece.indent else []
    rows = _ROWS[piece.kind](piece, room)
    return [[*before, *row] for row in rows] if before else rows


def _text(piece: Piece, width: int) -> list[Spans]:
    return list(wrap(inline_spans(" ".join(piece.lines)), width))


def _item(piece: Piece, width: int) -> list[Spans]:
    sign = "•" if piece.sign in ("-", "*", "+") else piece.sign
    words = " ".join(piece.lines)
    for box, shown in (("[ ] ", "○"), ("[x] ", "✓"), ("[X] ", "✓")):
        if words.startswith(box):
            sign, words = shown, words[len(box) :]
    return _hanging([Span(f"{sign} ", "key")], inline_spans(words), width)


def _heading(piece: Piece, width: int) -> list[Spans]:
    return list(wrap(inline_spans(piece.lines[0], "brand"), width))


def _quote(piece: Piece, width: int) -> list[Spans]:
    bar = Span("│ ", "line")
    rows = (row for line in piece.lines for row in wrap(inline_spans(line, "quiet"), max(1, width - 2)))
    return [[bar, *row] for row in rows]


def _code(piece: Piece, width: int) -> list[Spans]:
    bar = Span("│ ", "line")
    rows: list[Spans] = []
    for pieces in code_pieces(piece.lines, piece.sign):
        rows += [[bar, *row] for row in wrap([Span(text, ink or "text") for text, ink in pieces], max(1, width - 2))]
    return rows


def _rule(piece: Piece, width: int) -> list[Spans]:
    return [[Span("─" * width, "line")]]


def _hanging(lead: Spans, words: Spans, width: int) -> list[Spans]:
    """Words behind a lead; what is wrapped goes on below their beginning."""
    hang = columns(lead)
    first, *rest = wrap(words, max(1, width - hang))
    return [[*lead, *first], *([Span(" " * hang), *row] for row in rest)]


def _table(piece: Piece, width: int) -> list[Spans]:
    """A table in columns; a cell that is too wide for its own is wrapped in it."""
    table = [_cells(line) for line in piece.lines]
    count = len(table[0])
    table = [[*cells, *[""] * count][:count] for cells in table]
    wide = _widths([max(cell_len(safe(row[n])) for row in table) for n in range(count)], width - 2 * (count - 1))
    rows: list[Spans] = []
    for place, cells in enumerate(table):
        ink = "strong" if place == 0 else "text"
        laid = [wrap(inline_spans(cell, ink), size) for cell, size in zip(cells, wide, strict=True)]
        high = max(map(len, laid))
        rows += [_across([cell[n] if n < len(cell) else [] for cell in laid], wide) for n in range(high)]
        if place == 0:
            rows.append([Span("  ".join("─" * size for size in wide), "line")])
    return rows


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip() for cell in inner.split("|")]


def _widths(wanted: list[int], room: int) -> list[int]:
    """As wide as wanted, the widest narrowed until all fit."""
    wide = [max(1, size) for size in wanted]
    while sum(wide) > room and max(wide) > _NARROWEST:
        wide[wide.index(max(wide))] -= 1
    return wide


def _across(cells: list[list[Span]], wide: list[int]) -> list[Span]:
    spans: list[Span] = []
    for cell, size in zip(cells, wide, strict=True):
        spans += [*([Span("  ")] if spans else []), *cell, Span(pad("", max(0, size - columns(cell))))]
    return spans


_ROWS = {
    "text": _text,
    "item": _item,
    "heading": _heading,
    "quote": _quote,
    "code": _code,
    "table": _table,
    "rule": _rule,
}
