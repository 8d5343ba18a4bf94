"""The frontmatter of a markdown file: split from its body, read, and patched without touching another byte."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from coordinator.artifacts.flat import Value, read_flat
from coordinator.artifacts.yamlreader import YamlError, read_yaml
from coordinator.model.problem import Problem

LIMIT = 64 * 1024
"""Characters of frontmatter that are read."""

_OPENING = re.compile("\ufeff?---[ \t]*\r?(?:\n|\\Z)")
_CLOSING = re.compile(r"---[ \t]*\r?(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """What stands between the two `---` lines; scalars are text, lists are tuples of texts."""

    values: Mapping[str, Value]
    lines: Mapping[str, int]
    """1-based line of each key."""
    body: int
    """Byte offset of the first byte after the closing line."""


@dataclass(frozen=True, slots=True)
class Sections:
    """A document taken apart, positions in characters."""

    text: str
    start: int
    """Where the YAML starts: after the opening line."""
    end: int
    """Where the closing line starts."""
    body: int
    """Where the body starts."""

    @property
    def yaml(self) -> str:
        return self.text[self.start : self.end]

    @property
    def line_ending(self) -> str:
        return "\r\n" if self.text[: self.start].endswith("\r\n") else "\n"


def parse(data: bytes, path: str) -> Frontmatter | Problem:
    """Read a document; what is wrong with it is one Problem for `path`, with the line."""
    found = split(data, path)
    if isinstance(found, Problem):
        return found
    entries = read_flat(found.yaml, 2)
    if entries is None:
        try:
            nodes = read_yaml(found.yaml, 2)
        except YamlError as error:
            return Problem(path, error.line, error.code, error.message, error.remedy)
        values: dict[str, Value] = {node.key: node.value for node in nodes}
        lines = {node.key: node.line for node in nodes}
    else:
        values = {key: value for key, value, _ in entries}
        lines = {key: line for key, _, line in entries}
    body = found.body if len(found.text) == len(data) else len(found.text[: found.body].encode())
    return Frontmatter(values, lines, body)


def split(data: bytes, path: str) -> Sections | Problem:
    """Find frontmatter and body. A byte-order mark at the start is accepted, and kept by `patch`."""
    if not data.strip():
        return Problem(path, 0, "empty", "the file is empty", "write frontmatter and tasks, or delete the file")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem(path, line, "not-utf8", f"byte {error.start} is not UTF-8", "save the file as UTF-8")
    opening = _OPENING.match(text)
    if opening is None:
        return Problem(path, 1, "no-frontmatter", "the first line is not ---", "start the file with a --- line")
    start = opening.end()
    place, limit = start - 1, start + LIMIT
    while (place := text.find("\n---", place, limit)) >= 0:
        closing = _CLOSING.match(text, place + 1)
        if closing:
            return Sections(text, start, place + 1, closing.end())
        place += 1
    if len(text) <= limit:
        return Problem(path, 1, "unclosed-frontmatter", "the frontmatter is never closed", "add a --- line after it")
    message = f"the frontmatter is longer than {LIMIT:,} characters"
    return Problem(path, 1, "long-frontmatter", message, "close it with a --- line; long text belongs into the body")
