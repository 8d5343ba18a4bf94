"""The cards of the conversation: proposals are opened, edited, applied or rejected, and the voice hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on, work

from coordinator.model.conversation import Decided
from coordinator.model.text import plain
from coordinator.services.several import before_step
from coordinator.views.chat_words import proposer_words
from tui.forms.proposal import ProposalForm
from tui.forms.proposed import Card, CardStep, StepEditor
from tui.messages import PlanApplied, PlanNotApplied, Remark
from tui.screens.conversation import Conversation
from tui.screens.steering import SteeringScreen
from tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from coordinator.client.ports import Voice
    from coordinator.lazy.typing import Any
    from coordinator.model.plan import Plan
    from coordinator.views.plan_preview import Planner
    from tui.forms.form import Form
    from tui.forms.host import Draft


class CardScreen(SteeringScreen):
    """A screen on which somebody proposes. A `CardHost`."""

    transcript: Transcript

    def __init__(self) -> None:
        super().__init__()
        self.voice: Voice | None = None
        self.talk: Conversation | None = None
        self._applying: dict[str, Card] = {}
        """Plan that is being applied → what it is of."""

    @property
    def proposer(self) -> str:
        return proposer_words(self.talk.ready if self.talk is not None else None)

    async def _to_card(self) -> None:
        """Enter on an empty line: to what waits for a yes."""
        form = self.form
        if isinstance(form, ProposalForm):
            form.arm()
        elif self.talk is not None and self.talk.waiting and form is None:
            await self._open_card(self.talk.waiting[0], armed=True)

    async def _open_card(self, card: Card, armed: bool) -> None:
        if self.snapshot is None:
            return
        form = ProposalForm(self, card)
        form.armed = armed
        await self.open_form(form)
        if armed:
            form.arm()
        self.update_keys()

    @work(group="forms")
    async def edit_step(self, card: Card, place: int) -> None:
        """Open the form of a step; what it asks for takes the step's place on the card."""
        if self.snapshot is None:
            return
        step, asked = card.steps[place], [each.asked for each in card.steps]
        before = before_step(self.snapshot, asked, place, who=self.engineer, at=self.now_iso())

        def take(planner: Planner, typed: Draft) -> None:
            card.steps[place] = CardStep(step.proposed, planner, typed)
            self.back_to_card(card)

        form = StepEditor(step, before, take, lambda: self.back_to_card(card)).form(self)
        if form is None:
            self.app.post_message(Remark("There is no form for this step; take it out, or reject the proposal."))
            return
        await self._swap(form)

    @work(group="forms")
    async def back_to_card(self, card: Card) -> None:
        """From the form of a step to the card again."""
        form = ProposalForm(self, card)
        form.armed = True
        await self._swap(form)
        form.arm()

    async def _swap(self, form: Form) -> None:
        """Show another form in the place of the one that is open."""
        self._clear_graph()
        self.mark(())
        if self.form is not None:
            await self.form.remove()
        self.remove_class("-form")
        await self.open_form(form)

    @work(group="forms")
    async def put_aside(self, card: Card) -> None:
        self._clear_graph()
        await self.close_form()

    @work(group="forms")
    async def reject(self, card: Card) -> None:
        self._clear_graph()
        await self.close_form()
        self._decide(card, "rejected", "the engineer rejected it")

    def apply_plan(self, plan: Plan) -> Any:
        form = self.form
        if isinstance(form, ProposalForm):
            self._applying[plan.id] = form.card
        return super().apply_plan(plan)

    def _tell(self, plan: Plan, notes: tuple[str, ...]) -> None:
        """What came of a card stands in the conversation; a toast would lie over the words."""
        if plan.id not in self._applying:
            super()._tell(plan, notes)
        for note in notes if plan.id in self._applying else ():
            self.transcript.note(plain(note), "need", "! ")

    @on(PlanApplied)
    def _card_applied(self, message: PlanApplied) -> None:
        card = self._applying.get(message.plan.id)
        if card is not None:
            word = "edited" if card.edited else "applied"
            self._decide(card, word, message.plan.summary, message.plan.id)

    @on(PlanNotApplied)
    def _card_not_applied(self, message: PlanNotApplied) -> None:
        """A stale plan is made again on the card, and asked about again; what failed half-way is over."""
        from coordinator.errors import Refused

        card = self._applying.pop(message.plan.id, None)
        if card is not None and not isinstance(message.error, Refused):
            self._decide(card, "failed", message.error.message, message.plan.id)

    def _decide(self, card: Card, outcome: str, detail: str, plan: str = "") -> None:
        if self.talk is not None and self.voice is not None:
            self.talk.decided(card, outcome, detail)
            self.voice.tell(Decided(card.proposal.id, outcome, detail, plan))
            self.update_keys()
