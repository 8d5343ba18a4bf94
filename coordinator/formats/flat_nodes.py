"""Where the value of a key stands in flat YAML, told without libyaml: most of what takes a plan to be made."""

from coordinator.formats.flat_yaml import LINE, read_flat
from coordinator.formats.yaml_reader import Node, Span


def find_node(text: str, key: str) -> Node | None:
    """A key with its value and its place, mended as files are read; None when it isn't there. Raises YamlError."""
    entries = read_flat(text)
    if entries is not None:
        if key not in (entry.key for entry in entries):
            return None
        found = _on_one_line(text, key)
        if found is not None:
            return found
    from coordinator.formats.yaml_repair import read_mended

    return next((node for node in read_mended(text) if node.key == key), None)


def _on_one_line(text: str, key: str) -> Node | None:
    """The key of a flat text whose value is a text or a list in brackets; None for anything else."""
    position, line = 0, 0
    while position < len(text):
        match = LINE.match(text, position)
        if match is None:
            return None
        position, line = match.end(), line + 1
        if match["key"] != key:
            continue
        value = next((entry.value for entry in read_flat(match[0]) or ()), None)
        kind, colon = match.lastgroup, match.end("key") + 1
        if value is None or kind not in _STYLES:
            return None
        start, end = match.span(kind)
        if kind == "list":
            return Node(key, value, line, colon, Span(start - 1, end + 1, ""), tuple(_items(match[kind], start)), True)
        return Node(key, value, line, colon, Span(start, start + len(match[kind].rstrip(" ")), _STYLES[kind]))
    return None


_STYLES = {"plain": "", "double": '"', "single": "'", "list": ""}


def _items(inner: str, start: int) -> "list[Span]":
    """The items between brackets that begin at `start`."""
    found = []
    for piece in inner.split(",") if inner.strip(" ") else ():
        item = piece.strip(" ")
        at = start + len(piece) - len(piece.lstrip(" "))
        found.append(Span(at, at + len(item), item[0] if item[0] in "\"'" else ""))
        start += len(piece) + 1
    return found
