"""Windows of agents: ours in the project's tmux server, adopted ones in theirs."""

import os
from collections.abc import Callable, Sequence

from coordinator.client.ports import OnScreen
from coordinator.errors import CoordError, Refused
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.own_command import OwnWindow
from coordinator.model.snapshot import Agent
from coordinator.model.step import Attempt
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from coordinator.model.pane_screen import Screen
    from coordinator.terminals.feed import PaneFeed
    from coordinator.terminals.listing import Window
    from coordinator.terminals.server import Terminals

_SCREEN_LIMIT = 2_000_000
"""Bytes of a kept last screen."""
_COLUMNS = 500
"""Widest last screen that is read."""
_SCROLLED = 5000
"""Lines that are read of what scrolled out of a window: as many as tmux keeps of ours."""
_LOOP = "loop"
"""Name of the loop's window."""


class Windows:
    """The windows of one project. Raises CoordError."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def attach(self, agent: Agent, *, if_gone: str) -> Sequence[str] | None:
        """The command that shows an agent's window in this terminal; None when tmux has already switched to it.

        `if_gone`: how to go on when it is gone.
        """
        if agent.adopted:
            from coordinator.terminals.foreign_server import Elsewhere

            return Elsewhere(agent.server).attach(agent.window)
        window = self._of(agent.id)
        if window is None:
            raise CoordError(f"the window of {agent.id} is gone", if_gone)
        return self._attach(window.id)

    def scrollback(self, agent: Agent) -> "Screen":
        """What scrolled out of an agent's window, as far as it is kept, then what it shows. Refused when it is gone."""
        from coordinator.terminals.screen import parse

        if agent.adopted:
            from coordinator.terminals.foreign_server import Elsewhere

            captured: str | None = Elsewhere(agent.server).capture(agent.pane, _SCROLLED)
        else:
            window = self._of(agent.id)
            captured = self._project.terminals.capture(window.pane, _SCROLLED) if window is not None else None
        if captured is None:
            raise Refused(f"the window of {agent.id} is gone", "its last screen stays in sight")
        text = captured.rstrip("\n")
        return parse(text, _COLUMNS, text.count("\n") + 1)

    def attach_loop(self) -> Sequence[str] | None:
        """The same for the window in which the loop runs."""
        for window in self._project.terminals.windows():
            if window.name == _LOOP:
                return self._attach(window.id)
        raise CoordError("the loop has no window", "it runs in a terminal of its own, or not at all: `coord status`")

    def own(self) -> tuple[OwnWindow, ...]:
        """Windows in which commands of one's own run, or wait to be read."""
        from coordinator.terminals.own_window import MARK

        root = str(self._project.layout.root)
        there = (window for window in self._project.terminals.windows() if window.mark.get("root") == root)
        return tuple(OwnWindow(window.id, window.mark[MARK]) for window in there if MARK in window.mark)

    def attach_own(self, window: OwnWindow) -> Sequence[str] | None:
        """The same as `attach` for one of these."""
        if window not in self.own():
            raise CoordError(f"the window of {window.name} is gone", "it closes when its command was read")
        return self._attach(window.id)

    def last_screen(self, attempt: Attempt) -> "Screen | None":
        """What the window of an ended attempt showed at the end; None when nothing of it is left."""
        from coordinator.storage.files import read_limited
        from coordinator.terminals.capture import read_panes
        from coordinator.terminals.screen import parse

        window = self._of(attempt.agent)
        if window is not None:
            return read_panes(self._project.terminals, [window.pane]).get(window.pane)
        try:
            text = read_limited(self._project.layout.root / attempt.directory / "screen.txt", _SCREEN_LIMIT)
        except (OSError, CoordError):
            return None
        return parse(text, _COLUMNS, text.count(b"\n") + 1)

    def _attach(self, window: str) -> Sequence[str] | None:
        terminals = self._project.terminals
        if terminals.inside_same_server(os.environ):
            terminals.switch_client(window)
            return None
        return terminals.attach_command(window)

    def _of(self, agent_id: str) -> "Window | None":
        """The window of an agent, by its mark: ids that were written down may name another one in a new tmux server."""
        from coordinator.apply.messages import window_of

        return window_of(self._project.terminals, self._project.layout.root, agent_id)


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
