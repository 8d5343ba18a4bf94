"""Answering what an agent asks leave for: exactly what it wants to do, and allow, deny or go there."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from coordinator.errors import CoordError
from coordinator.model.sentence import actor_name
from coordinator.model.snapshot import Agent
from coordinator.model.text import plain, plain_lines
from tui.forms.answer import Options
from tui.forms.form import Form
from tui.messages import Done, FormClosed
from tui.theme import UNICODE, Glyphs
from tui.widgets.footer import Hint
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from tui.app import CoordApp
    from tui.source import Source

_CHOICES = ("allow it, this once", "deny it", "go to its window and look")


class PermitForm(Form):
    """Nothing is sent before Enter; the agent's own dialog is looked at once more before that."""

    HELP = (
        "What an agent asks leave for. Choose with ↑ ↓ and press Enter; a word of why goes with a denial, where its "
        "CLI takes one. Its screen is looked at again before anything is sent: a question that is gone gets no answer."
    )
    DEFAULT_CSS = """
    PermitForm > Input { height: 1; border: none; padding: 0 1; background: $panel; margin-top: 1; }
    PermitForm > Input:focus { border: none; }
    PermitForm > #wish { text-style: bold; max-height: 8; margin-bottom: 1; }
    PermitForm > #refusal { color: $error; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "other", "choice or words", show=False),
        *[Binding(str(n), f"choose({n})", show=False) for n in range(1, len(_CHOICES) + 1)],
    ]

    app: "CoordApp"

    def __init__(self, agent: Agent, source: "Source", marks: Glyphs = UNICODE) -> None:
        super().__init__()
        self.agent = agent
        self._source = source
        self._marks = marks
        self._busy = False
        self.border_title = Content(plain(f"{actor_name(agent.id)} asks for permission"))

    def compose(self) -> ComposeResult:
        wish = self.agent.doing or "Its CLI doesn't tell what for: go to its window and look."
        yield Static(Content("\n".join(plain_lines(wish))), id="wish")
        yield Options(_CHOICES)
        yield Input(placeholder="why not; goes with a denial", id="why")
        yield Static(id="refusal")

    def start(self) -> None:
        self.query_one(Options).focus()

    def hints(self) -> tuple[Hint, ...]:
        enter, tab = (self._marks.enter, "do it", "form.agree"), ("tab", "choice or words", "form.other")
        return (enter, tab, *super().hints())

    def act(self, hint: str) -> Callable[[], None] | None:
        own = {"form.agree": self.agree, "form.other": self.action_other}
        return own.get(hint) or super().act(hint)

    def action_choose(self, number: int) -> None:
        """Put the cursor on a choice; only Enter does it."""
        self.query_one(Options).cursor = number - 1

    def action_other(self) -> None:
        """Go between the choices and the word of why."""
        box = self.query_one(Input)
        self.query_one(Options).focus() if box.has_focus else box.focus()

    @on(Lines.Activated)
    def _chosen(self, event: Lines.Activated) -> None:
        event.stop()
        self.agree()

    @on(Input.Submitted)
    def _written(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(Options).cursor = 1
        self.agree()

    def agree(self) -> None:
        """Do what is chosen."""
        choice = self.query_one(Options).cursor
        if self._busy:
            return
        if choice == 2:
            self.post_message(FormClosed())
            self.app.attach_to(self.agent)
        else:
            self._busy = True
            self._say("")
            self._send(choice == 0, self.query_one(Input).value.strip())

    @work(thread=True, group="permit", exit_on_error=False)
    def _send(self, allow: bool, why: str) -> None:
        try:
            said = self._source.permit(self.agent, allow, why)
        except CoordError as error:
            self.app.call_from_thread(self._refused, error)
        else:
            self.app.post_message(Done(said))
            self.post_message(FormClosed())

    def _refused(self, error: CoordError) -> None:
        self._busy = False
        self._say(f"{error.message}. {error.remedy}".strip())

    def _say(self, text: str) -> None:
        self.query_one("#refusal", Static).update(Content(plain(text)))
