"""The graph as a map: one layer below the other, as many prompts on a line as fit."""

from coordinator.lazy.typing import NamedTuple
from coordinator.model.graph import Graph


class MapLine(NamedTuple):
    layer: int
    """0 for prompts that wait for nothing; -1 for what a cycle holds back."""
    first: bool
    """The layer begins here; further lines of it are continuations."""
    numbers: tuple[int, ...]


def map_lines(graph: Graph, per_line: int) -> tuple[MapLine, ...]:
    """Break every layer into lines of at most `per_line` (1 or more) prompts, in the order of execution."""
    place = {number: at for at, number in enumerate(graph.order)}
    groups = [(layer, sorted(numbers, key=place.__getitem__)) for layer, numbers in enumerate(graph.layers)]
    if graph.unordered:
        groups.append((-1, list(graph.unordered)))
    return tuple(
        MapLine(layer, at == 0, tuple(numbers[at : at + per_line]))
        for layer, numbers in groups
        for at in range(0, len(numbers), per_line)
    )
