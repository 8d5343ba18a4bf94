"""The one registry of what can be done on a key: bindings, footer, palette and help all come from it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from textual.binding import Binding

from coordinator.services.registry import SERVICES, Service
from tui.action import Action as Action
from tui.action import Group as Group
from tui.action import Scope as Scope
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
    no_pipeline,
    no_problems,
    no_question,
    no_search,
    nobody_to_tell,
    not_alive,
    not_loaded,
    nothing_applied,
    nothing_chosen,
    nothing_happened,
    nothing_to_run,
    of_marked,
    offered,
    or_marked,
    permit_label,
    tell_label,
    zoom_label,
)


class _Place(NamedTuple):
    """Where a service is on the screen, besides the palette."""

    keys: str
    footer: int
    own_screen: bool = False
    """It has more than a form."""
    numbered: bool = False
    """Its label says which prompt it is about."""
    many: bool = False
    """It acts on all that are marked, if some are."""


_PLACES: Mapping[str, _Place] = {
    "interject": _Place("i", 21),
    "review": _Place("v", 19, own_screen=True, numbered=True),
    "patch": _Place("p", 22),
    "edit": _Place("e", 23),
    "surgery": _Place("s", 24),
    "kill": _Place("x,K", 31, numbered=True, many=True),
    "restart": _Place("r", 32, numbered=True, many=True),
    "cancel": _Place("X", 34, numbered=True, many=True),
}


def _services() -> tuple[Action, ...]:
    """What the registry of services has for the screen: those with a key first, as they stand here."""
    named = dict.fromkeys((*_PLACES, *SERVICES))
    return tuple(_of_service(SERVICES[name]) for name in named if SERVICES[name].tooltip)


def _of_service(service: Service) -> Action:
    name, place = service.name, _PLACES.get(service.name, _Place("", 0))

    def label(context: Context) -> str:
        if place.many and context.marked:
            return of_marked(name, context)
        number = offered(context, name).about
        return f"{name} {number:02d}" if number is not None else name

    def when(context: Context) -> Reason:
        return offered(context, name).why_not

    def moot(context: Context) -> bool:
        return bool(offered(context, name).better) and not (place.many and context.marked)

    return Action(
        name,
        place.keys,
        label if place.numbered else name,
        service.tooltip,
        Group.STEER,
        when=or_marked(when) if place.many else when,
        footer=place.footer,
        moot=moot,
        form="" if place.own_screen else name,
        many=name if place.many else "",
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
        "chat",
        "c",
        "chat",
        "Talk with the coordinator: it looks, asks and proposes; nothing happens that you do not confirm",
        Group.STEER,
        when=not_loaded,
        footer=34,
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
        footer=34,
        footer_in="agents",
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
        when=or_marked(no_permission),
        footer=18,
        moot=lambda context: bool(no_permission(context)),
        many="permit",
    ),
    Action(
        "tell",
        "t",
        tell_label,
        "Send a message to a running agent, while it can take one",
        Group.STEER,
        when=or_marked(nobody_to_tell),
        footer=33,
        many="tell",
    ),
    Action(
        "hold",
        "h",
        lambda context: of_marked("hold", context),
        "Start nothing for what is marked, or selected, until it is restarted; running agents go on",
        Group.STEER,
        when=or_marked(nothing_chosen),
        footer=35,
        moot=lambda context: not context.marked,
        form="many pause",
        many="pause",
    ),
    Action(
        "priority",
        "P",
        lambda context: of_marked("priority", context),
        "Give what is marked, or selected, another priority",
        Group.STEER,
        when=or_marked(nothing_chosen),
        footer=36,
        moot=lambda context: not context.marked,
        form="many priority",
        many="priority",
    ),
    Action(
        "mark.like",
        "asterisk",
        "mark alike",
        "Mark all that ask for the same, all that failed, all that wait for the selected one, …",
        Group.CHOOSE,
        when=not_loaded,
        written="*",
    ),
    Action(
        "mark.filter",
        "colon",
        "mark by filter",
        "Mark all that fit a filter, such as status:failed title:auth",
        Group.CHOOSE,
        when=not_loaded,
        written=":",
    ),
    Action(
        "mark.none",
        "",
        "unmark",
        "Take back all marks; esc on a panel does the same",
        Group.CHOOSE,
        when=lambda context: "" if context.marked else "Nothing is marked.",
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
        "What it is for, what shows that it is reached, what was found and decided; edit the intent, link, close it",
        Group.LOOK,
        when=not_loaded,
    ),
    Action(
        "artifacts",
        "O",
        "artifacts",
        "Turn by turn what the pipeline of the selected prompt did, and what it made: criteria, points, receipts",
        Group.LOOK,
        when=no_pipeline,
        footer=26,
    ),
    Action(
        "criteria",
        "",
        "criteria",
        "What shows that each criterion is met: run its witness again, or accept it for a reason",
        Group.LOOK,
        when=not_loaded,
    ),
    Action(
        "findings",
        "",
        "findings",
        "What specialists and people found: waive it, make a prompt of it, leave it for later",
        Group.LOOK,
        when=not_loaded,
    ),
    Action(
        "compound",
        "",
        "compound",
        "What slipped through in this milestone, what let it through, and what would catch the next one",
        Group.LOOK,
        when=not_loaded,
    ),
    Action(
        "runs",
        "",
        "runs",
        "Every run with its outcome, time and cost, and what was done in it",
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
        "Go through kinds: prompts that failed, run, wait; agents that ask, work, ended; events of prompt, agent",
        Group.LOOK,
        footer=40,
        footer_in="events",
    ),
    Action(
        "events.search",
        "slash",
        lambda context: "filter" if context.panel in ("prompts", "agents") else "search",
        "Filter the prompts or agents while you type, where these have the focus; else search all events for a text",
        Group.LOOK,
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
}


def unknown_keys(keymap: Mapping[str, str], others: Iterable[str] = ()) -> list[str]:
    """Ids in the user's keymap that no action has, and none of the `others`: what the panels do with their own keys."""
    return sorted(set(keymap) - set(BY_ID) - set(others))
