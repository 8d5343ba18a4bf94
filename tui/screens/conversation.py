"""Where a conversation stands: whose turn it is, what was asked and proposed; writes it into the transcript."""

from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.conversation import (
    Ask,
    Earlier,
    Proposal,
    Ready,
    Text,
    Tool,
    Trouble,
    TurnEnd,
    Usage,
)
from coordinator.model.text import amount, clip, plain
from coordinator.views.chat_words import proposal_title, ready_words, tool_words, trouble_words, usage_words
from tui.forms.proposed import Card
from tui.paint.markdown import Markdown
from tui.paint.theme import Glyphs
from tui.widgets.transcript import Entry, Transcript

if TYPE_CHECKING:
    from coordinator.model.conversation import Message

_OUTCOMES = {
    "applied": "Applied",
    "edited": "Applied as edited",
    "rejected": "Rejected",
    "stale": "Could not be planned any more",
    "failed": "Failed",
}


class Conversation:
    """What was said so far, for one screen."""

    def __init__(self, transcript: Transcript, marks: Glyphs) -> None:
        self._shown, self._marks = transcript, marks
        self.ready: Ready | None = None
        self.busy = False
        """The voice's turn."""
        self.ended = False
        """The newest message ended a turn."""
        self.troubled = False
        """The last turn ended in trouble."""
        self.waiting: list[Card] = []
        """Proposals that nobody decided on, the newest first."""
        self.said_before: list[str] = []
        """Words of the engineer in earlier sessions."""
        self.ending = False
        """The voice was told to stop, and has not said yet that it did."""
        self._used: list[Usage] = []
        self._answer: tuple[Markdown, Entry] | None = None
        """What it says at present."""
        self._asked: Ask | None = None
        self._looking = ""
        self._earlier = False

    # ── what the voice says

    def hear(self, said: "Message") -> None:
        """Take a message of the voice."""
        self.ended = False
        match said:
            case Text():
                self._hear_words(said.delta)
            case Tool():
                self._looking = tool_words(said)
                self._note(self._looking)
            case Proposal():
                self._hear_proposal(said)
            case Ask():
                self._end_answer()
                self._asked = said
                self._shown.ask(said)
            case Trouble():
                self.troubled = True
                self._note(trouble_words(said), "need", "! ")
            case Usage():
                self._used.append(said)
            case TurnEnd():
                self._hear_end(said)
            case Ready():
                self._hear_ready(said)
            case Earlier():
                self._hear_earlier(said)
            case _:
                pass

    def _hear_words(self, delta: str) -> None:
        self._looking = ""
        if self._answer is None:
            answer = Markdown()
            self._answer = (answer, self._shown.answer(answer))
        markdown, entry = self._answer
        markdown.feed(delta)
        self._shown.changed(entry)

    def _hear_proposal(self, said: Proposal) -> None:
        self._end_answer()
        self.waiting.insert(0, Card(said))
        count = f", {amount(len(said.steps), 'step')}" if len(said.steps) > 1 else ""
        self._shown.note(f"Proposed: {proposal_title(said)}{count}", "review", f"{self._marks.review} ")

    def _hear_end(self, said: TurnEnd) -> None:
        self.busy, self.ended, self.ending = False, True, False
        self._end_answer()
        self.troubled = self.troubled and said.stopped == "error"
        if said.stopped == "cancelled":
            self._note("ended here")

    def _hear_ready(self, said: Ready) -> None:
        first, self.ready = self.ready is None, said
        self._end_answer()
        if said.missing:
            self._note(plain(said.missing), "need", "! ")
            self._note("Every service works without it: / lists them.")
        elif first and self._earlier:
            self._note("today")

    def _hear_earlier(self, said: Earlier) -> None:
        self._earlier = True
        if said.who == "engineer":
            self.said_before.append(said.text)
            self._shown.say(said.text)
        else:
            self._shown.answer(Markdown(said.text))

    def _note(self, text: str, ink: str = "quiet", lead: str = "· ") -> None:
        self._end_answer()
        self._shown.note(text, ink, lead)

    def _end_answer(self) -> None:
        self._answer = None

    # ── what the engineer says

    def say(self, text: str) -> None:
        """Words of the engineer: the voice's turn."""
        self._begin()
        self._shown.say(text)

    def retried(self) -> None:
        """The last turn is tried again."""
        self._begin()
        self._note("once more")

    def cancelled(self) -> None:
        """The voice was told to stop; it says so itself when it has."""
        self.ending, self._looking = True, "ends…"

    def decided(self, card: Card, outcome: str, detail: str) -> None:
        """Something came of a proposal: the voice is told, and it is its turn."""
        card.state = outcome
        if card in self.waiting:
            self.waiting.remove(card)
        self._begin()
        good = outcome in ("applied", "edited")
        sign = self._marks.done if good else self._marks.cancelled if outcome == "rejected" else self._marks.alarm
        ink = "good" if good else "quiet" if outcome == "rejected" else "failed"
        self._note(f"{_OUTCOMES[outcome]}: {detail if good else proposal_title(card.proposal)}", ink, f"{sign} ")

    def _begin(self) -> None:
        self._end_answer()
        self.busy, self.troubled, self._asked, self._looking = True, False, None, ""
        self.ending = False

    def option(self, digit: int) -> str | None:
        """The answer that a digit stands for; None where nothing is asked, or too little."""
        asked = self._asked
        if asked is None or self.busy or not 1 <= digit <= len(asked.options[:9]):
            return None
        return asked.options[digit - 1].label

    # ── in words

    def title(self, now: float) -> str:
        """Who speaks, and what happens."""
        who = ready_words(self.ready) if self.ready is not None and not self.ready.missing else ""
        name = f"Coordinator {self._marks.dot} {who}" if who else "Coordinator"
        if not self.busy:
            return name
        return f"{name} {self._marks.dot} {self._marks.spin(now)} {clip(self._looking or 'answers', 40)}"

    @property
    def used(self) -> str:
        """What it cost so far."""
        return usage_words(self._used)
