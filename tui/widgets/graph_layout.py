"""Which prompt is in which row of the graph panel: as rails, or as a map of layers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from coordinator.model.graph import Graph
from coordinator.views.graph_layers import MapLine, map_lines
from coordinator.views.graph_rails import Rails

MARGIN = 6
"""Columns at the left of the map, for the layer's number."""
_WIDEST_CHIP = 40
_AROUND = 6
"""Columns of a chip beside those of its number and its title."""


@dataclass(frozen=True)
class RailRows:
    """One row a prompt, or a folded run of them."""

    rails: Rails
    turns: Mapping[int, int] = field(default_factory=dict)
    """Number → how many lines of its pipeline stand below its row."""

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        """What each row is: a row of the rails, and 0 or which line below it."""
        below = {self.rails.row_of[number]: count for number, count in self.turns.items()}
        return [(row, line) for row in range(len(self.rails)) for line in range(1 + below.get(row, 0))]

    @cached_property
    def _first(self) -> list[int]:
        """The row of the panel of each row of the rails."""
        return [place for place, (_, line) in enumerate(self._places) if not line]

    def __len__(self) -> int:
        return len(self._places) if self.turns else len(self.rails)

    def place(self, row: int) -> tuple[int, int]:
        """The row of the rails that a row belongs to, and 0, or which line below it the row is: 1, 2, …"""
        return self._places[row] if self.turns else (row, 0)

    def row_of(self, number: int | None) -> int:
        """0 for a prompt that has no row."""
        found = 0 if number is None else self.rails.row_of.get(number, 0)
        return self._first[found] if self.turns and found < len(self._first) else found

    def number_at(self, row: int, near: int | None) -> int:
        """The prompt of a row; of a folded run the last one. `near` does not matter."""
        return self.rails.items[self.place(row)[0]][-1]

    def step(self, row: int, cursor: int) -> int:
        """The row of a prompt where a move from `cursor` to `row` ends: lines of a pipeline are passed by."""
        found, line = self.place(row)
        if not line:
            return row
        onward = found + 1 if row > cursor and self._first[found] >= cursor else found
        return self._first[min(onward, len(self._first) - 1)]


def _lines(graph: Graph, across: int) -> int:
    """Lines of a map with so many chips on each."""
    groups = [len(numbers) for numbers in (*graph.layers, graph.unordered)]
    return sum(-(-count // across) for count in groups)


@dataclass(frozen=True)
class MapRows:
    """Many prompts a row, each on a chip."""

    lines: tuple[MapLine, ...]
    chip: int
    """Columns of one prompt."""

    @classmethod
    def of(cls, graph: Graph, width: int, digits: int, height: int = 0, longest: int = _WIDEST_CHIP) -> "MapRows":
        """Lay out the map for a panel `width` columns wide and `height` rows high.

        Chips are as wide as they can be while all of the map is in sight; where it is not, so wide that the widest
        layer fits a line, if it can; and never wider than the `longest` title needs. Numbers have `digits` columns.
        """
        room = max(1, width - MARGIN)
        widest = max(map(len, graph.layers), default=1)
        least = digits + 3
        most = max(least, min(_WIDEST_CHIP, digits + _AROUND + longest))
        chip = max(least, min(most, room // widest))
        for across in range(1, room // max(chip, 1)):
            wider = min(most, room // across)
            if wider > chip and _lines(graph, max(1, room // wider)) <= height:
                chip = wider
                break
        return cls(map_lines(graph, max(1, room // chip)), chip)

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def _places(self) -> dict[int, tuple[int, int]]:
        return {n: (row, at) for row, line in enumerate(self.lines) for at, n in enumerate(line.numbers)}

    def row_of(self, number: int | None) -> int:
        """0 for a prompt that has no row."""
        return self._places[number][0] if number in self._places else 0

    def number_at(self, row: int, near: int | None) -> int:
        """The prompt of a row that is as far right as `near` is in its own."""
        numbers = self.lines[row].numbers
        column = self._places[near][1] if near in self._places else 0
        return numbers[min(column, len(numbers) - 1)]

    def beside(self, number: int, by: int) -> int:
        """The prompt that comes `by` further in reading order; the first or last one at the ends."""
        flat = [n for line in self.lines for n in line.numbers]
        return flat[max(0, min(flat.index(number) + by, len(flat) - 1))]

    def number_under(self, row: int, column: int) -> int | None:
        """The prompt at a column of the panel, for the mouse."""
        at = (column - MARGIN) // self.chip
        numbers = self.lines[row].numbers
        return numbers[at] if 0 <= at < len(numbers) else None
