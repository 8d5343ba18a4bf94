"""Quick patch: what went wrong with earlier work, and what is wanted instead."""

from collections.abc import Mapping
from typing import Any, ClassVar

from coordinator.services.planning import waiting_dependents
from coordinator.services.quick_patch import patch_body
from coordinator.services.suggestions import to_fix
from coordinator.views.prompt_row import names
from tui.forms.drafting import DraftingForm


class PatchForm(DraftingForm):
    """A user-patch prompt, with the words that its agent gets."""

    SERVICE = "patch"
    BODY_FILE = "patch.md"
    HELP: ClassVar[str] = (
        "A prompt that corrects earlier work: what went wrong, what you want instead, specific issues and acceptance "
        "criteria one a line (Enter begins the next, Enter on an empty line goes on). What still waits for the work "
        "can wait for the patch too. ^t has the coordinator write the body, or the field that has the focus."
    )
    DRAFTS = ("body", "went_wrong", "feedback")

    FIELDS = (
        *("title", "fixes", "went_wrong", "feedback", "issues", "criteria"),
        *("before_dependents", "priority", "body"),
    )
    MISSING: ClassVar[dict[str, str]] = {
        "fixes": "Name the prompts whose work it corrects.",
        "title": "Write a title; the plan is drawn on the graph as you type.",
    }

    def suggested(self) -> Mapping[str, Any]:
        snapshot, graph = self.host.snapshot, self.host.graph
        fixes = to_fix(snapshot, graph.selected, graph.marked) if snapshot is not None else ()
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

    def drafted_about(self) -> int | None:
        """The first of those whose work it corrects."""
        fixes = self.field("fixes").value
        return fixes[0] if fixes else self.host.target

    def first_body(self) -> str:
        return patch_body(self.service.ask(self.given()))
