"""How large the panels of the main screen may be, and what a key makes of that. Pure.

Sizes are those that somebody chose, of which each screen shows as much as it has room for: a small window does not make
anybody's choice for the large one another.
"""

from typing import NamedTuple

from coordinator.client.ports import Sizes

WIDE, VAST = 104, 190
"""Columns from which on a screen is so."""
SHORT, MEDIUM, TALL = 16, 30, 44
"""Lines from which on a screen is so; a lower one is tiny."""
COLUMNS, ROWS = 4, 2
"""Percent of the width, and lines, that a key moves."""
_NARROWEST, _WIDEST = 25, 75
"""Percent that the left column may have."""
_EVENTS, _AGENTS, _WINDOW, _PROMPTS, _DETAILS = 3, 4, 5, 5, 8
"""Lines that a panel has at least, its border among them."""


class Room(NamedTuple):
    """What a screen has to share out."""

    width: int
    height: int

    @property
    def narrow(self) -> bool:
        """It shows one column: prompts over events, or agents over the window."""
        return self.width < WIDE

    @property
    def lines(self) -> int:
        """Those between header and footer."""
        return self.height - 2

    @property
    def why(self) -> int:
        """Lines that the panel below the prompts may have: on a short screen it is one line."""
        return 1 if self.height < MEDIUM else 8

    @property
    def events(self) -> int:
        """Lines that the events have where nobody chose; coord.tcss gives them these."""
        return 3 if self.height < SHORT else 8 if self.height < MEDIUM else 10 if self.height < TALL else 12


def most_events(room: Room) -> int:
    """Lines that the events may have at most."""
    details = 0 if room.narrow or room.height < TALL else _DETAILS
    column = room.why + details + _PROMPTS
    return max(_EVENTS, room.lines - (column if room.narrow else max(column, _AGENTS + _WINDOW)))


def most_agents(room: Room, events: int) -> int:
    """Lines that the agents may have at most, where somebody chose so many for the events; 0: nobody did."""
    return max(_AGENTS, room.lines - (0 if room.narrow else events or room.events) - _WINDOW)


def fitting(sizes: Sizes, room: Room) -> Sizes:
    """What of the chosen sizes this screen can show."""
    shown = min(sizes.events, most_events(room)) if sizes.events else 0
    agents = min(sizes.agents, most_agents(room, shown)) if sizes.agents else 0
    return Sizes(0 if room.narrow else sizes.left, shown, agents)


def with_left(sizes: Sizes, left: int, by: int) -> Sizes:
    """The line between the columns somewhere else; `left`: percent that the left one has now."""
    return sizes._replace(left=max(_NARROWEST, min(_WIDEST, left + by)))


def with_taller(sizes: Sizes, panel: str, room: Room, now: Sizes, by: int) -> Sizes:
    """The focused panel taller or lower, its neighbour the other way; `now`: lines that panels have."""
    if panel in ("agents", "window"):
        wanted = now.agents + (by if panel == "agents" else -by)
        return sizes._replace(agents=max(_AGENTS, min(most_agents(room, now.events), wanted)))
    wanted = now.events + (-by if panel == "prompts" else by)
    return sizes._replace(events=max(_EVENTS, min(most_events(room), wanted)))
