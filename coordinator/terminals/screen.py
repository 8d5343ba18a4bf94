"""A pane's screen as plain data: rows of runs of styled text, and nothing else of what the program sent.

The input is what `capture-pane -e` prints, and is not trusted: colours and line drawing are understood, every other
escape sequence and control character is dropped. No Textual, no I/O.
"""

from functools import lru_cache

from coordinator.lazy import regex
from coordinator.model import text as safe
from coordinator.model.pane_screen import DEFAULT, Colour, Row, Run, Screen, Style

_INPUT_LIMIT = 2_000_000
"""Characters of a capture that are looked at: 200×50 with a colour change at every cell has 300,000."""
_LINE_LIMIT = 20_000
_LINES_KEPT = 4_096
"""Parsed lines in memory: 50 panes of 50 rows, and their next versions."""


def parse(capture: str | bytes, width: int, height: int, cursor: tuple[int, int] | None = None) -> Screen:
    """Turn a capture into a screen of `height` rows cut to `width` columns; any input gives some screen."""
    text = capture[:_INPUT_LIMIT]
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    lines = text.split("\n", height)[:height]
    style, drawing = DEFAULT, False
    rows: list[Row] = []
    for line in lines:
        row, style, drawing = _parse_line(style, drawing, line[:_LINE_LIMIT], width)
        rows.append(row)
    rows.extend([()] * (height - len(rows)))
    return Screen(tuple(rows), width, height, cursor)


_SGR = regex.compile(r"\x1b\[([0-9:;]*)m")
_ODD = regex.compile("\x1b(?!\\[[0-9:;]*m)|[\x00-\x1a\x1c-\x1f\x7f-\x9f]")
"""Whatever needs more than cutting a line at its SGR sequences. Other unsafe characters fall to `bare`."""
_TOKEN = regex.compile(
    r"(?P<sgr>(?:\x1b\[|\x9b)(?P<params>[0-9:;]*)m)"
    r"|(?P<string>(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x1b(?!\\)[^\x07\x1b\x9c]*)*(?:\x07|\x1b\\|\x9c)?)"
    r"|(?P<csi>(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?)"
    r"|(?P<escape>\x1b[ -/]*[0-~]?)"
    r"|(?P<shift>[\x0e\x0f])"
    r"|(?P<tab>\t)"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f])"
)
_DRAWING = str.maketrans("`afgjklmnopqrstuvwxyz{|}~", "◆▒°±┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")
"""The DEC special graphics set, between shift-out and shift-in."""


@lru_cache(maxsize=_LINES_KEPT)
def _parse_line(style: Style, drawing: bool, line: str, width: int) -> tuple[Row, Style, bool]:
    """Parse one line, given the state that the lines above left; returns the row and the state for the next."""
    if drawing or _ODD.search(line):
        pieces, style, drawing = _pieces_of_odd(style, drawing, line)
    else:
        pieces, style = _pieces(style, line)
    return _row(pieces, width), style, drawing


def _pieces(style: Style, line: str) -> tuple[list[Run], Style]:
    first, *rest = _SGR.split(line)
    pieces = [Run(first, style)] if first else []
    for n in range(0, len(rest), 2):
        style = _sgr(style, rest[n])
        if rest[n + 1]:
            pieces.append(Run(rest[n + 1], style))
    return pieces, style


def _pieces_of_odd(style: Style, drawing: bool, line: str) -> tuple[list[Run], Style, bool]:
    pieces: list[Run] = []
    column = position = 0
    for token in _TOKEN.finditer(line):
        column += _add(pieces, line[position : token.start()], style, drawing)
        position = token.end()
        if token["sgr"]:
            style = _sgr(style, token["params"])
        elif token["shift"]:
            drawing = token["shift"] == "\x0e"
        elif token["tab"]:
            column += _add(pieces, " " * (8 - column % 8), style, False)
    _add(pieces, line[position:], style, drawing)
    return pieces, style, drawing


def _add(pieces: list[Run], text: str, style: Style, drawing: bool) -> int:
    """Append a piece, translated while line drawing is on; returns its columns."""
    if not text:
        return 0
    text = text.translate(_DRAWING) if drawing else text
    pieces.append(Run(text, style))
    return _columns(text)


def _row(pieces: list[Run], width: int) -> Row:
    """Join pieces of one style, take out unsafe characters, cut at `width`, drop blank default cells at the end."""
    runs: list[Run] = []
    room = width
    for text, style in pieces:
        text = safe.bare(text)
        used = _columns(text)
        if used > room:
            text = _cut(text, room)
        if text and runs and runs[-1].style == style:
            text = runs.pop().text + text
        if text:
            runs.append(Run(text, style))
        room -= used
        if room < 0:
            break
    while runs and runs[-1].style == DEFAULT:
        text = runs.pop().text.rstrip(" ")
        if text:
            runs.append(Run(text, DEFAULT))
            break
    return tuple(runs)


_char_columns = lru_cache(maxsize=8_192)(safe.width)


def _columns(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_char_columns, text))


def _cut(text: str, columns: int) -> str:
    used = 0
    for index, char in enumerate(text):
        used += _char_columns(char)
        if used > columns:
            return text[:index]
    return text


# -- SGR ---------------------------------------------------------------------------------------------------------

_FLAGS: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
    29: {"strike": False},
    53: {"overline": True},
    55: {"overline": False},
}
"""Blinking and concealing are left out on purpose: nothing of an agent's screen shall distract or hide."""
_COLOURS: dict[int, tuple[str, int | None]] = {
    **{30 + n: ("fg", n) for n in range(8)},
    **{40 + n: ("bg", n) for n in range(8)},
    **{90 + n: ("fg", 8 + n) for n in range(8)},
    **{100 + n: ("bg", 8 + n) for n in range(8)},
    39: ("fg", None),
    49: ("bg", None),
}
_EXTENDED = {38: "fg", 48: "bg", 58: ""}
"""58 colours the underline: read, so that its numbers aren't taken for attributes, and not kept."""


@lru_cache(maxsize=4_096)
def _sgr(style: Style, params: str) -> Style:
    """Apply one SGR sequence; what is unknown or out of range changes nothing."""
    codes = params[:256].split(";")
    position = 0
    while position < len(codes):
        code, *sub = codes[position].split(":")
        number = _number(code)
        position += 1
        if number in _EXTENDED:
            if not sub:
                sub = codes[position : position + (4 if codes[position : position + 1] == ["2"] else 2)]
                position += len(sub)
            style = _extended(style, _EXTENDED[number], sub)
        elif number == 0:
            style = DEFAULT
        elif number == 4 and sub:
            style = style._replace(underline=sub[0] != "0")
        elif number in _FLAGS:
            style = style._replace(**_FLAGS[number])
        elif number in _COLOURS:
            style = style._replace(**{_COLOURS[number][0]: _COLOURS[number][1]})  # type: ignore[arg-type]
    return style


def _extended(style: Style, ground: str, sub: list[str]) -> Style:
    """Set a palette (`5;n`) or true colour (`2;r;g;b`; with colons also `2:space:r:g:b`)."""
    values = [_number(word) for word in sub]
    colour: Colour = None
    if values[:1] == [5] and len(values) >= 2 and values[1] <= 255:
        colour = values[1]
    elif values[:1] == [2] and len(values) >= 4 and max(values[-3:]) <= 255:
        colour = (values[-3], values[-2], values[-1])
    if not ground or colour is None:
        return style
    return style._replace(fg=colour) if ground == "fg" else style._replace(bg=colour)


def _number(word: str) -> int:
    """An SGR number: empty means 0, anything that can't be one is out of every range."""
    if not word:
        return 0
    return int(word) if len(word) <= 4 and word.isascii() and word.isdigit() else 9_999
