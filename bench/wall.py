"""Many live windows on one screen: `coord`'s own, a dozen times. `python -m bench.wall SOCKET SESSION PANE…`."""

import sys

from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.message import Message

from coordinator.model.pane_screen import Screen
from coordinator.model.snapshot import Agent, AgentState
from coordinator.terminals.feed import PaneFeed
from coordinator.terminals.server import Terminals
from tui.paint.theme import DARK, themes
from tui.widgets.window import LiveWindow


class Drawn(Message):
    """A pane looks different."""

    def __init__(self, pane: str, screen: Screen) -> None:
        super().__init__()
        self.pane = pane
        self.screen = screen


class Wall(App[None]):
    """As `coord` shows one window, this shows all that it is given: the same feed, the same widget."""

    CSS = "Grid { grid-size: 4; } LiveWindow { border: round $border-blurred; width: 1fr; height: 1fr; }"

    def __init__(self, terminals: Terminals, panes: list[str]) -> None:
        super().__init__()
        for theme in themes():
            self.register_theme(theme)
        self.theme = DARK
        self._terminals = terminals
        self._windows = {pane: LiveWindow() for pane in panes}

    def compose(self) -> ComposeResult:
        with Grid():
            yield from self._windows.values()

    def on_mount(self) -> None:
        for pane, window in self._windows.items():
            window.show(Agent(pane, "executor", 1, 1, "any", AgentState.WORKING, "window", 0, "", "@0", pane), 0)
        self._feed = PaneFeed(self._terminals, self._came)
        self._feed.show(list(self._windows), next(iter(self._windows)))

    def _came(self, pane: str, screen: Screen) -> None:
        """Called from the feed's thread."""
        self.post_message(Drawn(pane, screen))

    def on_drawn(self, message: Drawn) -> None:
        self._windows[message.pane].draw(message.pane, message.screen)


if __name__ == "__main__":
    Wall(Terminals(sys.argv[1], sys.argv[2]), sys.argv[3:]).run()
