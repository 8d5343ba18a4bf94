"""Every agent with all that is known of it: the evidence, what it cost, its window, and what to do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from coordinator.model.clock import day_and_time, timestamp
from coordinator.model.snapshot import Agent, AgentState, Snapshot
from coordinator.model.text import age
from coordinator.model.usage import NOTHING
from coordinator.views.agent_advice import advise
from coordinator.views.copying import Copy, of_agent
from coordinator.views.prompt_row import until
from coordinator.views.spans import Span
from tui.actions import BY_ID, key_of
from tui.context import Context
from tui.forms.message import Line, MessageLines
from tui.messages import ActionAsked, PaneDrawn, Remark
from tui.paint.figures import dollars, tokens
from tui.paint.ink import Spans
from tui.paint.lines import Lines
from tui.paint.theme import AGENT_INK
from tui.screens import copying
from tui.screens.host import ScreenHost
from tui.screens.page_help import HINT, KEY
from tui.selection import attempt_of
from tui.widgets.agent_table import AgentTable, Sort, TableBox
from tui.widgets.agents import state_word
from tui.widgets.footer import Footer, Hint
from tui.widgets.window import LiveWindow

if TYPE_CHECKING:
    from coordinator.model.pane_screen import Screen as PaneScreen

_LABEL = 10
_ACTIONS = ("permit", "attach", "tell", "restart", "kill", "edit", "review")
"""What can be done about an agent from here."""

Asked = tuple[str, Agent | None]
"""Id of the action to do on leaving, and the agent to do it about."""


class AgentStatus(Screen[Asked]):
    """A table of all agents, and everything about the one under the cursor. Leaving it tells what to do next."""

    AUTO_FOCUS = "#agent-table"
    DEFAULT_CSS = """
    AgentStatus { background: $background; }
    AgentStatus > #facts { height: auto; padding: 0 2; margin: 1 0; }
    AgentStatus > #window { height: 1fr; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        KEY,
        copying.KEY,
        *(Binding(BY_ID[action].keys, f"leave_for('{action}')", show=False, id=action) for action in _ACTIONS),
        Binding("enter", "leave_for('')", show=False),
        Binding("escape,q", "leave", show=False),
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
    ]

    def __init__(
        self, host: ScreenHost, snapshot: Snapshot, chosen: str, screens: "dict[str, PaneScreen]", sort: Sort | None
    ) -> None:
        """`chosen` is the id of the agent under the cursor at the start, `screens` what agents' windows last showed.

        `sort`: how the table was sorted when it was left.
        """
        super().__init__()
        self.host = host
        self.source = host.source
        self.marks = host.marks
        self._snapshot = snapshot
        self._chosen = chosen
        self._screens = screens
        self._sort = sort or Sort()
        self._watched = ""
        self._read: set[str] = set()

    def compose(self) -> ComposeResult:
        self.agents = AgentTable(self.marks, self._sort, self._screens, id="agent-table")
        self.facts = MessageLines(most=12, id="facts")
        self.window = LiveWindow(self.marks, id="window", classes="panel")
        self.window.screens = self._screens
        self.footer = Footer(id="footer")
        yield TableBox(self.agents)
        yield self.facts
        yield self.window
        yield self.footer

    def on_mount(self) -> None:
        self.set_class(self.app.has_class("-ascii"), "-ascii")
        self.set_interval(1.0, self._tick)
        self.show(self._snapshot)
        self.agents.point_at(self.agents.row_of(self._chosen))
        self._look()

    def show(self, snapshot: Snapshot) -> None:
        """Take over a snapshot; the cursor stays on its agent."""
        self._snapshot = snapshot
        self.agents.show(snapshot, self.host.clock())
        self._look()

    def _tick(self) -> None:
        now = self.host.clock()
        self.agents.tick(now)
        self.window.tick(now)
        self._say()

    @on(Lines.Moved, "#agent-table")
    def _look(self) -> None:
        """Show what is known of the agent under the cursor, and stream its window."""
        agent = self.agents.current
        self.window.show(agent, self.host.clock())
        self._say()
        self.footer.show(self._hints())
        pane = agent.screen_id if agent is not None and not agent.state.ended else ""
        if pane != self._watched:
            self._watched = pane
            self.source.show_panes([pane] if pane else [], pane or None, self._pane_came)
        attempt = attempt_of(self._snapshot, agent) if agent is not None and agent.state.ended else None
        if attempt is not None and attempt.agent not in self._read:
            self._read.add(attempt.agent)
            self.window.draw_last(attempt, self.source.last_screen)

    def _pane_came(self, pane: str, screen: "PaneScreen") -> None:
        """Called from the feed's thread."""
        self.post_message(PaneDrawn(pane, screen))

    @on(PaneDrawn)
    def _drawn(self, message: PaneDrawn) -> None:
        agent = self.window.agent
        if agent is not None and agent.screen_id == message.pane:
            self.window.draw(agent.id, message.screen)

    def _say(self) -> None:
        agent = self.agents.current
        lines = fact_lines(agent, self._snapshot, self.host.clock(), self.host.keys) if agent is not None else []
        self.facts.show(lines)

    # ── keys

    def _hints(self) -> tuple[Hint, ...]:
        context = self.context()
        can = [action for action in _ACTIONS if not (self._reason(action) or BY_ID[action].moot(context))]
        does = tuple((key_of(BY_ID[action], self.host.keys), _LABELS[action], action) for action in can)
        return (
            *does,
            (self.marks.enter, "its prompt", "prompt"),
            *self._of_table(),
            copying.hint(self.host.keys),
            HINT,
            ("esc", "back", "form.leave"),
        )

    def copies(self) -> tuple[Copy, ...]:
        agent = self.agents.current
        return of_agent(agent, self._snapshot, self.window.screen_shown) if agent is not None else ()

    def _of_table(self) -> tuple[Hint, ...]:
        """Keys of the table itself: the order of its rows, and those that are several agents."""
        unfold = (("space", "unfold", "table.unfold"),) if self.agents.unfolds else ()
        return (*unfold, (self.host.keys.get("agents.sort", "s"), "sort", "table.sort"))

    def context(self) -> Context:
        """What an action would act on: the agent under the cursor, and its prompt."""
        agent = self.agents.current
        return Context(self._snapshot, agent.prompt if agent is not None else None, agent, panel="agents")

    @on(ActionAsked)
    async def _clicked(self, message: ActionAsked) -> None:
        if message.action.startswith("app."):
            await self.run_action(message.action)
        elif message.action == "form.leave":
            self.action_leave()
        elif message.action in ("table.sort", "table.unfold"):
            await self.agents.run_action(message.action.removeprefix("table."))
        else:
            self.action_leave_for(message.action if message.action in _ACTIONS else "")

    @on(Lines.Activated, "#agent-table")
    def _opened(self) -> None:
        self.action_leave_for("")

    def action_leave_for(self, action: str) -> None:
        """Back to the main screen, to do something about this agent or its prompt."""
        reason = self._reason(action) if action else ""
        if reason:
            self.app.post_message(Remark(reason))
        else:
            self.dismiss((action, self.agents.current))

    def _reason(self, action: str) -> str:
        """Why an action can't be done about the agent under the cursor; empty when it can."""
        agent = self.agents.current
        if action == "permit" and (agent is None or agent.state is not AgentState.PERMISSION):
            return "It asks for no permission."
        return BY_ID[action].when(self.context())

    def action_leave(self) -> None:
        self.dismiss(("", None))


_LABELS = {action: action for action in _ACTIONS}


def fact_lines(agent: Agent, snapshot: Snapshot, now: float, keymap: Mapping[str, str]) -> list[Line]:
    """All that is known of an agent, and what to do about it."""
    step = snapshot.steps.get(agent.prompt) if agent.prompt is not None else None
    asks = any(question.asker == agent.id for question in snapshot.open_questions)
    state = step.state if step is not None else None
    advice = advise(agent, state, now, asks=asks, settings=snapshot.settings)
    keys: list[Span] = []
    for action in advice.actions:
        keys += [Span(f"   {key_of(BY_ID[action], keymap)}", "key"), Span(f" {_LABELS[action]}", "quiet")]
    prompt = snapshot.prompts.get(agent.prompt) if agent.prompt is not None else None
    began = timestamp(agent.since)
    spent = [f"{age(now - began)} since {day_and_time(agent.since)}" if began else "nobody knows since when"]
    spent += [f"{tokens(agent.tokens)} tokens" if agent.tokens is not None else "tokens unknown"]
    spent += [dollars(agent.cost_usd) if agent.cost_usd is not None else "cost unknown"]
    used = snapshot.used.get(agent.prompt, NOTHING) if agent.prompt is not None and agent.attempt > 1 else NOTHING
    spent += [f"all {agent.attempt} attempts {used.words}"] if used.words else []
    shown: Spans = [
        Span(
            (agent.words if agent.setting_up else state_word(agent.state)) + until(agent.resets_at, now),
            AGENT_INK[agent.state],
        ),
        Span(f"  {_evidence(agent, now)}", "quiet"),
    ]
    stuck = [_line("Stuck", [Span(f"{agent.stuck.words(now)}, it seems", "need")])] if agent.stuck else []
    what = f"in {agent.name}" if agent.adopted else f"attempt {agent.attempt}"
    return [
        _line("Agent", [Span(agent.id, "strong"), Span(f"  {agent.role}, {agent.runtime}, {what}")]),
        _line("Flow", [Span(f"{agent.flow}, iteration {agent.iteration}")])
        if agent.flow
        else _line("Prompt", [Span(f"{prompt.label} {prompt.title}" if prompt is not None else "none")]),
        _line("State", shown),
        *stuck,
        *([_line("Doing", [Span(agent.doing)])] if agent.doing else []),
        _line("Spent", [Span(", ".join(spent))]),
        _line("To do", [Span(advice.text), *keys]),
    ]


def _line(label: str, spans: Spans) -> Line:
    return Line(Span(label.ljust(_LABEL), "quiet"), spans)


def _evidence(agent: Agent, now: float) -> str:
    if agent.evidence in ("", "none"):
        return "nothing tells: no hook, no session file, no word on its screen"
    return f"says {_SAYS.get(agent.evidence, agent.evidence)}, {age(now - agent.observed_at)} ago"


_SAYS = {
    "hook": "its own hook",
    "session": "its session file",
    "screen": "its screen",
    "window": "its tmux window",
    "output": "its last output",
    "process": "its process, which is stopped",
    "setup.log": "what its set-up said last",
    "exit.json": "its exit",
    "receipt": "its receipt",
    "step.json": "the record of its attempt",
    "log": "the log",
}
