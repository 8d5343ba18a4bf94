"""Whether the keys of a project's own commands are free: what else has them on the main screen."""

from collections.abc import Iterable, Mapping, Sequence

from textual.app import App
from textual.binding import Binding

from coordinator.model.own_command import OwnCommand
from tui.actions import ACTIONS
from tui.screens.main import MainScreen
from tui.widgets.agents import Agents
from tui.widgets.events import EventList
from tui.widgets.graph import PromptGraph
from tui.widgets.window import LiveWindow

_PLACES = (MainScreen, PromptGraph, Agents, LiveWindow, EventList, App)


def free_keys(
    commands: Iterable[OwnCommand], keymap: Mapping[str, str]
) -> tuple[tuple[OwnCommand, ...], tuple[str, ...]]:
    """The commands with the keys that are free, as Textual calls them; what has each of the others, in words."""
    taken = _taken(keymap)
    found: list[OwnCommand] = []
    said: list[str] = []
    for command in commands:
        key = _called(command.key)
        if key in taken:
            said.append(f"{command.name}: the key {command.key} is that of {taken[key]}")
        found.append(command._replace(key="" if key in taken else key))
        taken |= {key: command.name} if key else {}
    return tuple(found), tuple(said)


def _called(key: str) -> str:
    """A key by its name: `question_mark` for `?`."""
    return next((each.key for each in Binding.make_bindings([Binding(key, "")])), "") if key else ""


def _taken(keymap: Mapping[str, str]) -> dict[str, str]:
    """Key → what it is for."""
    own = {action.id: action.keys for action in ACTIONS}
    bound = [each for place in _PLACES for above in place.__mro__ for each in _bindings(above)]
    found: dict[str, str] = {}
    for binding in bound:
        if binding.id not in keymap:
            found.setdefault(binding.key, binding.id or binding.description or "the screen itself")
    for name, keys in {**own, **keymap}.items():
        found |= {_called(key.strip()): name for key in keys.split(",") if key.strip()}
    return found


def _bindings(place: type) -> Sequence[Binding]:
    return list(Binding.make_bindings(place.__dict__.get("BINDINGS", ())))
