"""What forms have in common that send an agent something: a line of one's own, the sending, and a refusal in place."""

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from coordinator.errors import CoordError
from coordinator.model.text import plain
from coordinator.views.spans import Span
from tui.forms.form import Form
from tui.forms.host import FormHost
from tui.messages import Done, Failed, FormClosed
from tui.paint.ink import Spans
from tui.paint.lines import Lines
from tui.widgets.footer import Hint

_SHOWN = 6
"""Choices that are in sight at once."""


class Choices(Lines):
    """Numbered rows; a number puts the cursor on its row."""

    DEFAULT_CSS = "Choices { height: auto; }"

    def __init__(self, choices: tuple[str, ...]) -> None:
        super().__init__(id="choices")
        self.choices = choices
        self.styles.height = min(len(choices), _SHOWN)

    @property
    def keys(self) -> str:
        """The numbers that choose, as the footer writes them."""
        last = min(len(self.choices), 9)
        return f"1-{last}" if last > 1 else "1"

    def row_count(self) -> int:
        return len(self.choices)

    def row_version(self, row: int) -> object:
        return self.choices[row]

    def row_spans(self, row: int, width: int) -> Spans:
        return [Span(f" {row + 1} ", "key"), Span(self.choices[row])]


class TextForm(Form):
    """Choices, a line, or both. Nothing is sent before Enter; what could not be sent, or was left, stays typed."""

    DEFAULT_CSS = """
    TextForm > Input { height: 1; border: none; padding: 0 1; background: $panel; margin-top: 1; }
    TextForm > Input:focus { border: none; }
    TextForm > #subject { text-style: bold; max-height: 8; margin-bottom: 1; }
    TextForm > #effect { color: $text-muted; }
    TextForm > #refusal { color: $error; height: auto; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "other", "choices or words", show=False),
        *[Binding(str(n), f"choose({n})", show=False) for n in range(1, 10)],
    ]

    def __init__(self, host: FormHost, kept_under: str, choices: tuple[str, ...] = ()) -> None:
        """`kept_under` tells what the typed words belong to, when they are left and come back."""
        super().__init__()
        self.host = host
        self.kept_under = kept_under
        self._offered = choices
        self._busy = False

    # ── what subclasses say

    VERB: ClassVar[str]
    """What Enter does."""

    def submit(self) -> None:
        """Enter, wherever the focus is."""
        raise NotImplementedError

    # ── what they show

    def fields(self, placeholder: str) -> Iterable[Lines | Input]:
        """The choices, if there are some, and the line."""
        if self._offered:
            yield Choices(self._offered)
        yield Input(self.host.unsent.get(self.kept_under, ""), placeholder=placeholder, id="words")

    def refusal(self) -> ComposeResult:
        """Where it is said that something could not be sent."""
        yield Static(id="refusal")

    @property
    def choices(self) -> Choices:
        return self.query_one(Choices)

    @property
    def line(self) -> Input:
        return self.query_one("#words", Input)

    @property
    def words(self) -> str:
        """What is typed."""
        return self.line.value.strip()

    # ── moving

    def start(self) -> None:
        (self.choices if self._offered else self.line).focus()

    def action_other(self) -> None:
        """Go between the choices and the line."""
        (self.choices if self._offered and self.line.has_focus else self.line).focus()

    def action_choose(self, number: int) -> None:
        """Put the cursor on a choice; only Enter does it."""
        if number <= len(self._offered):
            self.choices.go(number - 1)

    def action_leave(self) -> None:
        if self.words:
            self.host.unsent[self.kept_under] = self.words
        else:
            self.host.unsent.pop(self.kept_under, None)
        super().action_leave()

    @on(Lines.Activated)
    @on(Input.Submitted)
    def _entered(self, event: Lines.Activated | Input.Submitted) -> None:
        event.stop()
        self.submit()

    # ── sending

    def deliver(self, send: Callable[[], str]) -> None:
        """Send it in a thread and close; `send` gives a sentence for people, or raises CoordError."""
        if not self._busy:
            self._busy = True
            self._say("")
            self._send(send)

    @work(thread=True, group="words", exit_on_error=False)
    def _send(self, send: Callable[[], str]) -> None:
        try:
            said = send()
        except CoordError as error:
            self.app.call_from_thread(self._refused, error)
        except Exception as error:
            fault = CoordError(f"{type(error).__name__}: {error}", "This is a fault of coord; the rest goes on.")
            self.app.call_from_thread(self._refused, fault)
        else:
            self.app.post_message(Done(said))
            self.app.call_from_thread(self._sent)

    def _sent(self) -> None:
        self.host.unsent.pop(self.kept_under, None)
        self.post_message(FormClosed())

    def _refused(self, error: CoordError) -> None:
        self._busy = False
        if not self.is_attached:  # it was left meanwhile
            self.app.post_message(Failed(error.message, error.remedy))
            return
        self._say(f"{error.message}. {error.remedy}".strip())

    def _say(self, text: str) -> None:
        said = self.query_one("#refusal", Static)
        said.display = bool(text)
        said.update(Content(plain(text)))

    # ── keys

    def hints(self) -> tuple[Hint, ...]:
        own: tuple[Hint, ...] = ((self.host.marks.enter, self.VERB, "form.submit"),)
        if self._offered:
            own += ((self.choices.keys, "choose", "form.choose"), ("tab", "choices or words", "form.other"))
        return (*own, *super().hints())

    def act(self, hint: str) -> Callable[[], None] | None:
        own = {"form.submit": self.submit, "form.choose": self.start, "form.other": self.action_other}
        return own.get(hint) or super().act(hint)
