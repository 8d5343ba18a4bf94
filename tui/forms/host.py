"""What forms need of the screen that shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from coordinator.client.ports import Source
    from coordinator.model.plan import Plan
    from coordinator.model.snapshot import Agent, Snapshot
    from coordinator.views.plan_preview import Outlook
    from tui.paint.ink import Spans
    from tui.paint.theme import Glyphs
    from tui.widgets.graph import PromptGraph

Draft = Mapping[str, Any]
"""Id of a field → what was in it when the form was left."""


class FormHost(Protocol):
    """The screen below a form: one selection, one graph, and the applying."""

    source: Source
    marks: Glyphs
    snapshot: Snapshot | None
    graph: PromptGraph

    @property
    def panel(self) -> str:
        """Id of the panel that has the focus; empty in a form."""

    @property
    def target(self) -> int | None:
        """The prompt that services act on."""

    @property
    def flow_agent(self) -> str:
        """The agent of a flow that kill and restart act on, in the place of a prompt's; empty: none is in focus."""

    @property
    def marked_agents(self) -> frozenset[str]:
        """Marked agents that work on no prompt, by their names."""

    @property
    def engineer(self) -> str:
        """Who steers, as the log will name them."""

    @property
    def unsent(self) -> dict[str, str]:
        """Words for agents that were typed in forms that were left, by what they belong to."""

    def clock(self) -> float:
        """Unix seconds."""

    def now_iso(self) -> str:
        """The same as text, UTC."""

    # ── what stands around the form

    def select(self, number: int, *, focus: bool = True) -> None:
        """Select a prompt everywhere."""

    def focus_panel(self, name: str) -> None:
        """Focus a panel, on whichever page of a narrow screen it is."""

    def update_keys(self) -> None:
        """Show the keys that act here and now."""

    def show_plan(self, outlook: Outlook | None) -> None:
        """Draw a plan on the graph, or what is."""

    def mark(self, numbers: frozenset[int] | tuple[int, ...]) -> None:
        """Mark rows of the graph, and no others."""

    def point(self, number: int | None, action: str, by: int) -> None:
        """Move the graph's cursor for a field that has the focus."""

    # ── what takes the form's place for a while

    def edit_text(self, text: str, name: str) -> str | None:
        """Let $EDITOR work on a copy of a text; None when nothing was changed, or it can't be used here."""

    def read(self, title: str, lines: Sequence[Spans]) -> None:
        """Show a text over everything."""

    def attach_to(self, agent: Agent) -> None:
        """Go into an agent's own window."""

    # ── what becomes of the form of a service, the one that is open

    def apply_plan(self, plan: Plan) -> object:
        """Apply in a thread; the form hears what came of it."""

    def plan_came_true(self, plan: Plan) -> None:
        """The snapshot shows what was planned: the form has done its work."""

    def leave_plan(self) -> None:
        """Close it though it changed nothing; what was typed is kept."""

    def swap_draft(self) -> object:
        """Begin it anew; pressing the key again brings back what was typed."""

    def change_form(self, service: str, draft: Draft | None = None) -> object:
        """Go on in the form of another service, about the same prompt."""
