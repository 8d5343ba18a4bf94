"""Zoom, the events panel, and the screen itself."""

from tui.action import Action, Group, Scope
from tui.context import no_search, nothing_happened, zoom_label

SCREEN: tuple[Action, ...] = (
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
