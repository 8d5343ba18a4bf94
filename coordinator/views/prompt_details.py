"""A prompt in sections: its tasks, what it is judged by, what was handed off last, and what changed. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from coordinator.formats.frontmatter import split
from coordinator.formats.prompt_body import CRITERIA, boxes, last_hand_off, listed
from coordinator.lazy.dataclass import replace
from coordinator.model.acceptance import handed, standings
from coordinator.model.change import Change, FileChange
from coordinator.model.checks import Checks
from coordinator.model.clock import day_and_time
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, Step, StepState
from coordinator.model.text import amount, plain_lines
from coordinator.views.acceptance import tally
from coordinator.views.round_page import criterion_row
from coordinator.views.spans import Span

Row = list[Span]

_LONG = 200_000
"""Characters of a prompt's body that are looked at."""


class Section(NamedTuple):
    """A heading with the lines below it."""

    title: str
    sum: str
    """What it comes to, beside the heading."""
    rows: tuple[Row, ...]


def sections(snapshot: Snapshot, number: int, change: Change | None = None) -> tuple[Section, ...]:
    """What there is to say about a prompt; `change`: what its last attempt made, where that is known.

    Sections without anything in them are left out.
    """
    prompt, step = snapshot.prompts[number], snapshot.steps[number]
    body = _body(prompt)
    found = (
        _tasks(body, step),
        _criteria(snapshot, prompt, body),
        _hand_off(step.attempt, body),
        _files(change),
    )
    return tuple(section for section in found if section is not None)


def whole(shown: Sequence[Section]) -> list[Row]:
    """All of the sections, an empty line between them."""
    rows: list[Row] = []
    for section in shown:
        rows += [[], *_lines(section, len(section.rows))] if rows else _lines(section, len(section.rows))
    return rows or [[Span("Its file lists neither tasks nor criteria, and nothing was handed off yet.", "quiet")]]


def fitted(shown: Sequence[Section], height: int) -> list[Row]:
    """At most so many lines: all of it, else of each section as much as is its share, and how much that leaves out."""
    for apart in (whole(shown), [row for row in whole(shown) if row]):
        if len(apart) <= height:
            return apart
    shares = [0] * len(shown)
    room = height - len(shown)
    while room > 0:
        for place, section in enumerate(shown):
            if room and shares[place] < len(section.rows):
                shares[place] += 1
                room -= 1
    rows = [row for section, share in zip(shown, shares, strict=True) for row in _lines(section, share)]
    return rows[:height]


def _lines(section: Section, most: int) -> list[Row]:
    left = len(section.rows) - most
    more = [Span(f"  and {left} more", "quiet")] if left else []
    return [[Span(section.title, "brand"), Span(f"  {section.sum}", "quiet"), *more], *section.rows[:most]]


def _body(prompt: Prompt) -> str:
    front = split(prompt.source, prompt.path)
    return "" if isinstance(front, Problem) else front.text[front.body : front.body + _LONG]


def _tasks(body: str, step: Step) -> Section | None:
    """A task is done when its box is ticked, and all are once the work is merged."""
    merged = step.state is StepState.MERGED
    tasks = [(words, ticked or merged) for words, ticked in boxes(body, "Tasks")]
    if not tasks:
        return None
    done = sum(is_done for _, is_done in tasks)
    marks = {True: Span("  [x] ", "good"), False: Span("  [ ] ", "quiet")}
    return Section("Tasks", f"{done} of {len(tasks)} done", tuple([marks[is_done], Span(w)] for w, is_done in tasks))


def _criteria(snapshot: Snapshot, prompt: Prompt, body: str) -> Section | None:
    """What shows each criterion; before the merge a hand-off claims, and no more."""
    attempt = snapshot.steps[prompt.number].attempt
    receipt = attempt.receipt if attempt is not None else None
    known = snapshot.checks if snapshot.checks is not None else Checks("")
    found = standings(replace(known, criteria=handed(prompt.number, listed(body, CRITERIA), receipt)))
    if not found:
        return None
    column = max(len(one.criterion.id) for one in found)
    return Section("Acceptance criteria", tally(found), tuple(criterion_row(one, column) for one in found))


def _hand_off(attempt: Attempt | None, body: str) -> Section | None:
    """What the last attempt handed off; while there is nothing of it, what its file tells of one before."""
    receipt = attempt.receipt if attempt is not None else None
    if attempt is None or receipt is None:
        said, lines = last_hand_off(body)
        return Section("Last hand-off", said.lower(), tuple([Span(f"  {line}")] for line in lines)) if said else None
    rows: list[Row] = [[Span(f"  {line}")] for line in plain_lines(receipt.summary) if line.strip()]
    for name, items in receipt.lists:
        rows += [[Span(f"  {name}: ", "quiet"), Span(" ".join(item.split()))] for item in items]
    when = f", {day_and_time(receipt.at)}" if receipt.at else ""
    return Section("Last hand-off", f"{receipt.outcome}, attempt {attempt.attempt}{when}", tuple(rows))


def _files(change: Change | None) -> Section | None:
    if change is None or not (change.files or change.modified or change.untracked):
        return None
    width = max((len(_count(file.added, "+")) + len(_count(file.removed, "-")) + 1 for file in change.files), default=0)
    rows = [[Span("  "), *_size(file, width), Span(file.path)] for file in change.files]
    rows += _uncommitted(change)
    size = f"{amount(len(change.files), 'file')}  +{change.added} -{change.removed}"
    return Section("Files", size if change.files else "nothing is committed yet", tuple(rows))


def _size(file: FileChange, width: int) -> Iterator[Span]:
    added, removed = _count(file.added, "+"), _count(file.removed, "-")
    yield Span(added, "good")
    yield Span(f" {removed}", "failed")
    yield Span(" " * (width - len(added) - len(removed) + 1))


def _count(lines: int | None, sign: str) -> str:
    return "binary" if lines is None and sign == "+" else "" if lines is None else f"{sign}{lines}"


def _uncommitted(change: Change) -> list[Row]:
    named = [*((path, "changed") for path in change.modified), *((path, "new") for path in change.untracked)]
    return [[Span(f"  {word}, not committed  ", "quiet"), Span(path)] for path, word in named]
