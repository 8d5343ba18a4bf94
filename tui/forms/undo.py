"""Undo: what a plan did, and what taking it back does; the newest one at first, the others in a list."""

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.containers import Vertical

from coordinator.errors import CoordError
from coordinator.model.clock import timestamp
from coordinator.model.plan import PastPlan
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import age, plain
from coordinator.views.plan_preview import Outlook, Planner
from coordinator.views.spans import Span
from tui.forms.fields import Row
from tui.forms.host import Draft, FormHost
from tui.forms.plan_form import PlanForm
from tui.forms.stages import Stage
from tui.messages import PastPlansRead
from tui.paint.ink import Spans, clip
from tui.paint.lines import Lines
from tui.paint.theme import Glyphs
from tui.widgets.footer import Hint

_SHOWN = 6
"""Plans that are in sight at once."""
_REASON = 36
"""Columns for why a plan stays, where there is room."""


class PastPlans(Lines):
    """The plans that were applied, newest first; those that stay are quiet, and say why."""

    def __init__(self, plans: tuple[PastPlan, ...], marks: Glyphs, now: float, *, id: str) -> None:
        super().__init__(id=id)
        self.plans = plans
        self.marks = marks
        self.now = now
        self.styles.height = min(len(plans), _SHOWN)

    @property
    def value(self) -> str:
        """The id of the plan under the cursor."""
        return self.plans[self.cursor].id

    def point_at(self, plan_id: str | None) -> None:
        """Put the cursor on a plan without telling anybody."""
        for row in (row for row, plan in enumerate(self.plans) if plan.id == plan_id):
            self.set_reactive(Lines.cursor, row)
            self.reveal(row)

    def row_count(self) -> int:
        return len(self.plans)

    def row_version(self, row: int) -> object:
        return self.plans[row]

    def row_spans(self, row: int, width: int) -> Spans:
        plan = self.plans[row]
        when = f"{age(max(0.0, self.now - timestamp(plan.at))):>6} ago  "
        stays = f"  stays: {plain(plan.refusal)}" if plan.refusal else ""
        room = max(1, width - len(when) - min(len(stays), _REASON))
        said = clip(plain(plan.summary), room, self.marks.ellipsis)
        return [
            Span(when, "quiet"),
            Span(said, "quiet" if plan.refusal else "text"),
            Span(clip(stays, max(0, width - len(when) - len(said)), self.marks.ellipsis), "quiet"),
        ]


class UndoForm(PlanForm):
    """Nothing to fill in: it says what is taken back, or why it can't be; then the list tells what can be instead."""

    SERVICE = "undo"
    ASIDE = True
    DEFAULT_CSS = "UndoForm PastPlans { width: 1fr; }"
    HELP: ClassVar[str] = (
        "Takes back a plan that was applied, as long as nothing was built on it: the newest at first; Escape, or "
        "what the newest is refused for, shows the list to choose from. Enter does it; the files come back byte for "
        "byte."
    )

    def __init__(self, host: FormHost, draft: Draft | None = None) -> None:
        super().__init__(host, draft)
        self._chosen: str | None = None
        """Id of the plan; None: the newest of one's own."""

    @property
    def typed(self) -> Draft | None:
        return None

    def start(self) -> None:
        super().start()
        self.go_on()
        self._read()

    def request(self, snapshot: Snapshot) -> Planner | str:
        return partial(self.host.source.plan_undo, plan=self._chosen)

    @work(thread=True, group="past plans", exit_on_error=False)
    def _read(self) -> None:
        snapshot = self.host.snapshot
        try:
            plans = self.host.source.past_plans(snapshot) if snapshot is not None else ()
        except CoordError:
            return  # the newest tells of it
        self.post_message(PastPlansRead(plans))

    @on(PastPlansRead)
    async def _past_plans_read(self, message: PastPlansRead) -> None:
        """Have the list at hand: in sight at once where the newest plan can't be taken back."""
        if len(message.plans) < 2 or not self.is_attached:
            return
        plans = PastPlans(message.plans, self.host.marks, self.host.clock(), id="plan")
        await self.query_one("#fields", Vertical).mount(Row("Plans", plans))
        if isinstance(self.found, Outlook):
            plans.point_at(self.found.plan.undoes)
        self._offer_others()

    def _take(self, found: Outlook | CoordError | str) -> None:
        super()._take(found)
        self._offer_others()

    def _offer_others(self) -> None:
        """Where the newest plan is refused, go to the first that can be taken back; if none can, say so of each."""
        refused = isinstance(self.found, CoordError) and self._chosen is None and self.stage is Stage.EDIT
        for plans in self.query(PastPlans) if refused and not self.busy else ():
            plans.focus()
            plans.go(next((row for row, plan in enumerate(plans.plans) if not plan.refusal), 0))

    @on(Lines.Moved, "#plan")
    def _moved(self, message: Lines.Moved) -> None:
        message.stop()
        self._chosen = self.field("plan").value
        self.field_changed()

    @on(Lines.Activated, "#plan")
    def _activated(self, message: Lines.Activated) -> None:
        message.stop()
        self.go_on()

    def hints(self) -> tuple[Hint, ...]:
        if self.stage is not Stage.EDIT or not self.fields:
            return super().hints()
        enter = self.host.marks.enter
        return (
            ("\u2191\u2193", "another plan", "form.next"),
            (enter, "go on", "form.enter"),
            ("esc", "leave", "form.leave"),
        )
