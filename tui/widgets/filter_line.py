"""The line in which a list is filtered: open below it while one types, and as long as it leaves something out."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from tui.widgets.footer import Hint

KINDS = {
    "prompts": ("", "status:failed", "is:running", "status:waiting"),
    "agents": ("", "is:asking", "is:working", "is:ended"),
}
"""Panel → the filters that one key goes through; the first shows everything."""


def filter_hints(enter: str) -> tuple[Hint, ...]:
    """The keys while one types."""
    return ((enter, "keep", "filter.keep"), ("↑↓", "move", "filter.move"), ("esc", "show all", "filter.end"))


class FilterLine(Input):
    """Belongs to the list of one panel. Enter keeps the filter, Escape ends it, the arrows move in the list."""

    DEFAULT_CSS = """
    FilterLine { height: 1; border: none; padding: 0 1; background: $panel; display: none; }
    FilterLine:focus { border: none; }
    FilterLine.-open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "show_all", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
    ]

    class Left(Message):
        """Typing has ended; `keep`: the filter stays."""

        def __init__(self, panel: str, *, keep: bool) -> None:
            super().__init__()
            self.panel = panel
            self.keep = keep

    class Stepped(Message):
        """An arrow key: the list's cursor is to move."""

        def __init__(self, panel: str, by: int) -> None:
            super().__init__()
            self.panel = panel
            self.by = by

    def __init__(self, panel: str) -> None:
        super().__init__(placeholder="words, status:failed, agent:codex, after:7 …", id=f"{panel}-filter")
        self.panel = panel

    def open(self, text: str | None = None) -> None:
        """Show the line, with another text if one is given."""
        self.add_class("-open")
        if text is not None:
            self.value = text
        self.cursor_position = len(self.value)

    def close(self) -> None:
        self.value = ""
        self.remove_class("-open")

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    @property
    def next_kind(self) -> str:
        """The filter after the present one."""
        ways = KINDS[self.panel]
        here = ways.index(self.value) if self.value in ways else 0
        return ways[(here + 1) % len(ways)]

    async def action_submit(self) -> None:
        self.post_message(self.Left(self.panel, keep=True))

    def action_show_all(self) -> None:
        self.post_message(self.Left(self.panel, keep=False))

    def action_move(self, by: int) -> None:
        self.post_message(self.Stepped(self.panel, by))
