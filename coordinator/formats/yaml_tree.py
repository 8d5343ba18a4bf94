"""YAML of any shape, as far as it may be anybody's: mappings and lists of texts, and where each text stands."""

from collections.abc import Iterator

from coordinator.formats.yaml_reader import YamlError, _syntax_error
from coordinator.lazy.typing import Any

DEPTH = 16
"""Levels of nesting."""
_NODES = 100_000


class Text(str):
    """A scalar, as text whatever YAML would take it for, and where it stands."""

    __slots__ = ("end", "line", "start", "style")
    line: int
    """1-based, in the file."""
    start: int
    """Characters of the text before it; quotes are part of it."""
    end: int
    style: str
    """`"`, `'`, `|`, `>`, or empty for a plain one."""

    def __new__(cls, value: str, line: int = 1, start: int = -1, end: int = -1, style: str = "") -> "Text":
        made = super().__new__(cls, value)
        made.line, made.start, made.end, made.style = line, start, end, style
        return made


def read_tree(text: str, first_line: int = 1) -> dict[str, Any]:
    """Read a document that is a mapping, or empty: values are `Text`, lists and dicts of such; keys are `Text` too.

    Raises YamlError for what is no YAML, for aliases, tags and keys that stand twice, and for what is nested too deep.
    """
    import yaml  # 16 ms: only for those who have such a file

    loader: Any = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
    try:
        return _Walk(first_line, iter(yaml.parse(text, Loader=loader))).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + mark.line if mark else first_line
        raise _syntax_error(text, line, first_line, error.problem or "not YAML") from None
    except yaml.reader.ReaderError as error:
        line = first_line + text.count("\n", 0, error.position)
        raise YamlError(line, "bad-yaml", "a control character stands here", "remove it") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise YamlError(first_line, "bad-yaml", f"not YAML: {error}", "write it anew") from None


class _Walk:
    """Goes through the events of one document."""

    def __init__(self, first_line: int, events: Iterator[Any]) -> None:
        self.first_line = first_line
        self.events = events
        self.left = _NODES

    def next(self) -> tuple[str, Any]:
        """The next event and its kind, such as `Scalar`."""
        event = next(self.events)
        kind = type(event).__name__.removesuffix("Event")
        if kind == "Alias" or getattr(event, "anchor", None):
            raise self.error(event, "yaml-alias", "anchors and aliases are not allowed", "write the value out")
        if getattr(event, "tag", None):
            raise self.error(event, "yaml-tag", "tags are not allowed", "remove the tag")
        self.left -= 1
        if self.left < 0:
            raise self.error(event, "too-much", f"there are more than {_NODES:,} values", "make several files of it")
        return kind, event

    def error(self, event: Any, code: str, message: str, remedy: str) -> YamlError:
        return YamlError(self.first_line + event.start_mark.line, code, message, remedy)

    def document(self) -> dict[str, Any]:
        self.next()
        kind, event = self.next()
        if kind == "StreamEnd":
            return {}
        kind, event = self.next()
        if kind != "MappingStart":
            raise self.error(event, "bad-yaml", "not a mapping", "write `key: value` lines")
        found = self.mapping(1)
        self.next()
        kind, event = self.next()
        if kind != "StreamEnd":
            raise self.error(event, "bad-yaml", "a second document starts here", "keep one document")
        return found

    def mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            kind, event = self.next()
            if kind == "MappingEnd":
                return found
            if kind != "Scalar":
                raise self.error(event, "bad-yaml", "a key must be a plain word", "write `key: value` lines")
            key = self.text(event)
            if key in found:
                raise self.error(event, "duplicate-key", f"`{key}` stands twice", "keep one of the two")
            found[key] = self.value(*self.next(), depth)

    def sequence(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while True:
            kind, event = self.next()
            if kind == "SequenceEnd":
                return found
            found.append(self.value(kind, event, depth))

    def value(self, kind: str, event: Any, depth: int) -> Any:
        if kind == "Scalar":
            return self.text(event)
        if depth >= DEPTH:
            raise self.error(event, "too-deep", f"nested deeper than {DEPTH} levels", "write it flat")
        return self.mapping(depth + 1) if kind == "MappingStart" else self.sequence(depth + 1)

    def text(self, event: Any) -> Text:
        start, end = event.start_mark, event.end_mark
        return Text(event.value, self.first_line + start.line, start.index, end.index, event.style or "")
