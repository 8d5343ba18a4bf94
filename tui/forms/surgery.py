"""Emergent surgery: every emergent prompt on a card, each kept, improved or eliminated, as one plan."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from coordinator.errors import CoordError
from coordinator.model.change import Change
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.services.planning import in_flight
from coordinator.services.registry import SERVICES
from coordinator.services.surgery import Surgery, emergent
from coordinator.services.surgery_analysis import analyse
from coordinator.views.plan_preview import Planner
from tui.forms.cards import Cards, Verdict, Verdicts
from tui.forms.drafting import DraftingForm
from tui.forms.fields import ProseField, Row
from tui.forms.stages import Offer
from tui.messages import WorkSeen
from tui.widgets.footer import Hint

_READING = 100
"""Columns of a card that is read whole."""


class SurgeryForm(DraftingForm):
    """Cards above, the words on them below."""

    SERVICE = "surgery"
    HELP: ClassVar[str] = (
        "All emergent prompts side by side: what each supposes, how, what its diff really did, and how it stands to "
        "the milestone; o reads one whole. k keeps it, i improves it with a patch, x eliminates it: pending work is "
        "cancelled, done work is reverted by a patch. Your rationale, which ^t has the coordinator draft, goes to the "
        "prompts and the alignment document."
    )

    DRAFTS = ("rationale",)

    def compose(self) -> ComposeResult:
        with Vertical(id="fields"):
            empty = Verdicts({}, {})
            yield Cards(self.start_with("cards", empty), self.host.marks, id="cards")
            yield from self.rows()
        yield from self.words()

    def rows(self) -> Iterable[Row]:
        self._improve = ProseField("", placeholder="what is to be better about it", id="improve")
        yield Row("Improve", self._improve)
        yield self.row("rationale")

    @property
    def cards(self) -> Cards:
        return self.query_one(Cards)

    @property
    def fields(self) -> dict[str, Any]:
        return {"cards": self.cards, **super().fields}

    def values(self) -> dict[str, Any]:
        # The words on improving belong to the cards; their field shows those of the chosen one.
        return {name: field.value for name, field in self.fields.items() if name != "improve"}

    def reachable(self) -> list[Widget]:
        return [self.cards, *super().reachable()]

    def start(self) -> None:
        self._kill = False
        self._asked_for: set[tuple[int, int]] = set()
        """Prompt and attempt of which git was asked what it changed."""
        self._changes: dict[int, Change] = {}
        self._show_cards()
        if self.host.graph.selected is not None:
            self.cards.choose(self.host.graph.selected)
        super().start()
        self._chosen()

    def project_changed(self) -> None:
        self._show_cards()
        super().project_changed()

    def _show_cards(self) -> None:
        snapshot = self.host.snapshot
        if snapshot is not None:
            self.cards.show([analyse(snapshot, card, self._changes.get(card.number)) for card in emergent(snapshot)])

    # ── the request

    def request(self, snapshot: Snapshot) -> Planner | str:
        if not self.cards.cards:
            return "There is no emergent prompt any more."
        verdicts = self.cards.value
        if not verdicts.chosen:
            return "Decide on one or more: k keeps, i improves with a patch, x eliminates."
        asked = Surgery(
            keep=verdicts.of(Verdict.KEEP),
            improve={number: verdicts.improve.get(number, "") for number in verdicts.of(Verdict.IMPROVE)},
            eliminate=verdicts.of(Verdict.ELIMINATE),
            rationale=self.field("rationale").value,
            kill_running=self._kill,
            who=self.host.engineer,
            at=self.at,
        )
        return partial(_plan, asked)

    def offers(self) -> Sequence[Offer]:
        snapshot = self.host.snapshot
        eliminated = self.cards.value.of(Verdict.ELIMINATE)
        running = [n for n in eliminated if snapshot is not None and in_flight(snapshot.steps[n])]
        if not isinstance(self.found, CoordError) or not eliminated:
            return ()
        clear = Offer("c", "take the verdict back", self._clear)
        return (Offer("K", f"end the agent of {running[0]:02d} too", self._kill_too), clear) if running else (clear,)

    def _kill_too(self) -> None:
        self._kill = True

    def _clear(self) -> None:
        self.cards.action_decide("")

    def drafted_about(self) -> int | None:
        """The chosen card's."""
        return self.cards.current.number if self.cards.current is not None else None

    def told(self) -> dict[str, Any]:
        """The verdicts so far, and what is known of each prompt that has one, else of the chosen one."""
        chosen, current = self.cards.value.chosen, self.cards.current
        numbers = set(chosen) or ({current.number} if current is not None else set())
        told: dict[str, Any] = {"rationale": self.field("rationale").value}
        for card in self.cards.cards:
            if card.number in numbers:
                verdict = chosen.get(card.number)
                known = "\n".join("".join(span.text for span in row) for row in self.cards.text_of(card, _READING))
                told[f"what agents and git say of {card.number:02d}"] = known
                told[f"verdict on {card.number:02d}"] = verdict.value if verdict is not None else "none yet"
        return told

    # ── the chosen card

    @on(Cards.Chosen)
    def _chosen(self) -> None:
        """Show the chosen prompt on the graph, its words in their field, and ask git for its files."""
        card = self.cards.current
        if card is None:
            return
        self.host.select(card.number, focus=False)
        self._improve.value = self.cards.value.improve.get(card.number, "")
        self._show_improve()
        place = [each.number for each in self.cards.cards].index(card.number) + 1
        self.border_subtitle = f"{place} of {len(self.cards.cards)}"
        for each in self.cards.cards:
            self._ask_for_files(each.number)

    def field_changed(self) -> None:
        card = self.cards.current
        if card is not None and self._improve.has_focus:
            self.cards.write(card.number, self._improve.value)
        self._show_improve()
        super().field_changed()

    def _show_improve(self) -> None:
        card = self.cards.current
        chosen = self.cards.value.chosen.get(card.number) if card is not None else None
        self.query_one("#row-improve", Row).display = chosen is Verdict.IMPROVE

    @on(Cards.Opened)
    def _read_card(self) -> None:
        """All of the chosen card, over the screen."""
        card = self.cards.current
        if card is not None:
            self.host.read(f"{card.number:02d} {card.title}", self.cards.text_of(card, _READING))

    def _ask_for_files(self, number: int) -> None:
        step = self.host.snapshot.steps.get(number) if self.host.snapshot is not None else None
        if step is None or step.attempt is None or (number, step.attempt.attempt) in self._asked_for:
            return
        self._asked_for.add((number, step.attempt.attempt))
        self._read_files(step.attempt)

    @work(thread=True, group="work", exit_on_error=False)
    def _read_files(self, attempt: Attempt) -> None:
        try:
            self.post_message(WorkSeen(attempt.prompt, self.host.source.work(attempt)))
        except CoordError:
            return  # the card goes on showing the commits

    @on(WorkSeen)
    def _files_read(self, message: WorkSeen) -> None:
        self._changes[message.prompt] = message.change
        self._show_cards()

    # ── keys

    def extra_hints(self) -> tuple[Hint, ...]:
        if not self.cards.has_focus:
            return super().extra_hints()
        decide = (("k", "keep", "form.keep"), ("i", "improve", "form.improve"), ("x", "eliminate", "form.eliminate"))
        return (*decide, ("←→", "card", "form.card"), ("o", "read it whole", "form.read"))

    def act(self, hint: str) -> Callable[[], None] | None:
        word = hint.removeprefix("form.")
        if word in tuple(Verdict):
            return partial(self.cards.action_decide, word)
        own: dict[str, Callable[[], None]] = {
            "form.card": partial(self.cards.action_turn, 1),
            "form.read": self._read_card,
        }
        return own.get(hint) or super().act(hint)


def _plan(asked: Surgery, snapshot: Snapshot) -> Plan:
    return SERVICES["surgery"].plan(snapshot, asked)
