"""A form about one prompt, the one that was selected when it opened."""

from typing import Any

from coordinator.model.prompt import Prompt
from tui.forms.host import Draft, FormHost
from tui.forms.service_form import ServiceForm


class PromptForm(ServiceForm):
    """Stays with its prompt, whatever is selected meanwhile."""

    def __init__(self, host: FormHost, draft: Draft | None = None) -> None:
        self.number = host.target or 0
        super().__init__(host, draft)

    def start(self) -> None:
        if self.number:
            self.host.select(self.number, focus=False)
        super().start()

    @classmethod
    def draft_key(cls, host: FormHost) -> str:
        return f"{cls.SERVICE} {host.target}"

    def name_of(self, host: FormHost) -> str:
        prompt = self.prompt
        name = super().name_of(host)
        return f"{name} {prompt.label} {prompt.title}" if prompt is not None else name

    def given(self) -> dict[str, Any]:
        return {"number": self.number, **super().given()}

    @property
    def about(self) -> int | None:
        return self.number or None

    @property
    def prompt(self) -> Prompt | None:
        """The prompt as it is now; None when its file is gone."""
        snapshot = self.seen
        return snapshot.prompts.get(self.number) if snapshot is not None else None
