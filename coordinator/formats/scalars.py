"""Writing single values as YAML, so that every reader of YAML 1.1 or 1.2 gets back the same text."""

import re
from collections.abc import Sequence

from coordinator.lazy import regex

Scalar = str | int | float | bool | None

_PLAIN = regex.compile(r"[A-Za-z_][A-Za-z0-9_./@+ ()&~$^<>=;-]*|[^\W\d_][\w ./()-]*")
_PLAIN_ITEM = regex.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*")
_OTHERWISE_TYPED = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"])
_CONTROL = regex.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SHORT = {"\n": "\\n", "\t": "\\t"}


def scalar(value: Scalar, style: str = "", *, item: bool = False) -> str:
    """A scalar as YAML on one line, in the quoting `style` (`"`, `'` or plain) where the value allows it.

    `item`: it is going to stand within brackets. Undecodable bytes become question marks.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).encode("utf-8", "replace").decode() if isinstance(value, str) else str(value)
    if not isinstance(value, str) and not style:
        return text
    if style not in ('"', "'") and _is_plain(text, item):
        return text
    if style == '"' or _CONTROL.search(text):
        return '"' + _CONTROL.sub(_escaped, text.replace("\\", "\\\\").replace('"', '\\"')) + '"'
    return "'" + text.replace("'", "''") + "'"


def flow_list(values: Sequence[Scalar], style: str = "") -> str:
    """A list in brackets, its texts in the quoting `style` where they allow it."""
    return "[" + ", ".join(scalar(value, style, item=True) for value in values) + "]"


def _is_plain(text: str, item: bool) -> bool:
    """Needs no quotes: neither another type nor another structure could be read from it."""
    if text != text.strip() or text.lower() in _OTHERWISE_TYPED:
        return False
    return bool((_PLAIN_ITEM if item else _PLAIN).fullmatch(text))


def _escaped(match: re.Match[str]) -> str:
    char = match.group()
    return _SHORT.get(char) or (f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}")
