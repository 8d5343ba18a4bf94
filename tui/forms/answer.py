"""Answering a question of an agent: choose an option or write."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from coordinator.model.snapshot import Question
from coordinator.model.text import plain, plain_lines
from coordinator.services.questions import built_on
from coordinator.views.event_text import actor_name
from tui.forms.host import FormHost
from tui.forms.text_form import TextForm


class AnswerForm(TextForm):
    """The question whole, its options on number keys, and a line for an answer of one's own."""

    VERB = "answer"
    HELP = (
        "The question that holds the work. Move to an option, or press its number, and press Enter; or write your own "
        "answer in the line below. The asker gets it at once, or in its next attempt."
    )
    DEFAULT_CSS = """
    AnswerForm > #context { height: auto; max-height: 8; margin-bottom: 1; color: $text-muted; }
    """

    def __init__(self, host: FormHost, question: Question, waiting: int) -> None:
        super().__init__(host, f"answer to {question.seq}", question.options)
        self.question = question
        who = f"{actor_name(question.asker)} asks {_about(question)}".rstrip()
        self.border_title = Content(plain(f"Question {host.marks.dot} {who}"))
        if waiting > 1:
            self.border_subtitle = Content(f"{waiting - 1} more after this one")

    def compose(self) -> ComposeResult:
        yield Static(Content("\n".join(plain_lines(self.question.text))), id="subject")
        yield from self.told()
        yield from self.fields("or write an answer of your own" if self.question.options else "write the answer")
        yield Static(Content(self._effect()), id="effect")
        yield from self.refusal()

    def told(self) -> ComposeResult:
        """What is to be known to answer it."""
        if self.question.context:
            with VerticalScroll(id="context", can_focus=False):
                yield Static(Content("\n".join(plain_lines(self.question.context))))

    def _effect(self) -> str:
        if self.question.taken:
            taken = f"Nothing waits: its asker went on with “{self.question.answer}”. Risk: {self.question.risk}"
            snapshot = self.host.snapshot
            rests = built_on(self.question, snapshot.graph, snapshot.steps) if snapshot else ()
            since = f"\nWorked on since: {', '.join(f'{number:02d}' for number in rests)}" if rests else ""
            return "\n".join(plain_lines(taken + since))
        held = "what depends on it" if self.question.only_dependents else "everything that has not started"
        return f"Until it is answered, {held} waits."

    def submit(self) -> None:
        """Answer with the line where that has the focus, with the option under the cursor otherwise."""
        own = self.line.has_focus
        text = self.words if own else self.question.options[self.choices.cursor]
        if text:
            self.deliver(lambda: self.host.source.answer(self.question.id, text))
        elif self.question.options:
            self.start()


def _about(question: Question) -> str:
    kind, _, number = question.subject.partition(":")
    return f"about {number.zfill(2)}" if kind == "prompt" else ""
