"""The agents: who works on what, in which state, on which evidence, since when and for how much."""

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from coordinator.lazy.dataclass import dataclass
from coordinator.model.clock import timestamp
from coordinator.model.snapshot import Agent, AgentState, LoopState, Snapshot
from coordinator.model.text import age, plain
from coordinator.model.usage import total
from coordinator.views.prompt_row import until
from coordinator.views.spans import Span
from tui.paint.figures import dollars, tokens
from tui.paint.ink import Spans, clip, pad
from tui.paint.lines import Lines
from tui.paint.theme import AGENT_INK, UNICODE, Glyphs, agent_glyph
from tui.widgets.graph_rows import signs

_STALE = 60.0
"""Seconds after which evidence of a living agent is old enough to say so."""
_ROLE = 11
"""Columns of a role, or of what stands in its place."""
_SHORTEST_NOTE = 6
"""Columns below which a note says nothing."""


SORTING: list[BindingType] = [
    Binding("s", "sort", "sort by the next column", show=False, id="agents.sort"),
    Binding("S", "reverse", "sort the other way round", show=False, id="agents.reverse"),
    Binding("space", "unfold", "show all that ask for the same, or one row", show=False, id="agents.unfold"),
]
"""Keys of the page of agents, for its table."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the eye finds of an agent: its state, or what is thought of it, in a word with its colour and mark."""

    word: str
    """Of a limit also when it ends."""
    ink: str
    glyph: str


class Agents(Lines):
    """One row an agent; the cursor says whose window is shown."""

    HELP: ClassVar[str] = (
        "Every agent of this run: prompt, or iteration (i2) of a flow, role, runtime, state, how long it works, tokens "
        "and cost. The state says what it rests on when that is old or weak. Move to show an agent's window, press "
        "Enter to select its prompt."
    )
    BORDER_TITLE = "Agents"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", show=False, id="agents.mark", tooltip="Mark the agent, or its prompt")
    ]

    class MarkAsked(Message):
        """The prompt of an agent is to be marked, or no longer."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, marks: Glyphs = UNICODE, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.marks = marks
        self.start_key = "l"
        """How the key that starts the loop is written."""
        self.loop_alive = False
        self.nothing_left = False
        self._agents: tuple[Agent, ...] = ()
        self._asking: frozenset[str] = frozenset()
        """Agents that wait for an answer to a question."""
        self._spent = ("", "")
        """How many live, and what the run has cost."""
        self._widest = 0
        """Columns of the longest state that an agent is in."""
        self._now = 0.0
        self._everybody: tuple[Agent, ...] = ()
        self._fits: Callable[[Agent], bool] | None = None
        self._filter = ""
        self._marked: frozenset[int] = frozenset()
        self.marked_alone: frozenset[str] = frozenset()
        """Names of marked agents that work on no prompt."""

    def show_marked(self, numbers: frozenset[int]) -> None:
        """Show which prompts are marked, at their agents."""
        self._marked = numbers
        self.repaint()

    def forget_marks(self) -> None:
        self.marked_alone = frozenset()
        self.repaint()

    def action_mark(self) -> None:
        agent = self.current
        if agent is not None and agent.prompt is not None:
            self.post_message(self.MarkAsked(agent.prompt))
        elif agent is not None and not agent.adopted:
            self.marked_alone ^= {agent.id}
            self.repaint()

    def _is_marked(self, agent: Agent) -> bool:
        return agent.prompt in self._marked or agent.id in self.marked_alone

    def show(self, snapshot: Snapshot, now: float) -> None:
        """Take over the agents: those that need a human first, then the living, then the ended."""
        current = self.current
        self._asking = frozenset(question.asker for question in snapshot.open_questions)
        self._now = now
        self._everybody = self.arranged(snapshot.everybody)
        self._agents = tuple(filter(self._fits, self._everybody)) if self._fits else self._everybody
        self.marked_alone &= {agent.id for agent in snapshot.everybody}
        self.loop_alive = snapshot.loop.alive
        self.nothing_left = snapshot.loop.state is LoopState.FINISHED
        living = sum(not agent.state.ended for agent in snapshot.everybody)
        self._widest = max((len(self.look_word(agent)) for agent in self._agents), default=0)
        used = total((*snapshot.spent.values(), *snapshot.flows_spent.values(), snapshot.talked))
        told = [tokens(used.tokens)] if used.tokens is not None else []
        told += [dollars(used.cost_usd)] if used.cost_usd is not None else []
        run = f"run {' '.join(told)}" if told else ""
        self._spent = (f"{living} live" * bool(self._everybody), run)
        self._entitle()
        if current is not None:
            self.point_at(current.id)
        self.rows_changed()

    def arranged(self, agents: tuple[Agent, ...]) -> tuple[Agent, ...]:
        """Which of the agents are rows, in which order."""
        return tuple(sorted(agents, key=self._urgency))

    def look_word(self, agent: Agent) -> str:
        """Its state as it is written in its row."""
        return self._look(agent).word

    def narrow(self, text: str, fits: Callable[[Agent], bool] | None) -> None:
        """Show only those that fit a filter; None: all."""
        current = self.current
        self._filter, self._fits = text, fits
        self._agents = tuple(filter(fits, self._everybody)) if fits else self._everybody
        self._entitle()
        if current is not None:
            self.point_at(current.id)
        self.rows_changed()

    def narrowing_failed(self, why: str) -> None:
        """A filter means nothing: what the last one left stays."""
        self.entitle(subtitle=plain(why))

    def _entitle(self) -> None:
        kept = f"{plain(self._filter)}: {len(self._agents)}" if self._fits else ""
        self.entitle(subtitle=f" {self.marks.dot} ".join(filter(None, (kept, *self._spent))))

    def tick(self, now: float) -> int:
        """Let ages and spinners move on; in how many rows they do."""
        self._now = now
        return self.repaint()

    @property
    def agents(self) -> tuple[Agent, ...]:
        return self._agents

    @property
    def current(self) -> Agent | None:
        return self._agents[self.cursor] if self.cursor < len(self._agents) else None

    def point_at(self, agent_id: str) -> None:
        """Put the cursor on an agent without telling anybody."""
        for row, agent in enumerate(self._agents):
            if agent.id == agent_id and row != self.cursor:
                self.set_reactive(Lines.cursor, row)
                self.reveal(row)
                self.repaint()

    def row_count(self) -> int:
        return len(self._agents)

    def row_version(self, row: int) -> object:
        agent = self._agents[row]
        moving = int(self._now) if not agent.state.ended else 0
        return (agent, moving, self._widest, agent.id in self._asking, self._is_marked(agent))

    def row_spans(self, row: int, width: int) -> Spans:
        agent = self._agents[row]
        spans = agent_spans(agent, columns_for(width, self._widest), self._now, self.marks, self._look(agent))
        return (
            [Span(signs(self.marks).marked, "badge"), spans[0]._replace(text=spans[0].text[1:]), *spans[1:]]
            if self._is_marked(agent)
            else spans
        )

    def _look(self, agent: Agent) -> Look:
        return look_of(agent, self._now, self.marks, asks=agent.id in self._asking)

    def _urgency(self, agent: Agent) -> tuple[int, float, int]:
        """Who needs a human, who works, who lives, who ended; the longest first, of the ended ones the last."""
        began = timestamp(agent.since)
        if agent.state.ended:
            return (3, -began, agent.prompt or 0)
        calls = agent.state.needs_human or agent.stuck or agent.id in self._asking
        working = agent.state in (AgentState.WORKING, AgentState.STARTING)
        return (0 if calls else 1 if working else 2, began, agent.prompt or 0)

    def empty_spans(self) -> list[Spans]:
        if self._fits and self._everybody:
            return [[Span(" No agent fits. ", "quiet"), Span("esc", "key"), Span(" shows all again.", "quiet")]]
        if self.nothing_left:
            return [[Span(" Nobody works: everything is done.", "quiet")]]
        if self.loop_alive:
            return [[Span(" Nobody works.", "quiet")], [Span(" The loop starts an agent for what is ready.", "quiet")]]
        return [
            [Span(" Nobody works, and no loop is running.", "quiet")],
            [Span(" "), Span(self.start_key, "key"), Span(" starts it: an agent for each prompt", "quiet")],
            [Span(" that is ready, up to the most at once.", "quiet")],
        ]

    def on_focus(self, event: events.Focus) -> None:
        self.refresh()

    def on_blur(self, event: events.Blur) -> None:
        self.refresh()


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns a table of this width has; the same for all rows, so that they line up."""

    role: bool
    runtime: bool
    tokens: bool
    cost: bool
    room: int
    """For the state, and for what it rests on."""


def columns_for(width: int, longest: int) -> Columns:
    """Leave out cost, tokens, runtime and role, in this order, until a state of `longest` columns has room."""
    for role, runtime, used, cost in _VARIANTS:
        room = width - 8 - 6 - 12 * role - 10 * runtime - 7 * used - 8 * cost
        if room >= longest:
            break
    return Columns(role, runtime, used, cost, max(0, room))


_VARIANTS = (
    (True, True, True, True),
    (True, True, True, False),
    (True, True, False, False),
    (True, False, False, False),
    (False, False, False, False),
)


def agent_spans(agent: Agent, table: Columns, now: float, marks: Glyphs, look: Look) -> list[Span]:
    """One row: glyph, prompt, role, runtime, state and its evidence, how long, tokens, cost."""
    calm = "quiet" if agent.state.ended else "text"
    number = f"{agent.prompt:02d}" if agent.prompt is not None else marks.dash * 2
    number = f"i{agent.iteration}" if agent.flow else number
    spans = [Span(f" {look.glyph} ", look.ink), Span(f"{pad(number, 3)} ", "strong")]
    if table.role:
        spans.append(Span(pad(agent.flow or station(agent, marks) or agent.role, _ROLE, marks.ellipsis) + " ", calm))
    if table.runtime:
        spans.append(Span(pad(agent.runtime, 9, marks.ellipsis) + " ", "quiet"))
    if agent.adopted:  # neither its beginning nor what it used is known: that room is for its name
        return spans + _state(agent, look, now, table.room + 6 + 7 * table.tokens + 8 * table.cost, marks)
    spans += _state(agent, look, now, table.room, marks)
    spans.append(Span(f"{worked(agent, now):>6}", calm))
    if table.tokens:
        spans.append(Span(f"{tokens(agent.tokens):>7}", "quiet"))
    if table.cost:
        spans.append(Span(f"{dollars(agent.cost_usd):>8}", "quiet"))
    return spans


def station(agent: Agent, marks: Glyphs) -> str:
    """The turn of a pipeline that it is at, its number kept: `code-cr….2`, `2.1/T3`; empty for any other agent."""
    name = agent.stage.partition("/")[2] or agent.stage
    station, dot, count = name.rpartition(".")
    if len(name) <= _ROLE or "/" in agent.stage or not (dot and count.isdecimal()):
        return name
    return clip(station, _ROLE - len(count) - 1, marks.ellipsis) + dot + count


def _fell_short(agent: Agent) -> bool:
    """Its process has ended in order, but it handed off that the work is not done."""
    return agent.state is AgentState.FINISHED and agent.outcome not in ("", "done")


def look_of(agent: Agent, now: float, marks: Glyphs, *, asks: bool = False) -> Look:
    """How an agent looks at a glance; `now` in Unix seconds. `asks`: a question of it is open."""
    if asks and agent.state.at_work:
        return Look("asks you", "need", agent_glyph(AgentState.WAITING, marks, now))
    if agent.stuck:
        return Look("stuck", "need", agent_glyph(AgentState.PERMISSION, marks, now))
    if _fell_short(agent):
        return Look(agent.outcome, "failed", marks.alarm)
    word = (agent.words if agent.setting_up else state_word(agent.state)) + until(agent.resets_at, now)
    return Look(word, AGENT_INK[agent.state], agent_glyph(agent.state, marks, now))


def state_word(state: AgentState) -> str:
    return "waiting" if state is AgentState.WAITING else state.words


def worked(agent: Agent, now: float) -> str:
    began = timestamp(agent.since)
    if not began:
        return ""
    return age((agent.observed_at if agent.state.ended else now) - began)


def _state(agent: Agent, look: Look, now: float, room: int, marks: Glyphs) -> list[Span]:
    """The state in words; then why it seems stuck, or what that rests on, if it is old or weak, else what it does."""
    word = clip(look.word, room, marks.ellipsis)
    said = (agent.name, evidence(agent, now) or agent.doing)
    note = clip("  ".join(part for part in said if part), room - len(word) - 3, marks.ellipsis)
    if len(note) < _SHORTEST_NOTE:
        return [Span(pad(word, room), look.ink)]
    return [Span(word, look.ink), Span(pad("  " + note, room - len(word)), "quiet")]


def evidence(agent: Agent, now: float) -> str:
    if agent.state.ended:
        return ""
    if agent.stuck is not None:
        return agent.stuck.words(now)
    if agent.evidence in ("", "none"):
        return "no evidence"
    old = now - agent.observed_at
    return f"{agent.evidence} {age(old)} ago" if old >= _STALE else ""
