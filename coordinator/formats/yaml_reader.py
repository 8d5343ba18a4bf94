"""YAML as far as we speak it, read by libyaml: a mapping of texts and lists, no aliases, tags or duplicate keys."""

from collections.abc import Iterator

from coordinator.formats.flat_yaml import Nested, Value
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.lazy.typing import Any
from coordinator.model.text import clip, plain

_REPEATS = 8
"""Times that a key may stand again with the same value."""
_DEPTH = 16
"""Levels of nesting that are kept as they are, unread."""


class YamlError(Exception):
    """The text isn't YAML, or more of it than is allowed here."""

    def __init__(self, line: int, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.line = line
        """1-based, in the file."""
        self.code = code
        self.message = clip(plain(message), 160)
        self.remedy = clip(plain(remedy), 160)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a scalar stands in the text, in characters."""

    start: int
    end: int
    style: str
    """`"`, `'`, `|`, `>`, or empty for a plain one."""


@dataclass(frozen=True, slots=True)
class Node:
    """One key with its value, and where the value stands."""

    key: str
    value: Value
    line: int
    colon: int
    """Where the text after the key's colon starts."""
    span: Span
    """Of the whole value; for a list in brackets they are included."""
    items: tuple[Span, ...] = ()
    flow: bool = False
    """The list, or the mapping, is in brackets."""
    again: tuple["Node", ...] = ()
    """The same key with the same value, further below."""


def read_yaml(text: str, first_line: int = 1) -> list[Node]:
    """Read a document that is a mapping, or empty. Raises YamlError."""
    import yaml  # 16 ms: only for what the fast reader declines

    loader: Any = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
    try:
        return _Reader(text, first_line, iter(yaml.parse(text, Loader=loader))).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + mark.line if mark else first_line
        raise _syntax_error(text, line, first_line, error.problem or "not YAML") from None
    except yaml.reader.ReaderError as error:
        line = first_line + text.count("\n", 0, error.position)
        raise YamlError(line, "bad-yaml", "a control character stands here", "remove it") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise YamlError(first_line, "bad-yaml", f"not YAML: {error}", "write flat `key: value` lines") from None


def _syntax_error(text: str, line: int, first_line: int, problem: str) -> YamlError:
    lines = text.split("\n")
    place = min(max(line - first_line, 0), len(lines) - 1)
    while place > 0 and not lines[place].strip():
        place -= 1
    key, colon, value = lines[place].partition(":")
    remedy = "write `key: value` lines, lists as `[a, b]`"
    if colon and value.strip() and key.strip().replace("_", "").isalnum():
        remedy = f"put the value of `{key.strip()}` in quotes"
    return YamlError(first_line + place, "bad-yaml", f"not YAML: {problem}", remedy)


class _Reader:
    """Walks the events of one document."""

    def __init__(self, text: str, first_line: int, events: Iterator[Any]) -> None:
        self.text = text
        self.first_line = first_line
        self.events = events

    def next(self) -> tuple[str, Any]:
        """The next event and its kind, such as `Scalar`; what we don't speak is refused here."""
        event = next(self.events)
        kind = type(event).__name__.removesuffix("Event")
        if kind == "Alias" or getattr(event, "anchor", None):
            raise self.error(event, "yaml-alias", "anchors and aliases are not allowed", "write the value out")
        if getattr(event, "tag", None):
            raise self.error(event, "yaml-tag", "tags are not allowed", "remove the tag, values are typed by their key")
        return kind, event

    def error(self, event: Any, code: str, message: str, remedy: str) -> YamlError:
        return YamlError(self.first_line + event.start_mark.line, code, message, remedy)

    def document(self) -> list[Node]:
        self.next()
        kind, event = self.next()
        if kind == "StreamEnd":
            return []
        kind, event = self.next()
        if kind != "MappingStart":
            raise self.error(event, "bad-yaml", "not a mapping", "write `key: value` lines")
        nodes: dict[str, Node] = {}
        while True:
            kind, event = self.next()
            if kind == "MappingEnd":
                break
            if kind != "Scalar":
                raise self.error(event, "bad-yaml", "a key must be a plain word", "write `key: value` lines")
            line, colon = self.first_line + event.start_mark.line, self.text.find(":", event.end_mark.index) + 1
            node, first = self.node(event.value, line, colon), nodes.get(event.value)
            if first is not None and (first.value != node.value or len(first.again) == _REPEATS):
                message = f"`{event.value}` stands here and in line {first.line}"
                raise self.error(event, "duplicate-key", message, "keep one of the two")
            nodes[event.value] = node if first is None else replace(first, again=(*first.again, node))
        self.next()
        kind, event = self.next()
        if kind != "StreamEnd":
            raise self.error(event, "bad-yaml", "a second document starts here", "keep one document")
        return list(nodes.values())

    def node(self, key: str, line: int, colon: int) -> Node:
        kind, event = self.next()
        if kind == "Scalar":
            return Node(key, event.value, line, colon, _span(event))
        if kind == "SequenceStart":
            return self.sequence(key, line, colon, event)
        return self.nested(key, line, colon, event, 1)

    def sequence(self, key: str, line: int, colon: int, start: Any) -> Node:
        values: list[str] = []
        spans: list[Span] = []
        while True:
            kind, event = self.next()
            if kind == "Scalar":
                values.append(event.value)
                spans.append(_span(event))
                continue
            if kind != "SequenceEnd":
                return self.nested(key, line, colon, start, 2, rows=kind == "MappingStart" and not values)
            flow = bool(start.flow_style)
            end = event.end_mark.index if flow or not spans else spans[-1].end
            span = Span(start.start_mark.index, end, "")
            return Node(key, tuple(values), line, colon, span, tuple(spans), flow)

    def nested(self, key: str, line: int, colon: int, start: Any, depth: int, *, rows: bool = False) -> Node:
        """Skip to the end of what `start` opens, being `depth` levels in; a plain mapping of texts keeps its pairs.

        `rows`: this is in the first mapping of a list, of which each keeps its pairs if all are plain.
        """
        texts: list[str] | None = [] if depth == 1 else None
        table: list[list[str]] | None = [[]] if rows else None
        end = start.end_mark.index
        while depth:
            kind, event = self.next()
            if kind.endswith("Start"):
                depth, texts = depth + 1, None
                table = [*table, []] if table is not None and depth == 2 and kind == "MappingStart" else None
                if depth > _DEPTH:
                    raise self.error(event, "too-deep", f"nested deeper than {_DEPTH} levels", "write it flat")
            elif kind != "Scalar":
                depth -= 1
            elif texts is not None:
                texts.append(event.value)
            elif table is not None:
                table = [*table[:-1], [*table[-1], event.value]] if depth == 2 else None
            if event.end_mark.index > event.start_mark.index:  # the end of a block is a place without width, further on
                end = event.end_mark.index
        span = Span(start.start_mark.index, end, "")
        written = Nested(self.text[span.start : span.end], _pairs(texts or []), tuple(map(_pairs, table or ())))
        return Node(key, written, line, colon, span, (), bool(start.flow_style))


def _pairs(texts: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple(zip(texts[::2], texts[1::2], strict=True))


def _span(event: Any) -> Span:
    return Span(event.start_mark.index, event.end_mark.index, event.style or "")
