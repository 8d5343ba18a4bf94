"""The runs, the newest first, and what was worked on in the one under the cursor."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen

from coordinator.errors import CoordError
from coordinator.model.foreign_run import ForeignRun
from coordinator.model.run import RunReport
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.views.foreign_runs import kind_of, left, page, when
from coordinator.views.round_page import run_row, worked_row
from coordinator.views.spans import Span
from tui.messages import ActionAsked, Failed, RunRead, RunsRead
from tui.paint.ink import Spans, fit, pad
from tui.paint.lines import Lines
from tui.paint.pager import Pager
from tui.screens.host import ScreenHost
from tui.screens.page_help import HINT, KEY
from tui.widgets.footer import Footer
from tui.widgets.header import Header

_INKS = {"": "text", "good": "good", "bad": "failed", "dim": "quiet", "bold": "strong"}


def foreign_row(run: ForeignRun, ellipsis: str) -> Spans:
    """A run of another tool on one line."""
    name, word = pad(plain(run.id), 16, ellipsis), pad(plain(run.status) or "begun", 14, ellipsis)
    return [
        Span(f" {name}  ", "strong"),
        Span(word, _INKS[kind_of(run.status)]),
        Span(f"  {pad(plain(run.at), 13, ellipsis)}  {pad(plain(when(run)), 16, ellipsis)}  {left(run)}", "quiet"),
        Span(f"  {plain(run.title)}", "quiet"),
    ]


class _Runs(Lines):
    HELP = (
        "Every run: how it ended, how long it took, its iterations, and what it cost; then those that other tools have "
        "begun here, with how far they are."
    )

    def __init__(self, now: float, ellipsis: str) -> None:
        super().__init__(id="entries")
        self.reports: Sequence[RunReport] = ()
        self.foreign: Sequence[ForeignRun] = ()
        """Those of other tools, below the own ones."""
        self.now = now
        """Unix seconds at which they were read."""
        self._ellipsis = ellipsis

    def row_count(self) -> int:
        return len(self.reports) + len(self.foreign)

    def other(self, row: int) -> ForeignRun | None:
        """The run of another tool in a row; None for one of ours."""
        place = row - len(self.reports)
        return self.foreign[place] if 0 <= place < len(self.foreign) else None

    def row_version(self, row: int) -> object:
        other = self.other(row)
        return (tuple(foreign_row(other, self._ellipsis)) if other is not None else self.reports[row]), self.now

    def row_spans(self, row: int, width: int) -> Spans:
        other = self.other(row)
        if other is not None:
            return fit(foreign_row(other, self._ellipsis), width, self._ellipsis)
        report = self.reports[row]
        title = Span(f"  {plain(report.run.milestone)}", "quiet")
        return fit([*run_row(report, self.now), title], width, self._ellipsis)

    def empty_spans(self) -> list[Spans]:
        return [[Span("No run yet: the loop starts one.", "quiet")]]


class RunsScreen(Screen[None]):
    """A list to read; nothing is changed from here."""

    AUTO_FOCUS = "#entries"
    DEFAULT_CSS = """
    RunsScreen { background: $background; }
    RunsScreen > #frame { height: 1fr; border: round $border; padding: 0 1;
        border-title-color: $title; border-title-style: bold; border-subtitle-color: $text-muted; }
    RunsScreen.-ascii > #frame { border: ascii $border; }
    RunsScreen #entries { height: auto; max-height: 50%; }
    RunsScreen #details { height: 1fr; border-top: solid $border-blurred; }
    RunsScreen.-ascii #details { border-top: ascii $border-blurred; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [KEY, Binding("escape,q", "leave", "back", show=False)]

    def __init__(self, host: ScreenHost, snapshot: Snapshot) -> None:
        super().__init__()
        self.host = host
        self.source = host.source
        self.marks = host.marks
        self.read = False
        """The runs are here."""
        self._snapshot = snapshot

    def compose(self) -> ComposeResult:
        yield Header(self.marks, id="header")
        with Vertical(id="frame") as frame:
            frame.border_title = "Runs"
            self.runs = _Runs(self.host.clock(), self.marks.ellipsis)
            yield self.runs
            self.details = Pager(id="details")
            yield self.details
        yield Footer(id="footer")

    def on_mount(self) -> None:
        self.set_class(self.app.has_class("-ascii"), "-ascii")
        self.query_one("#footer", Footer).show((HINT, ("esc", "back", "leave")))
        self.project_changed(self._snapshot)

    def project_changed(self, snapshot: Snapshot) -> None:
        """Read them again: the log grew, or a file changed."""
        self._snapshot = snapshot
        self.query_one("#header", Header).show(snapshot, self.host.clock())
        self._read()

    @work(thread=True, group="runs", exclusive=True, exit_on_error=False)
    def _read(self) -> None:
        try:
            found: Sequence[RunReport] | CoordError = self.source.runs()
        except CoordError as error:
            found = error
        self.post_message(RunsRead(found, self.source.foreign_runs()))

    @on(RunsRead)
    def _came(self, message: RunsRead) -> None:
        if isinstance(message.found, CoordError):
            self.app.post_message(Failed(message.found.message, message.found.remedy))
            return
        self.runs.reports, self.runs.now = message.found, self.host.clock()
        self.runs.foreign = message.foreign.runs if message.foreign is not None else ()
        self.runs.rows_changed()
        self.read = not self.runs.row_count()
        self._look()

    @on(Lines.Moved, "#entries")
    def _look(self) -> None:
        """Show what was worked on in the run under the cursor."""
        other = self.runs.other(self.runs.cursor)
        if other is not None:
            self.read = True
            self.details.show([[Span("  " * row.indent + row.text, _INKS[row.kind])] for row in page(other)])
            return
        report = self.runs.reports[self.runs.cursor] if self.runs.cursor < len(self.runs.reports) else None
        if report is not None:
            self._read_one(report.run.id)

    @work(thread=True, group="run", exclusive=True, exit_on_error=False)
    def _read_one(self, run: str) -> None:
        try:
            self.post_message(RunRead(self.source.run(run)))
        except CoordError as error:
            self.app.post_message(Failed(error.message, error.remedy))

    @on(RunRead)
    def _one_came(self, message: RunRead) -> None:
        self.read = True
        if self.runs.other(self.runs.cursor) is not None:
            return  # the cursor has gone on
        lines = [worked_row(one) for one in message.found.worked]
        self.details.show(lines or [[Span("Nothing was started in it.", "quiet")]])

    @on(ActionAsked)
    def _clicked(self, message: ActionAsked) -> None:
        message.stop()
        if message.action == "leave":
            self.action_leave()

    def action_leave(self) -> None:
        self.dismiss()
