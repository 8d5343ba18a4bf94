"""The milestone: what it is for, what belongs to it, what was decided and asked, and how its intent came about."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from coordinator.errors import CoordError
from coordinator.formats.intent_text import TITLES, without_empty
from coordinator.model.clock import day_and_time
from coordinator.model.event import Event
from coordinator.model.intent import Change, Intent
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Question, Snapshot
from coordinator.model.text import plain, plain_lines
from coordinator.views.event_text import actor_name, describe
from coordinator.views.milestone_page import MilestonePage, Revision
from coordinator.views.spans import Span
from tui.messages import ActionAsked, Failed, IntentPlanned, Judged, MilestoneRead, Remark
from tui.paint.ink import Spans
from tui.paint.pager import Pager
from tui.screens.host import ScreenHost
from tui.widgets.footer import Footer, Hint
from tui.widgets.header import Header

if TYPE_CHECKING:
    from coordinator.client.ports import Source

_NEWEST = 12
"""Events of a list that are shown; `coord milestone --json` has more."""


class Ask(Vertical, can_focus=True):
    """The line at the bottom: says what Enter does, with a place for words where some are needed."""


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
        Binding("e", "intent", "edit the intent", show=False),
        Binding("w", "record", "make a version", show=False),
        Binding("l", "ask('link')", "link", show=False),
        Binding("d", "ask('decide')", "decide", show=False),
        Binding("x", "ask('status')", "close or reopen", show=False),
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
        with Ask(id="ask"):
            yield Static(id="effect")
            yield Static(id="refusal")
            yield Input(id="words")
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
        self.query_one("#effect", Static).update(Content(plain(self._effect())))
        self.query_one("#refusal", Static).update("")
        box = self.query_one("#words", Input)
        box.value, box.placeholder = "", _PLACEHOLDERS.get(what, "")
        self.set_class(True, "-asking")
        self.set_class(what == "intent", "-wordless")
        self.query_one("#ask" if what == "intent" else "#words").focus()
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
        words = self.query_one("#words", Input).value.strip()
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
        try:
            self.post_message(Judged(do()))
        except CoordError as error:
            self.post_message(Judged(error))
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            self.post_message(Judged(CoordError(fault, "This is a fault of coord; the rest goes on.")))

    @on(Judged)
    def _done(self, message: Judged) -> None:
        self._busy = False
        if isinstance(message.found, CoordError):
            text = plain(f"{message.found.message}. {message.found.remedy}".strip())
            self.query_one("#refusal", Static).update(Content(text))
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

    # ── keys

    def _hints(self) -> tuple[Hint, ...]:
        if self.asking:
            return ((self.marks.enter, _VERBS[self.asking], "agree"), ("esc", "not now", "back"))
        status = "close it" if self._is_open else "open it again"
        return (
            ("e", "edit the intent", "intent"),
            *((("w", "make a version", "record"),) if self._unrecorded else ()),
            ("l", "link", "ask('link')"),
            ("d", "decide", "ask('decide')"),
            ("x", status, "ask('status')"),
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


def intent_text(page: MilestonePage) -> str:
    """What the editor is given: the intent with all of its headings, so that there is a place for everything."""
    parts = []
    for part, title in TITLES.items():
        value = getattr(page.intent, part)
        content = value if isinstance(value, str) else "\n".join(f"- {item}" for item in value)
        parts.append(f"## {title}\n\n{content}".rstrip())
    return "\n\n".join(parts) + "\n"


def milestone_lines(page: MilestonePage, questions: Sequence[Question]) -> list[Spans]:
    """The whole page."""
    counts = page.counts
    total = counts["total"] - counts["skipped"]
    waited = f"; {page.waited.words}" if page.waited.words else ""
    lines: list[Spans] = [[Span(f"{counts['merged']} of {total} prompts merged{waited}", "quiet")], []]
    lines += _intent_lines(page)
    lines += _event_lines("Attached", page.attachments, "nothing yet: an issue, a change, a page, a file")
    lines += _event_lines("Made", page.artifacts, "")
    lines += _event_lines("Decided", page.decisions, "nothing yet")
    lines += _question_lines(questions)
    lines += _history_lines(page.revisions)
    return lines


def _intent_lines(page: MilestonePage) -> list[Spans]:
    lines: list[Spans] = []
    if page.intent == Intent():
        lines += [
            [
                Span("No intent yet.", "need"),
                Span(" Say what this is for, and how to tell that it is done: "),
                Span("e", "key"),
            ],
            [],
        ]
    for part, title in TITLES.items():
        value = getattr(page.intent, part)
        if value:
            lines.append([Span(title, "brand")])
            texts = plain_lines(value) if isinstance(value, str) else [f"{item}" for item in value]
            lead = "  " if isinstance(value, str) else "  - "
            lines += [[Span(lead), Span(text)] for text in texts]
            lines.append([])
    if page.version is not None and page.recorded:
        lines += [[Span(f"set by {page.set_by}, {day_and_time(page.set_at)}, event {page.version}", "quiet")], []]
    elif page.intent != Intent():
        words = "edited by hand since: " if page.version is not None else "written by hand: "
        lines += [[Span(words, "need"), Span("w", "key"), Span(" makes a version of it on the log", "need")], []]
    return lines


def _event_lines(title: str, events: Sequence[Event], nothing: str) -> list[Spans]:
    if not events and not nothing:
        return []
    left_out = len(events) - _NEWEST
    lines: list[Spans] = [
        [Span(title, "brand"), Span(f"  the newest {_NEWEST} of {len(events)}" if left_out > 0 else "", "quiet")]
    ]
    for event in events[-_NEWEST:]:
        about = f"  about {event.prompt:02d}" if event.prompt is not None else ""
        line = describe(event)
        who = f"  {f'{line.actor} {line.aside}'.rstrip()}{about}, {day_and_time(event.ts)}"
        lines.append([Span("  "), Span(line.text), Span(who, "quiet")])
    return [*lines, *([] if events else [[Span(f"  {nothing}", "quiet")]]), []]


def _question_lines(questions: Sequence[Question]) -> list[Spans]:
    if not questions:
        return []
    lines: list[Spans] = [[Span("Asked", "brand")]]
    for question in questions[:_NEWEST]:
        answer = Span("  open", "need") if question.open else Span(f"  {question.answer}", "good")
        if question.taken:
            answer = Span(f"  assumed: {question.answer}", "quiet")
        lines.append([Span("  "), Span(question.text), Span(f"  {actor_name(question.asker)}", "quiet"), answer])
    return [*lines, []]


def _history_lines(revisions: Sequence[Revision]) -> list[Spans]:
    """Versions of the intent, the newest first, each as what changed."""
    if not revisions:
        return []
    lines: list[Spans] = [[Span("How the intent came about", "brand")]]
    for revision in reversed(revisions[-_NEWEST:]):
        lines.append([Span(f"  event {revision.seq}  {day_and_time(revision.at)}  {revision.by}", "quiet")])
        for change in revision.changes:
            lines += _change_lines(change)
    return [*lines, []]


def _change_lines(change: Change) -> list[Spans]:
    lines = [[Span(f"    {change.part}  ", "quiet"), Span(f"- {text}", "failed")] for text in change.removed]
    lines += [[Span(f"    {change.part}  ", "quiet"), Span(f"+ {text}", "good")] for text in change.added]
    return [*lines] or [[Span(f"    {change.part}: another order", "quiet")]]
