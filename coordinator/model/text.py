"""Untrusted text made safe to show: the one place where control characters and direction tricks are taken out."""

import re
import unicodedata

from coordinator.lazy import regex

_UNSAFE = regex.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: escape sequences, carriage returns, bells
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls: text that reads other than it is
    "\u2028\u2029\ufeff\ufff9-\ufffb"  # line separators, byte-order mark, annotations
    "\u00ad\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\uffa0"  # text that can't be seen
    "\U000e0000-\U000e007f"  # tags: whole sentences that only a model reads
    "\ud800-\udfff"  # undecodable bytes of a file name
    "]"
)
_UNSEEN = ("\u115f", "\u1160", "\u17b4", "\u17b5", "\u3164", "\uffa0")
"""Those of them that Python takes to be printable: text without them needs no pattern, which takes long to compile."""
_UNSAFE_IN_JSON = regex.compile(_UNSAFE.pattern.replace("\x00-\x1f", ""))
"""In JSON that is written for people, too: line breaks between its values are its own."""
_ESCAPE = regex.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
"""Colours, moves of the cursor, titles: what programs write for a terminal."""
_SAFE_BREAKS = regex.compile(r"\r\n|\r|\n")


def plain(text: str) -> str:
    """Make any text safe to print on one line: breaks and tabs become spaces, other controls a visible `·`."""
    if text.isprintable() and (text.isascii() or not any(char in text for char in _UNSEEN)):
        return text
    return _UNSAFE.sub(_visible, text.replace("\r\n", " "))


def without_escapes(text: str) -> str:
    """What a program wrote for a terminal, without its colours; still untrusted."""
    return _ESCAPE.sub("", text) if "\x1b" in text else text


def bare(text: str) -> str:
    """Take out what `plain` would make visible: for screens, where such a character holds no column."""
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub("", text)


def copyable(text: str) -> str:
    """A text of several lines for a clipboard: breaks and tabs stay, escapes and other controls are out."""
    lines = _SAFE_BREAKS.split(without_escapes(text))
    return "\n".join("\t".join(bare(cell) for cell in line.split("\t")) for line in lines)


def json_plain(text: str) -> str:
    """A JSON document that says the same, with every character escaped that could trick who looks at it."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSAFE_IN_JSON.sub(_escaped, text)


def plain_lines(text: str) -> list[str]:
    """The lines of a text, each safe to print; tabs become four spaces."""
    lines = [text] if text.isprintable() else _SAFE_BREAKS.split(text)
    return [plain(line.replace("\t", "    ")) for line in lines]


def _visible(match: re.Match[str]) -> str:
    char = match.group()
    if char in "\t\n\r\u2028\u2029":
        return " "
    if 0xDC80 <= ord(char) <= 0xDCFF:
        return f"\\x{ord(char) - 0xDC00:02x}"
    return "·"


def _escaped(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def width(text: str) -> int:
    """Columns that a safe text takes in a terminal: wide East Asian characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def clip(text: str, columns: int) -> str:
    """Cut a safe text to at most `columns` columns, an ellipsis standing for what is gone."""
    if width(text) <= columns:
        return text
    if columns <= 0:
        return ""
    out, used = [], 1
    for char in text:
        used += _char_width(char)
        if used > columns:
            break
        out.append(char)
    return "".join(out).rstrip() + "…"


def amount(count: int, thing: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def age(seconds: float) -> str:
    """`5s`, `2m13`, `1h04`, `12d`: how long something took or takes."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}"
    if whole < 100 * 3600:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}"
    return f"{whole // 86400}d"
