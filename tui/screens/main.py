"""The main screen: panels over one snapshot, one selection, and the keys that act on it."""

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual._time import get_time
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from coordinator.model.snapshot import Agent, Question, Snapshot
from coordinator.views.attention import asking_windows, needs, waiting_for_you
from tui.actions import BY_ID, Scope, action_of, bindings, key_of
from tui.acts.own import of_commands
from tui.context import Context
from tui.footing import SEARCHING, footing
from tui.messages import ActionAsked, FirstPainted, PaneDrawn, Remark, SnapshotArrived, Waiting
from tui.paint.lines import Lines
from tui.screens.finding import JUMPS, FindingScreen
from tui.screens.host import Navigator
from tui.selection import adopted_for, agent_by_id, agent_of, attempt_of, moves, past_agent
from tui.widgets.agents import Agents
from tui.widgets.details import Details
from tui.widgets.events import EventsPanel
from tui.widgets.filter_line import FilterLine, filter_hints
from tui.widgets.footer import Footer
from tui.widgets.graph import PromptGraph
from tui.widgets.header import Header
from tui.widgets.tour import Tour
from tui.widgets.why import Why
from tui.widgets.window import LiveWindow

if TYPE_CHECKING:
    from coordinator.model.pane_screen import Screen as PaneScreen


_ROWS_A_SECOND = 8
"""Rows that are painted for nothing but a later time; a screen full of them is not worth more of the processor."""


class MainScreen(FindingScreen):
    """Shows a snapshot. What it is asked to do beyond looking, its host does."""

    BINDINGS: ClassVar[list[BindingType]] = [*JUMPS, *bindings(Scope.MAIN)]

    def __init__(self, host: Navigator, first: Snapshot | None = None) -> None:
        """`first` is what is shown from the beginning."""
        super().__init__()
        self.host = host
        self.source = host.source
        self.marks = host.marks
        self.snapshot: Snapshot | None = None
        self.selected: int | None = None
        self._first = first
        self._chosen_agent = ""
        self._watched: tuple[str, ...] | None = ()
        self._read_screens: set[str] = set()
        self._ticks_to_skip = 0
        self._covered = False
        for action in of_commands(host.commands):
            if action.keys:
                self._bindings.bind(action.keys, f"screen.act('{action.id}')", show=False)

    def compose(self) -> ComposeResult:
        self.take_size()
        self.header = Header(self.marks, id="header")
        self.header.key = key_of(BY_ID["need"], self.host.keys)
        self.graph = PromptGraph(self.marks, id="prompts", classes="panel")
        self.why = Why(self.marks, id="why", classes="panel")
        self.details = Details(self.source.work, self.marks, id="prompt-details", classes="panel")
        self.details.entitle(subtitle=f"all of it ({key_of(BY_ID['prompt.details'], self.host.keys)})")
        self.agents = Agents(self.marks, id="agents", classes="panel")
        self.window = LiveWindow(self.marks, id="window", classes="panel")
        self.log_panel = EventsPanel(self.source.events, self.marks, id="events", classes="panel")
        self.footer = Footer(id="footer")
        self.tour = Tour(self.marks, lambda name: key_of(BY_ID[name], self.host.keys)) if self.host.on_tour else None
        yield self.header
        with Horizontal(id="panels"):
            with Vertical(id="left"):
                yield self.graph
                yield FilterLine("prompts")
                yield self.why
                yield self.details
            with Vertical(id="right"):
                yield self.agents
                yield FilterLine("agents")
                yield self.window
        with Vertical(id="bottom"):
            yield self.log_panel
        if self.tour is not None:
            yield self.tour
        yield self.footer

    def on_mount(self) -> None:
        self._ticker = self.set_interval(1.0, self.tick, pause=True)
        if self._first is not None:
            self._arrived(SnapshotArrived(self._first))
        self.update_keys()

    # ── what arrives

    @on(SnapshotArrived)
    def _arrived(self, message: SnapshotArrived) -> None:
        before, snapshot = self.snapshot, message.snapshot
        self.snapshot = snapshot
        if before is not None:
            self._call(before, snapshot)
        now = self.clock()
        self.header.show(snapshot, now)
        if self.tour is not None:
            self.tour.show(snapshot)
        self.graph.show(snapshot, now)
        self.agents.show(snapshot, now)
        self.filter_again()
        if before is not None:
            self.log_panel.show(snapshot, now)
        self.selected = self.graph.selected
        self._follow_selection(now)
        self.project_changed()
        if before is None:
            self.call_after_refresh(self._painted)
        if moves(snapshot):
            self._ticker.resume()
        else:
            self._ticker.pause()

    def _painted(self) -> None:
        """Go on with what the first picture did not wait for."""
        self.app.post_message(FirstPainted())
        if self.snapshot is not None:
            now = self.clock()
            self.log_panel.show(self.snapshot, now)
            self.header.look_ahead(self.snapshot, now)
            if self.snapshot.untrusted is not None:
                self.host.action_trust()

    def _call(self, before: Snapshot, now: Snapshot) -> None:
        """Tell of what waits for a human and did not before."""
        known = waiting_for_you(before)
        new = [text for name, text in waiting_for_you(now).items() if name not in known]
        if new:
            self.app.post_message(Waiting(now.project, new))

    @on(PaneDrawn)
    def _drawn(self, message: PaneDrawn) -> None:
        agent = self.window.agent
        if agent is not None and agent.screen_id == message.pane:
            self.window.draw(agent.id, message.screen)

    def tick(self) -> None:
        """Let ages go on: once a second while something runs, more rarely the more of it is in sight."""
        if self.snapshot is None or not self.is_current:
            return
        if self._ticks_to_skip > 0:
            self._ticks_to_skip -= 1
            return
        now = self.clock()
        moved = self.graph.tick(now) + self.agents.tick(now) + self.log_panel.tick(now)
        self.why.show(self.snapshot, self.selected, now)
        self.window.tick(now)
        self._ticks_to_skip = (moved - 1) // _ROWS_A_SECOND

    # ── one selection for all panels

    @on(PromptGraph.Selected)
    def _prompt_selected(self, message: PromptGraph.Selected) -> None:
        if message.number != self.selected:
            self.selected = message.number
            self._chosen_agent = ""
            self._follow_selection(self.clock())

    @on(PromptGraph.Activated)
    def _prompt_opened(self, message: PromptGraph.Activated) -> None:
        if self.plan_form is not None:
            self.plan_form.focus_field()
        elif self.snapshot is not None and message.number in self.snapshot.prompts:
            self.host.read_prompt(self.snapshot.prompts[message.number])

    def on_descendant_focus(self) -> None:
        """In the agents, keys act on the one under the cursor: not on one of long ago, whose last screen is shown."""
        shown, snapshot = self.window.agent, self.snapshot
        if self.panel == "agents" and shown and snapshot is not None and agent_by_id(snapshot, shown.id) is None:
            self._agent_chosen()

    @on(Lines.Moved, "#agents")
    def _agent_chosen(self) -> None:
        agent = self.agents.current
        if agent is not None:
            self._chosen_agent = agent.id
            self._show_window(agent)

    def choose_agent(self, agent: Agent) -> None:
        self.agents.point_at(agent.id)
        self._chosen_agent = agent.id
        self._show_window(agent)
        self.focus_panel("agents")

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
        self._follow_selection(self.clock())

    def follow_graph(self) -> None:
        if self.graph.selected != self.selected:
            self.selected = self.graph.selected
            self._follow_selection(self.clock())

    def _follow_selection(self, now: float) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            return
        own = agent_of(snapshot, self.selected) or past_agent(snapshot, self.selected)
        theirs = own or adopted_for(snapshot, self.selected)
        shown = agent_by_id(snapshot, self._chosen_agent) or theirs or self._still_shown(snapshot)
        self.why.show(snapshot, self.selected, now)
        self.details.show(snapshot, self.selected, now)
        self.log_panel.point_at(self.selected, own.id if own else "")
        if shown is not None:
            self.agents.point_at(shown.id)
        self._show_window(shown)

    def _still_shown(self, snapshot: Snapshot) -> Agent | None:
        """For a prompt that nobody works on: the window that is shown, if that one lives; else the most urgent one."""
        last = agent_by_id(snapshot, self.window.agent.id) if self.window.agent else None
        first = next(iter(self.agents.agents), None)
        return last if last is not None and not last.state.ended else first

    def _show_window(self, agent: Agent | None) -> None:
        self.window.show(agent, self.clock())
        if agent is not None and agent.state.ended and agent.id not in self._read_screens:
            self._read_screens.add(agent.id)
            attempt = attempt_of(self.snapshot, agent)
            if attempt is not None:
                self.window.draw_last(attempt, self.source.last_screen)
        self.watch_panes()
        self.update_keys()

    def watch_panes(self) -> None:
        """Stream the window that is in sight, and no other."""
        agent = self.window.agent
        visible = self.in_sight("window") and not self._covered
        live = agent is not None and agent.pane and not agent.state.ended
        panes = (agent.screen_id,) if agent is not None and live and visible else ()
        if self.streams_elsewhere:
            self._watched = None  # the page over this one streams: what is wanted after it has to be asked for anew
        elif panes != self._watched:
            self._watched = panes
            self.source.show_panes(panes, panes[0] if panes else None, self._screen_came)

    def _screen_came(self, pane: str, screen: "PaneScreen") -> None:
        """Called from the feed's thread."""
        self.post_message(PaneDrawn(pane, screen))

    @on(events.ScreenResume)
    def _came(self) -> None:
        self._covered = False
        self.watch_panes()

    @on(events.ScreenSuspend)
    def _went(self) -> None:
        self._covered = True
        self.watch_panes()

    def sight_changed(self) -> None:
        self.watch_panes()
        self.update_keys()

    # ── keys

    def context(self) -> Context:
        """What an action would act on now."""
        agent = self.window.agent
        if self.snapshot is not None and not (self.in_sight("window") or self.in_sight("agents")):
            agent = agent_of(self.snapshot, self.selected) or adopted_for(self.snapshot, self.selected)
        return Context(
            snapshot=self.snapshot,
            selected=self.selected,
            agent=agent,
            panel=self.panel,
            search=self.log_panel.query_wanted.text,
            maximized=self.maximized is not None,
            marked=len(self.graph.marked) + len(self.marked_agents),
            commands=self.host.commands,
        )

    @on(EventsPanel.Wanted)
    def _other_events(self) -> None:
        self.update_keys()

    def update_keys(self) -> None:
        """Show the keys that act here and now."""
        if not self.is_mounted:
            return
        form = self.form
        if form is not None:
            self.footer.show(form.hints())
            return
        if self.log_panel.typing:
            self.footer.show(SEARCHING)
            return
        if self.typed_filter is not None:
            self.footer.show(filter_hints(self.marks.enter))
            return
        context = self.context()
        shown = footing(context)
        self.footer.show(shown.hints(context, self.host.keys), shown.extra)

    async def action_act(self, action_id: str) -> None:
        """Do a registered action, or say why it can't be done now."""
        action = action_of(action_id, self.context())
        await self.clear_for(action)
        reason = self.held_by_form(action) or action.when(self.context())
        if reason:
            self.app.post_message(Remark(reason))
            return
        form = self.form_for(action)
        if action.command is not None:
            self.host.run_own(action.command)
        elif form:
            await self.open_service(form)
        else:
            node = self if hasattr(self, f"action_{action.method}") else self.app
            await self.app.run_action(action.method, node)
        self.update_keys()

    @on(ActionAsked)
    async def _asked(self, message: ActionAsked) -> None:
        form = self.form
        do = form.act(message.action) if form is not None else None
        if message.need:
            self.go_to_need(message.need)
        elif form is not None and do is not None:
            # In the form's own turn: what it posts would end here, where it was asked for.
            form.call_later(do)
        elif message.action in ("search.keep", "search.end"):
            self.log_panel.leave_search(keep=message.action == "search.keep")
        elif message.action in BY_ID:
            await self.action_act(message.action)

    def go_to_need(self, kind: str = "") -> None:
        """Go to what waits for a human: the most urgent thing, or one of that kind."""
        if self.snapshot is None:
            return
        for need in needs(self.snapshot):
            if kind in ("", need.kind):
                if need.kind == "question":
                    self.host.ask_back(self.snapshot.open_questions[0])
                elif need.kind == "permission":
                    if need.prompt is not None:
                        self.select(need.prompt)
                    self.host.action_permit()
                elif need.kind == "problem":
                    self.host.read_problems()
                elif need.kind == "window":
                    self.show_agents(asking_windows(self.snapshot)[0])
                elif need.prompt is not None:
                    self.select(need.prompt)
                    if need.kind == "review":
                        self.host.action_review()
                    elif need.kind == "agent":
                        self.action_agent_status()
                else:
                    self.app.post_message(Remark(self.snapshot.loop.reason))
                return

    def question_of(self, event_id: str) -> Question | None:
        """The open question that this event asked."""
        questions = self.snapshot.open_questions if self.snapshot else ()
        return next((q for q in questions if q.id == event_id), None)

    def helps(self) -> list[tuple[str, str]]:
        """What each panel is for, in its own words."""
        panels = {
            "Prompts": self.graph,
            "Why": self.why,
            "Details": self.details,
            "Agents": self.agents,
            "Live window": self.window,
            "Events": self.log_panel.list,
            "Header": self.header,
        }
        return [(name, panel.HELP or "") for name, panel in panels.items()]

    def action_need(self) -> None:
        self.go_to_need()

    def action_events_filter(self) -> None:
        if self.filter_line(self.panel or "events") is not None:
            self.next_kind(self.panel)
            return
        if not self.in_sight("events"):
            self.focus_panel("events")
        self.log_panel.next_filter()

    def action_events_search(self) -> None:
        if self.filter_line(self.panel or "events") is not None:
            self.open_filter(self.panel)
        elif self.panel == "window" and self.window.agent is not None:
            self.host.search_window(self.window.agent)
        elif self.in_sight("events"):
            self._open_search()
        else:
            self.show_page("events")
            self.call_after_refresh(self._open_search)

    def _open_search(self) -> None:
        self.log_panel.open_search()
        self.words_since = get_time()

    @property
    def takes_words(self) -> Widget | None:
        """What is being typed into: the open form, a filter, or the search."""
        searching = self.log_panel if self.log_panel.has_class("-searching") else None
        return self.form or self.typed_filter or searching

    def action_events_clear(self) -> None:
        self.log_panel.end_search()

    def action_events_whole(self) -> None:
        self.log_panel.toggle_whole()

    def action_events_details(self) -> None:
        event = self.log_panel.list.current
        if event is None:
            return
        question = self.question_of(event.id)
        if question is not None:
            self.host.ask_back(question)
        else:
            self.host.read_event(event)

    def action_replay(self) -> None:
        event = self.log_panel.list.current if self.panel == "events" else None
        self.host.replay(event.seq if event is not None else None)

    def action_events_prompt(self) -> None:
        event = self.log_panel.list.current
        number = event.prompt if event is not None else None
        if number is None or self.snapshot is None or number not in self.snapshot.prompts:
            self.app.post_message(Remark("This event is not about a prompt that is still there."))
        else:
            self.select(number)
