"""Terminals without Unicode: whatever is about to be drawn is brought to ASCII, at the same width."""

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_LIKE = {
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("‘’`´", "'"),
    **dict.fromkeys("–—‒−─━═┄┈", "-"),
    **dict.fromkeys("│┃║┆┊▌▐▎▏", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝", "+"),
    **dict.fromkeys("•·●∙", "*"),
    **dict.fromkeys("›❯→▶▸»", ">"),
    **dict.fromkeys("‹❮←◀", "<"),
    **dict.fromkeys("↑▲▴", "^"),
    **dict.fromkeys("↓▼▾", "v"),
    **dict.fromkeys("▁▂▃▄▅▆▇█▀▔", "#"),
    "…": "~",
    "×": "x",
    "✓": "v",
    "✗": "x",
    "\xa0": " ",
}


class AsciiFilter(LineFilter):
    """Replaces every other character by its likeness, or by as many question marks as it has columns."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(to_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]


@lru_cache(maxsize=4096)
def to_ascii(text: str) -> str:
    """The same text in ASCII; `cell_len` of it stays the same."""
    whole = "".join(_LIKE.get(char) or (char if char.isascii() else "?" * cell_len(char)) for char in text)
    return whole + " " * (cell_len(text) - len(whole)) if len(whole) <= cell_len(text) else whole[: cell_len(text)]
