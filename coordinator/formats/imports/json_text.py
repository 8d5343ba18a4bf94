"""JSON of other tools: read within limits, and where in the text a value stands, so that it alone can be changed."""

import json
from collections.abc import Iterator

from coordinator.formats.imports.text import decoded, offset
from coordinator.lazy import regex
from coordinator.lazy.typing import NamedTuple
from coordinator.model.imported import BytePatch
from coordinator.model.problem import Problem
from coordinator.model.text import clip, plain

DEPTH = 32
"""Levels of nesting: deeper is nobody's list of tasks."""
_TOKEN = regex.compile(r'[ \t\r\n]*([{}\[\]:,]|"(?:[^"\\]|\\.)*"|[^\s{}\[\]:,"]+)')
_OPENING, _CLOSING = ("{", "["), ("}", "]")


class Span(NamedTuple):
    """Where a value stands, in characters."""

    start: int
    end: int


def load(data: bytes, path: str) -> object | Problem:
    """The document, or what is wrong with it. Numbers may be any; of a key that stands twice the last counts."""
    text = decoded(data, path)
    if isinstance(text, Problem):
        return text
    try:
        value: object = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        return _bad(path, error.lineno, f"not JSON: {error.msg}")
    except RecursionError:
        return _bad(path, 0, "nested too deep")
    except ValueError as error:  # a number of more digits than Python takes
        return _bad(path, 0, f"not JSON: {error}")
    return value


def _bad(path: str, line: int, message: str) -> Problem:
    return Problem(plain(path), line, "bad-json", clip(plain(message), 160), "mend it there; nothing of it was read")


def find(text: str, *way: str | int) -> Span | None:
    """Where the value stands that one comes to by these keys and places; None: there is none. Raises nothing."""
    place = len(text) - len(text.removeprefix("\ufeff"))
    for step in way:
        inner = _step(text, place, step)
        if inner is None:
            return None
        place = inner
    token = _TOKEN.match(text, place)
    if token is None:
        return None
    end = _end(text, place)
    return None if end is None else Span(token.start(1), end)


def index(text: str, key: str) -> dict[tuple[str | int, ...], Span]:
    """Where all values of a key stand, however deep: the way to each → its place. One pass over the text."""
    found: dict[tuple[str | int, ...], Span] = {}
    way: list[str | int] = []
    kinds: list[str] = []
    """Of what the next token is inside: `{` or `[`; `way` has the key or place that it is at."""
    name, place = "", len(text) - len(text.removeprefix("\ufeff"))
    while (token := _TOKEN.match(text, place)) is not None:
        place, word = token.end(), token[1]
        if word in _CLOSING:
            if not kinds:
                break
            kinds.pop()
            way.pop()
        elif word == ":":
            if way:
                way[-1] = name
            continue
        elif word == ",":
            if kinds:
                way[-1] = int(way[-1]) + 1 if kinds[-1] == "[" else ""
            continue
        if word in _OPENING:
            if len(kinds) >= DEPTH:
                break
            kinds.append(word)
            way.append("" if word == "{" else 0)
            continue
        if kinds and kinds[-1] == "{" and way[-1] == key and word not in _CLOSING:
            found[tuple(way)] = Span(token.start(1), place)
        if word.startswith('"'):
            name = _key(word) or ""
    return found


def each(text: str, *way: str | int) -> Iterator[Span]:
    """Where the values of the list stand that one comes to by these keys and places, in one walk over it."""
    listed = find(text, *way)
    if listed is None or text[listed.start] != "[":
        return
    place = listed.start + 1
    while (token := _TOKEN.match(text, place)) is not None and token[1] not in _CLOSING:
        end = _end(text, place)
        if end is None:
            return
        yield Span(token.start(1), end)
        comma = _TOKEN.match(text, end)
        if comma is None or comma[1] != ",":
            return
        place = comma.end()


def change(data: bytes, path: str, value: object, *way: str | int) -> tuple[BytePatch, ...]:
    """The patch that gives the value at `way` another one, in JSON of one line; empty: nothing stands there."""
    text = data.decode()
    span = find(text, *way)
    if span is None:
        return ()
    new = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    start, end = offset(text, span.start), offset(text, span.end)
    return () if data[start:end] == new else (BytePatch(path, start, end, new),)


def _step(text: str, place: int, step: str | int) -> int | None:
    """Where the value of a key, or at a place of a list, begins in the value that begins at `place`."""
    token = _TOKEN.match(text, place)
    if token is None or token[1] != ("{" if isinstance(step, str) else "["):
        return None
    place, count, found = token.end(), 0, None
    while True:
        token = _TOKEN.match(text, place)
        if token is None or token[1] in _CLOSING:
            return found
        if isinstance(step, str):
            colon = _TOKEN.match(text, token.end())
            if colon is None or colon[1] != ":":
                return None
            place = colon.end()
            if _key(token[1]) == step:
                found = place  # of a key that stands twice, the last counts: as for whoever reads it
        elif count == step:
            return place
        end = _end(text, place)
        comma = _TOKEN.match(text, end) if end is not None else None
        if comma is None or comma[1] != ",":
            return found
        place, count = comma.end(), count + 1


def _key(token: str) -> str | None:
    try:
        key = json.loads(token)
    except ValueError:
        return None
    return key if isinstance(key, str) else None


def _end(text: str, place: int) -> int | None:
    """Where the value ends that begins at `place`."""
    depth = 0
    while (token := _TOKEN.match(text, place)) is not None:
        place = token.end()
        if token[1] in _OPENING:
            depth += 1
        elif token[1] in _CLOSING:
            depth -= 1
        if depth <= 0:
            return place if depth == 0 else None
    return None
