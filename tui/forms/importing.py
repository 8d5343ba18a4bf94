"""Import: where tasks of another tool are, and what becomes of them."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.views.import_text import task_lines
from coordinator.views.plan_preview import Outlook, Planner
from tui.forms.fields import Row, TextField
from tui.forms.message import Line
from tui.forms.plan_form import PlanForm
from tui.forms.stages import SHOWS_PLAN, labelled

_SHOWN = 3
"""Tasks that are listed below the fields; the review has more, the diff all."""


class ImportForm(PlanForm):
    """A folder or a file, and a format where that is not clear by itself."""

    SERVICE = "import"
    ASIDE = True
    HELP: ClassVar[str] = (
        "Makes prompts of the tasks of another tool: Backlog.md, task-master, spec-kit, checklists and others. What it "
        "is, is seen by its content. Importing again takes over what changed there, and never touches what has run."
    )

    def rows(self) -> Iterable[Row]:
        yield Row("From", TextField(self.start_with("place", ""), placeholder="a folder or a file", id="place"))
        known = self.host.source.task_formats()
        formats = f"known by its content; else {', '.join(known[:2])}, {self.host.marks.ellipsis}"
        yield Row("Format", TextField(self.start_with("format", ""), placeholder=formats, id="format"))

    def request(self, snapshot: Snapshot) -> Planner | str:
        place, form = self.field("place").value.strip(), self.field("format").value.strip()
        if not place:
            return "Name the folder or the file that the tasks are in."
        return partial(self._plan, place, form)

    def _plan(self, place: str, form: str, snapshot: Snapshot) -> Plan:
        return self.host.source.plan_tasks(snapshot, place, form)

    def more_lines(self) -> list[Line]:
        if self.stage in SHOWS_PLAN or not isinstance(self.found, Outlook):
            return []
        return [labelled("", "quiet", spans) for spans in task_lines(self.found.plan, _SHOWN)]

    def arranged(self, effect: list[Line], more: list[Line]) -> list[Line]:
        """The tasks behind the sentence that counts them: without room for all, warnings wait for the review."""
        return [*effect[:1], *more, *effect[1:]]
