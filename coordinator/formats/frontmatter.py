"""The frontmatter of a markdown file: split from its body, read, and patched without touching another byte."""

from collections.abc import Mapping
from contextlib import suppress

from coordinator.errors import CoordError
from coordinator.formats.flat_yaml import Value, read_flat
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple
from coordinator.model.problem import Problem
from coordinator.model.text import plain

if TYPE_CHECKING:
    from coordinator.formats.yaml_patch import NewValue

LIMIT = 64 * 1024
"""Characters of frontmatter that are read."""

_OPENING = regex.compile("\ufeff?---[ \t]*\r?(?:\n|\\Z)")
_CLOSING = regex.compile(r"---[ \t]*\r?(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """What stands between the two `---` lines; scalars are text, lists are tuples of texts."""

    values: Mapping[str, Value]
    lines: Mapping[str, int]
    """1-based line of each key."""
    body: int
    """Byte offset of the first byte after the closing line."""
    again: Mapping[str, int] = field(default_factory=dict)
    """Line in which a key stands again, with the same value."""


class Sections(NamedTuple):
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


def parse(data: bytes, path: str, *, mend: bool = False) -> Frontmatter | Problem:
    """Read a document; what is wrong with it is one Problem for `path`, with the line.

    `mend`: take values that are no YAML as the text that they are.
    """
    found = split(data, path)
    return found if isinstance(found, Problem) else parse_split(found, data, path, mend=mend)


def parse_split(found: Sections, data: bytes, path: str, *, mend: bool = False) -> Frontmatter | Problem:
    """The same for a document that was taken apart already."""
    entries = read_flat(found.yaml, 2)
    if entries is None:
        from coordinator.formats.yaml_reader import YamlError, read_yaml
        from coordinator.formats.yaml_repair import read_mended

        try:
            nodes = (read_mended if mend else read_yaml)(found.yaml, 2)
        except YamlError as error:
            return Problem(path, error.line, error.code, error.message, error.remedy)
        values: dict[str, Value] = {node.key: node.value for node in nodes}
        lines = {node.key: node.line for node in nodes}
        again = {node.key: node.again[0].line for node in nodes if node.again}
    else:
        values = {key: value for key, value, _ in entries}
        lines, again = {key: line for key, _, line in entries}, {}
    body = found.body if len(found.text) == len(data) else len(found.text[: found.body].encode())
    return Frontmatter(values, lines, body, again)


def patch(data: bytes, changes: Mapping[str, "NewValue"]) -> bytes:
    """Change single values; every byte that is not part of a changed value stays. A missing key becomes the last line.

    Raises CoordError when the file has no readable frontmatter, or the value can't be changed in place.
    """
    from coordinator.formats.flat_nodes import find_node
    from coordinator.formats.yaml_patch import as_read, new_line, with_value
    from coordinator.formats.yaml_reader import YamlError

    found = split(data, "")
    before = parse(data, "", mend=True)
    if isinstance(found, Problem) or isinstance(before, Problem):
        problem = found if isinstance(found, Problem) else before
        assert isinstance(problem, Problem)
        raise CoordError(f"the frontmatter can't be changed: {problem.message}", problem.remedy)
    wanted = {key: as_read(value) for key, value in changes.items()}
    text = found.yaml
    with suppress(YamlError):  # then what there is differs from what is wanted, as is told below
        for key, value in changes.items():
            if before.values.get(key) == wanted[key]:
                continue
            node = find_node(text, key)
            if node is None:
                text += new_line(key, value, found.line_ending)
            else:
                for place in reversed((node, *node.again)):
                    text = with_value(text, place, value, found.line_ending)
    patched = (found.text[: found.start] + text + found.text[found.end :]).encode()
    after = parse(patched, "", mend=True)
    if isinstance(after, Problem) or after.values != {**before.values, **wanted}:
        keys = ", ".join(f"`{plain(key)}`" for key in changes)
        raise CoordError(f"{keys} can't be changed in place", "write the frontmatter as flat `key: value` lines")
    return patched


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
