"""The main screen: panels over one snapshot, one selection, and the keys that act on it."""

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import Widget

from coordinator.model.snapshot import Agent, Question, Snapshot
from tui.actions import BY_ID, Context, Scope, bindings, footer, key_of, needs
from tui.messages import ActionAsked, FormClosed, PaneDrawn, SnapshotArrived
from tui.source import Source
from tui.theme import Glyphs
from tui.widgets.agents import Agents
from tui.widgets.events import EventsPanel
from tui.widgets.footer import Footer
from tui.widgets.graph import PromptGraph
from tui.widgets.header import Header
from tui.widgets.lines import Lines
from tui.widgets.why import Why
from tui.widgets.window import LiveWindow

if TYPE_CHECKING:
    from coordinator.terminals.screen import Screen as PaneScreen
    from tui.app import CoordApp
    from tui.forms.form import Form

PANELS = ("prompts", "agents", "window", "events")
"""Ids of the panels in the order of the Tab key."""


class MainScreen(Screen[None]):
    """Shows a snapshot. What it is asked to do beyond looking, the app does."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.MAIN)]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide"), (190, "-vast")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-medium"), (44, "-tall")]  # noqa: RUF012
    ALLOW_IN_MAXIMIZED_VIEW = "Header, Footer"
    AUTO_FOCUS = "#prompts"

    app: "CoordApp"

    def __init__(self, source: Source, marks: Glyphs) -> None:
        super().__init__()
        self.source = source
        self.marks = marks
        self.snapshot: Snapshot | None = None
        self.selected: int | None = None
        self._chosen_agent = ""
        self._watched: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        self.header = Header(self.marks, id="header")
        self.graph = PromptGraph(self.marks, id="prompts", classes="panel")
        self.why = Why(self.marks, id="why", classes="panel")
        self.agents = Agents(self.marks, id="agents", classes="panel")
        self.window = LiveWindow(self.marks, id="window", classes="panel")
        self.log_panel = EventsPanel(self.source.events, self.marks, id="events", classes="panel")
        self.footer = Footer(id="footer")
        yield self.header
        with Horizontal(id="panels"):
            with Vertical(id="left"):
                yield self.graph
                yield self.why
            with Vertical(id="right"):
                yield self.agents
                yield self.window
        with Vertical(id="bottom"):
            yield self.log_panel
        yield self.footer

    def on_mount(self) -> None:
        self._ticker = self.set_interval(1.0, self._tick, pause=True)
        self.update_keys()

    # ── what arrives

    @on(SnapshotArrived)
    def _arrived(self, message: SnapshotArrived) -> None:
        self.snapshot = snapshot = message.snapshot
        now = self.app.clock()
        self.header.show(snapshot)
        self.graph.show(snapshot, now)
        self.agents.show(snapshot, now)
        self.log_panel.show(snapshot, now)
        self.selected = self.graph.selected
        self._follow_selection(now)
        if moves(snapshot):
            self._ticker.resume()
        else:
            self._ticker.pause()

    @on(PaneDrawn)
    def _drawn(self, message: PaneDrawn) -> None:
        self.window.draw(message.pane, message.screen)

    def _tick(self) -> None:
        """Let ages go on: once a second, while something runs."""
        if self.snapshot is None or not self.is_current:
            return
        now = self.app.clock()
        self.graph.show(self.snapshot, now)
        self.why.show(self.snapshot, self.selected, now)
        self.agents.tick(now)
        self.window.tick(now)
        self.log_panel.tick(now)

    # ── one selection for all panels

    @on(PromptGraph.Selected)
    def _prompt_selected(self, message: PromptGraph.Selected) -> None:
        if message.number != self.selected:
            self.selected = message.number
            self._chosen_agent = ""
            self._follow_selection(self.app.clock())

    @on(PromptGraph.Activated)
    def _prompt_opened(self, message: PromptGraph.Activated) -> None:
        if self.snapshot is not None and message.number in self.snapshot.prompts:
            self.app.read_prompt(self.snapshot.prompts[message.number])

    @on(Lines.Moved, "#agents")
    def _agent_chosen(self) -> None:
        agent = self.agents.current
        if agent is not None:
            self._chosen_agent = agent.id
            self._show_window(agent)

    @on(Lines.Activated, "#agents")
    def _agent_opened(self) -> None:
        agent = self.agents.current
        if agent is not None and agent.prompt is not None:
            self.select(agent.prompt)

    @on(Lines.Activated, "#event-list")
    async def _event_opened(self) -> None:
        await self.action_act("events.details")

    def select(self, number: int, *, focus: bool = True) -> None:
        """Select a prompt everywhere, and bring the graph into sight."""
        self.graph.selected = number
        self.selected = number
        self._chosen_agent = ""
        if focus:
            self.focus_panel("prompts")
        self._follow_selection(self.app.clock())

    def _follow_selection(self, now: float) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            return
        own = agent_of(snapshot, self.selected)
        shown = agent_by_id(snapshot, self._chosen_agent) or own or self._still_shown(snapshot)
        self.why.show(snapshot, self.selected, now)
        self.log_panel.point_at(self.selected, own.id if own else "")
        if shown is not None:
            self.agents.point_at(shown.id)
        self._show_window(shown)

    def _still_shown(self, snapshot: Snapshot) -> Agent | None:
        """For a prompt that nobody works on: the window that is shown already, else the most urgent one."""
        last = self.window.agent
        return (agent_by_id(snapshot, last.id) if last else None) or next(iter(self.agents.agents), None)

    def _show_window(self, agent: Agent | None) -> None:
        self.window.show(agent, self.app.clock())
        self.watch_panes()
        self.update_keys()

    def watch_panes(self) -> None:
        """Stream the window that is in sight, and no other."""
        agent = self.window.agent
        visible = self.window_in_sight and self.is_current
        panes = (agent.pane,) if agent is not None and agent.pane and visible else ()
        if panes != self._watched:
            self._watched = panes
            self.source.show_panes(panes, panes[0] if panes else None, self._screen_came)

    def _screen_came(self, pane: str, screen: "PaneScreen") -> None:
        """Called from the feed's thread."""
        self.post_message(PaneDrawn(pane, screen))

    @property
    def window_in_sight(self) -> bool:
        narrow, second = self.has_class("-narrow"), self.has_class("-second")
        return (second or not narrow) and self.maximized in (None, self.window)

    @on(events.ScreenResume)
    @on(events.ScreenSuspend)
    def _came_or_went(self) -> None:
        self.call_after_refresh(self.watch_panes)

    # ── focus

    @property
    def panel(self) -> str:
        """Id of the panel that has the focus; empty in a form."""
        node: object = self.focused
        while isinstance(node, Widget):
            if node.id in PANELS:
                return node.id
            node = node.parent
        return ""

    def focus_panel(self, name: str) -> None:
        """Focus a panel, on whichever page of a narrow screen it is."""
        self._show_page(name)
        target: Widget = self.log_panel.list if name == "events" else self.query_one(f"#{name}")
        # A panel of the other page can take the focus only once the page was laid out.
        self.call_after_refresh(target.focus)

    def _show_page(self, name: str) -> None:
        if self.maximized is not None and self.maximized.id != name:
            self.minimize()
        self.set_class(name in ("agents", "window"), "-second")

    def on_descendant_focus(self) -> None:
        if self.panel:
            self._show_page(self.panel)
        self.call_after_refresh(self.watch_panes)
        self.update_keys()

    # ── keys

    def context(self) -> Context:
        """What an action would act on now."""
        agent = self.window.agent
        if self.snapshot is not None and not self.window_in_sight:
            agent = agent_of(self.snapshot, self.selected)
        return Context(
            snapshot=self.snapshot,
            selected=self.selected,
            agent=agent,
            panel=self.panel,
            search=self.log_panel.query_wanted.text,
            maximized=self.maximized is not None,
        )

    def update_keys(self) -> None:
        """Show the keys that act here and now."""
        if not self.is_mounted:
            return
        form = self.form
        if form is not None:
            self.footer.show(form.hints())
            return
        context, keymap = self.context(), self.app.keys
        hints = [(key_of(action, keymap), action.label_in(context), action.id) for action in footer(context)]
        self.footer.show(tuple(hints))

    async def action_act(self, action_id: str) -> None:
        """Do a registered action, or say why it can't be done now."""
        action = BY_ID[action_id]
        reason = action.when(self.context())
        if reason:
            self.app.say(reason)
            return
        node = self if hasattr(self, f"action_{action.method}") else self.app
        await self.app.run_action(action.method, node)
        self.update_keys()

    @on(ActionAsked)
    async def _asked(self, message: ActionAsked) -> None:
        if message.need:
            self.go_to_need(message.need)
        elif self.form is not None and (do := self.form.act(message.action)):
            do()
        elif message.action in BY_ID:
            await self.action_act(message.action)

    def go_to_need(self, kind: str = "") -> None:
        """Go to what waits for a human: the most urgent thing, or one of that kind."""
        if self.snapshot is None:
            return
        for need in needs(self.snapshot):
            if kind in ("", need.kind):
                if need.kind == "question":
                    self.app.ask_back(self.snapshot.open_questions[0])
                elif need.kind == "problem":
                    self.app.read_problems()
                elif need.prompt is not None:
                    self.select(need.prompt)
                else:
                    self.app.say(self.snapshot.loop.reason)
                return

    def question_of(self, event_id: str) -> Question | None:
        """The open question that this event asked."""
        questions = self.snapshot.open_questions if self.snapshot else ()
        return next((q for q in questions if q.id == event_id), None)

    def helps(self) -> list[tuple[str, str]]:
        """What each panel is for, in its own words."""
        panels = (self.graph, self.why, self.agents, self.window, self.log_panel.list, self.header)
        return list(
            zip(("Prompts", "Why", "Agents", "Live window", "Events", "Header"), (p.HELP for p in panels), strict=True)
        )

    def action_need(self) -> None:
        self.go_to_need()

    def action_panel_next(self) -> None:
        self._step_panel(1)

    def action_panel_previous(self) -> None:
        self._step_panel(-1)

    def _step_panel(self, by: int) -> None:
        here = PANELS.index(self.panel) if self.panel else 0
        self.focus_panel(PANELS[(here + by) % len(PANELS)])

    def action_panel_prompts(self) -> None:
        self.focus_panel("prompts")

    def action_panel_agents(self) -> None:
        self.focus_panel("agents")

    def action_panel_window(self) -> None:
        self.focus_panel("window")

    def action_panel_events(self) -> None:
        self.focus_panel("events")

    def action_zoom(self) -> None:
        if self.maximized is not None:
            self.minimize()
        elif self.panel:
            self.maximize(self.query_one(f"#{self.panel}"), container=False)
        self.call_after_refresh(self.watch_panes)

    def action_events_filter(self) -> None:
        self.log_panel.next_filter()

    def action_events_search(self) -> None:
        self.log_panel.open_search()

    def action_events_clear(self) -> None:
        self.log_panel.end_search()

    def action_events_details(self) -> None:
        event = self.log_panel.list.current
        if event is None:
            return
        question = self.question_of(event.id)
        if question is not None:
            self.app.ask_back(question)
        else:
            self.app.read_event(event)

    def action_events_prompt(self) -> None:
        event = self.log_panel.list.current
        number = event.prompt if event is not None else None
        if number is None or self.snapshot is None or number not in self.snapshot.prompts:
            self.app.say("This event is not about a prompt that is still there.")
        else:
            self.select(number)

    # ── forms, in the place of the events

    @property
    def form(self) -> "Form | None":
        """The form that is open."""
        if not self.has_class("-form"):
            return None
        from tui.forms.form import Form

        return next(iter(self.query(Form)), None)

    async def open_form(self, form: "Form") -> None:
        """Show a form where the events are; one at a time."""
        if self.form is not None:
            return
        if self.maximized is not None:
            self.minimize()
        self.add_class("-form")
        self.remove_class("-second")
        await self.query_one("#bottom").mount(form)
        form.start()
        self.update_keys()

    @on(FormClosed)
    async def _form_closed(self) -> None:
        form = self.form
        if form is not None:
            await form.remove()
        self.remove_class("-form")
        self.focus_panel("prompts")
        self.update_keys()


def agent_of(snapshot: Snapshot, number: int | None) -> Agent | None:
    """The agent of a prompt's newest attempt."""
    mine = [agent for agent in snapshot.agents if agent.prompt == number and number is not None]
    return max(mine, key=lambda agent: agent.attempt, default=None)


def agent_by_id(snapshot: Snapshot, agent_id: str) -> Agent | None:
    return next((agent for agent in snapshot.agents if agent.id == agent_id), None)


def moves(snapshot: Snapshot) -> bool:
    """Something on the screen changes with time alone: an age, a countdown."""
    return (
        any(not agent.state.ended for agent in snapshot.agents)
        or any(step.state.live for step in snapshot.steps.values())
        or bool(snapshot.open_questions)
        or snapshot.due > 0
    )
