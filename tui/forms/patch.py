"""Quick patch: what went wrong with earlier work, and what is wanted instead."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from coordinator.model.snapshot import Snapshot
from coordinator.services.quick_patch import patch_body, waiting_dependents
from coordinator.views.prompt_row import names
from tui.forms.body_field import without_blanks
from tui.forms.service_form import ServiceForm
from tui.forms.stages import Offer
from tui.widgets.footer import Hint


class PatchForm(ServiceForm):
    """A user-patch prompt, with the words that its agent gets."""

    SERVICE = "patch"
    HELP: ClassVar[str] = (
        "A prompt that corrects earlier work: what went wrong, what you want instead, specific issues and acceptance "
        "criteria one a line (Enter begins the next, Enter on an empty line goes on). What still waits for the work "
        "can wait for the patch too."
    )

    FIELDS = (
        *("title", "fixes", "went_wrong", "feedback", "issues", "criteria"),
        *("before_dependents", "priority", "body"),
    )
    MISSING: ClassVar[dict[str, str]] = {
        "fixes": "Name the prompts whose work it corrects.",
        "title": "Write a title; the plan is drawn on the graph as you type.",
    }

    def suggested(self) -> Mapping[str, Any]:
        fixes = to_fix(self.host.snapshot, self.host.graph.selected, self.host.graph.marked)
        return {"fixes": fixes, "before_dependents": "yes"}

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
            self.field("before_dependents").note = (
                f"{names(waiting, 4)} still {verb} for that work" if waiting else "nobody waits"
            )

    def extra_hints(self) -> tuple[Hint, ...]:
        return (("^e", "body in $EDITOR", "form.editor"),)

    def edit_body(self) -> None:
        body = self.field("body")
        edited = self.host.edit_text(body.value or patch_body(self.service.ask(self.given())), "patch.md")
        if edited is not None:
            body.value = without_blanks(edited)

    def offers(self) -> Sequence[Offer]:
        return (Offer("e", "write the body", self.edit_body, retry=False),) if self.field("body").value else ()


def to_fix(snapshot: Snapshot | None, selected: int | None, marked: Collection[int]) -> tuple[int, ...]:
    """The prompts whose work the selection means: those that are marked, else the selected one."""
    if snapshot is None:
        return ()
    chosen = marked or ({selected} if selected is not None else ())
    return tuple(number for number in snapshot.graph.order if number in chosen)
