"""The agents as a table with headers, in the order of any column; those that ask for the same are one row."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from coordinator.lazy.dataclass import dataclass
from coordinator.model.clock import timestamp
from coordinator.model.selecting import wishes
from coordinator.model.snapshot import Agent, Snapshot
from coordinator.model.text import plain
from coordinator.views.spans import Span
from tui.paint.figures import dollars, tokens
from tui.paint.ink import Spans, ink_of, pad, paint
from tui.paint.theme import Glyphs
from tui.widgets.agents import SORTING, Agents, Look, evidence, station, worked

if TYPE_CHECKING:
    from coordinator.model.pane_screen import Screen as PaneScreen

_NUMBER, _ROLE, _RUNTIME = 4, 12, 10
"""Columns of these, a blank behind them included."""
_FIGURES = {"age": 7, "tokens": 8, "cost": 8}
_LEAST_ROWS, _MOST_ROWS = 3, 30
"""Rows at least, and how many hundredths of the screen's height they take at most."""
_LEAST_TITLE = 16
_LEAST_LINE = 20
_MOST_TITLE = 48


class Column(Enum):
    """A column, in the order in which the key goes through them."""

    STATE = "state"
    """Who needs a human, who works, who lives, who ended."""
    AGENT = "agent"
    TITLE = "title"
    LINE = "last line"
    AGE = "age"
    TOKENS = "tokens"
    COST = "cost"

    @property
    def largest_first(self) -> bool:
        return self in (Column.AGE, Column.TOKENS, Column.COST)


@dataclass(frozen=True, slots=True)
class Sort:
    """By which column, and whether the other way round."""

    column: Column = Column.STATE
    reversed: bool = False

    @property
    def downwards(self) -> bool:
        """The largest is at the top."""
        return self.column.largest_first is not self.reversed


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of each part at some width, 0 for those that are left out; the same for all rows, and their header."""

    role: int
    runtime: int
    title: int
    state: int
    line: int
    age: int
    tokens: int
    cost: int

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those that are there."""
        there = {Column.TITLE: self.title, Column.LINE: self.line, Column.TOKENS: self.tokens, Column.COST: self.cost}
        return tuple(column for column in Column if there.get(column, 1))


def table_for(width: int, longest: int) -> Table:
    """Fewer columns where room is short: runtime, role, last line, cost and tokens go, in this order.

    `longest`: columns of the longest state.
    """
    state = min(longest + 2, max(8, width // 4))
    figures = dict(_FIGURES)
    role = _ROLE if width >= 100 else 0
    runtime = _RUNTIME if width >= 130 else 0
    room = width - 3 - _NUMBER - role - runtime - state - sum(figures.values())
    for name in ("cost", "tokens"):
        if room < _LEAST_TITLE:
            room += figures[name]
            figures[name] = 0
    title = min(_MOST_TITLE, max(_LEAST_TITLE, room * 2 // 5)) if room >= _LEAST_TITLE + _LEAST_LINE else room
    return Table(role, runtime, max(0, title), state, max(0, room - title), *figures.values())


class AgentTable(Agents):
    """The agents' rows below their header; the cursor stays on its agent however they are sorted."""

    HELP: ClassVar[str] = (
        "Every agent of this run: what it works on, its state, what it does or the last line of its window where that "
        "was seen, how long it works, tokens and cost, by the column with the mark. Those that ask leave for the same "
        "are one row with their number."
    )
    BINDINGS: ClassVar[list[BindingType]] = SORTING

    def __init__(self, marks: Glyphs, sort: Sort, screens: "Mapping[str, PaneScreen]", *, id: str) -> None:
        """`screens`: by agent what its window last showed."""
        super().__init__(marks, id=id)
        self.sort = sort
        self._screens = screens
        self._titles: dict[str, str] = {}
        self._alike: dict[str, tuple[Agent, ...]] = {}
        """By the first agent of a group that asks for the same: all of them."""
        self._unfolded: frozenset[str] = frozenset()
        self._snapshot: Snapshot | None = None

    @property
    def table(self) -> Table:
        return table_for(self.scrollable_content_region.width, self._widest)

    # ── what is in the rows

    def show(self, snapshot: Snapshot, now: float) -> None:
        self._snapshot = snapshot
        self._titles = {agent.id: _title(agent, snapshot) for agent in snapshot.everybody}
        super().show(snapshot, now)

    def arranged(self, agents: tuple[Agent, ...]) -> tuple[Agent, ...]:
        by_need = super().arranged(agents)
        groups = [group for group in wishes(by_need) if len(group) > 1]
        self._alike = {group[0].id: group for group in groups if not self._is_unfolded(group)}
        behind = {agent.id for group in self._alike.values() for agent in group[1:]}
        rows = [agent for agent in by_need if agent.id not in behind]
        if self.sort.column is not Column.STATE:
            rows.sort(key=self._key(self.sort.column))
        return tuple(reversed(rows)) if self.sort.downwards else tuple(rows)

    def _is_unfolded(self, group: tuple[Agent, ...]) -> bool:
        return any(agent.id in self._unfolded for agent in group)

    def row_of(self, agent_id: str) -> str:
        """The agent of the row in which an agent is."""
        of_group = (first for first, group in self._alike.items() if agent_id in {agent.id for agent in group})
        return next(of_group, agent_id)

    def _key(self, column: Column) -> Callable[[Agent], tuple[object, ...]]:
        def key(agent: Agent) -> tuple[object, ...]:
            match column:
                case Column.TITLE:
                    return (self._titles.get(agent.id, "").casefold(),)
                case Column.LINE:
                    return (not self._line(agent), self._line(agent).casefold())
                case Column.AGE:
                    return (self._seconds(agent),)
                case Column.TOKENS:
                    return (-1 if agent.tokens is None else agent.tokens,)
                case Column.COST:
                    return (-1.0 if agent.cost_usd is None else agent.cost_usd,)
            return (agent.prompt is None, agent.prompt or 0, agent.id)

        return key

    def _seconds(self, agent: Agent) -> float:
        began = timestamp(agent.since)
        return (agent.observed_at if agent.state.ended else self._now) - began if began else -1.0

    def _line(self, agent: Agent) -> str:
        """Why it seems stuck, else what it says that it does, the last line of its window, or how old its state is."""
        screen = self._screens.get(agent.id) if not (agent.stuck or agent.doing or agent.state.ended) else None
        rows = screen.plain().splitlines() if screen is not None else ()
        seen = next((row.strip() for row in reversed(rows) if row.strip()), "")
        old = evidence(agent, self._now)
        return plain(old if agent.stuck else agent.doing or seen or old)

    # ── keys

    def action_sort(self) -> None:
        """By the next column that is in sight."""
        there = self.table.columns
        at = there.index(self.sort.column) if self.sort.column in there else -1
        self._sort_by(Sort(there[(at + 1) % len(there)]))

    def action_reverse(self) -> None:
        self._sort_by(Sort(self.sort.column, not self.sort.reversed))

    @property
    def unfolds(self) -> bool:
        """The row under the cursor is several agents."""
        return self.current is not None and bool(self._alike_of(self.current))

    def _sort_by(self, sort: Sort) -> None:
        self.sort = sort
        self._again()

    def action_unfold(self) -> None:
        """All that ask for the same, a row each; or one row for them."""
        agent = self.current
        if agent is None:
            return
        group = next((group for group in wishes(self.agents) if agent in group), ())
        folded = self._alike.get(agent.id, ())
        if folded:
            self._unfolded |= {one.id for one in folded}
        elif len(group) > 1:
            self._unfolded -= {one.id for one in group}
        self._again()

    def _again(self) -> None:
        current = self.current
        if self._snapshot is not None:
            super().show(self._snapshot, self._now)
        if current is not None:
            self.point_at(self.row_of(current.id))
            self.reveal(self.cursor)
        self.post_message(self.Moved(self, self.cursor))

    # ── painting

    def entitle(self, *, title: Content | str | None = None, subtitle: Content | str | None = None) -> None:
        """The border is that of the box around header and rows."""
        box = self.parent
        if isinstance(box, TableBox):
            box.tell(title, subtitle)

    def row_version(self, row: int) -> object:
        agent = self._agents[row]
        return (super().row_version(row), self._titles.get(agent.id), self._line(agent), len(self._alike_of(agent)))

    def _alike_of(self, agent: Agent) -> tuple[Agent, ...]:
        return self._alike.get(agent.id, ())

    def row_spans(self, row: int, width: int) -> Spans:
        agent = self._agents[row]
        table, look, alike = table_for(width, self._widest), self._look(agent), self._alike_of(agent)
        spans = [*_who(agent, table, look, self.marks)]
        title = ", ".join(one.at or one.id for one in alike) or self._titles.get(agent.id, "")
        calm = "quiet" if agent.state.ended else "text"
        spans.append(Span(pad(title, table.title - 1, self.marks.ellipsis) + " " if table.title else "", calm))
        word = f"{look.word} ×{len(alike)}" if alike else look.word
        spans.append(Span(pad(word, table.state - 1, self.marks.ellipsis) + " ", look.ink))
        if table.line:
            spans.append(Span(pad(self._line(agent), table.line - 1, self.marks.ellipsis) + " ", "quiet"))
        figures = ((worked(agent, self._now), table.age), *_spent(agent, alike, table))
        return [*spans, *(Span(f"{text:>{size}}", "quiet") for text, size in figures if size)]

    def look_word(self, agent: Agent) -> str:
        alike = self._alike_of(agent)
        return f"{super().look_word(agent)} ×{len(alike)}" if alike else super().look_word(agent)

    def head_spans(self, width: int) -> Spans:
        """The header; a mark stands at the column by which the rows are sorted."""
        table = table_for(width, self._widest)
        sizes = {
            Column.AGENT: 3 + _NUMBER + table.role + table.runtime,
            Column.TITLE: table.title,
            Column.STATE: table.state,
            Column.LINE: table.line,
            Column.AGE: table.age,
            Column.TOKENS: table.tokens,
            Column.COST: table.cost,
        }
        return [self._head(column, size) for column, size in sizes.items() if size]

    def _head(self, column: Column, size: int) -> Span:
        sorted_by = column is self.sort.column
        mark = ("▾" if self.sort.downwards else "▴") if self.marks.boxes else "v" if self.sort.downwards else "^"
        name = f"{column.value}{mark}" if sorted_by else column.value
        if column is Column.AGENT:
            name = " " + name
        ink = "brand" if sorted_by else "quiet"
        return Span(f"{name:>{size}}" if column.largest_first else pad(name, size, self.marks.ellipsis), ink)


def _title(agent: Agent, snapshot: Snapshot) -> str:
    prompt = snapshot.prompts.get(agent.prompt) if agent.prompt is not None else None
    if prompt is not None:
        return prompt.title
    return f"iteration {agent.iteration}" if agent.flow else agent.name or agent.role


def _who(agent: Agent, table: Table, look: Look, marks: Glyphs) -> list[Span]:
    number = f"i{agent.iteration}" if agent.flow else f"{agent.prompt:02d}" if agent.prompt is not None else ""
    spans = [Span(f" {look.glyph} ", look.ink), Span(pad(number or marks.dash * 2, _NUMBER - 1) + " ", "strong")]
    if table.role:
        role = agent.flow or station(agent, marks) or agent.role
        spans.append(Span(pad(role, _ROLE - 1, marks.ellipsis) + " ", "quiet" if agent.state.ended else "text"))
    if table.runtime:
        spans.append(Span(pad(agent.runtime, _RUNTIME - 1, marks.ellipsis) + " ", "quiet"))
    return spans


def _spent(agent: Agent, alike: tuple[Agent, ...], table: Table) -> tuple[tuple[str, int], tuple[str, int]]:
    """Tokens and cost, of all that the row is for as far as they are known."""
    them = alike or (agent,)
    used = [one.tokens for one in them if one.tokens is not None]
    cost = [one.cost_usd for one in them if one.cost_usd is not None]
    return (
        (tokens(sum(used) if used else None), table.tokens),
        (dollars(sum(cost) if cost else None), table.cost),
    )


class TableHead(Widget):
    """The header's line."""

    DEFAULT_CSS = "TableHead { height: 1; }"

    def __init__(self, table: AgentTable) -> None:
        super().__init__()
        self._table = table

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def render_line(self, y: int) -> Strip:
        width = self._table.scrollable_content_region.width or self.size.width
        return paint(self._table.head_spans(width), self.size.width, self.ink)


class TableBox(Vertical):
    """A border around header and rows."""

    DEFAULT_CSS = """
    TableBox { height: auto; }
    TableBox > AgentTable { height: auto; min-height: 3; max-height: 30vh; }
    """

    def __init__(self, table: AgentTable) -> None:
        super().__init__(id="table", classes="panel")
        self.border_title = "Agents"
        self._table = table
        self._told: Content | str = ""
        self._rows = 0
        self._head = TableHead(table)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1 + max(_LEAST_ROWS, min(self._table.row_count(), viewport.height * _MOST_ROWS // 100))

    def compose(self) -> "list[Widget]":
        return [self._head, self._table]

    def tell(self, title: Content | str | None, subtitle: Content | str | None) -> None:
        """Words for the border; and the header may be another one by now."""
        if title is not None:
            self.border_title = title
        rows = self._table.row_count()
        if rows != self._rows:
            self._rows = rows
            self.refresh(layout=True)
        if subtitle is not None and subtitle != self._told:
            self.border_subtitle = self._told = subtitle
        self._head.refresh()
