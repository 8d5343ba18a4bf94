"""The one registry of what can be done on a key: bindings, footer, palette and help all come from it."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from textual.binding import Binding

from coordinator.lazy.dataclass import dataclass
from coordinator.services.registry import SERVICES, Service
from tui.context import (
    Context,
    Reason,
    attach_label,
    loop_label,
    no_agent,
    no_agents,
    no_distrust,
    no_need,
    no_permission,
    no_problems,
    no_question,
    no_search,
    nobody_to_tell,
    not_alive,
    not_loaded,
    nothing_applied,
    nothing_happened,
    nothing_to_run,
    offered,
    permit_label,
    tell_label,
    zoom_label,
)


class Group(StrEnum):
    """Headings of the help screen."""

    STEER = "Steering the work"
    LOOP = "The loop"
    NEEDS_YOU = "What needs you"
    LOOK = "Looking around"
    EVENTS = "Events"
    SCREEN = "The screen"


class Scope(StrEnum):
    """Where a key acts: everywhere on the main screen, or only while that panel has the focus."""

    MAIN = "main"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do: a form, or `action_<id>` of the main screen or the app (dots become underscores)."""

    id: str
    keys: str
    """Comma-separated; empty for what only the palette offers."""
    label: str | Callable[[Context], str]
    """One or two words for the footer."""
    tooltip: str
    """A sentence for palette and help."""
    group: Group
    scope: Scope = Scope.MAIN
    when: Callable[[Context], Reason] = lambda _: ""
    footer: int = 0
    """Place in the footer, left to right; 0: not shown there."""
    footer_in: str = ""
    """The panel whose footer shows it, though its key acts in all; empty: every panel's."""
    moot: Callable[[Context], bool] = lambda _: False
    """All that its key would do here is to name another one: not worth a place in the footer."""
    palette: bool = True
    """Worth a line in the palette."""
    written: str = ""
    """How the key is written; empty: as it is called."""
    form: str = ""
    """The service whose form it opens; empty: it has a method."""

    def label_in(self, context: Context) -> str:
        return self.label if isinstance(self.label, str) else self.label(context)

    @property
    def method(self) -> str:
        return self.id.replace(".", "_")


class _Place(NamedTuple):
    """Where a service is on the screen, besides the palette."""

    keys: str
    footer: int
    own_screen: bool = False
    """It has more than a form."""
    numbered: bool = False
    """Its label says which prompt it is about."""


_PLACES: Mapping[str, _Place] = {
    "interject": _Place("i", 21),
    "review": _Place("v", 19, own_screen=True, numbered=True),
    "patch": _Place("p", 22),
    "edit": _Place("e", 23),
    "surgery": _Place("s", 24),
    "kill": _Place("x,K", 31, numbered=True),
    "restart": _Place("r", 32, numbered=True),
}


def _services() -> tuple[Action, ...]:
    """What the registry of services has for the screen: those with a key first, as they stand here."""
    named = dict.fromkeys((*_PLACES, *SERVICES))
    return tuple(_of_service(SERVICES[name]) for name in named if SERVICES[name].tooltip)


def _of_service(service: Service) -> Action:
    name, place = service.name, _PLACES.get(service.name, _Place("", 0))

    def label(context: Context) -> str:
        number = offered(context, name).about
        return f"{name} {number:02d}" if number is not None else name

    return Action(
        name,
        place.keys,
        label if place.numbered else name,
        service.tooltip,
        Group.STEER,
        when=lambda context: offered(context, name).why_not,
        footer=place.footer,
        moot=lambda context: bool(offered(context, name).better),
        form="" if place.own_screen else name,
    )


ACTIONS: tuple[Action, ...] = (
    *_services(),
    Action(
        "undo",
        "u",
        "undo",
        "Take back the newest plan that was applied, while nothing has been built on it",
        Group.STEER,
        when=nothing_applied,
        footer=29,
        form="undo",
    ),
    Action(
        "import",
        "",
        "import",
        "Make prompts of the tasks of another tool, or take over what changed there",
        Group.STEER,
        when=not_loaded,
        form="import",
    ),
    Action(
        "loop.toggle",
        "l",
        loop_label,
        "Start the loop, pause it, or let it go on; agents that run are never interrupted",
        Group.LOOP,
        when=nothing_to_run,
        footer=10,
    ),
    Action(
        "loop.stop",
        "L",
        "stop loop",
        "End the loop after showing what will happen; agents finish in their windows",
        Group.LOOP,
        when=not_alive,
    ),
    Action(
        "attach",
        "a",
        attach_label,
        "Go into the agent's own window; detach (F12, or your tmux prefix and d) to come back",
        Group.LOOK,
        when=no_agent,
        footer=30,
    ),
    Action(
        "agent.status",
        "A",
        "agent status",
        "Every agent with its evidence, age, tokens, cost and window, and what to do about it",
        Group.LOOK,
        when=no_agents,
    ),
    Action(
        "need",
        "n",
        "needs you",
        "Go to the most urgent thing that waits for you: a question, a permission, a failure",
        Group.NEEDS_YOU,
        when=no_need,
        footer=11,
    ),
    Action(
        "permit",
        "y",
        permit_label,
        "Allow or deny what an agent asks leave for, after a look at exactly what that is",
        Group.NEEDS_YOU,
        when=no_permission,
        footer=18,
    ),
    Action(
        "tell",
        "t",
        tell_label,
        "Send a message to a running agent, while it can take one",
        Group.STEER,
        when=nobody_to_tell,
        footer=33,
    ),
    Action(
        "questions",
        "Q",
        "questions",
        "All questions, open ones first, with their answers",
        Group.NEEDS_YOU,
        when=no_question,
    ),
    Action(
        "problems",
        "exclamation_mark",
        "problems",
        "What is wrong in the prompt files, where, and what to do",
        Group.NEEDS_YOU,
        when=no_problems,
        footer=25,
    ),
    Action(
        "trust",
        "T",
        "trust",
        "What of this project would run here, before anything of it does; trust it, or only look",
        Group.NEEDS_YOU,
        when=no_distrust,
        footer=5,
        moot=lambda context: bool(no_distrust(context)),
    ),
    Action(
        "milestone",
        "M",
        "milestone",
        "What it is for, what belongs to it, what was decided and asked; edit the intent, link, decide, close it",
        Group.LOOK,
        when=not_loaded,
    ),
    Action("panel.next", "tab", "panels", "Go to the next panel", Group.LOOK, footer=80, palette=False),
    Action("panel.previous", "shift+tab", "previous panel", "Go to the previous panel", Group.LOOK, palette=False),
    Action("panel.prompts", "1", "prompts", "Go to the prompts", Group.LOOK),
    Action("panel.agents", "2", "agents", "Go to the agents", Group.LOOK),
    Action("panel.window", "3", "live window", "Go to the live window", Group.LOOK),
    Action("panel.events", "4", "events", "Go to the events", Group.LOOK),
    Action(
        "zoom", "Z", zoom_label, "Give the focused panel the whole screen, or take it back", Group.SCREEN, footer=85
    ),
    Action(
        "events.filter",
        "f",
        "filter",
        "Show all events, those of the selected prompt, of its agents, or questions only",
        Group.EVENTS,
        footer=40,
        footer_in="events",
    ),
    Action(
        "events.search",
        "slash",
        "search",
        "Search all events for a text",
        Group.EVENTS,
        footer=41,
        footer_in="events",
        written="/",
    ),
    Action(
        "events.clear",
        "escape",
        "end search",
        "Show events again that the search left out",
        Group.EVENTS,
        Scope.EVENTS,
        when=no_search,
        footer=42,
        written="esc",
    ),
    Action(
        "replay",
        "H",
        "replay",
        "Go back in time: graph, agents and questions as they were after any event; begins at the selected one",
        Group.EVENTS,
        when=nothing_happened,
        footer=45,
        footer_in="events",
    ),
    Action(
        "events.details",
        "enter",
        "details",
        "Show everything that the log says about this event",
        Group.EVENTS,
        Scope.EVENTS,
        footer=43,
        written="↵",
    ),
    Action(
        "events.prompt",
        "o",
        "its prompt",
        "Select the prompt that this event is about",
        Group.EVENTS,
        Scope.EVENTS,
        footer=44,
    ),
    Action("theme", "", "theme", "Change between the dark and the light theme", Group.SCREEN),
    Action(
        "palette",
        "ctrl+p",
        "commands",
        "Find any command, or a prompt by number or title",
        Group.SCREEN,
        footer=90,
        written="^p",
        palette=False,
    ),
    Action("help", "question_mark", "help", "What every key and panel is for", Group.SCREEN, footer=95, written="?"),
    Action("quit", "q", "quit", "Leave the screen; the loop and its agents go on", Group.SCREEN, footer=99),
)

_FIRST = 18
"""The last place in the footer before those of the panel that has the focus."""

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}


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


def footer(context: Context) -> list[Action]:
    """What the footer shows, left to right: the loop and what needs a human, the panel's own, the rest."""
    worth = (a for a in in_reach(context) if a.footer and not a.moot(context))
    shown = (a for a in worth if a.footer_in in ("", context.panel))
    return sorted(shown, key=lambda a: (a.footer > _FIRST, not (a.footer_in or a.scope is not Scope.MAIN), a.footer))


def key_of(action: Action, keymap: Mapping[str, str]) -> str:
    """How the key of an action is written on screen, the user's own choice first."""
    own = keymap.get(action.id)
    if own is None and action.written:
        return action.written
    return _written((own or action.keys).split(",")[0].strip())


def _written(key: str) -> str:
    names = {"question_mark": "?", "slash": "/", "escape": "esc", "enter": "↵", "exclamation_mark": "!"}
    if key.startswith("ctrl+"):
        return "^" + key[5:]
    return names.get(key, key)


def unknown_keys(keymap: Mapping[str, str], others: Iterable[str] = ()) -> list[str]:
    """Ids in the user's keymap that no action has, and none of the `others`: what the panels do with their own keys."""
    return sorted(set(keymap) - set(BY_ID) - set(others))
