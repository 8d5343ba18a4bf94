"""Quick patch: what went wrong with earlier work, and what is wanted instead."""

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import ClassVar

from coordinator.model.plan import Plan
from coordinator.model.prompt import Priority
from coordinator.model.snapshot import Snapshot
from coordinator.services.quick_patch import QuickPatch, patch_body, plan_patch, waiting_dependents
from coordinator.views.plan_preview import Planner
from coordinator.views.prompt_row import names
from tui.forms.body_field import BodyField, without_blanks
from tui.forms.fields import ChoiceField, ItemsField, ProseField, Row, TextField
from tui.forms.interject import PRIORITIES
from tui.forms.plan_form import PlanForm
from tui.forms.prompts_field import PromptsField
from tui.forms.stages import Offer
from tui.widgets.footer import Hint

BEFORE = (("yes", "yes", "y"), ("no", "no", "n"))


class PatchForm(PlanForm):
    """A user-patch prompt, with the words that its agent gets."""

    SERVICE = "patch"
    TITLE = "Patch"
    HELP: ClassVar[str] = (
        "A prompt that corrects earlier work: what went wrong, what you want instead, specific issues and acceptance "
        "criteria one a line (Enter begins the next, Enter on an empty line goes on). What still waits for the work "
        "can wait for the patch too."
    )

    def rows(self) -> Iterable[Row]:
        start = self.start_with
        fixes = to_fix(self.host.snapshot, self.host.graph.selected, self.host.graph.marked)
        yield Row("Title", TextField(start("title", ""), placeholder="what is to be corrected", id="title"))
        yield Row("Fixes", PromptsField(start("fixes", fixes), empty="name the prompts whose work it is", id="fixes"))
        yield Row("Went wrong", ProseField(start("wrong", ""), placeholder="what you saw", id="wrong"))
        yield Row("Feedback", ProseField(start("feedback", ""), placeholder="what you want instead", id="feedback"))
        yield Row("Issues", ItemsField(start("issues", ""), placeholder="specific ones, one a line", id="issues"))
        criteria = ItemsField(start("criteria", ""), placeholder="acceptance criteria, one a line", id="criteria")
        yield Row("Criteria", criteria)
        yield Row("Hold others", ChoiceField(BEFORE, start("hold", "yes"), id="hold"))
        yield Row("Priority", ChoiceField(PRIORITIES, start("priority", "high"), id="priority"))
        yield Row("Body", BodyField(start("body", ""), empty="made of the fields above", id="body"))

    def request(self, snapshot: Snapshot) -> Planner | str:
        if not self.field("fixes").value:
            return "Name the prompts whose work it corrects."
        if not self.field("title").value.strip():
            return "Write a title; the plan is drawn on the graph as you type."
        return partial(_plan, self._asked())

    def _asked(self) -> QuickPatch:
        return QuickPatch(
            title=self.field("title").value,
            fixes=self.field("fixes").value,
            went_wrong=self.field("wrong").value,
            feedback=self.field("feedback").value,
            issues=self.field("issues").items,
            criteria=self.field("criteria").items,
            before_dependents=self.field("hold").value == "yes",
            priority=Priority(self.field("priority").value),
            body=self.field("body").value or None,
            who=self.host.engineer,
            at=self.at,
        )

    def start(self) -> None:
        super().start()
        self._say_who_waits()

    def field_changed(self) -> None:
        self._say_who_waits()
        super().field_changed()

    def _say_who_waits(self) -> None:
        """Name who would be held, beside the choice."""
        snapshot = self.host.snapshot
        if snapshot is not None:
            waiting = waiting_dependents(snapshot, self.field("fixes").value)
            verb = "waits" if len(waiting) == 1 else "wait"
            self.field("hold").note = f"{names(waiting, 4)} still {verb} for that work" if waiting else "nobody waits"

    def extra_hints(self) -> tuple[Hint, ...]:
        return (("^e", "body in $EDITOR", "form.editor"),)

    def edit_body(self) -> None:
        body = self.field("body")
        edited = self.host.edit_text(body.value or patch_body(self._asked()), "patch.md")
        if edited is not None:
            body.value = without_blanks(edited)

    def offers(self) -> Sequence[Offer]:
        return (Offer("e", "write the body", self.edit_body, retry=False),) if self.field("body").value else ()


def _plan(asked: QuickPatch, snapshot: Snapshot) -> Plan:
    return plan_patch(snapshot, asked)


def to_fix(snapshot: Snapshot | None, selected: int | None, marked: Collection[int]) -> tuple[int, ...]:
    """The prompts whose work the selection means: those that are marked, else the selected one."""
    if snapshot is None:
        return ()
    chosen = marked or ({selected} if selected is not None else ())
    return tuple(number for number in snapshot.graph.order if number in chosen)
