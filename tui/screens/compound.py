"""What the milestone taught: proposals to keep of it, and what slipped through, each with what let it through."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from coordinator.errors import CoordError
from coordinator.model.clock import iso
from coordinator.model.compounding import Compounding, Proposal, Traced
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import amount, clip, plain
from coordinator.services.compounding import Take, plan_compounding
from coordinator.views.compound_page import NOTHING, counted, proposal_details, proposal_row, slip_details, slip_row
from tui.paint.ink import Spans
from tui.screens.host import ScreenHost
from tui.screens.judging import Fate, Items, JudgingScreen, keys_of

FATES = {
    "take": Fate("t", "take it", "Write what stands above: {label}", "in words of your own; empty: as it stands"),
}
_Item = Proposal | Traced


class _Items(Items[_Item]):
    HELP = "What is proposed, then what slipped through, oldest first."
    EMPTY = NOTHING

    def spans_of(self, item: _Item) -> Spans:
        return proposal_row(item) if isinstance(item, Proposal) else slip_row(item)


class CompoundScreen(JudgingScreen[_Item]):
    """Proposals above, slips below. Taking one is a plan: applied whole, and `undo` takes it back."""

    TITLED = "Compound"
    FATES = FATES
    BINDINGS: ClassVar[list[BindingType]] = keys_of(FATES)

    def __init__(self, host: ScreenHost, snapshot: Snapshot) -> None:
        super().__init__(host, snapshot, _Items(host.marks.ellipsis))
        self._found: Compounding | None = None

    def fetch(self) -> Sequence[_Item]:
        self._found = found = self.source.compounding()
        return (*found.proposals, *found.traced)

    def name_of(self, item: _Item) -> str:
        if isinstance(item, Proposal):
            return item.id
        return f"{item.slip.kind} {item.slip.prompt} {item.slip.attempt} {item.slip.at} {item.slip.words}"

    def title_of(self, item: _Item) -> str:
        return clip(plain(item.text), 100) if isinstance(item, Proposal) else ""

    def possible(self, item: _Item) -> tuple[str, ...]:
        return ("take",) if isinstance(item, Proposal) else ()

    def details_of(self, item: _Item) -> Sequence[Spans]:
        return proposal_details(item, self._diff(item)) if isinstance(item, Proposal) else slip_details(item)

    def _diff(self, item: Proposal) -> str:
        """What taking it would write."""
        try:
            plan = plan_compounding(self._snapshot, self._found, Take((item.id,))) if self._found else None
        except CoordError as error:
            return f"{error.message}; {error.remedy}"
        return plan.edits[0].diff if plan is not None and plan.edits else ""

    def summary(self, items: Sequence[_Item]) -> str:
        proposed = sum(isinstance(item, Proposal) for item in items)
        said = counted(self._found) if self._found is not None else ""
        return ", ".join(filter(None, (f"{proposed} proposed" if proposed else "", said or amount(0, "slip"))))

    def judge(self, item: _Item, fate: str, words: str) -> str:
        assert isinstance(item, Proposal), "nothing else is offered"
        take = Take((item.id,), words=words, who=self.source.engineer(), at=iso(self.host.clock()))
        plan = self.source.plan_compounding(self._snapshot, take)
        return "\n".join((f"Kept: {plan.summary}, in {item.path}. u takes it back.", *self.source.apply(plan)))
