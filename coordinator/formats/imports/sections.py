"""Sections of a Markdown text: taken out by their titles, and lists as their items."""

from collections.abc import Sequence

from coordinator.formats.imports.text import one_line
from coordinator.formats.markdown import HEADING, words_of
from coordinator.lazy import regex

_FENCE = regex.compile(r"[ ]{0,3}(```+|~~~+)")
_ITEM = regex.compile(r"([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[^\]\[]\][ \t]*)?(\S.*)")


def cut(text: str, titles: Sequence[str]) -> tuple[str, list[str]]:
    """A text without the sections of these titles, whatever their case and level, and what stood in these."""
    wanted = {title.casefold() for title in titles}
    rest: list[str] = []
    found: list[list[str]] = []
    fence, level = "", 0
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        heading = None if fence else HEADING.fullmatch(line.rstrip("\r"))
        if heading is not None and level and len(heading[1]) <= level:
            level = 0
        if heading is not None and not level and words_of(heading[2]).casefold().rstrip(":") in wanted:
            level = len(heading[1])
            found.append([])
        elif level:
            found[-1].append(line)
        else:
            rest.append(line)
    return "\n".join(rest), ["\n".join(lines) for lines in found]


def listed(text: str) -> list[str]:
    """The items of a list, each on one line with what stands below it; boxes in front of them are left out."""
    items: list[list[str]] = []
    indent = 0
    for line in text.replace("\r", "").split("\n"):
        item = _ITEM.fullmatch(line)
        if item is not None and (not items or len(item[1]) <= indent):
            indent = len(item[1])
            items.append([item[2]])
        elif items and line.strip() and line[:1] in " \t":
            items[-1].append(line)
    return [one_line(" ".join(lines)) for lines in items]
