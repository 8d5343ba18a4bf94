"""Live windows from several tmux servers: our own, and those of adopted windows."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from coordinator.client.ports import OnScreen

if TYPE_CHECKING:
    from coordinator.terminals.feed import PaneFeed
    from coordinator.terminals.server import Terminals


class Streams:
    """One feed for each server whose panes are in sight; a pane of another server is called `server/%5`."""

    def __init__(self, own: "Callable[[], Terminals]") -> None:
        self._own = own
        self._feeds: dict[str, PaneFeed] = {}
        """By server; empty: our own."""
        self._on_screen: OnScreen = lambda pane, screen: None
        """Who is told of panes at present."""

    def show(self, panes: Sequence[str], focused: str | None, on_screen: OnScreen) -> None:
        """Stream these panes from now on and no others; the focused one faster."""
        self._on_screen = on_screen
        wanted: dict[str, list[str]] = {server: [] for server in self._feeds}
        for pane in panes:
            server, _, name = pane.rpartition("/")
            wanted.setdefault(server, []).append(name)
        in_focus, _, focused_name = (focused or "").rpartition("/")
        for server, names in wanted.items():
            if server not in self._feeds:
                self._feeds[server] = self._feed(server)
            self._feeds[server].show(names, focused_name if focused and server == in_focus else None)

    def stop(self) -> None:
        for feed in self._feeds.values():
            feed.stop()

    def _feed(self, server: str) -> "PaneFeed":
        if server:
            from coordinator.terminals.foreign_server import Elsewhere

            return Elsewhere(server).feed(lambda pane, screen: self._on_screen(f"{server}/{pane}", screen))
        from coordinator.terminals.feed import PaneFeed

        return PaneFeed(self._own(), lambda pane, screen: self._on_screen(pane, screen))
