"""Live screens for whoever shows them: a thread that reads panes as they change, and only those in sight."""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Collection

from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.pane_screen import Screen
from coordinator.terminals.capture import read_panes
from coordinator.terminals.capture_rate import Pace
from coordinator.terminals.control import (
    Changed,
    ControlClient,
    ControlLost,
    Notice,
    Paused,
    Read,
    Resized,
    WindowsChanged,
)
from coordinator.terminals.errors import TerminalError

if TYPE_CHECKING:
    from coordinator.terminals.server import Terminals

OnScreen = Callable[[str, Screen], None]

_FIRST_RETRY = 0.25
_LAST_RETRY = 30.0
_HEALTHY = 30.0
"""Seconds of life after which a control client's end is no sign of a pattern."""
_STOP_BOUND = 3.0
"""Seconds to wait for the end of the thread: a wedged tmux must not keep the screen from closing."""
_FLOOD = 65_536
"""Bytes printed since the last look at a pane after which we stop listening to it until the next look."""


class PaneFeed:
    """Calls `on_screen(pane, screen)` on its own thread whenever a pane in sight looks different.

    The pane in focus is read up to 30 times a second, others in sight 10 times, the first change at once; what is out
    of sight costs nothing. Works through one control-mode client, and by plain captures at a lower rate while there is
    none. `on_windows_changed()` tells that windows were opened, closed or renamed, or may have been.
    """

    def __init__(
        self,
        terminals: "Terminals",
        on_screen: OnScreen,
        on_windows_changed: Callable[[], None] | None = None,
        *,
        plain: bool = False,
    ) -> None:
        """`plain`: never attach a client, for servers that are not ours."""
        self._terminals = terminals
        self._plain = plain
        self._on_screen = on_screen
        self._on_windows_changed = on_windows_changed
        self._lock = threading.Lock()
        self._wish: tuple[frozenset[str], str | None] | None = None
        self._stopping = False
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_in.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self._pace = Pace()
        self._shown: dict[str, Screen] = {}
        self._muted: set[str] = set()
        self._printed: dict[str, int] = {}
        self._client: ControlClient | None = None
        self._connected_at = float("-inf")
        self._tried_at = float("-inf")
        self._retry_at = 0.0
        self._retry = _FIRST_RETRY
        self._thread = threading.Thread(target=self._run, name="pane-feed", daemon=True)
        self._thread.start()

    @property
    def by_control(self) -> bool:
        """Tell whether a control client serves now, rather than plain captures."""
        return self._client is not None

    def show(self, panes: Collection[str], focused: str | None = None) -> None:
        """Say which panes are in sight, by tmux id, and which of them has the focus; each is read at once."""
        with self._lock:
            self._wish = (frozenset(panes), focused)
        self._wake()

    def stop(self) -> None:
        """End the thread and the control client; afterwards no callback comes any more."""
        self._stopping = True
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(_STOP_BOUND)

    def _wake(self) -> None:
        try:
            self._wake_in.send(b"!")
        except OSError:
            return  # full: it is going to wake anyway; closed: it has stopped

    # -- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._take_wish()
                self._connect()
                self._read_due()
                self._wait()
        finally:
            self._disconnect()
            self._selector.close()
            self._wake_in.close()
            self._wake_out.close()

    def _take_wish(self) -> None:
        with self._lock:
            wish, self._wish = self._wish, None
        if wish is None:
            return
        panes, focused = wish
        new = self._pace.show(panes, focused)
        self._shown = {pane: screen for pane, screen in self._shown.items() if pane in panes}
        if new:
            self._retry_at = min(self._retry_at, self._tried_at + _FIRST_RETRY)

    def _wait(self) -> None:
        """Sleep until there is something to read, to hear or to try."""
        deadline = self._client.deadline if self._client else None
        if deadline is not None:
            moments = [deadline]  # the next question waits for the answer to this one
        else:
            retry = self._retry_at if self._client is None and self._wanted() and not self._plain else None
            moments = [at for at in (self._pace.next_due(), retry) if at is not None]
        ready = self._selector.select(max(0.0, min(moments) - time.monotonic()) if moments else None)
        if any(key.fileobj is self._wake_out for key, _ in ready):
            self._wake_out.recv(4096)
        self._listen()

    def _wanted(self) -> bool:
        return bool(self._pace.panes) or self._on_windows_changed is not None

    # -- the control client ----------------------------------------------------------------------------------------

    def _connect(self) -> None:
        if self._plain or self._client is not None or not self._wanted() or time.monotonic() < self._retry_at:
            return
        self._tried_at = time.monotonic()
        self._retry_at = self._tried_at + self._retry
        self._retry = min(self._retry * 2, _LAST_RETRY)
        try:
            if not self._terminals.alive():
                return
            self._client = ControlClient(self._terminals)
        except (TerminalError, ControlLost):
            return
        self._connected_at = time.monotonic()
        self._selector.register(self._client, selectors.EVENT_READ)
        self._muted.clear()
        self._pace.by_control(True)
        self._pace.all_changed()
        self._tell_windows()

    def _lose(self) -> None:
        """Go on by plain captures, and try again later."""
        if time.monotonic() - self._connected_at > _HEALTHY:
            self._retry = _FIRST_RETRY
        self._disconnect()
        self._retry_at = time.monotonic() + self._retry
        self._pace.by_control(False)
        self._pace.all_changed()
        self._tell_windows()

    def _disconnect(self) -> None:
        if self._client is not None:
            self._selector.unregister(self._client)
            self._client.close()
            self._client = None

    def _listen(self) -> None:
        if self._client is None:
            return
        try:
            notices = self._client.notices()
            for notice in notices:
                self._take(notice)
            self._mute()
        except ControlLost:
            self._lose()
            return
        if WindowsChanged() in notices:
            self._tell_windows()

    def _take(self, notice: Notice) -> None:
        match notice:
            case Changed(pane, size):
                self._printed[pane] = self._printed.get(pane, 0) + size
                self._pace.changed(pane)
            case Paused(pane):
                self._muted.add(pane)
                self._pace.changed(pane)
            case Resized():
                self._pace.all_changed()
            case Read(pane, screen):
                self._pace.was_read(pane, time.monotonic(), gone=screen is None)
                self._tell(pane, screen)
            case WindowsChanged():
                pass

    def _mute(self) -> None:
        """Stop listening to panes out of sight, and to floods until the next look."""
        assert self._client is not None
        loud = [p for p, size in self._printed.items() if p not in self._pace.panes or size > _FLOOD]
        for pane in loud:
            del self._printed[pane]
        self._client.pause([pane for pane in loud if pane not in self._muted])
        self._muted.update(loud)

    def _resume(self, panes: Collection[str]) -> None:
        if self._client is not None and panes:
            self._muted.difference_update(panes)
            self._client.resume(panes)

    # -- reading ---------------------------------------------------------------------------------------------------

    def _read_due(self) -> None:
        if self._client and self._client.deadline is not None:
            return
        due = self._pace.due(time.monotonic())
        if not due:
            return
        if self._client is None:
            self._read_plainly(due)
            return
        for pane in due:
            self._printed.pop(pane, None)
        try:
            self._resume(self._muted.intersection(due))
            self._client.read(due)
        except ControlLost:
            self._lose()

    def _read_plainly(self, panes: list[str]) -> None:
        try:
            screens = read_panes(self._terminals, panes)
        except TerminalError:
            screens = {}
        now = time.monotonic()
        for pane in panes:
            screen = screens.get(pane)
            self._pace.was_read(pane, now, gone=screen is None, same=screen == self._shown.get(pane))
            self._tell(pane, screen)

    def _tell(self, pane: str, screen: Screen | None) -> None:
        if screen is None or pane not in self._pace.panes or self._shown.get(pane) == screen or self._stopping:
            return
        self._shown[pane] = screen
        self._on_screen(pane, screen)

    def _tell_windows(self) -> None:
        if self._on_windows_changed is not None:
            self._on_windows_changed()
