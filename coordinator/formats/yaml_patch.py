"""Changing one value in a YAML text and nothing else: comments, order, quoting and line ends stay as they were."""

from collections.abc import Sequence

from coordinator.formats.flat_yaml import Nested
from coordinator.formats.scalars import Scalar, flow_list, scalar
from coordinator.formats.yaml_reader import Node
from coordinator.lazy import regex

NewValue = Scalar | Sequence[Scalar]

_DASH = regex.compile(r"[ ]*-[ ]+")


def with_value(text: str, node: Node, value: NewValue, newline: str) -> str:
    """The text with another value for `node`, which was read from it."""
    if value is None or isinstance(value, (str, int, float)):
        return _with_scalar(text, node, value)
    if not isinstance(node.value, tuple) or not node.items:
        return _with_inline(text, node, flow_list(value))
    return _with_items(text, node, value) if node.flow else _with_lines(text, node, value, newline)


def new_line(key: str, value: NewValue, newline: str) -> str:
    """A line for a key that was not there."""
    is_scalar = value is None or isinstance(value, (str, int, float))
    return f"{key}: {scalar(value) if is_scalar else flow_list(value)}{newline}"  # type: ignore[arg-type]


def as_read(value: NewValue) -> str | tuple[str, ...]:
    """The value as the reader is going to give it back: texts."""
    if value is None or isinstance(value, (str, int, float)):
        return _text(value)
    return tuple(_text(item) for item in value)


def _text(value: Scalar) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return scalar(value)


def _with_scalar(text: str, node: Node, value: Scalar) -> str:
    style = node.span.style if not isinstance(node.value, tuple) else ""
    return _with_inline(text, node, scalar(value, style if style in ('"', "'") else ""))


def _with_inline(text: str, node: Node, written: str) -> str:
    """Write the value on the key's own line, whatever it was before."""
    start, end = node.span.start, node.span.end
    block = isinstance(node.value, (tuple, Nested)) and not node.flow
    if block or start == end:
        head = _line_end(text, node.colon)
        rest = text[_line_end(text, end) :] if block else text[head:]
        return f"{text[: node.colon]} {written}{text[node.colon : head]}{rest}"
    if node.span.style in ("|", ">"):
        end = start + len(text[start:end].rstrip())
    return text[:start] + written + text[end:]


def _with_items(text: str, node: Node, values: Sequence[Scalar]) -> str:
    """A list in brackets: the items that stay at its front and at its back are not touched."""
    items = node.items
    front, back = _common(node, values)
    fresh = flow_list(values[front : len(values) - back], items[min(front, len(items) - 1)].style)[1:-1]
    gone = front + back < len(items)
    if gone and fresh:
        return text[: items[front].start] + fresh + text[items[-back - 1].end :]
    if front:
        return text[: items[front - 1].end] + (f", {fresh}" if fresh else "") + text[items[-back - 1].end :]
    if back:
        return text[: items[0].start] + (f"{fresh}, " if fresh else "") + text[items[-back].start :]
    return text[: items[0].start] + fresh + text[node.span.end - 1 :]


def _with_lines(text: str, node: Node, values: Sequence[Scalar], newline: str) -> str:
    """A list with a dash a line: the lines that stay at its front and at its back are not touched."""
    items = node.items
    front, back = _common(node, values)
    model = items[min(front, len(items) - 1)]
    prefix = text[text.rfind("\n", 0, model.start) + 1 : model.start]
    if not values or not _DASH.fullmatch(prefix):
        return _with_inline(text, node, flow_list(values))
    start = _line_end(text, items[front - 1].end if front else node.colon)
    end = _line_end(text, items[-back - 1].end) if front + back < len(items) else start
    middle = values[front : len(values) - back]
    fresh = "".join(newline + prefix + scalar(value, model.style, item=True) for value in middle)
    return text[:start] + fresh + text[end:]


def _common(node: Node, values: Sequence[Scalar]) -> tuple[int, int]:
    """How many items are the same before and after: at the front, and of the others at the back."""
    old, new = list(node.value), [_text(value) for value in values]
    shorter = min(len(old), len(new))
    front = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    rest = shorter - front
    back = next((i for i in range(rest) if old[-i - 1] != new[-i - 1]), rest)
    return front, back


def _line_end(text: str, start: int) -> int:
    """Where the line that `start` lies in ends, its line break not included."""
    end = text.find("\n", start)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1 : end] == "\r" and end > start else end
