"""Answering a question of an agent: choose an option or write."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from coordinator.model.sentence import actor_name
from coordinator.model.snapshot import Question
from coordinator.model.text import plain, plain_lines
from tui.forms.form import Form
from tui.messages import Answered, FormClosed
from tui.theme import UNICODE, Glyphs
from tui.widgets.footer import Hint
from tui.widgets.ink import Span, Spans
from tui.widgets.lines import Lines

_SHOWN = 6
"""Lines of a question, and options of it, that are in sight at once."""


class Options(Lines):
    """The answers that the agent offers."""

    DEFAULT_CSS = "Options { height: auto; }"

    def __init__(self, options: tuple[str, ...]) -> None:
        super().__init__(id="options")
        self.options = options
        self.styles.height = min(len(options), _SHOWN)

    def row_count(self) -> int:
        return len(self.options)

    def row_version(self, row: int) -> object:
        return self.options[row]

    def row_spans(self, row: int, width: int) -> Spans:
        return [Span(f" {row + 1} ", "key"), Span(self.options[row])]


class AnswerForm(Form):
    """The question whole, its options on number keys, and a line for an answer of one's own."""

    HELP = (
        "The question that holds the work. Press an option's number, or move to it and press Enter; or write your own "
        "answer in the line below. The asker gets it at once, or in its next attempt."
    )
    DEFAULT_CSS = """
    AnswerForm > Input { height: 1; border: none; padding: 0 1; background: $panel; margin-top: 1; }
    AnswerForm > Input:focus { border: none; }
    AnswerForm > #question { text-style: bold; max-height: 8; margin-bottom: 1; }
    AnswerForm > #context { height: auto; max-height: 8; margin-bottom: 1; color: $text-muted; }
    AnswerForm > #effect { color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "other", "options or own answer", show=False),
        *[Binding(str(n), f"choose({n})", show=False) for n in range(1, 10)],
    ]

    def __init__(self, question: Question, waiting: int, marks: Glyphs = UNICODE) -> None:
        super().__init__()
        self.question = question
        who = f"{actor_name(question.asker)} asks {_about(question)}".rstrip()
        self.border_title = Content(plain(f"Question {marks.dot} {who}"))
        if waiting > 1:
            self.border_subtitle = Content(f"{waiting - 1} more after this one")

    def compose(self) -> ComposeResult:
        yield Static(Content("\n".join(plain_lines(self.question.text))), id="question")
        if self.question.context:
            with VerticalScroll(id="context", can_focus=False):
                yield Static(Content("\n".join(plain_lines(self.question.context))))
        if self.question.options:
            yield Options(self.question.options)
        hint = "or write an answer of your own" if self.question.options else "write the answer"
        yield Input(placeholder=hint, id="answer")
        held = "what depends on it" if self.question.only_dependents else "everything that has not started"
        yield Static(Content(f"Until it is answered, {held} waits."), id="effect")

    def start(self) -> None:
        self.query_one("#options" if self.question.options else "#answer").focus()

    def hints(self) -> tuple[Hint, ...]:
        own: tuple[Hint, ...] = (("↵", "answer", "form.answer"),)
        if self.question.options:
            own += (("1-9", "choose", "form.answer"), ("tab", "options or text", "form.other"))
        return (*own, *super().hints())

    def act(self, hint: str) -> Callable[[], None] | None:
        if hint == "form.answer":
            return self._submit
        return self.action_other if hint == "form.other" else super().act(hint)

    def action_other(self) -> None:
        """Go between the options and the line for an own answer."""
        box = self.query_one("#answer")
        if self.question.options and box.has_focus:
            self.query_one("#options").focus()
        else:
            box.focus()

    def action_choose(self, number: int) -> None:
        if number <= len(self.question.options):
            self._answer(self.question.options[number - 1])

    @on(Lines.Activated)
    def _chosen(self, event: Lines.Activated) -> None:
        event.stop()
        self._answer(self.question.options[event.row])

    @on(Input.Submitted)
    def _written(self, event: Input.Submitted) -> None:
        event.stop()
        self._submit()

    def _submit(self) -> None:
        text = self.query_one("#answer", Input).value.strip()
        if text:
            self._answer(text)
        elif self.question.options:
            self._answer(self.question.options[self.query_one(Options).cursor])

    def _answer(self, text: str) -> None:
        self.post_message(Answered(self.question.id, text))
        self.post_message(FormClosed())


def _about(question: Question) -> str:
    kind, _, number = question.subject.partition(":")
    return f"about {number.zfill(2)}" if kind == "prompt" else ""
