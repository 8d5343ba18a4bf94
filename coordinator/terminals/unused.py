"""Ends a session in which nothing lives any more; with the last one of its server that goes too."""

from coordinator.terminals.errors import TerminalError
from coordinator.terminals.server import HOME_TEXT, NO_SERVER, NO_SESSION, Terminals

_LIVING = f"#{{pane_dead}} #{{m:*{HOME_TEXT}*,#{{pane_start_command}}}} #{{pane_pid}} #{{window_id}} #{{window_name}}"


def in_use(terminals: Terminals, own: int = 0) -> str:
    """Why the session is still of use, a line; empty when nothing but the process `own` lives in it.

    A screen of coord that listens to it counts as somebody who is attached.
    """
    return "somebody is attached to it" if terminals.is_attached() else _look(terminals, own)[0]


def end_unused(terminals: Terminals, own: int = 0) -> str:
    """End the session unless it is of use, with the process `own` if that runs in it; why it stays, else nothing.

    Whoever attaches or opens a window meanwhile keeps it.
    """
    why, count = _look(terminals, own)
    if why or not count:
        return why
    name = f"={terminals.session}"
    unused = f"#{{&&:#{{==:#{{session_attached}},0}},#{{==:#{{session_windows}},{count}}}}}"
    try:
        terminals.run("if-shell", "-F", "-t", f"{name}:", unused, f"kill-session -t {name}")
    except TerminalError as error:
        if not _is_gone(error):
            raise
    return in_use(terminals, own) or "it came into use just now" if terminals.alive() else ""


def _look(terminals: Terminals, own: int) -> tuple[str, int]:
    """What lives in the session's windows, in words, and how many windows it has; in any of their panes."""
    try:
        listing = terminals.run("list-panes", "-s", "-t", f"={terminals.session}", "-F", _LIVING)
    except TerminalError as error:
        if not _is_gone(error):
            raise
        return "", 0
    windows: set[str] = set()
    alive: dict[str, str] = {}
    for row in listing.decode("utf-8", "replace").splitlines():
        dead, home, pid, window, name = row.split(" ", 4)
        windows.add(window)
        if dead != "1" and home != "1" and int(pid) != own:
            alive[window] = name
    return f"something runs in its windows: {', '.join(alive.values())}" if alive else "", len(windows)


def _is_gone(error: TerminalError) -> bool:
    return any(said in error.message for said in (*NO_SERVER, *NO_SESSION))
