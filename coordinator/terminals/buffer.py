"""The paste buffer of the tmux that a person's terminal is in: their own server, or ours where they work in it."""

from collections.abc import Mapping

from coordinator.terminals.errors import TerminalError
from coordinator.terminals.server import ask


def load(text: str, environ: Mapping[str, str], tmux_bin: str = "tmux") -> bool:
    """Make a text its newest buffer, and have it passed on to the terminal's clipboard; False outside of tmux.

    `environ` is that of a process in the terminal. False also where that server is gone: it is not started.
    """
    socket = environ.get("TMUX", "").rsplit(",", 2)[0]
    if not socket:
        return False
    try:
        ask(tmux_bin, ("-S", socket), ("load-buffer", "-w", "-"), text.encode("utf-8", "replace"))
    except TerminalError:
        return False
    return True
