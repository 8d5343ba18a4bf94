"""Answering what an agent asks leave for: exactly what it wants to do, and allow, deny or go there."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from coordinator.errors import Refused
from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Agent
from coordinator.model.text import plain, plain_lines
from coordinator.services.registry import SERVICES
from coordinator.views.event_text import actor_name
from tui.forms.host import FormHost
from tui.forms.text_form import TextForm
from tui.messages import FormClosed

_CHOICES = ("allow it, this once", "deny it", "go to its window and look")
_ALLOW, _DENY, _GO, _ALLOW_ALL, _DENY_ALL = range(5)
_NAMED = 8
"""How many of those that ask for the same are named."""


class PermitForm(TextForm):
    """Nothing is sent before Enter; the agent's own dialog is looked at once more before that."""

    VERB = "do it"
    HELP = (
        "What an agent asks leave for. Choose with ↑ ↓ or a number and press Enter; a word of why goes with a denial, "
        "where its CLI takes one. One answer does for all that ask for the same. Each screen is looked at again before "
        "anything is sent: a question that is gone gets no answer."
    )

    def __init__(self, host: FormHost, agent: Agent, alike: Sequence[Agent] = ()) -> None:
        """`alike`: those that ask for the same, `agent` among them."""
        self.alike = tuple(alike) or (agent,)
        super().__init__(host, f"denial for {agent.id}", _choices(agent, len(self.alike)))
        self.agent = agent
        self.border_title = Content(plain(self._title()))

    def _title(self) -> str:
        count = len(self.alike)
        if count == 1:
            return f"{actor_name(self.agent.id)} asks for permission"
        named = ", ".join(agent.at or agent.id for agent in self.alike[:_NAMED])
        more = f" and {count - _NAMED} more" if count > _NAMED else ""
        return f"{count} agents ask for the same: {named}{more}"

    def compose(self) -> ComposeResult:
        wish = self.agent.doing or "Its CLI doesn't tell what for: go to its window and look."
        yield Static(Content("\n".join(plain_lines(wish))), id="subject")
        yield from self.fields("why not; goes with a denial")
        yield from self.refusal()

    def submit(self) -> None:
        """Do what is chosen; words are only for a denial."""
        if self.line.has_focus and self.choices.cursor != _DENY_ALL:
            self.choices.cursor = _DENY
        choice, why = self.choices.cursor, self.words
        if choice == _GO:
            self.post_message(FormClosed())
            self.host.attach_to(self.agent)
        elif choice > _GO:
            self.deliver(lambda: self._answer_all(choice == _ALLOW_ALL, why))
        else:
            self.deliver(lambda: self.host.source.permit(self.agent, choice == _ALLOW, why))

    def _answer_all(self, allow: bool, why: str) -> str:
        """One plan for all; each is answered only for what was shown here."""
        snapshot, many = self.host.snapshot, SERVICES["many"]
        if snapshot is None:
            raise Refused("the project is still being read", "try again")
        given = {"do": "permit", "agents": [agent.id for agent in self.alike], "text": why}
        given["answer"] = "allow" if allow else "deny"
        asked = many.ask(given, who=self.host.engineer, at=self.host.now_iso())
        plan = many.plan(replace(snapshot, agents=self.alike), asked)
        return "\n".join((f"Done: {plan.summary}.", *self.host.source.apply(plan)))


def _choices(agent: Agent, count: int) -> tuple[str, ...]:
    """One alone first: an Enter too many answers nobody whose name was not read."""
    if count == 1:
        return _CHOICES
    alone, to_all = agent.at or agent.id, (f"allow it to all {count}, this once", f"deny it to all {count}")
    return (f"allow it to {alone} alone, this once", f"deny it to {alone} alone", _CHOICES[_GO], *to_all)
