"""Markdown by the line, in time that grows with its length whatever somebody wrote: patterns here never go back far."""

from coordinator.lazy import regex

HEADING = regex.compile(r"(#{1,6})[ \t]+(\S.*)")
"""One line, without its end: level and words, still with what closes them."""


def words_of(heading: str) -> str:
    """A heading's words without what closes it: `Words ##` → `Words`."""
    closed = heading.rstrip()
    return closed.rstrip("#").rstrip() or closed


def bare_word(word: str) -> str:
    """A word without the marks that people put around it to make it seen: `✅ done` → `done`."""
    start, end = 0, len(word)
    while start < end and not word[start].isalnum():
        start += 1
    while end > start and not word[end - 1].isalnum():
        end -= 1
    return word[start:end]
