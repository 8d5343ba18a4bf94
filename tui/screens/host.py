"""What screens need of the app that shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from coordinator.client.ports import Sizes, Source
    from coordinator.model.event import Event
    from coordinator.model.own_command import OwnCommand
    from coordinator.model.prompt import Prompt
    from coordinator.model.snapshot import Agent, Question
    from tui.paint.theme import Glyphs


class ScreenHost(Protocol):
    """What every screen works with."""

    source: Source
    marks: Glyphs
    keys: Mapping[str, str]
    """Id of an action → the keys that the user gave it."""

    def clock(self) -> float:
        """Unix seconds."""

    def edit_text(self, text: str, name: str) -> str | None:
        """Let $EDITOR work on a copy of a text; None when nothing was changed, or it can't be used here."""


class Navigator(ScreenHost, Protocol):
    """The ways from the main screen to others, and to forms over it."""

    on_tour: bool
    """The reader is led through the demo, by a line above the keys."""
    commands: tuple[OwnCommand, ...]
    """Those of the project's own, with keys that are free."""
    sizes: dict[str, Sizes]
    """Layout of the main screen → sizes that were chosen in it."""

    def read_prompt(self, prompt: Prompt) -> None:
        """Show a prompt's file."""

    def read_event(self, event: Event) -> None:
        """Show everything that the log says about an event."""

    def read_problems(self) -> None:
        """Show what is wrong in the prompt files."""

    def replay(self, seq: int | None) -> None:
        """Go back to an event, or to the newest one."""

    def attach_to(self, agent: Agent) -> None:
        """Go into an agent's own window."""

    def search_window(self, agent: Agent) -> object:
        """Search what an agent's window shows, and what scrolled out of it."""

    def permit(self, agent: Agent) -> object:
        """Open the form that answers what an agent asks leave for."""

    def tell(self, agent: Agent) -> object:
        """Open the form that sends an agent words."""

    def ask_back(self, question: Question) -> object:
        """Open the form that answers a question."""

    def run_own(self, command: OwnCommand) -> object:
        """Run a command of the project's own about what is selected; where that is due, after a look at its words."""

    def action_permit(self) -> None:
        """Open the form for the agent that asks leave: the one that is shown, else the first."""

    def action_review(self) -> None:
        """Show the change of the selected prompt, else the first that waits."""

    def action_trust(self) -> None:
        """Ask whether the project may run here, where that is open."""
