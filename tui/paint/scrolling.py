"""The keys that move: the same in every list, and on every page that scrolls."""

from textual.binding import Binding, BindingType

ROWS: list[BindingType] = [
    Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
    Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
    Binding("ctrl+u", "half(-1)", "Half a page up", show=False, id="list.half-up"),
    Binding("ctrl+d", "half(1)", "Half a page down", show=False, id="list.half-down"),
    Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False, id="list.page-up"),
    Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, id="list.page-down"),
    Binding("home,g", "edge(-1)", "First", show=False, id="list.first"),
    Binding("end,G", "edge(1)", "Last", show=False, id="list.last"),
    Binding("enter", "activate", "Open", show=False, id="list.open"),
]
"""Of a list with a cursor."""
LINES: list[BindingType] = [
    Binding("up,k", "scroll_up", "Up", show=False, id="list.up"),
    Binding("down,j", "scroll_down", "Down", show=False, id="list.down"),
    Binding("pageup,ctrl+b,ctrl+u", "page_up", "Page up", show=False, id="list.page-up"),
    Binding("pagedown,ctrl+f,ctrl+d", "page_down", "Page down", show=False, id="list.page-down"),
    Binding("home,g", "scroll_home", "First", show=False, id="list.first"),
    Binding("end,G", "scroll_end", "Last", show=False, id="list.last"),
]
"""Of a page that scrolls."""
IDS = frozenset(binding.id for binding in ROWS if isinstance(binding, Binding) and binding.id)
"""What the user's own keys may be for, besides actions."""
