"""Undo: what the newest plan did, and what taking it back does."""

from typing import ClassVar

from coordinator.model.snapshot import Snapshot
from coordinator.views.plan_preview import Planner
from tui.forms.plan_form import PlanForm


class UndoForm(PlanForm):
    """Nothing to fill in: it says what is taken back, or why it can't be."""

    SERVICE = "undo"
    ASIDE = True
    HELP: ClassVar[str] = (
        "Takes back the newest plan that was applied, as long as nothing was built on it. Enter does it; the files "
        "come back byte for byte."
    )

    def start(self) -> None:
        super().start()
        self.go_on()

    def request(self, snapshot: Snapshot) -> Planner | str:
        return self.host.source.plan_undo
