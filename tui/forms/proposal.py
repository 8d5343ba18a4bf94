"""A proposal of the coordinator on the confirm card that every plan has: apply it, edit it, reject it."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Protocol, Self

from textual import events
from textual.app import ComposeResult

from coordinator.errors import CoordError
from coordinator.model.conversation import ProposedStep
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.services.proposals import harm, plan_proposal
from coordinator.services.several import Own, StepRefused
from coordinator.views.chat_words import proposal_title, read_words
from coordinator.views.plan_preview import Outlook, Planner
from coordinator.views.spans import Span
from tui.forms.host import FormHost
from tui.forms.message import Line, MessageLines
from tui.forms.plan_form import PlanForm
from tui.forms.proposed import Card, step_words
from tui.forms.stages import Stage
from tui.widgets.footer import Hint


class CardHost(FormHost, Protocol):
    """The screen of the conversation."""

    @property
    def proposer(self) -> str:
        """What proposes, as the log will name it."""

    def edit_step(self, card: Card, place: int) -> object:
        """Open the form of one of its steps, filled in."""

    def reject(self, card: Card) -> object:
        """Nothing comes of it; the coordinator is told so."""

    def put_aside(self, card: Card) -> object:
        """Close the card; the proposal goes on waiting."""


class ProposalForm(PlanForm):
    """Nothing happens by what is typed before somebody went to the card."""

    SERVICE = "chat"
    HELP: ClassVar[str] = (
        "What the coordinator proposes, as it would be: files, order, who is touched. Enter applies it, e edits the "
        "chosen step in the form of its service, x takes the step out, n rejects all of it, Esc leaves it waiting."
    )
    DEFAULT_CSS = "ProposalForm > #steps { height: auto; }"

    def __init__(self, host: CardHost, card: Card) -> None:
        self.card = card
        self.cards = host
        self.armed = False
        """Somebody came to the card: keys count."""
        self._chosen = 0
        super().__init__(host)

    @classmethod
    def draft_key(cls, host: FormHost) -> str:
        return "a proposal"

    def name_of(self, host: FormHost) -> str:
        return f"Proposed: {proposal_title(self.card.proposal)}"

    def compose(self) -> ComposeResult:
        yield MessageLines(most=14, id="steps")
        yield from super().compose()

    def focus(self, scroll_visible: bool = True) -> Self:
        return super().focus(scroll_visible) if self.armed else self

    def start(self) -> None:
        self._started = True
        self.know_prompts()
        self.replan()
        self.go_on()

    def arm(self) -> None:
        """Somebody comes to the card."""
        self.armed = True
        self.focus()
        self.say()

    # ── the plan

    def request(self, snapshot: Snapshot) -> Planner | str:
        if not self.card.steps:
            return "Every step was taken out: n rejects what is left, which is nothing."
        return partial(self._plan, [step.asked for step in self.card.steps])

    def _plan(self, steps: list[ProposedStep | Own], snapshot: Snapshot) -> Plan:
        return plan_proposal(snapshot, steps, who=self.host.engineer, at=self.at, proposer=self.cards.proposer)

    def _ask_again(self) -> None:
        if self.armed or not isinstance(self.found, CoordError):
            super()._ask_again()
        else:
            self.say()

    # ── what is said

    def say(self) -> None:
        steps = self.query(MessageLines).filter("#steps")
        for shown in steps:
            shown.show(self._step_lines())
        super().say()

    def _step_lines(self) -> list[Line]:
        why = [Line(Span("  "), [Span(row, "quiet")]) for row in plain(self.card.proposal.why).splitlines() if row]
        read = read_words(self.card.proposal)
        why += [Line(Span("  "), [Span(read, "quiet")])] if read else []
        ended = harm(self.found.plan) if isinstance(self.found, Outlook) else ()
        why += [Line(Span("! ", "failed"), [Span(plain(sentence), "failed")]) for sentence in ended]
        if len(self.card.steps) < 2 and len(self.card.proposal.steps) < 2:
            return why
        refused = self.found.place if isinstance(self.found, StepRefused) else -1
        lines = []
        for place, step in enumerate(self.card.steps):
            here = place == self._chosen and self.armed
            sign = f"{self.host.marks.crumb if here else ' '} {place + 1} "
            ink = "failed" if place == refused else "strong" if here else "text"
            lines.append(Line(Span(sign, "key"), [Span(plain(step_words(step)), ink)]))
        return [*why, *lines]

    # ── keys

    def on_key(self, event: events.Key) -> None:
        if self.stage in (Stage.CONFIRM, Stage.EDIT):
            does: dict[str, Callable[[], object]] = {
                "e": self.edit,
                "x": self.take_out,
                "n": self.reject,
                "up": partial(self.choose, -1),
                "down": partial(self.choose, 1),
            }
            do = does.get(event.key)
            if do is not None:
                event.stop()
                event.prevent_default()
                do()
                return
        if self.stage is Stage.EDIT and event.key == "enter":
            event.stop()
            self.go_on()
            return
        super().on_key(event)

    def choose(self, by: int) -> None:
        if self.card.steps:
            self._chosen = (self._chosen + by) % len(self.card.steps)
            self.say()

    def edit(self) -> None:
        """The form of the chosen step."""
        if self.card.steps:
            self.cards.edit_step(self.card, min(self._chosen, len(self.card.steps) - 1))

    def take_out(self) -> None:
        """Leave the chosen step out of the plan."""
        if len(self.card.proposal.steps) > 1 and self.card.steps:
            del self.card.steps[min(self._chosen, len(self.card.steps) - 1)]
            self._chosen = max(0, min(self._chosen, len(self.card.steps) - 1))
            self._enter(Stage.EDIT)
            self.replan()
            self.go_on()

    def reject(self) -> None:
        self.cards.reject(self.card)

    def action_leave(self) -> None:
        self.cards.put_aside(self.card)

    def hints(self) -> tuple[Hint, ...]:
        if self.stage in (Stage.APPLYING, Stage.DONE):
            return super().hints()
        enter = self.host.marks.enter
        if not self.armed:
            return ((enter, "to the card", "form.arm"),)
        many = len(self.card.proposal.steps) > 1
        apply = ((enter, "apply", "form.apply"),) if self.stage is Stage.CONFIRM else ()
        diff = (("d", "diff", "form.diff"),) if self.stage is Stage.CONFIRM else ()
        steps = (("x", "take out", "form.out"),) if many else ()
        edit, no = ("e", "edit", "form.edit"), ("n", "reject", "form.reject")
        return (*apply, edit, *steps, no, *diff, ("esc", "later", "form.leave"))

    def act(self, hint: str) -> Callable[[], None] | None:
        own: dict[str, Callable[[], None]] = {
            "form.arm": self.arm,
            "form.edit": self.edit,
            "form.out": self.take_out,
            "form.reject": self.reject,
        }
        return own.get(hint) or super().act(hint)
