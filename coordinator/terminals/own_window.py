"""Windows for commands of one's own: what runs in one, and that it waits to be read before it closes."""

import os

from coordinator.lazy import regex
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals

MARK = "command"
"""In the mark of such a window: the command's name. None of an agent or of the loop has it."""
_ODD = regex.compile(r"[^A-Za-z0-9_]+")
_LONGEST = 20
"""Characters of the command's name in the window's."""
_WAITS = r"""
trap : INT QUIT
sh -c "$1"
status=$?
stty sane -icanon -echo min 0 time 0 2>/dev/null && cat >/dev/null
printf '\n[%s ended with status %s: any key closes this window] ' "$2" "$status"
stty min 1 2>/dev/null
dd bs=1 count=1 >/dev/null 2>&1
[ -z "$3" ] || "$3" -S "${TMUX%%,*}" detach-client 2>/dev/null
"""
"""Run by sh with the words, their name, and the tmux that takes whoever pressed the key back to where they came from.
What was typed ahead closes nothing."""


def open_own(terminals: Terminals, words: str, *, name: str, root: str, folder: str) -> Window:
    """Run words by `sh -c` in a window of its own in a folder; it stays until somebody presses a key there."""
    terminals.ensure_session()
    back = "" if terminals.inside_same_server() else terminals.tmux_bin
    # the tmux server may have been started in another environment
    argv = ["env", f"PATH={os.environ.get('PATH', os.defpath)}", "sh", "-c", _WAITS, "sh", words, name, back]
    title = "own-" + (_ODD.sub("-", name).strip("-")[:_LONGEST] or "command")
    return terminals.open_window(
        argv, cwd=folder, name=title, env={}, mark={"root": root, MARK: name}, once=True, stays=False
    )
