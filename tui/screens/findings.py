"""Findings, the most urgent first: read one, and say what is to become of it."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from coordinator.model.feedback import Feedback, FeedbackStatus, by_urgency
from coordinator.model.snapshot import Snapshot
from coordinator.views.round_page import finding_details, finding_row
from tui.paint.ink import Spans
from tui.screens.host import ScreenHost
from tui.screens.judging import Fate, Items, JudgingScreen, keys_of

FATES = {
    "waive": Fate("w", "waive", "Finding {label} need not be dealt with. Why?", "the reason; it goes to the log", True),
    "priority": Fate("p", "priority", "Make finding {label} more or less urgent.", "high, medium or low", True),
    "prompt": Fate("m", "make a prompt", "Make a prompt of finding {label}: it runs as any other."),
    "backlog": Fate("b", "leave for later", "Leave finding {label} for later. Why?", "the reason; it goes to the log"),
    "open": Fate("o", "open again", "Open finding {label} again. Why?", "the reason; it goes to the log"),
}


class _Findings(Items[Feedback]):
    HELP = "What was found that is not as it should be, open ones first, the most urgent at the top."
    EMPTY = "Nothing was found yet. Specialists file what they see; so does `coord feedback file`."

    def spans_of(self, item: Feedback) -> Spans:
        return finding_row(item)


class FindingsScreen(JudgingScreen[Feedback]):
    """Every finding, and what can become of it."""

    TITLED = "Findings"
    FATES = FATES
    BINDINGS: ClassVar[list[BindingType]] = keys_of(FATES)

    def __init__(self, host: ScreenHost, snapshot: Snapshot) -> None:
        super().__init__(host, snapshot, _Findings(host.marks.ellipsis))

    def fetch(self) -> Sequence[Feedback]:
        return by_urgency(self.source.findings())

    def name_of(self, item: Feedback) -> str:
        return item.label

    def title_of(self, item: Feedback) -> str:
        return item.title

    def possible(self, item: Feedback) -> tuple[str, ...]:
        if item.open:
            return ("waive", "priority", "prompt", "backlog")
        return ("open", "priority") if item.status is FeedbackStatus.PLANNED else ("open", "priority", "prompt")

    def details_of(self, item: Feedback) -> Sequence[Spans]:
        return finding_details(item)

    def summary(self, items: Sequence[Feedback]) -> str:
        return f"{sum(item.open for item in items)} open of {len(items)}"

    def judge(self, item: Feedback, fate: str, words: str) -> str:
        return self.source.judge_finding(item.number, fate, words)
