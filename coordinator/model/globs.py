"""Globs of files as git reads them in `.gitignore`: `tests/**`, `*.md`, `/setup.py`, `docs/`. Pure.

One without a slash is for names in any folder; one with a slash begins at the project's root. One that ends with a
slash, and one that is the name of a folder, is for all that lies below it.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from coordinator.lazy import regex
from coordinator.model.project_tests import TESTS

_NOT = "!"
_LONGEST = 300
_NOTHING = regex.compile(r"(?!)")


def matches(globs: Sequence[str], path: str) -> bool:
    """Whether the last of these globs that fits a path takes it in; one with `!` before it leaves it out.

    What is left out is so in capitals too, and with the folder itself: on some disks `Tests` and `tests` are the same.
    """
    for glob in reversed(globs):
        if glob.startswith(_NOT):
            out = glob.removeprefix(_NOT).casefold()
            if any(_pattern(one).fullmatch(path.casefold()) for one in (out, out.removesuffix("/**"))):
                return False
        elif _pattern(glob).fullmatch(path):
            return True
    return False


def literal(path: str) -> str:
    """The glob that is for one path alone, and for what lies below it."""
    return "/" + "".join(f"[{char}]" if char in "*?[" else char for char in path)


def wrong_glob(glob: str) -> str:
    """What is wrong with it, as the end of a sentence; empty: nothing."""
    bare = glob.removeprefix(_NOT)
    if bare == TESTS:
        return ""
    if not bare.strip() or bare.strip("/") == "":
        return "is empty"
    if len(glob) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    if ".." in bare.split("/"):
        return "leads out of the project"
    if any(ord(char) < 32 for char in glob) or "\\" in glob:
        return "has a character that no glob has here"
    return "" if _pattern(bare) is not _NOTHING else "is none that can be read"


@lru_cache(maxsize=1000)
def _pattern(glob: str) -> re.Pattern[str]:
    """The paths that a glob is for, and all that lies below them."""
    anchored = "/" in glob.rstrip("/")
    folder = glob.endswith("/")
    parts = [part for part in glob.strip("/").split("/") if part]
    text = "" if anchored else "(?:[^/]+/)*"
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        if part == "**":
            text += ".*" if last else "(?:[^/]+/)*"
        else:
            text += _part(part) + ("" if last else "/")
    if not parts or parts[-1] != "**":
        text += "/.*" if folder else "(?:/.*)?"
    try:
        return re.compile(text, re.DOTALL)
    except re.error:
        return _NOTHING


def _part(part: str) -> str:
    """One name between slashes: `*` and `?` stand for what is no slash, `[a-z]` for one of these characters."""
    text, place = "", 0
    while place < len(part):
        char = part[place]
        end = part.find("]", place + 2) if char == "[" else -1
        if char == "*":
            while part[place + 1 : place + 2] == "*":
                place += 1
            text += "[^/]*"
        elif char == "?":
            text += "[^/]"
        elif end > 0:
            text += _one_of(part[place + 1 : end])
            place = end
        else:
            text += re.escape(char)
        place += 1
    return text


def _one_of(inner: str) -> str:
    negated = inner[:1] in "!^"
    kept = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[1:] if negated else inner)
    return f"(?!/)[{'^' if negated else ''}{kept}]"
