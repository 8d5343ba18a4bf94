"""Answering what an agent asks leave for: exactly what it wants to do, and allow, deny or go there."""

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from coordinator.model.snapshot import Agent
from coordinator.model.text import plain, plain_lines
from coordinator.views.event_text import actor_name
from tui.forms.host import FormHost
from tui.forms.text_form import TextForm
from tui.messages import FormClosed

_CHOICES = ("allow it, this once", "deny it", "go to its window and look")
_DENY = 1


class PermitForm(TextForm):
    """Nothing is sent before Enter; the agent's own dialog is looked at once more before that."""

    VERB = "do it"
    HELP = (
        "What an agent asks leave for. Choose with ↑ ↓ or a number and press Enter; a word of why goes with a denial, "
        "where its CLI takes one. Its screen is looked at again before anything is sent: a question that is gone gets "
        "no answer."
    )

    def __init__(self, host: FormHost, agent: Agent) -> None:
        super().__init__(host, f"denial for {agent.id}", _CHOICES)
        self.agent = agent
        self.border_title = Content(plain(f"{actor_name(agent.id)} asks for permission"))

    def compose(self) -> ComposeResult:
        wish = self.agent.doing or "Its CLI doesn't tell what for: go to its window and look."
        yield Static(Content("\n".join(plain_lines(wish))), id="subject")
        yield from self.fields("why not; goes with a denial")
        yield from self.refusal()

    def submit(self) -> None:
        """Do what is chosen; words are only for a denial."""
        if self.line.has_focus:
            self.choices.cursor = _DENY
        choice, why = self.choices.cursor, self.words
        if choice > _DENY:
            self.post_message(FormClosed())
            self.host.attach_to(self.agent)
        else:
            self.deliver(lambda: self.host.source.permit(self.agent, choice < _DENY, why))
