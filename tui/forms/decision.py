"""A Planner's decision that waits for a human: its plan as any plan is shown, and a yes or a reason against it."""

from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding

from coordinator.errors import CoordError
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Question, Snapshot
from coordinator.model.text import clip, plain, plain_lines
from coordinator.views.plan_preview import Outlook, foresee
from coordinator.views.spans import Span
from tui.forms.answer import AnswerForm
from tui.forms.host import FormHost
from tui.forms.message import Line, MessageLines
from tui.forms.review import diff_lines, review_lines
from tui.paint.lines import Lines
from tui.widgets.footer import Hint

_CHOICE = 24
"""Columns of a choice, where the keys are told."""
_ROWS = 14
"""Of the plan, before the answers; the diff has all of it."""


class DecisionForm(AnswerForm):
    """The plan with its files, lines and order, drawn on the graph too; below it the answers."""

    HELP = (
        "What the Planner of an iteration decided, as it would be applied now. Nothing of it is done before your yes; "
        "whatever else you write is the reason that the next Planner is told. d shows the whole diff."
    )
    DEFAULT_CSS = """
    DecisionForm { overflow-y: auto; scrollbar-size-vertical: 1; }
    DecisionForm > #review { margin-bottom: 1; }
    """
    BINDINGS = [Binding("d", "diff", "diff", show=False)]  # noqa: RUF012

    def __init__(self, host: FormHost, question: Question, waiting: int) -> None:
        super().__init__(host, question, waiting)
        self.found: Outlook | CoordError | None = None
        """What the plan comes to as things are; why it can't be applied any more; None: it is being made."""
        self._planned_for = -1
        """Head of the log that it was made for."""

    def told(self) -> ComposeResult:
        yield MessageLines(least=1, most=_ROWS, id="review")

    def start(self) -> None:
        super().start()
        self._show()
        self.project_changed()

    def project_changed(self) -> None:
        """Another snapshot: the plan may come to something else by now."""
        snapshot = self.host.snapshot
        if snapshot is not None and snapshot.head != self._planned_for:
            self._planned_for = snapshot.head
            self._foresee(snapshot)

    @work(thread=True, group="planning", exclusive=True, exit_on_error=False)
    def _foresee(self, snapshot: Snapshot) -> None:
        def planner(now: Snapshot) -> Plan:
            return self.host.source.plan_decided(now, self.question)

        self.app.call_from_thread(self._take, foresee(planner, snapshot, self.host.clock()))

    def _take(self, found: Outlook | CoordError) -> None:
        if self.is_attached:
            self.found = found
            self.host.show_plan(found if isinstance(found, Outlook) else None)
            self._show()
            self.host.update_keys()

    def _show(self) -> None:
        why = self.question.context.partition("\n\n")[0]
        said = [Line(Span(""), [Span(text, "quiet")]) for text in plain_lines(why)]
        if isinstance(self.found, Outlook):
            said += review_lines(self.found)
        elif self.found is not None:
            said.append(Line(Span("! ", "need"), [Span(plain(self.found.message), "need")]))
        self.query_one("#review", MessageLines).show(said)

    def on_unmount(self) -> None:
        self.host.show_plan(None)

    def action_diff(self) -> None:
        """All of the diff, over the screen."""
        if isinstance(self.found, Outlook):
            plan = self.found.plan
            self.host.read(f"Diff {self.host.marks.dot} {plan.summary}", diff_lines(plan))

    @on(Lines.Moved)
    def on_descendant_focus(self) -> None:
        """Enter does something else now."""
        self.host.update_keys()

    def hints(self) -> tuple[Hint, ...]:
        """Enter is called after the choice that it makes, which may be out of sight below the plan."""
        (key, label, does), *others = super().hints()
        if not self.line.has_focus:
            label = clip(plain(self.question.options[self.choices.cursor]), _CHOICE)
        return ((key, label, does), ("d", "diff", "form.diff"), *others)

    def act(self, hint: str) -> Callable[[], None] | None:
        return self.action_diff if hint == "form.diff" else super().act(hint)
