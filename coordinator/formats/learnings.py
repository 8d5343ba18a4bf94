"""`learnings.md` as text: a list, each item a learning, with the paths and the words that it is about.

    - Tests use the fake clock. [paths: src/clock.py, tests/**] [tags: time]

Tags may be written as `#time`, too. An item's further lines are indented. A paragraph is a learning as well; headings
are for people.
"""

from collections.abc import Iterator

from coordinator.lazy import regex
from coordinator.model.learning import Learning
from coordinator.model.text import plain

_ITEM = regex.compile(r"[ ]{0,3}(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(.*)")
_ABOUT = regex.compile(r"[\[(](paths?|tags?):([^\[\])(]*)[\])]", 2)  # 2: re.IGNORECASE
_TAG = regex.compile(r"(?:^|(?<=\s))#([A-Za-z][\w-]{1,40})")
_MOST = 5_000
_LONGEST = 1_000
"""Learnings of a file, and characters of each: the rest is left out."""


def read_learnings(text: str) -> tuple[Learning, ...]:
    """The learnings in the order in which they stand."""
    found = []
    for item in _items(text):
        learning = _learning(item)
        if any(map(str.isalnum, learning.text)):
            found.append(learning)
        if len(found) == _MOST:
            break
    return tuple(found)


def _items(text: str) -> Iterator[str]:
    """The items of lists, and the paragraphs, each on one line."""
    item: list[str] = []
    for line in [*text.splitlines(), ""]:
        match = _ITEM.match(line)
        if item and (match or not line.strip() or line.startswith("#")):
            yield " ".join(item)
            item = []
        if match:
            item.append(match[1].strip())
        elif line.strip() and not line.startswith(("#", "<!--", "---")):
            item.append(line.strip())


def _learning(item: str) -> Learning:
    paths: list[str] = []
    tags: list[str] = [match.casefold() for match in _TAG.findall(item)]
    for kind, words in _ABOUT.findall(item):
        names = [name.strip(" \t`'\"") for name in words.split(",")]
        (paths if kind.casefold().startswith("path") else tags).extend(filter(None, names))
    text = plain(" ".join(_ABOUT.sub("", item).split()))
    kept = text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
    return Learning(kept, tuple(paths), tuple(tags))
