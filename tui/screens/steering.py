"""The screen that services are steered from: which form is open, what it draws on the graph, and the applying."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from textual import on, work
from textual._time import get_time
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.content import Content

from coordinator.errors import CoordError, Refused, StalePlan
from coordinator.model.clock import iso
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from tui.actions import BY_ID, Action, Group, key_of
from tui.context import Context, Reason, flow_of, target_of
from tui.forms.registry import form_of
from tui.messages import Failed, FormClosed, PlanApplied, PlanNotApplied, Remark
from tui.paint.theme import Glyphs
from tui.screens.resizing import ResizingScreen
from tui.widgets.graph import PromptGraph
from tui.widgets.window import LiveWindow

if TYPE_CHECKING:  # forms are read when the first one opens: they would cost the first picture a fifth of its time
    from collections.abc import Callable, Sequence

    from coordinator.client.ports import Source
    from coordinator.model.plan import Plan
    from coordinator.model.snapshot import Agent
    from coordinator.views.plan_preview import Outlook
    from tui.forms.form import Form
    from tui.forms.host import Draft
    from tui.forms.plan_form import PlanForm
    from tui.paint.ink import Spans
    from tui.screens.agents import AgentStatus
    from tui.screens.host import Navigator
    from tui.widgets.agent_table import Sort


_ONE_AT_A_TIME = "A form is open; Esc leaves it, and keeps what was typed."


@runtime_checkable
class Follows(Protocol):
    """A page over this screen that shows the project as it goes on."""

    def project_changed(self, snapshot: Snapshot) -> None: ...


class SteeringScreen(ResizingScreen):
    """A `FormHost`. Subclasses compose the panels, and have the source, the snapshot and the graph."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "form_back", show=False)]

    host: Navigator
    source: Source
    marks: Glyphs
    snapshot: Snapshot | None
    selected: int | None
    graph: PromptGraph
    window: LiveWindow

    def select(self, number: int, *, focus: bool = True) -> None:
        raise NotImplementedError

    def update_keys(self) -> None:
        raise NotImplementedError

    @cached_property
    def drafts(self) -> dict[str, Draft]:
        """What was typed in forms that were left, by service."""
        return {}

    @cached_property
    def unsent(self) -> dict[str, str]:
        """Words for agents that were typed in forms that were left, by what they belong to."""
        return {}

    @cached_property
    def engineer(self) -> str:
        """Who steers, as the log will name them."""
        return self.source.engineer()

    def clock(self) -> float:
        """Unix seconds."""
        return self.host.clock()

    def now_iso(self) -> str:
        return iso(self.clock())

    def edit_text(self, text: str, name: str) -> str | None:
        """Let $EDITOR work on a copy of a text; None when nothing was changed, or it can't be used here."""
        return self.host.edit_text(text, name)

    def read(self, title: str, lines: Sequence[Spans]) -> None:
        """Show a text over the screen."""
        from tui.screens.reader import Reading

        self.app.push_screen(Reading(title, lines))

    def attach_to(self, agent: Agent) -> None:
        """Go into an agent's own window."""
        self.host.attach_to(agent)

    # ── forms

    _agents_page: AgentStatus | None = None
    _agents_sort: Sort | None = None
    """How the page of agents was sorted when it was left."""
    words_since = 0.0
    """When the open form, or the search, took the focus, on the clock of events."""

    async def open_form(self, form: Form) -> None:
        """Show a form; while another one is open, say so instead."""
        await self._make_way()
        if self.form is not None:
            self.app.post_message(Remark(_ONE_AT_A_TIME))
            return
        await super().open_form(form)
        self.words_since = get_time()

    @property
    def plan_form(self) -> PlanForm | None:
        """The open form of a service."""
        form = self.form
        if form is None:
            return None
        from tui.forms.plan_form import PlanForm

        return form if isinstance(form, PlanForm) else None

    async def open_plan(self, make: type[PlanForm]) -> None:
        """Open the form of a service, with what was typed before."""
        if self.form is not None or self.snapshot is None:
            return
        self._before = (self.graph.selected, self.graph.marked)
        await self.open_form(make(self, self.drafts.pop(make.draft_key(self), None)))

    def leave_plan(self) -> None:
        """Close the form of a service though it changed nothing; what was typed is kept."""
        form = self.plan_form
        if form is None:
            return
        typed = form.typed
        if typed is not None:
            self._keep_draft(form, form.kept_under, typed)
            key = key_of(BY_ID[form.SERVICE], self.host.keys)
            self.app.post_message(Remark(f"Nothing was changed. What you typed is kept: {key} brings it back."))
        selected, marked = self._before
        self._clear_graph()
        self.mark(marked)
        if selected is not None:
            self.select(selected, focus=False)
        self.post_message(FormClosed())

    @work(group="forms")
    async def swap_draft(self) -> None:
        """Begin the form of a service anew; pressing the key again brings back what was typed."""
        form = self.plan_form
        if form is None:
            return
        typed, key = form.typed, form.kept_under
        await self._replace(form, type(form), self.drafts.pop(key, None))
        if typed is not None:
            self._keep_draft(form, key, typed)

    def _keep_draft(self, form: PlanForm, key: str, typed: Draft) -> None:
        """Keep what was typed; what nobody touched since it was brought back is as old as before."""
        from tui.forms.drafted import SINCE

        was = {name: value for name, value in form.draft.items() if name != SINCE}
        since = form.draft.get(SINCE) if was == dict(typed) else None
        self.drafts[key] = {**typed, SINCE: since or self.clock()}

    @work(group="forms")
    async def change_form(self, service: str, draft: Draft | None = None) -> None:
        """Go on in the form of another service, about the same prompt."""
        form = self.plan_form
        if form is not None:
            await self._replace(form, form_of(service), draft)

    async def _replace(self, form: PlanForm, make: type[PlanForm], draft: Draft | None) -> None:
        from tui.forms.prompt_form import PromptForm

        self._clear_graph()
        self.mark(())
        number = form.number if isinstance(form, PromptForm) else self._before[0]
        if number is not None:
            self.select(number, focus=False)
        await form.remove()
        self.remove_class("-form")
        await self.open_form(make(self, draft))

    async def action_quit(self) -> None:
        await self.leave_by(self.app.exit)

    async def leave_by(self, leave: Callable[[], object]) -> None:
        """Leave the screen; where that would lose what was typed, say so first."""
        if not self.drafts and not self.unsent:
            leave()
            return
        from tui.forms.confirm import Confirm

        kept = ", ".join(sorted([*self.drafts, *self.unsent]))
        words = [f"What you typed is lost with the screen: {kept}.", "The loop and its agents go on either way."]
        await self.open_form(Confirm("Leave", words, "leave", leave))

    async def clear_for(self, action: Action) -> None:
        """Let a form that only says why something can't be done give way to another action."""
        if self.held_by_form(action):
            await self._make_way()

    async def _make_way(self) -> None:
        form = self.form
        if form is not None and form.gives_way:
            self._clear_graph()
            self.mark(self._before[1])
            await self.close_form()

    def held_by_form(self, action: Action) -> Reason:
        """Why an action has to wait while a form is open; empty when it needn't."""
        if self.form is None or (action.group in (Group.LOOK, Group.SCREEN) and action.id not in ("quit", "attach")):
            return ""
        return _ONE_AT_A_TIME

    def project_changed(self) -> None:
        """Tell the open form, and the page of agents, of a new snapshot."""
        if self._agents_page is not None and self.snapshot is not None and self._agents_page.is_attached:
            self._agents_page.show(self.snapshot)
        over = self.app.screen
        if over is not self and self.snapshot is not None and isinstance(over, Follows):
            over.project_changed(self.snapshot)
        if self.form is not None:
            self.form.project_changed()

    def action_form_act(self, hint: str) -> None:
        form = self.form
        do = form.act(hint) if form is not None else None
        if do is not None:
            do()

    def action_form_back(self) -> None:
        """Escape on a panel: back to the form, if one is open."""
        form = self.plan_form
        if form is None or form.has_focus_within or form.has_focus:
            raise SkipAction
        form.focus_field()

    # ── the graph

    def show_plan(self, outlook: Outlook | None) -> None:
        """Draw a plan on the graph, or what is."""
        self.graph.preview(outlook.plan.prompts_after if outlook else (), outlook.gone if outlook else ())
        if outlook is not None and outlook.plan.number is not None:
            self._bring(outlook.plan.number)

    def mark(self, numbers: frozenset[int] | tuple[int, ...]) -> None:
        self.graph.marked = numbers

    def point(self, number: int | None, action: str, by: int) -> None:
        """Move the graph's cursor for a field that has the focus."""
        if number is not None:
            self.select(number, focus=False)
        elif action == "move":
            self.graph.action_move(by)
        elif action == "page":
            self.graph.action_page(by)
        else:
            self.graph.action_edge(by)
        if self.graph.selected is not None:
            self._bring(self.graph.selected)

    def _bring(self, number: int) -> None:
        """Keep a row in sight, also when the form grows by a line and the graph shrinks."""
        self.graph.bring(number)
        self.call_after_refresh(self.graph.bring, number)

    def _clear_graph(self) -> None:
        self.graph.preview(())
        self.graph.border_title = PromptGraph.BORDER_TITLE

    @on(PromptGraph.Marked)
    def _marked(self, message: PromptGraph.Marked) -> None:
        form = self.plan_form
        if form is not None and self.panel == "prompts":
            form.marked(message.marked)

    def on_descendant_focus(self) -> None:
        form = self.plan_form
        goal = form.picks_for() if form is not None and self.panel == "prompts" else ""
        title = f"Prompts › {goal}: space marks, esc goes back" if goal else PromptGraph.BORDER_TITLE
        self.graph.border_title = Content(title.replace("›", self.marks.crumb))

    # ── applying

    @work(thread=True, group="plans")
    def apply_plan(self, plan: Plan) -> None:
        """Apply in a thread. Leaving the form does not stop it."""
        try:
            notes = self.source.apply(plan)
        except StalePlan as stale:
            self.post_message(PlanNotApplied(plan, stale, self._fresh()))
        except CoordError as error:
            self.post_message(PlanNotApplied(plan, error, None))
        except Exception as error:
            fault = CoordError(f"{type(error).__name__}: {error}", "This is a fault of coord; the rest goes on.")
            self.post_message(PlanNotApplied(plan, fault, None))
        else:
            self.post_message(PlanApplied(plan, notes))

    def _fresh(self) -> Snapshot | None:
        try:
            return self.source.look()
        except CoordError:
            return None

    @on(PlanApplied)
    def _applied(self, message: PlanApplied) -> None:
        self._tell(message.plan, message.notes)
        form = self._form_of(message.plan)
        if form is not None:
            form.applied()

    @on(PlanNotApplied)
    def _not_applied(self, message: PlanNotApplied) -> None:
        form = self._form_of(message.plan)
        if form is not None and isinstance(message.error, Refused):
            form.refused(message.error, message.fresh)
            return
        self.app.post_message(Failed(message.error.message, message.error.remedy))
        if form is not None:
            self.leave_plan()

    def _form_of(self, plan: Plan) -> PlanForm | None:
        """The form that waits for this plan; None when it was left."""
        from coordinator.views.plan_preview import Outlook

        form = self.plan_form
        waits = form is not None and isinstance(form.found, Outlook) and form.found.plan.id == plan.id
        return form if waits else None

    def _tell(self, plan: Plan, notes: tuple[str, ...]) -> None:
        from coordinator.model.plan import LASTING

        lines = [plain(plan.summary), *(plain(note) for note in notes)]
        if plan.undoes is None and not any(isinstance(effect, LASTING) for effect in plan.effects):
            lines.append(f"{key_of(BY_ID['undo'], self.host.keys)} takes it back")
        self.app.notify("\n".join(lines), title="Done", markup=False, timeout=8)

    def plan_came_true(self, plan: Plan) -> None:
        """The snapshot shows what was planned: the form has done its work."""
        self._clear_graph()
        self.mark(())
        if plan.number is not None:
            self.select(plan.number, focus=False)
        self.post_message(FormClosed())

    # ── the services

    @property
    def target(self) -> int | None:
        """The prompt that services act on."""
        return target_of(self.context())

    @property
    def flow_agent(self) -> str:
        """The agent of a flow that kill and restart act on, in the place of a prompt's; empty: none is in focus."""
        agent = flow_of(self.context())
        return agent.id if agent is not None else ""

    def context(self) -> Context:
        raise NotImplementedError

    @property
    def marked_agents(self) -> frozenset[str]:
        """Marked agents that work on no prompt, by their names."""
        raise NotImplementedError

    def action_agent_status(self) -> None:
        self.show_agents(self.context().agent)

    def show_agents(self, agent: Agent | None) -> None:
        """Open the page of agents at one of them."""
        from tui.screens.agents import AgentStatus

        if self.snapshot is not None:
            chosen, seen = agent.id if agent else "", self.window.screens
            self._agents_page = AgentStatus(self.host, self.snapshot, chosen, seen, self._agents_sort)
            self.app.push_screen(self._agents_page, self._agents_left)

    @property
    def streams_elsewhere(self) -> bool:
        """The page of agents is open: it shows a window of its own."""
        return self._agents_page is not None

    async def _agents_left(self, asked: tuple[str, Agent | None] | None) -> None:
        """Do what the page of agents was left for, about that agent or its prompt."""
        self._agents_sort = self._agents_page.agents.sort if self._agents_page is not None else None
        self._agents_page = None
        self.sight_changed()
        action, agent = asked or ("", None)
        if agent is None:
            return
        if agent.prompt is not None:
            self.select(agent.prompt, focus=not action)
        elif agent.flow:
            self.choose_agent(agent)
        match action:  # what is about the agent goes to it: not every agent has a prompt
            case "attach":
                self.attach_to(agent)
            case "permit":
                self.host.permit(agent)
            case "tell":
                self.host.tell(agent)
            case "":
                pass
            case _:
                await self.action_act(action)

    def choose_agent(self, agent: Agent) -> None:
        """Put an agent that has no prompt in focus."""
        raise NotImplementedError

    async def action_act(self, action_id: str) -> None:
        raise NotImplementedError

    async def open_service(self, service: str) -> None:
        """Open the form of a service, with what was typed before."""
        await self.open_plan(form_of(service))
