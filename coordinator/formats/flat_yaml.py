"""A fast reader for flat YAML, and nothing but flat YAML: `key: text`, quoted or not, and lists of such texts.

Where it accepts a text it reads it as libyaml does (a differential test holds it to that); whatever it is not sure of
it declines, and `coordinator.formats.yaml_reader` has the word. It is an order faster, and needs no import of yaml.
"""

import re

from coordinator.lazy import regex
from coordinator.lazy.typing import NamedTuple

Value = str | tuple[str, ...]


class Nested(str):
    """The source text of a mapping, or of anything else that is deeper than a list of texts."""

    __slots__ = ("pairs", "rows")
    pairs: tuple[tuple[str, str], ...]
    rows: "tuple[tuple[tuple[str, str], ...], ...]"
    """Of a list of mappings: the pairs of each."""

    def __new__(
        cls,
        source: str,
        pairs: tuple[tuple[str, str], ...] = (),
        rows: "tuple[tuple[tuple[str, str], ...], ...]" = (),
    ) -> "Nested":
        made = super().__new__(cls, source)
        made.pairs, made.rows = pairs, rows
        return made


class Entry(NamedTuple):
    """One key of a document with its value, all scalars as text."""

    key: str
    value: Value
    line: int
    """1-based, in the file."""


_UNSURE = regex.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\r(?!\n)")
"""Tabs, controls, and the line breaks that only YAML 1.1 knows."""

_PLAIN = r"""[^\s\-?:,\[\]{}#&*!|>'"%@`](?:[^:#\r\n]|:(?=[^ \r\n])|(?<![ ])\#)*"""
_DOUBLE = r'"(?:[^"\\\r\n]|\\["\\nt])*"'
_SINGLE = r"'(?:[^'\r\n]|'')*'"
_REST = r"[ ]*(?:(?<=[ ])\#[^\r\n]*)?\r?(?:\n|\Z)"
LINE = regex.compile(
    rf"""(?:(?P<key>[A-Za-z_][A-Za-z0-9_-]*):(?![^ \r\n])|(?P<dash>[ ]*-(?=[ ])))
         (?:[ ]+(?:(?P<plain>{_PLAIN})|(?P<double>{_DOUBLE})|(?P<single>{_SINGLE})
                 |\[(?P<list>[^\[\]{{}}&*!|>%:?\\\r\n\#]*)\]))?{_REST}
         |[ ]*(?:\#[^\r\n]*)?\r?(?:\n|\Z)""",
    re.VERBOSE,
)
_ITEM = regex.compile(r"""[^\s"'@`,\-][^"',]*|"[^"]*"|'[^']*'""")
_ESCAPE = regex.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


def _is_sure(text: str) -> bool:
    """Whether it is what nearly all files are, told without a pattern that has to be compiled."""
    return text.isascii() and text.replace("\n", "").isprintable()


def read_flat(text: str, first_line: int = 1) -> list[Entry] | None:
    """Read a flat YAML document; None when it is anything else, or perhaps anything else.

    `first_line` is the line number of the text's first line in its file.
    """
    if not _is_sure(text) and _UNSURE.search(text):
        return None
    entries: list[Entry] = []
    items: list[str] | None = None  # of the block list that may go on
    indent, position, line, end = "", 0, first_line, len(text)
    match_line = LINE.match
    while position < end:
        match = match_line(text, position)
        if match is None:
            return None
        position, line = match.end(), line + 1
        kind = match.lastgroup
        if kind is None:  # nothing, or a comment
            continue
        value = _value(kind, match[kind])
        if value is None:
            return None
        key, dash = match["key"], match["dash"]
        if key is not None:
            _close(entries, items)
            items = [] if kind == "key" else None
            entries.append(Entry(key, value, line - 1))
        elif items is None or kind == "dash" or not isinstance(value, str) or (items and dash != indent):
            return None
        else:
            indent = dash
            items.append(value)
    _close(entries, items)
    return entries if len({entry.key for entry in entries}) == len(entries) else None


def _close(entries: list[Entry], items: list[str] | None) -> None:
    """Give the last key the list that stood below it."""
    if items:
        key, _, line = entries[-1]
        entries[-1] = Entry(key, tuple(items), line)


def _value(kind: str, written: str) -> Value | None:
    if kind == "plain":
        return written.rstrip(" ")
    if kind == "list":
        return _flow_list(written)
    if kind == "double":
        text = written[1:-1]
        return _ESCAPE.sub(lambda m: _ESCAPES[m[1]], text) if "\\" in text else text
    if kind == "single":
        return written[1:-1].replace("''", "'")
    return ""


def _flow_list(inner: str) -> tuple[str, ...] | None:
    """The items between brackets; None when it takes more than a look to tell them."""
    if not inner.strip(" "):
        return ()
    items = []
    for piece in inner.split(","):
        item = piece.strip(" ")
        if not _ITEM.fullmatch(item):
            return None
        items.append(item[1:-1] if item[0] in "\"'" else item)
    return tuple(items)
