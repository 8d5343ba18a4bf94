"""A session in which nothing lives ends, with its server; whatever is of use to anybody keeps it."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from support.wait import wait_until

from coordinator.terminals.feed import PaneFeed
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals
from coordinator.terminals.unused import end_unused, in_use


def window(terminals: Terminals, command: str, name: str = "agent") -> Window:
    return terminals.open_window(["sh", "-c", command], cwd="/", name=name, env={}, mark={})


def ended(terminals: Terminals, name: str) -> bool:
    return next(window for window in terminals.windows() if window.name == name).dead


def test_a_session_of_ended_windows_ends_with_its_server(terminals: Terminals) -> None:
    server = terminals.process()
    window(terminals, "echo last words; exit 3")
    wait_until(lambda: ended(terminals, "agent"), message="the window's end")
    assert in_use(terminals) == ""
    assert end_unused(terminals) == ""
    assert not terminals.alive()
    wait_until(lambda: not os.path.exists(f"/proc/{server}"), message="the server's end")
    assert end_unused(terminals) == ""  # once more


def test_what_ends_it_may_live_in_it(terminals: Terminals) -> None:
    code = (
        "import os; from coordinator.terminals.server import Terminals; from coordinator.terminals.unused import *; "
        f"end_unused(Terminals({terminals.socket_name!r}, 'coord'), os.getpid())"
    )
    path = os.pathsep.join(place for place in sys.path if place)
    opened = terminals.open_window(
        [sys.executable, "-c", code], cwd="/", name="loop", env={"PYTHONPATH": path}, mark={}
    )
    wait_until(lambda: not terminals.alive(), message="the session's end")
    wait_until(lambda: not os.path.exists(f"/proc/{opened.pid}"), message="the end of what ended it")


def alive(terminals: Terminals) -> None:
    window(terminals, "exec sleep 1000", "other")


def split(terminals: Terminals) -> None:
    opened = window(terminals, "exit", "other")
    terminals.run("split-window", "-d", "-t", opened.id, "exec sleep 1000")


def shell_at_home(terminals: Terminals) -> None:
    terminals.run("respawn-window", "-k", "-t", "=coord:home", "exec sleep 1000")


@pytest.mark.parametrize(
    ("use", "why"), [(alive, "windows: other"), (split, "windows: other"), (shell_at_home, "windows: home")]
)
def test_a_living_program_keeps_it(terminals: Terminals, use: Callable[[Terminals], None], why: str) -> None:
    use(terminals)
    assert end_unused(terminals).endswith(why)
    assert in_use(terminals).endswith(why)
    assert terminals.alive()


def test_a_screen_that_listens_keeps_it(terminals: Terminals) -> None:
    shown = window(terminals, "echo here")
    feed = PaneFeed(terminals, lambda pane, screen: None)
    try:
        feed.show({shown.pane})
        wait_until(terminals.is_attached, message="the control client")
        wait_until(lambda: ended(terminals, "agent"), message="the window's end")
        assert end_unused(terminals) == "somebody is attached to it"
    finally:
        feed.stop()
    wait_until(lambda: not terminals.is_attached(), message="the control client's end")
    assert end_unused(terminals) == ""
    assert not terminals.alive()


def test_sessions_of_others_stay_on_the_server(terminals: Terminals) -> None:
    subprocess.run(["tmux", "-L", terminals.socket_name, "new-session", "-d", "-s", "work", "sleep 1000"], check=True)
    assert end_unused(terminals) == ""
    assert not terminals.alive()
    assert Terminals(terminals.socket_name, "work").alive()
