"""The screen on which several are chosen: marks of prompts and agents, and what is done to all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.actions import SkipAction

from tui.screens.steering import SteeringScreen
from tui.widgets.agents import Agents
from tui.widgets.graph import PromptGraph

if TYPE_CHECKING:
    from tui.actions import Action


class ChoosingScreen(SteeringScreen):
    """Marks stay while one looks around; a plan that came true, or Escape, ends them."""

    agents: Agents

    @property
    def marked_agents(self) -> frozenset[str]:
        return self.agents.marked_alone

    def form_for(self, action: Action) -> str:
        """The form that a key opens: that of all that are marked, where some are."""
        some = self.graph.marked or self.marked_agents
        return f"many {action.many}" if action.many and some else action.form

    @on(PromptGraph.Marked)
    def _marks_changed(self, message: PromptGraph.Marked) -> None:
        self.agents.show_marked(message.marked)
        if self.form is None:
            self.update_keys()

    @on(Agents.MarkAsked)
    def _agent_marked(self, message: Agents.MarkAsked) -> None:
        self.mark(self.graph.marked ^ {message.number})

    def action_mark_like(self) -> None:
        self._open_marking(typing=False)

    def action_mark_filter(self) -> None:
        self._open_marking(typing=True)

    def _open_marking(self, *, typing: bool) -> None:
        from tui.forms.marking import MarkForm, kinds

        snapshot = self.snapshot
        if snapshot is not None:
            form = MarkForm(self, kinds(snapshot, self.target), typing=typing)
            self.call_later(self.open_form, form)

    def action_mark_none(self) -> None:
        """Take back all marks."""
        self.agents.forget_marks()
        self.mark(())

    def action_form_back(self) -> None:
        """Escape on a panel: back to the form, if one is open; else the end of what was marked."""
        try:
            super().action_form_back()
        except SkipAction:
            if self.form is not None or not (self.graph.marked or self.marked_agents):
                raise
            self.action_mark_none()
