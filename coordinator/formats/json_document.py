"""JSON documents that agents and other tools write: read within limits, written back as they came. Pure."""

import json

from coordinator.formats.imports.json_text import load
from coordinator.lazy import regex
from coordinator.lazy.typing import Any
from coordinator.model.problem import Problem
from coordinator.model.text import plain

_INDENT = regex.compile(r"\s*[{\[]\r?\n([ \t]+)")
_LONGEST = 4000
"""Characters of a value that is no text."""


def load_object(data: bytes, path: str) -> dict[str, Any] | Problem:
    """The object that a document is; a Problem for what is none. Of a key that stands twice the last counts."""
    value = load(data, path)
    if isinstance(value, Problem):
        return value
    if not isinstance(value, dict):
        return Problem(plain(path), 1, "bad-json", "it is no JSON object", "begin it with `{`")
    return value


def encoded(document: object, source: str = "") -> bytes:
    """A document as text, indented and ended as `source` is: the text that it was read from."""
    indent = _INDENT.match(source.removeprefix("\ufeff"))
    width: int | str | None = (indent[1] if indent else None) if source else 2
    text = json.dumps(document, ensure_ascii=False, indent=width)
    if "\r\n" in source:
        text = text.replace("\n", "\r\n")
    end = source[len(source.rstrip("\r\n")) :] if source else "\n"
    return (text + end).encode("utf-8", "replace")


def text_of(value: object) -> str:
    """A value as a text, whatever it is: an agent writes 3, true or a list where others write a word."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False)[:_LONGEST]
