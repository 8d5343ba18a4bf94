"""Frontmatter that is not quite YAML, as people and other tools write it: `title: [X] Setup: @ana goes first`.

A value that YAML can't read is taken as the text that it is. What is read keeps its place, so that it can be changed
in the file without another byte.
"""

from coordinator.formats.flat_yaml import Value, read_flat
from coordinator.formats.yaml_reader import Node, YamlError, read_yaml
from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace

_PAIR = regex.compile(r"(?P<key>[A-Za-z_][A-Za-z0-9_-]*):[ \t]+(?P<value>\S[^\r\n]*)\r?$")
_COMMENT = regex.compile(r"(?<![ \t])[ \t]+#.*$")


_OPENS = ("[", "{", '"', "'")
"""What may go on in further lines, and be good YAML as a whole."""


def read_mended(text: str, first_line: int = 1) -> list[Node]:
    """Read a document as `read_yaml` does, single values that are no YAML as plain text. Raises YamlError."""
    try:
        return read_yaml(text, first_line)
    except YamlError as error:
        if error.code != "bad-yaml":
            raise
        for opened in (False, True):
            mended, raw = _mend(text, opened=opened)
            try:
                nodes = read_yaml(mended, first_line) if raw else None
            except YamlError:
                continue
            if nodes is not None:
                return [replace(node, value=_value(raw[node.key])) if node.key in raw else node for node in nodes]
        raise


def _mend(text: str, *, opened: bool) -> tuple[str, dict[str, str]]:
    """The text with a stand-in of the same length for each value that is no YAML by itself, and these values.

    `opened`: also for those that begin with a bracket or a quote.
    """
    lines, raw = text.split("\n"), dict[str, str]()
    for place, line in enumerate(lines):
        match = _PAIR.match(line)
        found = match["value"].rstrip(" \t") if match is not None else ""
        if match is None or match["key"] in raw or (found.startswith(_OPENS) and not opened):
            continue
        if not _is_yaml(found):
            value = found if found.endswith("]") else _COMMENT.sub("", found)
            raw[match["key"]] = value
            start = match.start("value")
            lines[place] = f"{line[:start]}{'x' * len(value)}{line[start + len(value) :]}"
    return "\n".join(lines), raw


def _is_yaml(value: str) -> bool:
    if value[0] in "|>":
        return True  # the beginning of a text of several lines
    try:
        return read_flat(f"k: {value}") is not None or len(read_yaml(f"k: {value}")) == 1
    except YamlError:
        return False


def _value(raw: str) -> Value:
    """What stands in brackets as a list; all else as it is."""
    if not (raw.startswith("[") and raw.endswith("]")):
        return raw
    return tuple(item.strip().strip("\"'") for item in raw[1:-1].split(",") if item.strip())
