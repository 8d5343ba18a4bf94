"""Text for a running program: pasted as one piece, entered once it has arrived."""

import itertools
import os
import time
from collections.abc import Callable

from coordinator.lazy import regex
from coordinator.lazy.typing import Protocol
from coordinator.terminals.errors import TerminalError

ARRIVAL_BOUND = 1.5
"""Seconds to wait for a pasted text to show; a program without echo gets its Enter after that."""
_SETTLED = 0.2
"""Seconds without a change after which Enter is pressed: some programs take one that comes within 40 ms, by their own
clock, for a part of what was pasted."""
_PAUSE, _LONGEST_PAUSE = 0.005, 0.05
"""Seconds between looks, half as long again each time: a look is a process, and twenty agents may be told at once."""

_CONTROLS = regex.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_serial = itertools.count(1)


class Run(Protocol):
    """Has a tmux server do commands; gives what they print, raises TerminalError."""

    def __call__(self, *command: str, stdin: bytes = b"") -> bytes: ...


def deliver(run: Run, pane: str, text: str, look: Callable[[], None] = lambda: None) -> bool:
    """Paste `text` into a pane, wait until the screen shows that it came, and press Enter.

    Newlines stay inside a bracketed paste if the program asked for those; a program that did not takes each as Enter.
    Control characters are dropped, for an escape sequence in the text could end the bracket and act as keys. `look` is
    called before Enter, which is not pressed when that raises: a dialog may have opened that would take it for a yes.
    Returns False when the screen never changed (no echo): Enter was pressed all the same. Raises TerminalError when
    the pane is gone; then nothing was entered.
    """
    buffer = f"coord-{os.getpid()}-{next(_serial)}"
    payload = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    before = _look(run, pane)
    try:
        if payload:
            run("load-buffer", "-b", buffer, "-", stdin=payload.encode("utf-8", "replace"))
            run(*_leave_mode(pane), ";", "paste-buffer", "-p", "-d", "-b", buffer, "-t", pane)
        arrived = _arrival(run, pane, before) if payload else True
        look()
        run(*_leave_mode(pane), ";", "send-keys", "-t", pane, "Enter")
    except TerminalError:
        _drop(run, buffer)
        raise
    return arrived


def _leave_mode(pane: str) -> tuple[str, ...]:
    """A person who scrolls in the pane would otherwise receive the keys in the program's place."""
    return ("copy-mode", "-q", "-t", pane)


def _look(run: Run, pane: str) -> bytes:
    return run("display-message", "-p", "-t", pane, "#{cursor_x} #{cursor_y}", ";", "capture-pane", "-p", "-t", pane)


def _arrival(run: Run, pane: str, before: bytes) -> bool:
    """Wait until the screen differs from `before` and has come to rest."""
    deadline = time.monotonic() + ARRIVAL_BOUND
    last, since = before, time.monotonic()
    pause = _PAUSE
    while time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 1.5)
        now = _look(run, pane)
        if now != last:
            last, since = now, time.monotonic()
        elif now != before and time.monotonic() - since >= _SETTLED:
            return True
    return last != before


def _drop(run: Run, buffer: str) -> None:
    try:
        run("delete-buffer", "-b", buffer)
    except TerminalError:
        return  # pasted and deleted, or the server has gone with it
