"""Syntax colours: for the lines of a diff, found when one comes into sight, and for code in what somebody says."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from coordinator.model.text import plain
from coordinator.views.diff_rows import Kind, Row

Piece = tuple[str, str]
"""A text and the ink of its token; an empty ink: none of its own."""

_BLOCK = 120
"""Lines that are coloured at once: a few milliseconds. What a block begins inside of is not known."""
_LONGEST = 400
"""Characters of a line beyond which its block stays uncoloured: generated text, or a trap for regular expressions."""
_INKS = (
    ("Comment", "comment"),
    ("Literal.String", "string"),
    ("Literal.Number", "number"),
    ("Keyword", "keyword"),
    ("Operator.Word", "keyword"),
    ("Name.Function", "name"),
    ("Name.Class", "name"),
    ("Name.Decorator", "name"),
    ("Name.Tag", "name"),
)


class Colouring:
    """The pieces of each code row, kept once they are found."""

    def __init__(self, rows: Sequence[Row], paths: Sequence[str]) -> None:
        """`paths`: of the files, by their index; their endings tell the language."""
        self._rows = rows
        self._paths = paths
        self._known: dict[int, list[Piece]] = {}

    def pieces(self, index: int) -> list[Piece]:
        """The text of a code row in pieces, safe to print."""
        found = self._known.get(index)
        if found is None:
            self._colour(index)
            found = self._known[index]
        return found

    def _colour(self, index: int) -> None:
        """Colour the block that a row is in: each side of the diff as the text that it is."""
        block = self._block(index)
        row = self._rows[index]
        path = self._paths[row.file] if 0 <= row.file < len(self._paths) else ""
        lexer = _lexer(path.rpartition("/")[2])
        texts = {at: plain(self._rows[at].text.expandtabs(4)) for at in block}
        for at, text in texts.items():
            self._known[at] = [(text, "")]
        if lexer is None or any(len(text) > _LONGEST for text in texts.values()):
            return
        for side in (Kind.REMOVED, Kind.ADDED):
            lines = [at for at in block if self._rows[at].kind in (side, Kind.CONTEXT)]
            if any(self._rows[at].kind is side for at in lines) or side is Kind.ADDED:
                self._known.update(zip(lines, _coloured([texts[at] for at in lines], lexer), strict=True))

    def _block(self, index: int) -> list[int]:
        """Up to a block's worth of rows of the same hunk around a row, always the same for each of them."""
        start = index
        while start and self._rows[start - 1].kind.code:
            start -= 1
        start += (index - start) // _BLOCK * _BLOCK
        end = start
        while end < len(self._rows) and end < start + _BLOCK and self._rows[end].kind.code:
            end += 1
        return list(range(start, end))


def code_pieces(lines: Sequence[str], language: str) -> list[list[Piece]]:
    """The pieces of each line of code in a language by its name, safe to print; uncoloured where that is unknown."""
    texts = [plain(line.expandtabs(4)) for line in lines]
    lexer = _named_lexer(language.lower())
    if lexer is None or any(len(text) > _LONGEST for text in texts):
        return [[(text, "")] for text in texts]
    return _coloured(texts, lexer)


@lru_cache(maxsize=64)
def _named_lexer(name: str) -> Any:
    """The lexer of a language; None where it is unknown. Plugins are not asked: that reads all that is installed."""
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.lexers._mapping import LEXERS  # type: ignore[import-untyped]

    if not any(name in aliases for _, _, aliases, _, _ in LEXERS.values()):
        return None
    return get_lexer_by_name(name, stripnl=False, ensurenl=False)


def _coloured(lines: list[str], lexer: Any) -> list[list[Piece]]:
    """The pieces of each line of a text; a lexer that stumbles leaves the text as it is."""
    found: list[list[Piece]] = [[]]
    try:
        for token, text in lexer.get_tokens("\n".join(lines)):
            ink = _ink(token)
            for place, part in enumerate(text.split("\n")):
                if place:
                    found.append([])
                if part:
                    found[-1].append((part, ink))
    except Exception:
        found = []
    if ["".join(part for part, _ in pieces) for pieces in found[: len(lines)]] != lines:
        return [[(line, "")] for line in lines]
    return found[: len(lines)]


@lru_cache(maxsize=512)
def _ink(token: Any) -> str:
    name = str(token).removeprefix("Token.")
    return next((ink for start, ink in _INKS if name == start or name.startswith(start + ".")), "")


@lru_cache(maxsize=256)
def _lexer(name: str) -> Any:
    """The lexer for files of that name; None where the language is unknown."""
    from pygments.lexers import get_lexer_for_filename
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        return get_lexer_for_filename(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
