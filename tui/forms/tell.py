"""Sending a message to a running agent, as if it was typed at its own prompt."""

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from coordinator.model.snapshot import Agent
from coordinator.model.text import plain
from coordinator.views.event_text import actor_name
from tui.forms.host import FormHost
from tui.forms.text_form import TextForm


class TellForm(TextForm):
    """One line; it stays typed while the agent can't take it."""

    VERB = "send it"
    HELP = (
        "A message for a running agent, typed into its own screen and kept on the log. It is sent only while its input "
        "is empty and it shows no question."
    )
    DEFAULT_CSS = """
    TellForm > Input { margin-top: 0; }
    TellForm > #effect { margin-top: 1; }
    """

    def __init__(self, host: FormHost, agent: Agent) -> None:
        super().__init__(host, f"message to {agent.id}")
        self.agent = agent
        self.border_title = Content(plain(f"Tell {actor_name(agent.id)}"))

    def compose(self) -> ComposeResult:
        yield from self.fields("what it should know")
        effect = "Goes into its window as a message; what is to last belongs into the prompt."
        yield Static(Content(effect), id="effect")
        yield from self.refusal()

    def submit(self) -> None:
        """Send what is typed."""
        if text := self.words:
            self.deliver(lambda: self.host.source.tell(self.agent, text))
