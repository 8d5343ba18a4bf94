"""Values of events as words: each bounded, since an event may carry a megabyte; all of it is untrusted. Pure."""

from collections.abc import Mapping

_LONGEST = 1000
"""Characters of any one value."""
_BRIEF = 200
"""Characters of each line that is left of a text of several."""


def signed(data: Mapping[str, object], key: str, sign: str) -> str:
    value = data.get(key)
    return f"{sign}{value}" if isinstance(value, int) else ""


def in_brackets(text: str) -> str:
    return f"({text})" if text else ""


def value_of(data: Mapping[str, object], *keys: str) -> str:
    """The first of these that is there, as text."""
    for key in keys:
        value = data.get(key)
        if value is not None and value != "":
            return as_text(value)
    return ""


def brief(text: str) -> str:
    """The first and the last line of a text of several, such as a suite's output, which is read in full elsewhere."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return text
    first, last = (line if len(line) <= _BRIEF else f"{line[:_BRIEF]}…" for line in (lines[0], lines[-1]))
    return f"{first} {'… ' if len(lines) > 2 else ''}{last}"


def listed(data: Mapping[str, object], key: str, between: str) -> str:
    value = data.get(key)
    items = value[:20] if isinstance(value, list | tuple) else [] if value is None else [value]
    return between.join(filter(None, map(as_text, items)))


def as_text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(as_text(item) for item in value[:20])
    return str(value)[:_LONGEST].strip()


def joined(between: str, *parts: str) -> str:
    return between.join(part for part in parts if part)
