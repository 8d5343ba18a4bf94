"""The same for all that are marked: one form, one plan."""

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from tui.forms.host import Draft, FormHost
from tui.forms.service_form import ServiceForm

_NAMED = 6
"""How many prompts the title names."""
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "permit": ("answer", "text", "numbers"),
    "tell": ("text", "numbers"),
    "kill": ("then", "text", "numbers"),
    "restart": ("text", "fresh", "numbers"),
    "pause": ("text", "numbers"),
    "priority": ("priority", "text", "numbers"),
    "cancel": ("text", "kill_running", "numbers"),
}
"""What is asked for besides what is to be done."""
_NAMES = {"pause": "hold", "priority": "priority of"}


class ManyForm(ServiceForm):
    """Of what is marked, else of what is selected."""

    SERVICE = "many"
    DO: ClassVar[str]
    MISSING: ClassVar[dict[str, str]] = {"numbers": "Still missing: mark prompts on the graph, or type their numbers."}

    def __init__(self, host: FormHost, draft: Draft | None = None) -> None:
        self.agents = tuple(sorted(host.marked_agents))
        selected = (host.target,) if host.target is not None and not self.agents else ()
        self.numbers = tuple(sorted(host.graph.marked)) or selected
        if not self.numbers and self.agents:
            self.MISSING = {}  # type: ignore[misc]  # agents that work on no prompt are enough
        super().__init__(host, draft)

    @classmethod
    def draft_key(cls, host: FormHost) -> str:
        return f"{cls.SERVICE} {cls.DO}"

    def name_of(self, host: FormHost) -> str:
        labels = [*(f"{number:02d}" for number in self.numbers), *self.agents]
        more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
        count = f"{len(labels)} marked: " if len(labels) > 1 else ""
        return f"{_NAMES.get(self.DO, self.DO).capitalize()} {count}{', '.join(labels[:_NAMED])}{more}"

    def suggested(self) -> Mapping[str, Any]:
        return {"numbers": self.numbers}

    def given(self) -> dict[str, Any]:
        return {"do": self.DO, "agents": self.agents, **super().given()}

    def mark_graph(self) -> None:
        """What is chosen stays marked, whichever field has the focus."""
        self.host.mark(frozenset(self.field("numbers").value))


@cache
def many_form(do: str) -> type[ManyForm]:
    """The form in which one thing is done to many."""
    return type(f"Many{do.capitalize()}Form", (ManyForm,), {"DO": do, "FIELDS": _FIELDS[do], "HELP": _HELP})


_HELP = (
    "Does the same to all that are marked, as one plan: shown, confirmed, applied whole. For whom it can't be done is "
    "named and left out. The prompts can be changed here, too: space marks, or type numbers and words of titles."
)
