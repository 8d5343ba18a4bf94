"""Criteria of the milestone and of prompts: what shows each; its command once more, or a human's word on it."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.binding import BindingType

from coordinator.model.acceptance import prompt_of
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.model.witnesses import Standing, unreadable
from coordinator.views.acceptance import tally
from coordinator.views.round_page import criterion_details, criterion_row, criterion_rows
from coordinator.views.spans import Span
from tui.paint.ink import Spans
from tui.screens.host import ScreenHost
from tui.screens.judging import Fate, Items, JudgingScreen, keys_of

FATES = {
    "run": Fate("r", "run again", "Have the loop run the command of {label}, in these words; that is leave for them."),
    "accept": Fate("a", "accept", "{label} is met, on your word. Why?", "what you saw that shows it", True),
}


class Group(NamedTuple):
    """A heading of the list: what the criteria below it belong to."""

    title: str
    items: tuple[Standing, ...]


class _Criteria(Items[Standing | Group]):
    HELP = "What the milestone and its merged prompts are judged by, and how far each criterion is shown to be met."
    EMPTY = "No criteria yet: `e` on the page of the milestone edits the intent."

    def spans_of(self, item: Standing | Group) -> Spans:
        if isinstance(item, Group):
            return [Span(plain(item.title), "brand"), Span(f"  {tally(item.items)}", "quiet")]
        return criterion_row(item, max(len(one.criterion.id) for one in self.items if isinstance(one, Standing)))


class CriteriaScreen(JudgingScreen[Standing | Group]):
    """Every criterion with what shows it, below what it belongs to."""

    TITLED = "Criteria"
    FATES = FATES
    BINDINGS: ClassVar[list[BindingType]] = keys_of(FATES)

    def __init__(self, host: ScreenHost, snapshot: Snapshot) -> None:
        super().__init__(host, snapshot, _Criteria(host.marks.ellipsis))

    def fetch(self) -> Sequence[Standing | Group]:
        return _grouped(self.source.criteria(), self._snapshot)

    def name_of(self, item: Standing | Group) -> str:
        return item.title if isinstance(item, Group) else item.criterion.id

    def title_of(self, item: Standing | Group) -> str:
        return item.title if isinstance(item, Group) else item.criterion.text

    def possible(self, item: Standing | Group) -> tuple[str, ...]:
        if isinstance(item, Group):
            return ()
        command = item.claim.command if item.claim is not None else ""
        run = ("run",) if command.strip() and not unreadable(command) else ()
        return (*run, *(("accept",) if item.acceptance is None else ()))

    def details_of(self, item: Standing | Group) -> Sequence[Spans]:
        return criterion_rows(item.items) if isinstance(item, Group) else criterion_details(item)

    def summary(self, items: Sequence[Standing | Group]) -> str:
        return tally([one for one in items if isinstance(one, Standing)])

    def judge(self, item: Standing | Group, fate: str, words: str) -> str:
        assert isinstance(item, Standing), "nothing can become of a heading"
        if fate == "accept":
            return self.source.accept_criterion(item.criterion.id, words)
        return self.source.run_witness(item.criterion.id, item.claim.command if item.claim is not None else "")


def _grouped(found: Sequence[Standing], snapshot: Snapshot) -> list[Standing | Group]:
    """The milestone's criteria, then those of each prompt below its title; without any of prompts no headings."""
    by_owner: dict[int | None, list[Standing]] = {}
    for one in found:
        by_owner.setdefault(prompt_of(one.criterion.id), []).append(one)
    if set(by_owner) <= {None}:
        return list(found)
    listed: list[Standing | Group] = []
    for number, items in by_owner.items():
        prompt = snapshot.prompts.get(number) if number is not None else None
        title = "Milestone" if number is None else f"{number:02d} {prompt.title if prompt is not None else ''}"
        listed += [Group(title, tuple(items)), *items]
    return listed
