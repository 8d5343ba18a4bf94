"""Which words of a changed line differ from the line that it was. Pure."""

import difflib

from coordinator.lazy import regex

Range = tuple[int, int]
"""First character, and the one behind the last."""
_TOKEN = regex.compile(r"\w+|\s+|[^\w\s]")
_ALIKE = 0.4
"""Lines that have less in common are others, and no word of them is marked."""
_LONGEST = 600
"""Characters beyond which a line is not looked at."""


def changed_words(old: str, new: str) -> tuple[tuple[Range, ...], tuple[Range, ...]]:
    """The ranges of both lines that the other has not; nothing where the lines have little in common."""
    if old == new or len(old) > _LONGEST or len(new) > _LONGEST:
        return (), ()
    first, second = _TOKEN.findall(old), _TOKEN.findall(new)
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    blocks = matcher.get_matching_blocks()
    common = sum(len("".join(first[block.a : block.a + block.size]).strip()) for block in blocks)
    if common < _ALIKE * max(len(old.strip()), len(new.strip())):
        return (), ()
    ops = [op for op in matcher.get_opcodes() if op[0] != "equal"]
    return _ranges(first, [op[1:3] for op in ops]), _ranges(second, [op[3:5] for op in ops])


def _ranges(tokens: list[str], spans: list[tuple[int, int]]) -> tuple[Range, ...]:
    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(token))
    return tuple((starts[first], starts[last]) for first, last in spans if starts[last] > starts[first])
