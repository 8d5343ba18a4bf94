"""The graph as rails: one row a prompt, dependencies above, drawn from nothing but the topology.

Every prompt that something waits for owns one rail: it starts under the prompt, runs down its lane, and ends at the
last prompt that waits for it, which takes the lane over. Whoever else waits for it joins sideways on its own row:

    ●     01
    ├─●   02 waits for 01
    │ ├─◎ 03 waits for 02
    ●─╯   04 waits for 01 and 02
    ◎     05 waits for 04

How to read it, and what the tests walk along: `●` has a rail below it and `◎` has none; `│` with `─` on both sides is
a crossing, the horizontal passes behind; every other corner or tee is a connection in each of its directions; what is
joined on a row belongs to that row's prompt. Where more rails than lanes would be open, those that reach furthest are
shortened, and the rest of them runs in a bundle at the right edge: `→` marks a prompt that leads into it, `←` one that
waits for something out of it, `↔` both.

Prompts that wait for something below them (a cycle) have no rail for it: they can't start, and the row says why.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import NamedTuple
from coordinator.model.graph import Graph

SHORTEST_FOLD = 3
"""Rows: a shorter run of foldable prompts is left as it is."""


_AHEAD = 4
"""Prompts that wait for one, looked at when it gets its lane."""


class Cell(NamedTuple):
    """One column of a row of rails."""

    char: str
    lane: int
    """Which rail's colour it has; -1: none."""


class Glyphs(NamedTuple):
    """The characters of one way to draw. An `end_…` is where a rail ends, a `tee_…` where it goes on below."""

    node: str
    leaf: str
    vertical: str
    horizontal: str
    bundle: str
    into: str
    out_of: str
    both: str
    end_right: str
    end_left: str
    end_both: str
    tee_right: str
    tee_left: str
    tee_both: str


class Row(NamedTuple):
    """A drawn row, and what it stands for."""

    numbers: tuple[int, ...]
    """One prompt, or a folded run of them."""
    cells: tuple[Cell, ...]


UNICODE = Glyphs("●", "◎", "│", "─", "┊", "→", "←", "↔", "╰", "╯", "┴", "├", "┤", "┼")
ASCII = Glyphs("*", "o", "|", "-", ":", ">", "<", "=", "`", "'", "^", "+", "+", "+")

BLANK = Cell(" ", -1)


@dataclass(frozen=True, slots=True)
class Rails:
    """Where every prompt and every rail goes. Cells are drawn on demand, row by row."""

    items: tuple[tuple[int, ...], ...]
    """What each row stands for: one prompt, or a folded run of them."""
    row_of: dict[int, int]
    """Number → row."""
    lanes: tuple[int, ...]
    """Lane of each row's node."""
    ends: tuple[int, ...]
    """Row where the rail of each row's node ends; the row itself if it has none."""
    lasts: tuple[int, ...]
    """Row of the last prompt that waits for each row; beyond `ends` the edges are in the bundle."""
    before: tuple[tuple[int, ...], ...]
    """Rows that each row waits for, ascending; only rows above it."""
    crossing: tuple[tuple[int, ...], ...]
    """Rows whose rails reach each row from above."""
    bundled: tuple[bool, ...]
    """Rows that the bundle passes."""
    width: int
    """Columns of every row."""

    def __len__(self) -> int:
        return len(self.items)

    def rows(self, glyphs: Glyphs = UNICODE) -> Iterator[Row]:
        """Draw all of it, from the top."""
        return (Row(item, self.cells(row, glyphs)) for row, item in enumerate(self.items))

    def cells(self, row: int, glyphs: Glyphs = UNICODE) -> tuple[Cell, ...]:
        """Draw one row, `width` columns wide."""
        drawn = [BLANK] * self.width
        home = self.lanes[row]
        open_rails = [source for source in self.crossing[row] if self.ends[source] >= row]
        joined = {self.lanes[source] for source in self.before[row] if self.ends[source] >= row} - {home}
        goes_out = self.lasts[row] > self.ends[row]
        comes_in = any(self.ends[source] < row for source in self.before[row])
        reach = sorted({*joined, home})
        _horizontal(drawn, home, reach, glyphs)
        for source in open_rails:
            lane = self.lanes[source]
            if lane != home:
                char = glyphs.vertical
                if lane in joined:
                    char = _join(glyphs, reach[0] < lane, lane < reach[-1], self.ends[source] > row)
                drawn[2 * lane] = Cell(char, lane)
        drawn[2 * home] = Cell(glyphs.node if self.ends[row] > row else glyphs.leaf, home)
        if goes_out or comes_in:
            char = glyphs.both if goes_out and comes_in else glyphs.into if goes_out else glyphs.out_of
            drawn[-1] = Cell(char, home)
        elif self.bundled[row]:
            drawn[-1] = Cell(glyphs.bundle, -1)
        return tuple(drawn)

    def below(self, row: int, glyphs: Glyphs = UNICODE) -> tuple[Cell, ...]:
        """Draw what passes between a row and the next one, for lines of text that stand there."""
        drawn = [BLANK] * self.width
        for source in (*self.crossing[row], row):
            if self.ends[source] > row:
                drawn[2 * self.lanes[source]] = Cell(glyphs.vertical, self.lanes[source])
        if any(self.ends[source] <= row < self.lasts[source] for source in range(row + 1)):
            drawn[-1] = Cell(glyphs.bundle, -1)
        return tuple(drawn)


def _horizontal(drawn: list[Cell], home: int, reach: Sequence[int], glyphs: Glyphs) -> None:
    """The line through the node; each piece has the colour of the rail at its outer end."""
    for inner, outer in pairwise(reach):
        colour = outer if inner >= home else inner
        for column in range(2 * inner + 1, 2 * outer):
            drawn[column] = Cell(glyphs.horizontal, colour)


def _join(glyphs: Glyphs, left: bool, right: bool, on: bool) -> str:
    if left and right:
        return glyphs.tee_both if on else glyphs.end_both
    if left:
        return glyphs.tee_left if on else glyphs.end_left
    return glyphs.tee_right if on else glyphs.end_right


def layout(graph: Graph, *, lanes: int = 8, fold: Collection[int] = frozenset()) -> Rails:
    """Give every prompt a row and a lane. At most `lanes` (2 or more) lanes are used, and one column for the bundle.

    Runs of at least `SHORTEST_FOLD` neighbouring prompts which are all in `fold` become one row each.
    """
    items = tuple(_items(graph.order, fold)) if fold else tuple((number,) for number in graph.order)
    row_of = {number: row for row, item in enumerate(items) for number in item}
    before: list[tuple[int, ...]] = []
    behind: list[list[int]] = [[] for _ in items]
    waits_for = graph.dependencies
    for row, item in enumerate(items):
        needs = waits_for[item[0]] if len(item) == 1 else [d for number in item for d in waits_for[number]]
        rows = sorted({above for d in needs if (above := row_of[d]) < row}) if needs else ()
        before.append(tuple(rows))
        for source in rows:
            behind[source].append(row)
    sweep = _Sweep(before, behind, lanes)
    for row in range(len(items)):
        sweep.place(row)
    bundled = _bundled(sweep.ends, sweep.lasts)
    width = 2 * max(sweep.homes, default=0) + 1
    if any(last > end for last, end in zip(sweep.lasts, sweep.ends, strict=True)):
        width += 2
    return Rails(
        items=items,
        row_of=row_of,
        lanes=tuple(sweep.homes),
        ends=tuple(sweep.ends),
        lasts=tuple(sweep.lasts),
        before=tuple(before),
        crossing=tuple(sweep.crossing),
        bundled=bundled,
        width=width,
    )


def _items(order: Sequence[int], fold: Collection[int]) -> Iterator[tuple[int, ...]]:
    run: list[int] = []
    for number in (*order, None):
        if number is not None and number in fold:
            run.append(number)
            continue
        if len(run) >= SHORTEST_FOLD:
            yield tuple(run)
        else:
            yield from ((one,) for one in run)
        run = []
        if number is not None:
            yield (number,)


class _Sweep:
    """Goes down the rows once and hands out lanes; a rail may be shortened later, when lanes run out below."""

    def __init__(self, before: Sequence[Sequence[int]], behind: Sequence[Sequence[int]], lanes: int) -> None:
        self.before = before
        self.behind = behind
        self.free = [True] * lanes
        self.lasts = [rows[-1] if rows else row for row, rows in enumerate(behind)]
        self.ends = list(self.lasts)
        self.homes: list[int] = []
        self.crossing: list[tuple[int, ...]] = []
        self.open: dict[int, None] = {}
        """Rows whose rails are open, oldest first."""

    def place(self, row: int) -> None:
        homes, ends = self.homes, self.ends
        joined = [source for source in self.before[row] if source in self.open]
        ending = [source for source in joined if ends[source] == row]
        if ending:
            lanes = [homes[source] for source in ending]
        else:
            if not any(self.free):
                self._shorten(row)
                joined = [source for source in joined if source in self.open]
            lanes = self._nearest_free([homes[source] for source in joined])
        self.crossing.append(tuple(self.open))
        for source in ending:
            self._close(source)
        goes_on = ends[row] > row
        home = self._calmest(row, lanes) if goes_on and self.open and len(lanes) > 1 else min(lanes)
        homes.append(home)
        if goes_on:
            self.open[row] = None
            self.free[home] = False

    def _close(self, source: int) -> None:
        del self.open[source]
        self.free[self.homes[source]] = True

    def _shorten(self, row: int) -> None:
        """End the rail that reaches furthest at the last prompt down to `row` that waits for it."""
        source = max(self.open, key=lambda source: (self.ends[source], -source))
        rows = self.behind[source]
        at = bisect_right(rows, row)
        self.ends[source] = rows[at - 1] if at else source
        self._close(source)

    def _nearest_free(self, joined: Sequence[int]) -> list[int]:
        """The free lanes with the fewest rails between them and what they join."""
        free = self.free
        lanes = [lane for lane, is_free in enumerate(free) if is_free]
        if not joined:
            return lanes
        left, right = min(joined), max(joined)
        bounds = [(min(lane, left), max(lane, right)) for lane in lanes]
        crossed = [high - low - sum(free[low:high]) for low, high in bounds]
        fewest = min(crossed)
        return [lane for lane, count in zip(lanes, crossed, strict=True) if count == fewest]

    def _calmest(self, row: int, lanes: Sequence[int]) -> int:
        """The lane from which the next ones that wait for a row cross the fewest rails, leftmost of these."""
        homes, ends = self.homes, self.ends
        coming = []
        for below in self.behind[row][:_AHEAD]:
            joined = [homes[source] for source in self.before[below] if source in self.open]
            if joined:
                passing = [homes[source] for source in self.open if ends[source] > below]
                coming.append((min(joined), max(joined), passing))

        def crossed(lane: int) -> int:
            return sum(
                min(lane, left) < other < max(lane, right) for left, right, passing in coming for other in passing
            )

        return min(lanes, key=lambda lane: (crossed(lane), lane)) if coming else min(lanes)


def _bundled(ends: Sequence[int], lasts: Sequence[int]) -> tuple[bool, ...]:
    change = [0] * (len(ends) + 1)
    for row, (end, last) in enumerate(zip(ends, lasts, strict=True)):
        if last > end:
            change[row + 1] += 1
            change[last] -= 1
    count, result = 0, []
    for row in range(len(ends)):
        count += change[row]
        result.append(count > 0)
    return tuple(result)
