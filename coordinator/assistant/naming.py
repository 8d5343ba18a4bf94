"""Which prompts the engineer has named: only of those may the voice propose to end the work. Pure."""

import re
from collections.abc import Iterable

_AGENT = re.compile(r"@?\b[a-z][a-z-]*-(\d{1,9})-\d{1,9}\b")
_PATH = re.compile(r"[^\s,;()]*/[^\s,;()]*|@(?=[^\s,;()]*[^\W\d])[^\s,;()]+")
"""A path, and what else is referred to by letters: a number in there is no prompt's."""
_NUMBER = re.compile(r"(?<![\w.])[#@]?0*([1-9]\d{0,8})(?![\w]|\.\d)")


def numbers_in(text: str) -> frozenset[int]:
    """`7`, `07`, `@7`, `#7` and the prompt of `executor-07-1`."""
    agents = {int(number) for number in _AGENT.findall(text)}
    rest = _PATH.sub(" ", _AGENT.sub(" ", text))
    return frozenset(agents | {int(number) for number in _NUMBER.findall(rest)})


def named(text: str, selected: str, refs: Iterable[str]) -> frozenset[int]:
    """The prompts that the engineer's words, selection and references are about."""
    return frozenset().union(numbers_in(text), numbers_in(selected), *(numbers_in(f"@{ref}") for ref in refs))
