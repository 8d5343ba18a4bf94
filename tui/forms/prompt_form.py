"""A form about one prompt, the one that was selected when it opened."""

from typing import TYPE_CHECKING

from coordinator.model.prompt import Prompt
from tui.forms.plan_form import PlanForm

if TYPE_CHECKING:
    from tui.forms.field_form import Draft
    from tui.screens.steering import Steered


class PromptForm(PlanForm):
    """Stays with its prompt, whatever is selected meanwhile."""

    def __init__(self, board: "Steered", draft: "Draft | None" = None) -> None:
        self.number = board.target or 0
        super().__init__(board, draft)

    def start(self) -> None:
        self.board.select(self.number, focus=False)
        super().start()

    @classmethod
    def draft_key(cls, board: "Steered") -> str:
        return f"{cls.SERVICE} {board.target}"

    def name_of(self, board: "Steered") -> str:
        prompt = self.prompt
        return f"{self.TITLE} {prompt.label} {prompt.title}" if prompt is not None else self.TITLE

    @property
    def prompt(self) -> Prompt | None:
        """The prompt as it is now; None when its file is gone."""
        snapshot = self.board.snapshot
        return snapshot.prompts.get(self.number) if snapshot is not None else None
