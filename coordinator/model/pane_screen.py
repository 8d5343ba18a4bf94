"""What a pane shows, as plain data: rows of runs of styled text, and nothing else of what the program sent."""

from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import NamedTuple

Colour = None | int | tuple[int, int, int]
"""None: the terminal's default; 0–255: its palette; else red, green, blue."""


class Style(NamedTuple):
    """How a run of text looks. A tuple: thousands are hashed and compared for a frame."""

    fg: Colour = None
    bg: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False
    overline: bool = False


DEFAULT = Style()


class Run(NamedTuple):
    """Neighbouring characters of one style; printable text only."""

    text: str
    style: Style


Row = tuple[Run, ...]
"""A screen row, not padded. Equal lines give the very same object while they are cached: compare with `is` first."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a pane shows at one moment."""

    rows: tuple[Row, ...]
    """Exactly `height` rows, each at most `width` columns."""
    width: int
    height: int
    cursor: tuple[int, int] | None = None
    """Column and row from 0; None while the program hides it."""

    def plain(self) -> str:
        """The text without styles, one line a row, trailing blanks gone."""
        return "\n".join("".join(run.text for run in row).rstrip() for row in self.rows)
