"""Painting a line: spans of text in named inks become a strip. The one way in which widgets put text on screen."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.css.styles import RenderStyles
from textual.strip import Strip
from textual.widget import Widget

from coordinator.model.text import plain
from coordinator.views.spans import Span
from tui.paint.contrast import readable

_LINE = "text-disabled"
"""Of what is drawn, and not read."""


class _Ink(NamedTuple):
    """Theme variables of a text's colour and of what lies under it; empty: the widget's own."""

    colour: str
    ground: str = ""
    bold: bool = False


_INKS = {
    "text": _Ink("foreground"),
    "strong": _Ink("foreground", bold=True),
    "quiet": _Ink("text-muted"),
    "line": _Ink(_LINE),
    "run": _Ink("primary"),
    "good": _Ink("success"),
    "need": _Ink("warning"),
    "need-strong": _Ink("warning", bold=True),
    "failed": _Ink("error"),
    "review": _Ink("secondary"),
    "badge": _Ink("accent"),
    "key": _Ink("accent", bold=True),
    "brand": _Ink("primary", bold=True),
    "found": _Ink("background", "accent"),
    "pill-need": _Ink("background", "warning", bold=True),
    "pill-failed": _Ink("background", "error", bold=True),
    "pill-review": _Ink("background", "secondary", bold=True),
    "cursor": _Ink("block-cursor-foreground", "block-cursor-background"),
    "cursor-blurred": _Ink("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
}
INKS = frozenset(f"ink--{name}" for name in _INKS)
"""The inks that every widget has, named like component classes; a widget's own inks are component classes."""

InkOf = Callable[[str], Style]


def ink_of(widget: Widget, name: str) -> Style:
    """The style of an ink on that widget, its background included.

    Common inks come straight from the theme: as component classes of every widget they made up a third of the time to
    the first picture.
    """
    under = widget.rich_style
    if name not in _INKS:
        return under + _of_component(widget.get_component_styles(f"ink--{name}"), under.bgcolor)
    key = (widget.app.theme, under.bgcolor, name)
    style = _MIXED.get(key)
    if style is None:
        style = _MIXED[key] = _mix(_INKS[name], widget.app.theme_variables, under.bgcolor)
    return under + style


_MIXED: dict[tuple[str, RichColor | None, str], Style] = {}
"""By theme, background and ink."""


def _of_component(styles: RenderStyles, under: RichColor | None) -> Style:
    """What a component class sets, its colours laid over what is under it: as they are, they may be transparent."""
    base = Color.from_rich_color(under) if under is not None else Color.parse("ansi_default")
    ground = _over(base, styles.background) if styles.has_rule("background") else None
    colour = _over(ground or base, styles.color) if styles.has_rule("color") else None
    seen = readable(colour.rich_color, (ground or base).rich_color, None) if colour is not None else None
    return styles.text_style + Style(
        color=seen,
        bgcolor=ground.rich_color if ground is not None else None,
    )


def _over(base: Color, colour: Color) -> Color:
    """A colour on an opaque one; those of the terminal's own sixteen can't be mixed."""
    return colour if colour.ansi is not None or base.ansi is not None else base + colour


def _mix(ink: _Ink, theme: Mapping[str, str], under: RichColor | None) -> Style:
    base = Color.from_rich_color(under) if under is not None else Color.parse("ansi_default")
    if base.ansi is None:
        ground = _colour(theme[ink.ground], base) if ink.ground else base
        colour = _colour(theme[ink.colour], ground).rich_color
        return Style(
            color=colour if ink.colour == _LINE else readable(colour, ground.rich_color, None),
            bgcolor=ground.rich_color if ink.ground else None,
            bold=ink.bold or None,
        )
    # A cell of the terminal's own sixteen has no background to write in: reverse video is always readable.
    if ink.ground and ink.colour == "background":
        return Style(color=_colour(theme[ink.ground], base).rich_color, bold=True, reverse=True)
    if ink.ground and ink.ground != "block-cursor-background":
        return Style(bold=True)
    ground = _colour(theme[ink.ground], base) if ink.ground else base
    return Style(
        color=_colour(theme[ink.colour], ground).rich_color,
        bgcolor=ground.rich_color if ink.ground else None,
        bold=ink.bold or None,
    )


def _colour(text: str, ground: Color) -> Color:
    """A theme variable as an opaque colour on its ground; `auto 60%` is whatever can be read there."""
    name, _, share = text.partition(" ")
    strength = float(share.rstrip("%")) / 100 if share else 1.0
    if name == "auto":
        return ground + ground.get_contrast_text(strength)
    colour = Color.parse(name)
    if colour.ansi is not None:
        return colour if strength == 1.0 else Color.parse("ansi_bright_black")
    return ground + colour.multiply_alpha(strength)


_JOINERS = str.maketrans("", "", "\u200d\ufe0f")
"""Zero-width joiner and emoji selector: terminals disagree on the width of what they make of their neighbours."""


def safe(text: str) -> str:
    """Make any text safe to print on one line, of a width that is the sum of its characters'."""
    text = plain(text)
    return text if text.isascii() else text.translate(_JOINERS)


Spans = Sequence[Span]


def columns(spans: Iterable[Span]) -> int:
    """Columns that these spans take."""
    return sum(cell_len(safe(span.text)) for span in spans)


def fit(spans: Spans, width: int, ellipsis: str = "…") -> list[Span]:
    """Cut spans to at most `width` columns; what is cut ends in an ellipsis."""
    out: list[Span] = []
    left = max(0, width)
    for index, span in enumerate(spans):
        text = safe(span.text)
        size = cell_len(text)
        rest = index + 1 < len(spans)
        if size < left or (size == left and not (rest and columns(spans[index + 1 :]))):
            out.append(span._replace(text=text))
            left -= size
            continue
        if left:
            out.append(span._replace(text=clip(text + " " * left, left, ellipsis)))
        break
    return out


def clip(text: str, width: int, ellipsis: str = "…") -> str:
    """Make a text safe and cut it to at most `width` columns."""
    text = safe(text)
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    return set_cell_size(text, width - 1).rstrip() + ellipsis


def pad(text: str, width: int, ellipsis: str = "…") -> str:
    """Make a text safe and bring it to exactly `width` columns: a cell of a table."""
    text = clip(text, width, ellipsis)
    return text + " " * (width - cell_len(text))


def paint(spans: Spans, width: int, ink: InkOf, base: Style | None = None) -> Strip:
    """Turn spans into a strip of exactly `width` columns; `base` lies under all of them (a cursor row)."""
    segments = []
    for text, name, act in spans:
        style = ink(name)
        if base is not None:
            # The row's background has to win, the span's colour too.
            colour = readable(style.color, base.bgcolor, base.color)
            style = base + Style(color=colour, bold=style.bold) if name != "text" else base
        if act:
            style += _meta(act)
        segments.append(Segment(safe(text), style))
    strip = Strip(Segment.simplify(segments))
    return strip.adjust_cell_length(width, base if base is not None else ink("text"))


@lru_cache(maxsize=256)
def _meta(act: str) -> Style:
    return Style(meta={"act": act})


def wrap(spans: Spans, width: int) -> list[list[Span]]:
    """Break spans at spaces into lines of at most `width` columns; a longer word is cut where the line ends."""
    width = max(1, width)
    lines: list[list[Span]] = [[]]
    used = 0
    for span in spans:
        for word in _words(safe(span.text)):
            if used and used + cell_len(word.rstrip(" ")) > width:
                lines.append([])
                used = 0
            for piece in _pieces(word, width):
                if used and used + cell_len(piece.rstrip(" ")) > width:
                    lines.append([])
                    used = 0
                piece = piece if used else piece.lstrip(" ") if len(lines) > 1 else piece
                lines[-1].append(span._replace(text=piece))
                used += cell_len(piece)
    return lines


def _pieces(word: str, width: int) -> list[str]:
    """A word that is longer than a line, cut; at least one character each, however narrow the line is."""
    if cell_len(word.rstrip(" ")) <= width:
        return [word]
    pieces, current = [], ""
    for char in word:
        if current and cell_len(current) + cell_len(char) > width:
            pieces.append(current)
            current = ""
        current += char
    return [*pieces, current]


def _words(text: str) -> list[str]:
    """Words with the spaces that follow them; wide characters may break anywhere, as their scripts do."""
    words: list[str] = []
    current = ""
    for char in text:
        wide = not char.isascii() and cell_len(char) == 2
        if current and (wide or (current[-1] == " " and char != " ")):
            words.append(current)
            current = ""
        current += char
        if wide:
            words.append(current)
            current = ""
    if current:
        words.append(current)
    return words


def mark(spans: Spans, needle: str, ink: str = "found") -> list[Span]:
    """Show where a search text occurs, whatever its case."""
    if not needle:
        return list(spans)
    out: list[Span] = []
    low = needle.casefold()
    for span in spans:
        text = safe(span.text)
        folded = text.casefold()
        if len(folded) != len(text) or low not in folded:
            out.append(span)
            continue
        at = 0
        while (found := folded.find(low, at)) >= 0:
            if found > at:
                out.append(span._replace(text=text[at:found]))
            out.append(span._replace(text=text[found : found + len(low)], ink=ink))
            at = found + len(low)
        if at < len(text):
            out.append(span._replace(text=text[at:]))
    return out
