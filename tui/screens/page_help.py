"""What a page is for and what its keys do, over the page: the same key everywhere."""

from collections.abc import Iterable, Mapping, Sequence

from textual.binding import Binding
from textual.screen import Screen

from coordinator.views.spans import Span
from tui.paint.ink import Spans, pad
from tui.screens.reader import Reading
from tui.widgets.footer import Hint

KEY = Binding("question_mark", "app.page_help", "help", show=False)
HINT: Hint = ("?", "help", "app.page_help")
_WRITTEN = {
    "enter": "↵",
    "escape": "esc",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left": "←",
    "right": "→",
    "slash": "/",
    "asterisk": "*",
    "colon": ":",
}
_ABOUT: Mapping[str, tuple[str, str]] = {
    "AgentStatus": (
        "agents",
        "Every agent with what is known of it. Keys act on the one under the cursor, or its prompt.",
    ),
    "Review": ("review", "What an agent said, its commits, and the diff. Nothing lands before you approve it."),
    "ReplayScreen": ("replay", "The project as it was after any event. Nothing here changes anything."),
    "MilestoneScreen": ("milestone", "What it is for, what shows that it is reached, what was found and decided."),
    "CriteriaScreen": ("criteria", "What shows that each is met. A command is run only in the words that you see."),
    "FindingsScreen": ("findings", "What specialists and people found. Say what is to become of each."),
    "RunsScreen": ("runs", "Every run with its outcome, time and cost, and what was done in it."),
}


def help_page(screen: Screen[object], hints: Sequence[Hint]) -> Reading:
    """A page of words about another: what it is for, the keys of its footer, then those that stand nowhere."""
    title, about = _ABOUT.get(type(screen).__name__, ("", ""))
    return Reading(f"Help: {title}" if title else "Help", page_lines(about, hints, _bindings(screen)))


def _bindings(screen: Screen[object]) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if active.node is screen and binding.description and binding.action != KEY.action:
            found.setdefault(_WRITTEN.get(key, key), binding.description)
    return list(found.items())


def page_lines(about: str, hints: Sequence[Hint], others: Iterable[tuple[str, str]]) -> list[Spans]:
    """The lines of the page."""
    lines: list[Spans] = [[Span(about, "text")], []] if about else []
    lines.append([Span("Keys", "brand")])
    shown = {key for key, _, _ in hints}
    rows = [(key, label) for key, label, action in hints if action != HINT[2]]
    rows += [(key, label.lower()) for key, label in others if key not in shown]
    lines += [[Span(pad(f"  {key}", 12), "key"), Span(label, "text")] for key, label in rows]
    lines += [[], [Span("Moving", "brand")]]
    moving = (("↑ ↓ j k", "a line"), ("^d ^u", "half a page"), ("PgUp PgDn", "a page"), ("g G", "the first, the last"))
    return [*lines, *([Span(pad(f"  {keys}", 12), "key"), Span(text, "quiet")] for keys, text in moving)]
