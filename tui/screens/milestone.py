"""The milestone: what it is for, what belongs to it, what was decided and asked, and how its intent came about."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from coordinator.errors import CoordError
from coordinator.formats.intent_text import without_empty
from coordinator.model.intent import Intent
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.views.milestone_page import MilestonePage
from coordinator.views.spans import Span
from tui.messages import ActionAsked, Failed, IntentPlanned, Judged, MilestoneRead, Remark
from tui.paint.pager import Pager
from tui.screens.host import ScreenHost
from tui.screens.milestone_lines import intent_text, milestone_lines
from tui.screens.page_help import HINT, KEY
from tui.widgets.ask import Ask, attempted
from tui.widgets.footer import Footer, Hint
from tui.widgets.header import Header

if TYPE_CHECKING:
    from coordinator.client.ports import Source


class MilestoneScreen(Screen[None]):
    """Reads like a page. Nothing changes before Enter in the line at the bottom."""

    AUTO_FOCUS = "#page"
    DEFAULT_CSS = """
    MilestoneScreen { background: $background; }
    MilestoneScreen > #frame { height: 1fr; border: round $border-blurred; padding: 0 1;
        border-title-color: $text-muted; border-subtitle-color: $text-muted; }
    MilestoneScreen > #frame:focus-within { border: round $border; border-title-color: $title;
        border-title-style: bold; }
    MilestoneScreen.-ascii > #frame { border: ascii $border-blurred; }
    MilestoneScreen.-ascii > #frame:focus-within { border: ascii $border; }
    MilestoneScreen > #ask { height: auto; display: none; border: round $border; padding: 0 1; }
    MilestoneScreen.-ascii > #ask { border: ascii $border; }
    MilestoneScreen.-asking > #ask { display: block; }
    MilestoneScreen > #ask > Input { height: 1; border: none; padding: 0; background: $panel; }
    MilestoneScreen > #ask > Input:focus { border: none; }
    MilestoneScreen.-wordless > #ask > Input { display: none; }
    MilestoneScreen > #ask > #refusal { color: $error; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        KEY,
        Binding("e", "intent", "edit the intent", show=False),
        Binding("w", "record", "make a version", show=False),
        Binding("l", "ask('link')", "link", show=False),
        Binding("d", "ask('decide')", "decide", show=False),
        Binding("x", "ask('status')", "close or reopen", show=False),
        Binding("c", "criteria", "criteria", show=False),
        Binding("f", "findings", "findings", show=False),
        Binding("u", "runs", "runs", show=False),
        Binding("h", "handover", "hand-over page", show=False),
        Binding("enter", "agree", "do it", show=False),
        Binding("escape", "back", "back", show=False),
        Binding("q", "leave", "back", show=False),
    ]

    def __init__(self, host: ScreenHost, snapshot: Snapshot) -> None:
        super().__init__()
        self.host = host
        self.source = host.source
        self.marks = host.marks
        self.page: MilestonePage | None = None
        self.asking = ""
        """`link`, `decide`, `status` or `intent` while the line for it is open."""
        self._plan: Plan | None = None
        self._snapshot = snapshot
        self._busy = False

    def compose(self) -> ComposeResult:
        yield Header(self.marks, id="header")
        with Vertical(id="frame") as frame:
            frame.border_title = "Milestone"
            yield Pager([[Span("The milestone is being read.", "quiet")]], id="page")
        yield Ask()
        yield Footer(id="footer")

    def on_mount(self) -> None:
        self.set_class(self.app.has_class("-ascii"), "-ascii")
        self.project_changed(self._snapshot)
        self._keys()

    # ── what arrives

    def project_changed(self, snapshot: Snapshot) -> None:
        """Read the page again: the log grew, or a file changed."""
        self._snapshot = snapshot
        self.query_one("#header", Header).show(snapshot, self.host.clock())
        self._read()

    @work(thread=True, group="milestone", exclusive=True, exit_on_error=False)
    def _read(self) -> None:
        try:
            found: MilestonePage | CoordError = self.source.milestone()
        except CoordError as error:
            found = error
        self.post_message(MilestoneRead(found))

    @on(MilestoneRead)
    def _came(self, message: MilestoneRead) -> None:
        found = message.found
        if isinstance(found, CoordError):
            self.app.post_message(Failed(found.message, found.remedy))
            return
        pager = self.query_one("#page", Pager)
        top, first = pager.scroll_offset.y, self.page is None
        self.page = found
        frame = self.query_one("#frame")
        frame.border_title = Content(plain(f"Milestone {self.marks.dot} {found.milestone.title}"))
        frame.border_subtitle = Content(found.milestone.status)
        pager.show(milestone_lines(found, self._snapshot.questions))
        if not first:
            pager.scroll_to(y=top, animate=False, force=True)
        self._keys()

    # ── the line at the bottom

    def action_ask(self, what: str) -> None:
        """Open the line that says what Enter does."""
        if self.page is None or self._busy:
            return
        self.asking = what
        wordless = what == "intent"
        self.set_class(True, "-asking")
        self.set_class(wordless, "-wordless")
        self.query_one(Ask).say(self._effect(), _PLACEHOLDERS.get(what, ""), wordless=wordless)
        self._keys()

    def _effect(self) -> str:
        if self.asking == "link":
            return "Attach something to the milestone: an issue, a change, a file, a page, a memory record."
        if self.asking == "decide":
            return "Record a decision, and why; agents and people find it on the log."
        if self.asking == "intent" and self._plan is not None:
            return f"Set another version of the intent: {self._plan.summary.removeprefix('intent: ')}."
        if self._is_open:
            return "Call the milestone done, whatever is left of it; running agents go on. Why?"
        return "Open the milestone again: new prompts are run. Why?"

    @property
    def _is_open(self) -> bool:
        return self.page is not None and self.page.milestone.status == "open"

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_agree()

    def action_agree(self) -> None:
        """Do what the line says."""
        if not self.asking or self._busy:
            return
        words = self.query_one(Ask).words
        source, plan = self.source, self._plan
        if self.asking == "intent" and plan is not None:
            self._do(lambda: _set(source, plan))
        elif self.asking == "status":
            self._do(partial(source.set_milestone, "done" if self._is_open else "open", words))
        elif words:
            self._do(partial(source.link if self.asking == "link" else source.decide, words))

    @work(thread=True, group="milestone-does", exit_on_error=False)
    def _do(self, do: Callable[[], str]) -> None:
        self._busy = True
        self.post_message(Judged(attempted(do)))

    @on(Judged)
    def _done(self, message: Judged) -> None:
        self._busy = False
        if isinstance(message.found, CoordError):
            self.query_one(Ask).refuse(message.found)
            return
        self.app.post_message(Remark(message.found))
        self._close_line()
        self._read()

    def action_intent(self) -> None:
        """Let $EDITOR work on the milestone's file; then show what changes before it does."""
        if self.page is None or self._busy:
            return
        text = self.host.edit_text(intent_text(self.page), "milestone.md")
        if text is not None:
            self._plan_intent(without_empty(text))

    def action_record(self) -> None:
        """Make a version of what stands in the file."""
        if self.page is not None and self._unrecorded and not self._busy:
            self._plan_intent(self.page.document.decode("utf-8", "surrogateescape"))

    @property
    def _unrecorded(self) -> bool:
        return self.page is not None and not self.page.recorded and self.page.intent != Intent()

    @work(thread=True, group="milestone-does", exit_on_error=False)
    def _plan_intent(self, text: str) -> None:
        try:
            found: Plan | CoordError = self.source.plan_intent(text)
        except CoordError as error:
            found = error
        self.post_message(IntentPlanned(found))

    @on(IntentPlanned)
    def _planned(self, message: IntentPlanned) -> None:
        if isinstance(message.found, CoordError):
            self.app.post_message(Failed(message.found.message, message.found.remedy))
        else:
            self._plan = message.found
            self.action_ask("intent")

    # ── other pages

    def action_criteria(self) -> None:
        """Open the page of criteria."""
        from tui.screens.criteria import CriteriaScreen

        if not self.asking:
            self.app.push_screen(CriteriaScreen(self.host, self._snapshot), self._back)

    def action_findings(self) -> None:
        """Open the page of findings."""
        from tui.screens.findings import FindingsScreen

        if not self.asking:
            self.app.push_screen(FindingsScreen(self.host, self._snapshot), self._back)

    def action_runs(self) -> None:
        """Open the page of runs."""
        from tui.screens.runs import RunsScreen

        if not self.asking:
            self.app.push_screen(RunsScreen(self.host, self._snapshot), self._back)

    def action_handover(self) -> None:
        """Read the page that was written when the milestone ended last."""
        from tui.screens.reader import Reading
        from tui.screens.reader_pages import markdown_lines

        there = self.page.rounds if self.page is not None else None
        if self.asking or self.page is None or there is None or not there.handover:
            return
        text = self.source.handover(self.page.milestone.id)
        self.app.push_screen(Reading(f"Handed over  {there.handover}", markdown_lines(text)))

    def _back(self, _: None) -> None:
        """What changed meanwhile was told to the page above."""
        self._read()

    # ── keys

    def _hints(self) -> tuple[Hint, ...]:
        if self.asking:
            return ((self.marks.enter, _VERBS[self.asking], "agree"), ("esc", "not now", "back"))
        status = "close" if self._is_open else "reopen"
        return (
            ("e", "intent", "intent"),
            *((("w", "make a version", "record"),) if self._unrecorded else ()),
            ("l", "link", "ask('link')"),
            ("d", "decide", "ask('decide')"),
            ("x", status, "ask('status')"),
            ("c", "criteria", "criteria"),
            ("f", "findings", "findings"),
            ("u", "runs", "runs"),
            ("h", "hand-over", "handover"),
            HINT,
            ("esc", "back", "back"),
        )

    @on(ActionAsked)
    async def _clicked(self, message: ActionAsked) -> None:
        message.stop()
        if message.action in {action for _, _, action in self._hints()}:
            await self.run_action(message.action)

    def action_back(self) -> None:
        """Close the line, or the page."""
        if self.asking:
            self._close_line()
        else:
            self.dismiss()

    def action_leave(self) -> None:
        if not self.asking:
            self.dismiss()

    def _close_line(self) -> None:
        self.asking = ""
        self.set_class(False, "-asking")
        self.query_one("#page").focus()
        self._keys()

    def _keys(self) -> None:
        self.query_one("#footer", Footer).show(self._hints())


_PLACEHOLDERS = {
    "link": "#12, org/repo#12, !7, a commit, a path, a page, memory:NAME",
    "decide": "what was decided, and why",
    "status": "the reason; it goes to the log",
}
_VERBS = {"link": "attach it", "decide": "record it", "status": "do it", "intent": "set it"}


def _set(source: "Source", plan: Plan) -> str:
    source.apply(plan)
    return f"Set: {plan.summary}"
