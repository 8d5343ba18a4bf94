"""The first line: which project, what the loop does, how far it is, and what needs a human."""

import time
from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from coordinator.model.snapshot import LoopState, Snapshot
from coordinator.model.usage import total
from coordinator.views.attention import Need, needs
from coordinator.views.progress import Counts, counts_of, left_words, loop_word
from coordinator.views.spans import Span
from tui.messages import ActionAsked
from tui.paint.figures import dollars, tokens
from tui.paint.ink import Spans, columns, fit, ink_of, paint
from tui.paint.theme import LOOP_INK, UNICODE, Glyphs, loop_glyph

_BAR_WIDTH = 22


class Header(Widget):
    """One line that says less, never something else, the narrower it gets."""

    HELP: ClassVar[str] = (
        "Project, milestone, run, what the loop does, how many prompts are merged and what the run has cost. "
        "Filled labels at the right wait for you: click one, or press the key for what needs you."
    )
    DEFAULT_CSS = "Header { height: 1; dock: top; background: $panel; }"

    def __init__(self, marks: Glyphs = UNICODE, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marks = marks
        self._snapshot: Snapshot | None = None
        self._painted: Spans = ()
        self._left = ""
        """`about 40 min left`."""
        self._next_forecast = 0.0
        self.key = "n"
        """How the key that goes to what waits is written."""

    def show(self, snapshot: Snapshot, now: float) -> None:
        first, self._snapshot = self._snapshot is None, snapshot
        if not first:
            self._forecast(snapshot, now)
        if self._spans() != self._painted:
            self.refresh()

    def look_ahead(self, snapshot: Snapshot, now: float) -> None:
        """Add the forecast to the first picture, which does not wait for it."""
        self._forecast(snapshot, now)
        self.refresh()

    def _forecast(self, snapshot: Snapshot, now: float) -> None:
        """How long it will take; of very large plans only now and then, for it takes a while itself."""
        began = time.monotonic()
        if began < self._next_forecast:
            return
        from coordinator.model.forecast import forecast  # the first picture is painted before

        self._left = left_words(snapshot, forecast(snapshot, now))
        self._next_forecast = began + 100 * (time.monotonic() - began)

    def _spans(self) -> Spans:
        return header_spans(self._snapshot, self.size.width, self.marks, self._left, self.key)

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def render_line(self, y: int) -> Strip:
        self._painted = self._spans()
        return paint(self._painted, self.size.width, self.ink)

    def on_click(self, event: events.Click) -> None:
        kind = event.style.meta.get("act", "")
        if kind:
            self.post_message(ActionAsked("need", kind))


def header_spans(snapshot: Snapshot | None, width: int, marks: Glyphs, ahead: str = "", key: str = "n") -> list[Span]:
    """The line for a width: pieces that matter less are left out first, pills never.

    `ahead`: the forecast in words. `key` goes to what waits: it stands on the first pill, with what that is about.
    """
    if snapshot is None:
        return [Span(" coord", "brand"), Span("  "), Span("reading the project" + marks.ellipsis, "quiet")]
    waiting = needs(snapshot)
    brand = [Span(" coord ", waiting[0].ink), Span(" ")] if waiting else [Span(" coord", "brand"), Span("  ")]
    versions = _versions(snapshot, marks, ahead)
    for pills, least in _pills(waiting, marks, key):
        room = width - columns(pills) - columns(brand) - 2
        place = next((place for place, left in enumerate(versions) if columns(left) <= room), len(versions))
        if place <= least:
            break
    left = versions[min(place, len(versions) - 1)]
    left = fit(left, max(0, room), marks.ellipsis)
    gap = width - columns(brand) - columns(left) - columns(pills) - 1
    return [*brand, *left, Span(" " * max(1, gap)), *pills]


def _versions(snapshot: Snapshot, marks: Glyphs, ahead: str) -> list[Spans]:
    """The same from rich to sparse."""
    name = Span(snapshot.project)
    goal = [Span(f" {marks.crumb} ", "quiet"), Span(snapshot.milestone.title, "strong")] * bool(
        snapshot.milestone.title
    )
    if "," in snapshot.standing:
        goal.append(Span(f" {snapshot.standing}", "need"))
    run = _run(snapshot, marks)
    stage, brief = ([*found, Span("   ")] if found else [] for found in (_stage(snapshot, marks), _brief(snapshot)))
    counts = counts_of(snapshot)
    loop, short = (_loop(snapshot, counts.live, marks, full=full) for full in (True, False))
    bar, small = (_bar(counts, marks, width) for width in (_BAR_WIDTH, _BAR_WIDTH // 2))
    merged, cost = Span(counts.words, "quiet"), _cost(snapshot)
    gap = Span("   ")
    tail = [merged, *([Span(f" {marks.dot} ", "quiet"), cost] if cost else [])]
    rich = [merged, *([Span(f" {marks.dot} {ahead}", "quiet")] if ahead else []), *tail[1:]]
    clipped = [goal[0], goal[1]._replace(text=_shorten(snapshot.milestone.title, 24, marks)), *goal[2:]] if goal else []
    return [
        [name, *goal, gap, run, gap, *loop, gap, *bar, Span(" "), *rich],
        [name, *clipped, gap, run, gap, *loop, gap, *bar, Span(" "), *rich],
        [name, *clipped, gap, *stage, *loop, gap, *bar, Span(" "), *rich],
        [name, *clipped, gap, *stage, *loop, gap, *small, Span(" "), *tail],
        [name, *clipped, gap, *stage, *loop, gap, *tail],
        [name, gap, *stage, *loop, gap, *tail],
        [name, gap, *brief, *short, gap, *tail],
        [name, gap, *brief, *short, gap, merged],
        [*brief, *short, gap, merged],
        [*short, gap, merged],
        [*short],
    ]


def _shorten(text: str, width: int, marks: Glyphs) -> str:
    return "".join(span.text for span in fit([Span(text)], width, marks.ellipsis))


def _run(snapshot: Snapshot, marks: Glyphs) -> Span:
    if snapshot.run is None:
        return Span("no run yet", "quiet")
    text = "run " + snapshot.run.removeprefix("run-")
    if snapshot.round is not None:
        text += f" {marks.dot} iteration {snapshot.round.number} {marks.dot} {snapshot.round.phase.value}"
    elif snapshot.iteration:
        text += f" {marks.dot} iteration {snapshot.iteration}"
    return Span(text, "quiet")


def _stage(snapshot: Snapshot, marks: Glyphs) -> Spans:
    """Which iteration it is and how far that is, where there is no room for the run."""
    there = snapshot.round
    return [Span(f"iteration {there.number} {marks.dot} {there.phase.value}", "quiet")] if there is not None else []


def _brief(snapshot: Snapshot) -> Spans:
    """The same in two words."""
    there = snapshot.round
    return [Span(f"#{there.number} {there.phase.value}", "quiet")] if there is not None else []


def _loop(snapshot: Snapshot, live: int, marks: Glyphs, *, full: bool) -> Spans:
    """What the loop does; running agents over the most there may be."""
    loop = snapshot.loop
    ink = LOOP_INK[loop.state]
    said = loop_word(snapshot, live)
    waits = said != loop.state.value
    if waits:
        return [Span(f"{loop_glyph(LoopState.WAITING, marks)} {said if full else LoopState.WAITING.value}", "need")]
    word = f" {said}" if full or loop.state is not LoopState.RUNNING else ""
    spans = [Span(loop_glyph(loop.state, marks) + word, ink)]
    if live or loop.state is LoopState.RUNNING:
        spans.append(Span(f" {live}/{loop.max_parallel}", ink if loop.state is LoopState.RUNNING else "run"))
    return spans


def _bar(counts: Counts, marks: Glyphs, width: int) -> Spans:
    """Progress as a line: merged, in review, running, failed, and what is left."""
    cells = _shares(counts[:4], counts.total, width)
    inks = ("good", "review", "run", "failed")
    drawn = [Span(marks.bar * count, ink) for count, ink in zip(cells, inks, strict=True) if count]
    return [*drawn, Span(marks.bar_rest * (width - sum(cells)), "line")]


def _shares(parts: Sequence[int], total: int, width: int) -> list[int]:
    """Columns of each part; what exists gets at least one, and the bar is full only when everything is."""
    if not total:
        return [0] * len(parts)
    cells = [max(1, part * width // total) if part else 0 for part in parts]
    limit = width if sum(parts) == total else width - 1
    while sum(cells) > limit:
        cells[cells.index(max(cells))] -= 1
    if sum(parts) == total:
        cells[cells.index(max(cells))] += width - sum(cells)
    return cells


def _cost(snapshot: Snapshot) -> Span | None:
    """What the run has cost, the coordinator included; tokens where nobody tells of money."""
    used = total((*snapshot.spent.values(), snapshot.talked))
    if used.cost_usd is not None:
        return Span(dollars(used.cost_usd), "quiet")
    return Span(f"{tokens(used.tokens)} tokens", "quiet") if used.tokens is not None else None


_SUBJECTS = ((60, 1), (44, 2), (30, 2), (30, 4), (18, 5))
"""Columns for what the first pill is about, and which version of the rest of the line it may cost at most."""


def _pills(waiting: Sequence[Need], marks: Glyphs, key: str) -> list[tuple[list[Span], int]]:
    """The pills from rich to sparse, each with the sparsest version of the rest that they are worth."""
    anything = 99
    if not waiting:
        return [([], anything)]
    first, others = waiting[0], [span for need in waiting[1:] for span in _pill(need, need.text)]
    named = f"{key} {marks.dot} "
    subject = " ".join(first.subject.split())
    rich = [
        ([*_pill(first, f"{named}{first.text}: {_shorten(subject, room, marks)}"), *others], least)
        for room, least in _SUBJECTS
        if subject
    ]
    return [*rich, ([*_pill(first, named + first.text), *others], 10), ([*_pill(first, first.text), *others], anything)]


def _pill(need: Need, text: str) -> list[Span]:
    return [Span(" "), Span(f" {text} ", need.ink, need.kind)]
