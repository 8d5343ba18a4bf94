"""What is said of emergent work before the verdict: sections that stand side by side, and the whole for programs."""

from collections.abc import Iterator, Sequence

from coordinator.lazy.dataclass import asdict
from coordinator.lazy.typing import Any
from coordinator.model.change import FileChange
from coordinator.model.emergent import Analysis
from coordinator.model.text import amount, clip, plain, plain_lines, width
from coordinator.views.spans import Span

Row = list[Span]
Section = tuple[str, list[Row]]
_FILES, _SUBJECTS, _FITS = 12, 4, 4
_NARROWEST, _WIDEST = 36, 64
"""Columns of one prompt, its margin included."""


def sections(found: Analysis) -> list[Section]:
    """What is known of a prompt, under headings; those without anything to say are left out."""
    card = found.card
    named = [
        ("Hypothesis", _lines(card.hypothesis)),
        ("Approach", _lines(card.approach)),
        ("Result", _lines(card.result)),
        ("What it did", list(did(found))),
        ("Milestone", list(fitting(found))),
        ("Alignment", [row for text in card.alignment for row in _lines(text, "#> ")]),
    ]
    return [(name, rows) for name, rows in named if rows]


def did(found: Analysis) -> Iterator[Row]:
    """What its diff did, and where that is not what was said of it."""
    if not found.known:
        if found.card.commits:
            yield [Span(f"commits {', '.join(commit[:10] for commit in found.card.commits)}")]
        return
    if found.files:
        counts = [Span(f"  +{found.added}", "good"), Span(f" -{found.removed}", "failed")]
        yield [Span(amount(len(found.files), "file")), *counts]
    yield from ([Span(_file(file))] for file in found.files[:_FILES])
    if len(found.files) > _FILES:
        yield [Span(f"and {len(found.files) - _FILES} more", "quiet")]
    yield from ([Span(clip(plain(text), 120), "quiet")] for text in found.subjects[-_SUBJECTS:])
    yield from ([Span(plain(remark), "need")] for remark in found.remarks)


def _file(file: FileChange) -> str:
    counts = "binary" if file.added is None else f"+{file.added} -{file.removed or 0}"
    return f"{plain(file.path)}  {counts}"


def fitting(found: Analysis) -> Iterator[Row]:
    """How it stands to the milestone, as far as words show it, and to what people said of it."""
    for fit in found.fits[:_FITS]:
        ink = "failed" if fit.part == "non-goal" else "text"
        yield [Span(f"{fit.part}: ", ink), Span(clip(plain(" ".join(fit.text.split())), 200))]
        yield [Span(f"  shares {', '.join(map(plain, fit.words[:6]))}", "quiet")]
    if found.has_intent and not any(fit.part != "non-goal" for fit in found.fits):
        yield [Span("shares no words with what the milestone wants", "need")]
    if found.patched_by:
        yield [Span(f"corrected by {', '.join(f'{n:02d}' for n in found.patched_by)}", "need")]
    if found.rejected:
        yield [Span(f"sent back: {clip(plain(' '.join(found.rejected.split())), 200)}", "need")]
    if found.attempts > 1:
        yield [Span(amount(found.attempts, "attempt"), "quiet")]


def _lines(text: str, marks: str = "") -> list[Row]:
    return [[Span(line.strip().lstrip(marks))] for line in plain_lines(text) if line.strip()]


def side_by_side(found: Sequence[Analysis], columns: int) -> Iterator[Row]:
    """All prompts beside each other, as many as fit; then the next ones. A section begins in the same row in all."""
    count = max(1, min(len(found), columns // _NARROWEST))
    wide = min(_WIDEST, columns // count) - 3
    for start in range(0, len(found), count):
        group = found[start : start + count]
        heads = [[[Span(f"{one.card.number:02d} {plain(one.card.title)}", "strong")], _state(one)] for one in group]
        yield from _beside(heads, wide)
        told = [dict(sections(one)) for one in group]
        for name in ("Hypothesis", "Approach", "Result", "What it did", "Milestone", "Alignment"):
            if any(name in one for one in told):
                cells = [[[Span(name, "brand")], *one.get(name, [[Span("nothing", "quiet")]])] for one in told]
                yield from _beside(cells, wide)
        yield []


def _state(found: Analysis) -> Row:
    card = found.card
    names = ", ".join(f"{number:02d}" for number in card.dependents[:4])
    return [Span(card.state.value, "quiet"), Span(f"  {card.stands} {names}" if names else "", "quiet")]


def _beside(cells: Sequence[Sequence[Row]], wide: int) -> Iterator[Row]:
    wrapped = [[line for row in cell for line in _wrapped(row, wide)] for cell in cells]
    for place in range(max(map(len, wrapped))):
        line: Row = []
        for cell in wrapped:
            row = cell[place] if place < len(cell) else []
            used = sum(width(span.text) for span in row)
            line += [*row, Span(" " * (wide - used + 3))]
        yield line


def _wrapped(row: Row, wide: int) -> Iterator[Row]:
    """A row broken into lines of that width, at blanks where there are some."""
    line: Row = []
    used = 0
    for span in row:
        for word in _pieces(span.text, wide):
            if used + width(word) > wide and used:
                yield line
                line, used, word = [], 0, word.lstrip()
            if word:
                line.append(span._replace(text=word))
                used += width(word)
    yield line


def _pieces(text: str, wide: int) -> Iterator[str]:
    """A text in words, each with the blanks before it; what is wider than a line in parts that are not."""
    word = ""
    for char in plain(text):
        if (char == " " and word.strip()) or width(word + char) > wide:
            yield word
            word = ""
        word += char
    yield word


def analysis_json(found: Analysis) -> dict[str, Any]:
    """One prompt for programs."""
    card = found.card
    return {
        **asdict(card),
        "state": card.state.value,
        "attempts": found.attempts,
        "files": [asdict(file) for file in found.files] if found.known else None,
        "added": found.added,
        "removed": found.removed,
        "subjects": list(found.subjects),
        "remarks": list(found.remarks),
        "fits": [asdict(fit) for fit in found.fits],
        "patched_by": list(found.patched_by),
        "rejected": found.rejected or None,
    }
