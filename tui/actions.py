"""The one registry of what can be done on a key: bindings, footer, palette and help all come from it."""

from collections.abc import Iterable, Mapping

from textual.binding import Binding

from tui.action import Action as Action
from tui.action import Group as Group
from tui.action import Scope as Scope
from tui.acts.liking import LIKING
from tui.acts.looking import LOOKING
from tui.acts.own import OWN, of_commands
from tui.acts.screen import SCREEN
from tui.acts.services import of_services
from tui.acts.work import WORK
from tui.context import Context

ACTIONS: tuple[Action, ...] = (*of_services(), *WORK, *LOOKING, *LIKING, *SCREEN, *OWN)

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}


def all_actions(context: Context) -> tuple[Action, ...]:
    """The registry with the project's own commands."""
    return (*ACTIONS, *of_commands(context.commands))


def action_of(action_id: str, context: Context) -> Action:
    """The action that is called so, with the project's own commands. KeyError for none."""
    return BY_ID.get(action_id) or {action.id: action for action in of_commands(context.commands)}[action_id]


def bindings(scope: Scope) -> list[Binding]:
    """The Textual bindings of a scope; ids are what the `keys` setting refers to."""
    return [
        Binding(action.keys, f"screen.act('{action.id}')", show=False, id=action.id, tooltip=action.tooltip)
        for action in ACTIONS
        if action.scope is scope and action.keys
    ]


def in_reach(context: Context) -> Iterable[Action]:
    """Actions whose keys act while that panel has the focus, and that have something to act on."""
    return (a for a in ACTIONS if a.scope in (Scope.MAIN, context.panel) and not a.when(context))


def key_of(action: Action, keymap: Mapping[str, str]) -> str:
    """How the key of an action is written on screen, the user's own choice first."""
    own = keymap.get(action.id)
    if own is None and action.written:
        return action.written
    return _written((own or action.keys).split(",")[0].strip())


def _written(key: str) -> str:
    if key.startswith("ctrl+"):
        return "^" + key[5:]
    return _NAMES.get(key, key)


_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "enter": "↵",
    "exclamation_mark": "!",
    "asterisk": "*",
    "colon": ":",
    "at": "@",
    "comma": ",",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
}


def unknown_keys(keymap: Mapping[str, str], others: Iterable[str] = ()) -> list[str]:
    """Ids in the user's keymap that no action has, and none of the `others`: what the panels do with their own keys."""
    return sorted(set(keymap) - set(BY_ID) - set(others))
