"""Which prompt is in which row of the graph panel: as rails, or as a map of layers."""

from dataclasses import dataclass
from functools import cached_property

from coordinator.model.graph import Graph
from coordinator.views.graph_layers import MapLine, map_lines
from coordinator.views.graph_rails import Rails

MARGIN = 6
"""Columns at the left of the map, for the layer's number."""
_WIDEST_CHIP = 32


@dataclass(frozen=True)
class RailRows:
    """One row a prompt, or a folded run of them."""

    rails: Rails

    def __len__(self) -> int:
        return len(self.rails)

    def row_of(self, number: int | None) -> int:
        """0 for a prompt that has no row."""
        return 0 if number is None else self.rails.row_of.get(number, 0)

    def number_at(self, row: int, near: int | None) -> int:
        """The prompt of a row; of a folded run the last one. `near` does not matter."""
        return self.rails.items[row][-1]


@dataclass(frozen=True)
class MapRows:
    """Many prompts a row, each on a chip."""

    lines: tuple[MapLine, ...]
    chip: int
    """Columns of one prompt."""

    @classmethod
    def of(cls, graph: Graph, width: int, digits: int) -> "MapRows":
        """Lay out the map for a panel `width` columns wide: chips so wide that the widest layer fits a line, if it
        can; numbers have `digits` columns."""
        room = max(1, width - MARGIN)
        widest = max(map(len, graph.layers), default=1)
        chip = max(digits + 3, min(_WIDEST_CHIP, room // widest))
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
