"""The rows of a change as a reviewer reads it: files by risk, words at their lines, what was viewed folded. Pure."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from coordinator.formats.digest import sha256
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.model.change import ChangePage, FileChange
from coordinator.model.review_comment import Comment, Said
from coordinator.model.text import amount, plain_lines
from coordinator.model.worklist import Fate
from coordinator.views.diff_rows import Kind, Row

LARGE = 200
"""Changed lines from which a file is large."""
_TEST = regex.compile(r"(?i:(?:^|/)(?:tests?|specs?|__tests__)/|(?:^|[/_.-])(?:tests?|spec)(?=[/_.-]))|[a-z]Tests?\.")
_WORDS_ONLY = (".md", ".rst", ".txt", ".adoc", ".lock", "LICENSE")
_WIDTH = 56
"""Columns at which the words of a remark are wrapped."""
_MARKS = {Fate.PENDING: ("[ ]", "need"), Fate.RESOLVED: ("[x]", "good"), Fate.SKIPPED: ("[-]", "badge")}


@dataclass(frozen=True, slots=True)
class Risk:
    """Why a file is read before others."""

    rank: int
    """0 comes first."""
    reasons: tuple[str, ...] = ()


def is_test(path: str) -> bool:
    """Whether a file is one of tests, by its name."""
    return bool(_TEST.search(path))


def risks(page: ChangePage) -> tuple[Risk, ...]:
    """Of each file of a change: unresolved comments, tests deleted, no evidence, large, in this order."""
    files, receipt = page.change.files, page.attempt.receipt
    shown = any(is_test(file.path) and (file.added or 0) > (file.removed or 0) for file in files)
    named = receipt is not None and (receipt.validation or receipt.checks)
    evidence = shown or bool(named) or any(one.commands for one in page.criteria)
    waiting: dict[str, int] = {}
    for said in page.comments:
        if said.open:
            waiting[said.comment.path] = waiting.get(said.comment.path, 0) + 1
    return tuple(_risk(file, waiting.get(file.path, 0) or waiting.get(file.old_path, 0), evidence) for file in files)


def _risk(file: FileChange, waiting: int, evidence: bool) -> Risk:
    found: list[tuple[int, str]] = []
    added, removed = file.added or 0, file.removed or 0
    if waiting:
        found.append((0, f"{amount(waiting, 'comment')} unresolved"))
    if is_test(file.path) and removed > added:
        found.append((1, "tests deleted"))
    if not evidence and not is_test(file.path) and not file.path.endswith(_WORDS_ONLY):
        found.append((2, "no evidence"))
    if file.added is None:
        found.append((3, "binary"))
    elif added + removed >= LARGE:
        found.append((3, "large"))
    return Risk(min((rank for rank, _ in found), default=4), tuple(reason for _, reason in found))


def digest(rows: Iterable[Row]) -> str:
    """Tells one state of a file's part of a diff from another, wherever in the file it stands."""
    said = "\n".join(f"{row.kind.value} {row.text}" for row in rows if row.kind.code)
    return sha256(said.encode("utf-8", "replace"))


def parts(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Index of a file → its rows."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.file, []).append(row)
    return found


def review_rows(page: ChangePage, rows: Sequence[Row], viewed: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows of a diff of the page's change, in the order of reading."""
    by_file, all_risks, files = parts(rows), risks(page), page.change.files
    remarks = [*map(_sent, page.comments), *map(_draft, page.drafts)]
    found: list[Row] = []
    here = {file.path for index, file in enumerate(files) if index in by_file}
    elsewhere = [one for one in remarks if one.path not in here]
    apart = [row for one in elsewhere for row in one.rows(-1, with_place=True)]
    if apart:
        apart.insert(0, Row(Kind.FILE, "not in what is shown", -1))
    waits = any(one.waits for one in elsewhere)
    found += apart if waits else []
    known = range(len(files))
    order = sorted(by_file, key=lambda index: (all_risks[index].rank if index in known else 4, index))
    for index in order:
        path = files[index].path if index in known else ""
        risk = all_risks[index] if index in known else Risk(4)
        seen = bool(path) and viewed.get(path) == digest(by_file[index])
        found += _file(by_file[index], risk, [one for one in remarks if one.path == path], seen)
    return tuple(found if waits else [*found, *apart])


def _file(rows: Sequence[Row], risk: Risk, remarks: Sequence["_Remark"], viewed: bool) -> Iterator[Row]:
    head, *rest = rows
    aside = "  ".join((*risk.reasons, *(("viewed",) if viewed else ())))
    yield replace(head, aside=aside)
    if viewed:
        return
    below: dict[int, list[_Remark]] = {}
    for one in remarks:
        below.setdefault(_place(rows, one), []).append(one)
    for at, row in enumerate((head, *rest)):
        if at:
            yield row
        for one in below.get(at, ()):
            yield from one.rows(head.file, with_place=row.kind is Kind.FILE)


def _place(rows: Sequence[Row], one: "_Remark") -> int:
    """Which of a file's rows a remark stands below: its own line, else the last before that."""
    best = 0
    for at, row in enumerate(rows):
        number = row.old if one.old else row.new
        fits = row.kind is Kind.REMOVED if one.old else row.kind in (Kind.ADDED, Kind.CONTEXT)
        if fits and number and number == one.line:
            return at
        if row.kind.code and 0 < row.new <= one.line:
            best = at
    return best if one.line else 0


@dataclass(frozen=True, slots=True)
class _Remark:
    path: str
    line: int
    old: bool
    place: str
    said: tuple[tuple[str, str, str], ...]
    """Head, words and ink of each thing that was said."""
    waits: bool = True
    """For an answer, or to be sent."""

    def rows(self, file: int, *, with_place: bool) -> Iterator[Row]:
        new, old = (0, self.line) if self.old else (self.line, 0)
        for at, (head, words, ink) in enumerate(self.said):
            where = f"{head} {self.place}".strip() if with_place and not at else head
            lines = [part for line in plain_lines(words) for part in textwrap.wrap(line, _WIDTH) or [""]]
            yield Row(Kind.REMARK, f"{where}  {lines[0] if lines else ''}", file, old, new, ink)
            for line in lines[1:]:
                yield Row(Kind.REMARK, f"{' ' * len(where)}  {line}", file, old, new, ink)


def _sent(said: Said) -> _Remark:
    comment = said.comment
    mark, ink = _MARKS[said.fate]
    lines = [(f"{mark} {comment.id} {comment.by}".rstrip(), comment.text, ink)]
    if not said.open:
        word = "left" if said.fate is Fate.SKIPPED else "answered"
        lines.append((f"    {word} by attempt {said.answered_in}", said.answer or "nothing more", ink))
    return _Remark(comment.path, said.line, said.old, comment.place, tuple(lines), said.open)


def _draft(comment: Comment) -> _Remark:
    return _Remark(comment.path, comment.line, comment.old, comment.place, (("not sent", comment.text, "badge"),))


def moved(rows: Sequence[Row], line: int) -> int:
    """Where a line stands after the changes of its file, of whose diff these are the rows; at least 1.

    A line that was replaced is where what replaced it begins, or as far behind that as it was behind its beginning.
    """
    delta, at = 0, 0
    while at < len(rows):
        row = rows[at]
        at += 1
        if row.kind not in (Kind.REMOVED, Kind.ADDED):
            if row.kind is Kind.CONTEXT and row.old >= line:
                return line + delta if row.old > line else row.new
            continue
        block = [row]
        while at < len(rows) and rows[at].kind in (Kind.REMOVED, Kind.ADDED):
            block.append(rows[at])
            at += 1
        removed = [one.old for one in block if one.kind is Kind.REMOVED]
        added = [one.new for one in block if one.kind is Kind.ADDED]
        first = removed[0] if removed else added[0] - delta
        if line < first:
            return line + delta
        if line in removed:
            return added[min(removed.index(line), len(added) - 1)] if added else max(1, first - 1 + delta)
        delta += len(added) - len(removed)
    return line + delta
