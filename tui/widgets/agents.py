"""The agents: who works on what, in which state, on which evidence, since when and for how much."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events

from coordinator.model.facts import age
from coordinator.model.situation import timestamp
from coordinator.model.snapshot import Agent, Snapshot
from tui.theme import AGENT_INK, UNICODE, Glyphs, agent_glyph
from tui.widgets.clock import dollars, tokens
from tui.widgets.ink import Span, Spans, clip, columns, pad
from tui.widgets.lines import Lines

_STALE = 60.0
"""Seconds after which evidence of a living agent is old enough to say so."""


class Agents(Lines):
    """One row an agent; the cursor says whose window is shown."""

    HELP: ClassVar[str] = (
        "Every agent of this run: prompt, role, runtime, state, how long it works, tokens and cost. The state says what "
        "it rests on when that is old or weak. Move to show an agent's window, press Enter to select its prompt."
    )
    BORDER_TITLE = "Agents"

    def __init__(self, marks: Glyphs = UNICODE, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.marks = marks
        self._agents: tuple[Agent, ...] = ()
        self._now = 0.0

    def show(self, snapshot: Snapshot, now: float) -> None:
        """Take over the agents: those that need a human first, then the living, then the ended."""
        current = self.current
        self._agents = tuple(sorted(snapshot.agents, key=_urgency))
        self._now = now
        living = sum(not agent.state.ended for agent in self._agents)
        self.border_subtitle = f"{living} live" if self._agents else ""
        if current is not None:
            self.point_at(current.id)
        self.rows_changed()

    def tick(self, now: float) -> None:
        """Let ages and spinners move on."""
        self._now = now
        if self._agents:
            self.refresh()

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
                self.refresh()

    def row_count(self) -> int:
        return len(self._agents)

    def row_version(self, row: int) -> object:
        agent = self._agents[row]
        return (agent, int(self._now) if not agent.state.ended else 0)

    def row_spans(self, row: int, width: int) -> Spans:
        return agent_spans(self._agents[row], width, self._now, self.marks)

    def empty_spans(self) -> list[Spans]:
        return [
            [Span(" Nobody works yet.", "quiet")],
            [Span(" The loop starts an agent for each prompt", "faint")],
            [Span(" that is ready.", "faint")],
        ]

    def on_focus(self, event: events.Focus) -> None:
        self.refresh()

    def on_blur(self, event: events.Blur) -> None:
        self.refresh()


def _urgency(agent: Agent) -> tuple[int, float, int]:
    rank = 0 if agent.state.needs_human else 2 if agent.state.ended else 1
    began = timestamp(agent.since)
    return (rank, -began if rank == 2 else began, agent.prompt or 0)


def agent_spans(agent: Agent, width: int, now: float, marks: Glyphs) -> Sequence[Span]:
    """One row; what doesn't fit goes in the order cost, tokens, runtime."""
    ink = AGENT_INK[agent.state]
    quiet = "quiet" if agent.state.ended else "text"
    number = f"{agent.prompt:02d}" if agent.prompt is not None else marks.dash * 2
    lead = [Span(f" {agent_glyph(agent.state, marks, now)} ", ink), Span(f"{number} ", "strong")]
    role = Span(pad(agent.role, 11, marks.ellipsis) + " ", quiet)
    runtime = Span(pad(agent.runtime, 9, marks.ellipsis) + " ", "quiet")
    until = timestamp(agent.since)
    worked = (agent.observed_at if agent.state.ended else now) - until if until else None
    clock = Span(f"{age(worked) if worked is not None else '':>6}", quiet)
    used = Span(f"{tokens(agent.tokens):>6}", "quiet")
    cost = Span(f"{dollars(agent.cost_usd):>8}", "quiet")
    for middle, right in (
        ([role, runtime], [clock, used, cost]),
        ([role, runtime], [clock, used]),
        ([role], [clock, used]),
        ([role], [clock]),
        ([], [clock]),
    ):
        room = width - columns([*lead, *middle, *right]) - 1
        if room >= len(agent.state.value):
            break
    state = _state(agent, ink, now, room, marks)
    gap = width - columns([*lead, *middle, *state, *right]) - 1
    return [*lead, *middle, *state, Span(" " * max(1, gap)), *right]


def _state(agent: Agent, ink: str, now: float, room: int, marks: Glyphs) -> list[Span]:
    """The state in words; then what it rests on, if that is old or weak; else what the agent says it does."""
    word = agent.state.value
    spans = [Span(clip(word, room, marks.ellipsis), ink)]
    note = _evidence(agent, now) or agent.doing
    left = room - len(word) - 2
    if note and left >= 6:
        spans += [Span("  "), Span(clip(note, left, marks.ellipsis), "quiet")]
    return spans


def _evidence(agent: Agent, now: float) -> str:
    if agent.state.ended:
        return ""
    if agent.evidence in ("", "none"):
        return "no evidence"
    old = now - agent.observed_at
    return f"{agent.evidence} {age(old)} ago" if old >= _STALE else ""
