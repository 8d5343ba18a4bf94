"""What an agent says of a check, `COMMAND: RESULT`: which command it names, and for which criterion. Pure."""

import shlex
from collections.abc import Callable

from coordinator.lazy import regex

_LABEL = regex.compile(r"AC-[0-9]{1,9}(?:-[0-9]{1,9})?:\s+")
_SETTING = regex.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_OF_THE_SHELL = frozenset({"cd", "test", "[", "!", "set", "export"})


def command_of(text: str, is_program: Callable[[str], bool]) -> str:
    """The command that a text begins with, behind the label of its criterion if it has one; empty: it is only words.

    `is_program`: whether a shell of the agent would find a program of that name.
    """
    text = text.strip()
    label = _LABEL.match(text)
    start = label.end() if label is not None else 0
    command = _before_result(text[start:]).strip()
    words = command.lstrip("({ ").split()
    first = next((word for word in words if not _SETTING.match(word)), "")
    return text[:start] + command if first in _OF_THE_SHELL or (first and is_program(first)) else ""


def _before_result(text: str) -> str:
    """What stands before the first `: ` that is in no quotes; all of it without one."""
    place = text.find(": ")
    while place >= 0:
        try:
            shlex.split(text[:place])
        except ValueError:
            place = text.find(": ", place + 1)
        else:
            return text[:place]
    return text
