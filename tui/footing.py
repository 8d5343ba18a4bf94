"""Which keys the footer of the main screen shows, and in which order: by what the situation asks. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from coordinator.model.snapshot import LoopState
from coordinator.model.step import StepState
from coordinator.views.attention import to_review
from tui.actions import ACTIONS, Action, Scope, in_reach, key_of
from tui.context import Context, no_need, no_problems
from tui.widgets.footer import LEADS, Hint

_OF_AGENTS = ("permit", "attach", "tell", "kill", "restart", "agent.status")
"""What the keys of the agents' panels are for, besides those that stand only there."""
_OWN: Mapping[str, tuple[str, ...]] = {"agents": _OF_AGENTS, "window": _OF_AGENTS}
_PLACES: Mapping[str, int] = {action.id: place for place, action in enumerate(ACTIONS)}
_ALWAYS = 90
"""The first place in the footer of those that are there in every situation."""
SEARCHING: tuple[Hint, ...] = (
    ("↵", "keep the search", "search.keep"),
    ("esc", "end search", "search.end"),
    ("tab", "panels", "panel.next"),
    ("^p", "commands", "palette"),
)
"""While a search is typed: letters are for it."""


class Footing(NamedTuple):
    """The actions of a footer, left to right."""

    asked: tuple[Action, ...]
    """What the situation asks for: never left out."""
    own: tuple[Action, ...]
    """What the focused panel's keys are for: never left out either, though perhaps without words."""
    more: tuple[Action, ...]
    """What else can be done: as much as fits."""
    leads: tuple[Action, ...]
    """The ways to everything else, and out."""

    def hints(self, context: Context, keymap: Mapping[str, str]) -> tuple[Hint, ...]:
        """Key, label and id of each."""
        shown = (*self.asked, *self.own, *self.more, *self.leads)
        return tuple((key_of(action, keymap), action.label_in(context), action.id) for action in shown)

    @property
    def extra(self) -> frozenset[str]:
        """Ids of what may be left out."""
        return frozenset(action.id for action in self.more)


def footing(context: Context) -> Footing:
    """What the footer shows: what the situation asks first, then the panel's own keys, the rest, and the leads."""
    worth = {a.id: a for a in in_reach(context) if a.footer and not a.moot(context) and _belongs(a, context)}
    leads = tuple(worth.pop(name) for name in LEADS if name in worth)
    asked = tuple(worth.pop(name) for name in asked_first(context) if name in worth)
    own_ids = _OWN.get(context.panel, ())
    own = [
        a
        for a in worth.values()
        if a.id in own_ids or a.scope is not Scope.MAIN or a.footer_in or (context.marked and a.many)
    ]
    more = [a for a in worth.values() if a not in own]
    own.sort(key=lambda a: (own_ids.index(a.id) if a.id in own_ids else -1, a.footer))
    more.sort(key=lambda a: (a.footer, _PLACES[a.id]))
    return Footing(asked, tuple(own), tuple(more), leads)


def _belongs(action: Action, context: Context) -> bool:
    """With marks, keys are for all that are marked; only those to everywhere else stay beside them."""
    fits = bool(action.many) or not context.marked or action.footer >= _ALWAYS
    return fits and action.footer_in in ("", context.panel)


def asked_first(context: Context) -> tuple[str, ...]:
    """Ids of what the situation asks of a human, most urgent first."""
    snapshot = context.snapshot
    if snapshot is None:
        return ()
    asked = ["trust"] if snapshot.asks is not None else []
    asked += [] if no_need(context) else ["need"]
    asked += ["permit"]  # only in reach while an agent asks leave
    step = snapshot.steps.get(context.selected) if context.selected is not None else None
    if step is not None and step.number in to_review(snapshot):
        asked.append("review")
    if step is not None and step.state in (StepState.FAILED, StepState.BLOCKED):
        asked.append("restart")
    asked += [] if no_problems(context) else ["problems"]
    idle = not snapshot.loop.alive or snapshot.loop.asked != "running" or snapshot.loop.state is LoopState.PAUSED
    asked += ["loop.toggle"] if idle and _work_left(context) else []
    asked += ["events.clear"] if context.search else []
    return tuple(asked)


def _work_left(context: Context) -> bool:
    steps = context.snapshot.steps.values() if context.snapshot is not None else ()
    return any(step.state not in (StepState.MERGED, StepState.SKIPPED) for step in steps)
