"""Sending a message to a running agent, as if it was typed at its own prompt."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from coordinator.errors import CoordError
from coordinator.model.sentence import actor_name
from coordinator.model.snapshot import Agent
from coordinator.model.text import plain
from tui.forms.form import Form
from tui.messages import Done, FormClosed
from tui.theme import UNICODE, Glyphs
from tui.widgets.footer import Hint

if TYPE_CHECKING:
    from tui.app import CoordApp
    from tui.source import Source


class TellForm(Form):
    """One line; it stays typed while the agent can't take it."""

    HELP = (
        "A message for a running agent, typed into its own screen and kept on the log. It is sent only while its input "
        "is empty and it shows no question."
    )
    DEFAULT_CSS = """
    TellForm > Input { height: 1; border: none; padding: 0 1; background: $panel; }
    TellForm > Input:focus { border: none; }
    TellForm > #effect { color: $text-muted; margin-top: 1; }
    TellForm > #refusal { color: $error; height: auto; }
    """

    app: "CoordApp"

    def __init__(self, agent: Agent, source: "Source", marks: Glyphs = UNICODE) -> None:
        super().__init__()
        self.agent = agent
        self._source = source
        self._marks = marks
        self._busy = False
        self.border_title = Content(plain(f"Tell {actor_name(agent.id)}"))

    def compose(self) -> ComposeResult:
        yield Input(placeholder="what it should know", id="words")
        effect = "Goes into its window as a message; what is to last belongs into the prompt."
        yield Static(Content(effect), id="effect")
        yield Static(id="refusal")

    def start(self) -> None:
        self.query_one(Input).focus()

    def hints(self) -> tuple[Hint, ...]:
        return ((self._marks.enter, "send it", "form.send"), *super().hints())

    def act(self, hint: str) -> Callable[[], None] | None:
        return self.send if hint == "form.send" else super().act(hint)

    @on(Input.Submitted)
    def _written(self, event: Input.Submitted) -> None:
        event.stop()
        self.send()

    def send(self) -> None:
        """Send what is typed."""
        text = self.query_one(Input).value.strip()
        if text and not self._busy:
            self._busy = True
            self.query_one("#refusal", Static).update("")
            self._send(text)

    @work(thread=True, group="tell", exit_on_error=False)
    def _send(self, text: str) -> None:
        try:
            said = self._source.tell(self.agent, text)
        except CoordError as error:
            self.app.call_from_thread(self._refused, error)
        else:
            self.app.post_message(Done(said))
            self.post_message(FormClosed())

    def _refused(self, error: CoordError) -> None:
        self._busy = False
        self.query_one("#refusal", Static).update(Content(plain(f"{error.message}. {error.remedy}".strip())))
