"""How the words of others reach the voice: with their source, cut to a length, without secrets, and as data. Pure."""

import re

from coordinator.model.text import clip, plain, without_escapes
from coordinator.secrets.redaction import redact

_TAG = re.compile(r"<(/?)\s*(quoted)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_MARGIN = 4
"""How much more than is kept is looked through for secrets: none is cut in two at the end of what is kept."""
CUT = "[… cut]"


def quoted(source: str, text: str, most: int, *, end: bool = False) -> str:
    """A text as a block that nothing in it can close; at most about `most` characters, its end where `end` says so."""
    name = clip(plain(source), 100).replace('"', "'")
    return f'<quoted source="{name}">\n{bounded(text, most, end=end)}\n</quoted>'


def bounded(text: str, most: int, *, end: bool = False) -> str:
    """The text without secrets, escapes and what could close a quotation; at most `most` characters."""
    some = text[-most * _MARGIN :] if end else text[: most * _MARGIN]
    clean = _TAG.sub(r"‹\1\2", _CONTROL.sub("", without_escapes(redact(some))))
    if len(clean) <= most and len(some) == len(text):
        return clean
    room = max(0, most - len(CUT) - 1)
    return f"{CUT}\n{clean[-room:] if room else ''}" if end else f"{clean[:room]}\n{CUT}"


def line(text: str, most: int = 200) -> str:
    """The same on one line."""
    return clip(plain(bounded(text, most * 2)), most)
