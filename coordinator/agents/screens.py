"""What an agent's screen shows, where nothing better tells: a table of signs per CLI, read from the bottom. Pure.

An agent can print anything into its history; so what counts is where it stands: the dialog or composer at the bottom.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from coordinator.agents.runtime import Said
from coordinator.lazy.dataclass import dataclass
from coordinator.model.snapshot import AgentState
from coordinator.model.text import clip, width

_DOING_LIMIT = 160
_CHOICES = (AgentState.PERMISSION, AgentState.WAITING, AgentState.RATE_LIMITED)
"""States whose screen may be a dialog."""
_PANEL_FROM = 30
"""Columns that belong to the conversation in any case."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A state, by patterns that all have to be found among the last rows that aren't blank."""

    state: AgentState
    footer: str
    """Expression for one of the `within` last rows."""
    also: str = ""
    """Expression for the rows above it, as one text; empty: nothing more is asked."""
    doing: str = ""
    """Expression whose first group, at its last match, is what the agent wants, asks or complains about."""
    within: int = 3
    reach: int = 40
    """Rows from the bottom in which `also` and `doing` are looked for."""


def rows_of(screen: str) -> list[str]:
    """The rows that aren't blank, without blanks at their ends."""
    return [row.rstrip() for row in screen.splitlines() if row.strip()]


def without_panel(screen: str, bar: str = "│") -> str:
    """The screen without a panel on its right, told by the bar that goes down most of its rows in one column."""
    lines = screen.splitlines()
    columns = [{place for place, char in _cells(line) if char == bar} for line in lines]
    counts = Counter(place for found in columns for place in found if place >= _PANEL_FROM)
    place, rows = max(counts.items(), key=lambda item: item[1], default=(0, 0))
    if rows * 2 < len([line for line in lines if line.strip()]):
        return screen
    return "\n".join("".join(char for column, char in _cells(line) if column < place).rstrip() for line in lines)


def _cells(line: str) -> Iterator[tuple[int, str]]:
    column = 0
    for char in line:
        yield column, char
        column += width(char)


def read(screen: str, signs: Sequence[Sign]) -> Said | None:
    """What the first sign that fits says; None when none does."""
    rows = rows_of(screen)
    for sign in signs:
        if not any(re.search(sign.footer, row) for row in rows[-sign.within :]):
            continue
        text = "\n".join(rows[-sign.reach :])
        if sign.also and not re.search(sign.also, text, re.MULTILINE):
            continue
        return Said(sign.state, _doing(sign, text))
    return None


def dialog_opened(before: Said | None, now: Said | None) -> bool:
    """Whether a screen shows a choice that wasn't there: Enter, meant for the composer, would take what is under it."""
    return now is not None and now.state in _CHOICES and (before is None or before.state is not now.state)


def _doing(sign: Sign, text: str) -> str:
    found = [match for match in re.finditer(sign.doing, text, re.MULTILINE) if match[0]] if sign.doing else []
    if not found:
        return ""
    words = next((group for group in found[-1].groups() if group), "")
    return clip(" ".join(words.split()), _DOING_LIMIT)
