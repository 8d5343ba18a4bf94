"""YAML with levels, and the line of each value: mappings and lists of texts within each other. Pure.

What is flat is for `coordinator.formats.flat_yaml`, which is an order faster.
"""

from collections.abc import Iterator, Mapping

from coordinator.formats.yaml_reader import YamlError
from coordinator.formats.yaml_tree import Text, read_tree
from coordinator.lazy.typing import Any, NamedTuple

MOST = 20_000
"""Keys and values that are read."""
_Path = tuple[str | int, ...]


class Tree(NamedTuple):
    """A document."""

    value: Any
    """A mapping of texts, lists and mappings; lists hold the same. Every scalar is a text."""
    lines: Mapping[_Path, int]
    """Keys and places of lists that lead to a value → its line, 1-based in the file."""

    def line(self, *path: str | int) -> int:
        """Of a value, or of what it would stand in."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_nested(text: str, first_line: int = 1) -> Tree:
    """Read a document that is a mapping, or empty. Raises YamlError."""
    found = read_tree(text, first_line)
    lines: dict[_Path, int] = {}
    for path, line in _lines(found, (), _line_of(found, first_line)):
        lines[path] = line
        if len(lines) > MOST:
            raise YamlError(line, "too-long", f"there are more than {MOST:,} values", "shorten it")
    return Tree(_plain(found), lines if found else {})


def _lines(value: Any, path: _Path, line: int) -> Iterator[tuple[_Path, int]]:
    """Each path with its line: of a mapping's value that of its key."""
    yield path, line
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lines(inner, (*path, str(key)), key.line)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _lines(inner, (*path, place), _line_of(inner, line))


def _line_of(value: Any, otherwise: int) -> int:
    """Where a value begins; what is empty and no text does not tell."""
    if isinstance(value, Text):
        return value.line
    first = next(iter(value), None)
    return otherwise if first is None else _line_of(first, otherwise)


def _plain(value: Any) -> Any:
    """The same of plain texts."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else str(value)
