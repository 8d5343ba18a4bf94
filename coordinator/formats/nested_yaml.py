"""YAML with levels: mappings and lists of texts within each other, no aliases, tags or duplicate keys. Pure.

What is flat is for `coordinator.formats.flat_yaml`, which is an order faster.
"""

from collections.abc import Iterator, Mapping

from coordinator.formats.yaml_reader import YamlError
from coordinator.lazy.typing import Any, NamedTuple

DEPTH = 16
"""Levels that are read."""
MOST = 20_000
"""Keys and values that are read."""


class Tree(NamedTuple):
    """A document."""

    value: Any
    """A mapping of texts, lists and mappings; lists hold the same. Every scalar is a text."""
    lines: Mapping[tuple[str | int, ...], int]
    """Keys and places of lists that lead to a value → its line, 1-based in the file."""

    def line(self, *path: str | int) -> int:
        """Of a value, or of what it would stand in."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_nested(text: str, first_line: int = 1) -> Tree:
    """Read a document that is a mapping, or empty. Raises YamlError."""
    import yaml  # 16 ms

    loader: Any = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
    try:
        return _Reader(iter(yaml.parse(text, Loader=loader)), first_line).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + min(mark.line if mark else 0, max(0, text.rstrip().count("\n")))
        raise YamlError(line, "bad-yaml", f"not YAML: {error.problem}", "put the value in quotes") from None
    except yaml.reader.ReaderError as error:
        line = first_line + text.count("\n", 0, error.position)
        raise YamlError(line, "bad-yaml", "a control character stands here", "remove it") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise YamlError(first_line, "bad-yaml", f"not YAML: {error}", "write `key: value` lines") from None


class _Reader:
    """Builds one document of its events."""

    def __init__(self, events: Iterator[Any], first_line: int) -> None:
        self.events = events
        self.first_line = first_line
        self.lines: dict[tuple[str | int, ...], int] = {}

    def next(self) -> tuple[str, Any, int]:
        """The next event: its kind, such as `Scalar`, itself, and its line."""
        event = next(self.events)
        kind, line = type(event).__name__.removesuffix("Event"), self.first_line + event.start_mark.line
        if kind == "Alias" or getattr(event, "anchor", None):
            raise YamlError(line, "yaml-alias", "anchors and aliases are not allowed", "write the value out")
        if getattr(event, "tag", None):
            raise YamlError(line, "yaml-tag", "tags are not allowed", "remove the tag, values are typed by their key")
        return kind, event, line

    def document(self) -> Tree:
        self.next()
        if self.next()[0] == "StreamEnd":
            return Tree({}, {})
        kind, event, line = self.next()
        if kind != "MappingStart":
            raise YamlError(line, "bad-yaml", "not a mapping", "write `key: value` lines")
        value = self.value(kind, event, line, ())
        self.next()
        kind, _, line = self.next()
        if kind != "StreamEnd":
            raise YamlError(line, "bad-yaml", "a second document starts here", "keep one document")
        return Tree(value, self.lines)

    def value(self, kind: str, event: Any, line: int, path: tuple[str | int, ...]) -> Any:
        self.lines[path] = line
        if len(self.lines) > MOST:
            raise YamlError(line, "too-long", f"there are more than {MOST:,} values", "shorten it")
        if kind == "Scalar":
            return event.value
        if len(path) >= DEPTH:
            raise YamlError(line, "too-deep", f"nested deeper than {DEPTH} levels", "write it flatter")
        return self.mapping(path) if kind == "MappingStart" else self.sequence(path)

    def mapping(self, path: tuple[str | int, ...]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while (found := self.next())[0] != "MappingEnd":
            kind, event, line = found
            if kind != "Scalar":
                raise YamlError(line, "bad-yaml", "a key must be a plain word", "write `key: value` lines")
            if event.value in made:
                before = self.lines[(*path, event.value)]
                message = f"`{event.value}` stands here and in line {before}"
                raise YamlError(line, "duplicate-key", message, "keep one of the two")
            made[event.value] = None
            kind, inner, inner_line = self.next()
            made[event.value] = self.value(kind, inner, inner_line, (*path, event.value))
            self.lines[(*path, event.value)] = line
        return made

    def sequence(self, path: tuple[str | int, ...]) -> list[Any]:
        made: list[Any] = []
        while (found := self.next())[0] != "SequenceEnd":
            made.append(self.value(*found, (*path, len(made))))
        return made
