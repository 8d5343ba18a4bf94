"""Boxes to tick in Markdown, with what stands below them: `- [ ] words`, wherever they are but in code."""

import re
from textwrap import dedent

from coordinator.formats.imports.text import Line, decoded, lines, one_line
from coordinator.formats.markdown import HEADING, words_of
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.model.imported import TaskStatus
from coordinator.model.problem import Problem

_BOX = regex.compile(
    r"([ \t]*)(?:(?:[-*+]|\d{1,9}[.)])[ \t]+(?!\[P\])|(?=\[[ xX]\]))"  # `[P]` is a word of spec-kit's legend
    r"\[([^\]\[])\](?:[ \t]+|(?=[^\x00-\x7f]))(\S.*)"
)
_STRUCK = regex.compile(r"~~(?:(?!~~).)+~~\W*")
_FENCE = regex.compile(r"[ \t]*(```+|~~~+)")
_COMMENT = regex.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
STATUSES = {
    " ": TaskStatus.TODO,
    "x": TaskStatus.DONE,
    "X": TaskStatus.DONE,
    "/": TaskStatus.IN_PROGRESS,
    "~": TaskStatus.IN_PROGRESS,
    "-": TaskStatus.CANCELLED,
}
"""What people put into a box."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box."""

    line: int
    mark: str
    """What is in it: one character."""
    at: tuple[int, int]
    """Bytes that the mark takes."""
    text: str
    """What stands behind it on its line."""
    body: str
    """What stands below it and is set in further than it, without boxes."""
    parent: int
    """Place in the list of the box that it stands below; -1: of none."""
    headings: tuple[str, ...]
    """The headings above it, the outermost first."""
    levels: tuple[int, ...]
    """Of these headings: 1 to 6."""


def status_of(box: Box, is_struck: bool) -> TaskStatus:
    """What a box says; what is struck out and not done is nobody's to do."""
    status = STATUSES.get(box.mark, TaskStatus.TODO)
    return TaskStatus.CANCELLED if is_struck and status is not TaskStatus.DONE else status


def is_struck(text: str) -> bool:
    """Whether all of a text is struck out."""
    return _STRUCK.fullmatch(text) is not None


def read_boxes(data: bytes, path: str) -> list[Box] | Problem:
    """All boxes of a file, in their order."""
    text = decoded(data, path)
    if isinstance(text, Problem):
        return text
    reader = _Reader()
    for line in lines(_without_comments(text)):
        reader.take(line)
    bodies = (dedent("\n".join(body)).strip("\n") for body in reader.bodies)
    return [replace(box, body=body) for box, body in zip(reader.boxes, bodies, strict=True)]


def _without_comments(text: str) -> str:
    """The same text with blanks in place of comments: nobody's tasks, and every place stays what it was."""
    if "<!--" not in text:
        return text
    return _COMMENT.sub(lambda found: "".join(_blank(char) for char in found[0]), text)


def _blank(char: str) -> str:
    """A character that takes as many bytes and says nothing."""
    if char in "\r\n":
        return char
    return {1: " ", 2: "\xa0", 3: "\u2003"}.get(len(char.encode("utf-8", "replace")), "\U000e0020")


class _Reader:
    """Takes a document line by line."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.bodies: list[list[str]] = []
        self._open: list[tuple[int, int]] = []
        """Indentation and place of the boxes that the next line may stand below."""
        self._headings: list[tuple[int, str]] = []
        self._fence = ""

    def take(self, line: Line) -> None:
        mark = _FENCE.match(line.text)
        if mark is not None and (not self._fence or mark[1].startswith(self._fence)):
            self._fence = "" if self._fence else mark[1]
            self._below(line.text)
            return
        box = None if self._fence else _BOX.fullmatch(line.text)
        if box is not None:
            indent = _indent(line.text)
            while self._open and self._open[-1][0] >= indent:
                self._open.pop()
            at = line.at + len(line.text[: box.start(2)].encode())
            self.boxes.append(
                Box(
                    line=line.number,
                    mark=box[2],
                    at=(at, at + len(box[2].encode())),
                    text=box[3].rstrip(),
                    body="",
                    parent=self._open[-1][1] if self._open else -1,
                    headings=tuple(title for _, title in self._headings),
                    levels=tuple(level for level, _ in self._headings),
                )
            )
            self.bodies.append([])
            self._open.append((indent, len(self.boxes) - 1))
        elif not self._below(line.text) and not self._fence:
            self._heading(line.text)

    def _below(self, text: str) -> bool:
        """Take a line as part of the box above it; False when it is none, which ends the list."""
        while self._open and text.strip() and _indent(text) <= self._open[-1][0]:
            self._open.pop()
        if self._open:
            self.bodies[self._open[-1][1]].append(text.rstrip())
        return bool(self._open)

    def _heading(self, text: str) -> None:
        heading = HEADING.fullmatch(text)
        if heading is not None:
            level = len(heading[1])
            own = (level, one_line(words_of(heading[2])))
            self._headings = [*(one for one in self._headings if one[0] < level), own]


def _indent(text: str) -> int:
    bare = text.lstrip(" \t")
    return len(text[: len(text) - len(bare)].expandtabs(4))
