"""A unified diff as rows: parsed, numbered, and paired for two columns. Pure."""

from collections.abc import Sequence
from enum import Enum

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.model.change import FileChange

_HUNK = regex.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@ ?(.*)")
_NOTES = ("Binary files", "GIT binary patch", "old mode", "new mode", "new file mode", "deleted file mode", "rename ")


class Kind(Enum):
    FILE = "file"
    HUNK = "hunk"
    CONTEXT = "context"
    ADDED = "added"
    REMOVED = "removed"
    NOTE = "note"
    """What git says about a file besides its lines."""
    REMARK = "remark"
    """What somebody said about the line above."""

    @property
    def code(self) -> bool:
        return self in (Kind.CONTEXT, Kind.ADDED, Kind.REMOVED)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a diff; its text is untrusted."""

    kind: Kind
    text: str
    file: int
    """Index of the file that it belongs to."""
    old: int = 0
    """Number of the line before; 0: it was not there."""
    new: int = 0
    """Number of the line after; 0: it is not there."""
    ink: str = ""
    """Of a remark: its colour, by name."""
    aside: str = ""
    """Of a file: what a reviewer should know of it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two cells of a row, by the indices of their rows; the same twice: one cell over both columns."""

    left: int | None
    right: int | None


def parse_diff(text: str, files: Sequence[FileChange]) -> tuple[Row, ...]:
    """The rows of what git printed; `files` in the same order name its parts, whatever bytes their names hold."""
    rows: list[Row] = []
    file, old, new, left_old, left_new = -1, 0, 0, 0, 0
    for line in text.split("\n"):
        if left_old > 0 or left_new > 0:
            mark, rest = line[:1], line[1:]
            if mark == "+":
                rows.append(Row(Kind.ADDED, rest, file, new=new))
                new, left_new = new + 1, left_new - 1
            elif mark == "-":
                rows.append(Row(Kind.REMOVED, rest, file, old=old))
                old, left_old = old + 1, left_old - 1
            elif mark != "\\":
                rows.append(Row(Kind.CONTEXT, rest, file, old, new))
                old, new, left_old, left_new = old + 1, new + 1, left_old - 1, left_new - 1
        elif line.startswith("diff --git "):
            file += 1
            rows.append(Row(Kind.FILE, _name(file, files, line), file))
        elif found := _HUNK.match(line):
            old, new = int(found[1]), int(found[3])
            left_old, left_new = int(found[2] or 1), int(found[4] or 1)
            rows.append(Row(Kind.HUNK, found[5], file, old, new))
        elif line.startswith(_NOTES):
            rows.append(Row(Kind.NOTE, line, file))
    return tuple(rows)


def _name(index: int, files: Sequence[FileChange], line: str) -> str:
    if index >= len(files):
        return line.removeprefix("diff --git ")
    file = files[index]
    return f"{file.old_path} → {file.path}" if file.old_path else file.path


def side_by_side(rows: Sequence[Row]) -> tuple[Pair, ...]:
    """The rows in two columns: removed lines stand beside the added ones that follow them.

    Of a file that has one side only, as a new one, each line takes both columns.
    """
    sides: dict[int, set[Kind]] = {}
    for row in rows:
        if row.kind.code:
            sides.setdefault(row.file, set()).add(row.kind)
    pairs: list[Pair] = []
    removed: list[int] = []
    added: list[int] = []

    def flush() -> None:
        for place in range(max(len(removed), len(added))):
            left = removed[place] if place < len(removed) else None
            pairs.append(Pair(left, added[place] if place < len(added) else None))
        removed.clear()
        added.clear()

    for index, row in enumerate(rows):
        if row.kind.code and len(sides[row.file]) == 1:
            flush()
            pairs.append(Pair(index, index))
        elif row.kind is Kind.REMOVED:
            if added:
                flush()
            removed.append(index)
        elif row.kind is Kind.ADDED:
            added.append(index)
        else:
            flush()
            pairs.append(Pair(index, index))
    flush()
    return tuple(pairs)
