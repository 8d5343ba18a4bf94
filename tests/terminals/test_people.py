"""People at the same server: attached by a real terminal, with a feed beside them."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from support.wait import wait_until

from coordinator.terminals.errors import TerminalError
from coordinator.terminals.feed import PaneFeed
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals


class Person:
    """A terminal of 90×30 with a tmux client in it."""

    def __init__(self, command: list[str]) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execvp(command[0], command)
        self.seen = b""

    def wait_to_see(self, text: str) -> None:
        deadline = time.monotonic() + 10
        while text.encode() not in self.seen:
            ready = select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))[0]
            assert ready, f"{text!r} never came"
            self.seen += os.read(self.terminal, 65536)

    def press(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def end(self) -> None:
        os.close(self.terminal)
        try:
            os.kill(self.pid, signal.SIGKILL)
        finally:
            os.waitpid(self.pid, 0)


@pytest.fixture
def persons() -> Iterator[list[Person]]:
    made: list[Person] = []
    yield made
    for person in made:
        person.end()


def saying(terminals: Terminals, text: str, name: str) -> Window:
    return terminals.open_window(["sh", "-c", f"echo {text}; exec cat"], cwd="/", name=name, env={}, mark={})


def clients(terminals: Terminals) -> list[str]:
    listing = terminals.run("list-clients", "-F", "#{client_control_mode} #{client_session} #{window_id}")
    return listing.decode().splitlines()


def test_attaching_shows_the_chosen_window_and_f12_comes_back(terminals: Terminals, persons: list[Person]) -> None:
    first, second = saying(terminals, "window-one", "01-1"), saying(terminals, "window-two", "02-1")
    person = Person(terminals.attach_command(first.id))
    persons.append(person)
    person.wait_to_see("window-one")
    assert clients(terminals) == [f"0 coord {first.id}"]
    person.press(b"\x1b[24~")
    wait_until(lambda: clients(terminals) == [], message="the detachment")
    assert {w.id for w in terminals.windows()} > {first.id, second.id}


def test_switching_moves_the_person_and_not_the_feed(terminals: Terminals, persons: list[Person]) -> None:
    window = saying(terminals, "window-one", "01-1")
    terminals.run("new-session", "-d", "-s", "elsewhere", "cat")
    person = Person(["tmux", "-L", terminals.socket_name, "attach-session", "-t", "=elsewhere"])
    persons.append(person)
    wait_until(lambda: len(clients(terminals)) == 1, message="the person")
    feed = PaneFeed(terminals, lambda pane, screen: None)
    try:
        feed.show([window.pane], None)
        wait_until(lambda: any(client.startswith("1 ") for client in clients(terminals)), message="the feed's client")
        terminals.switch_client(window.id)
        person.wait_to_see("window-one")
        assert sorted(clients(terminals)) == [f"0 coord {window.id}", f"1 coord {window.id}"]
    finally:
        feed.stop()


def test_switching_without_anybody_attached_says_so(terminals: Terminals) -> None:
    window = saying(terminals, "window-one", "01-1")
    with pytest.raises(TerminalError, match="nobody is attached"):
        terminals.switch_client(window.id)


def test_a_window_opened_after_a_person_with_a_small_terminal_has_its_full_size(
    terminals: Terminals, persons: list[Person]
) -> None:
    window = saying(terminals, "window-one", "01-1")
    person = Person(terminals.attach_command(window.id))
    persons.append(person)
    person.wait_to_see("window-one")
    wait_until(lambda: next(w for w in terminals.windows() if w.id == window.id).width < 200, message="the small size")
    person.press(b"\x1b[24~")
    wait_until(lambda: clients(terminals) == [], message="the detachment")
    later = saying(terminals, "window-two", "02-1")
    assert (later.width, later.height) == (200, 50)


def test_an_agents_output_cannot_reach_the_persons_clipboard(terminals: Terminals, persons: list[Person]) -> None:
    plain, wrapped = "\\033]52;c;c2VjcmV0\\007", "\\033Ptmux;\\033\\033]52;c;c2VjcmV0\\007\\033\\\\"
    script = f"read key; printf '{plain}{wrapped}'; echo over; exec cat"
    window = terminals.open_window(["sh", "-c", script], cwd="/", name="01-1", env={}, mark={})
    person = Person(terminals.attach_command(window.id))
    persons.append(person)
    wait_until(lambda: clients(terminals) != [], message="the person")
    terminals.send_key(window.pane, "Enter")
    person.wait_to_see("over")
    assert not re.search(rb"\x1b\]52", person.seen)


def test_what_is_done_with_windows_loads_nothing_slow(terminals: Terminals) -> None:
    code = (
        "import sys\nfrom coordinator.terminals.server import Terminals\n"
        f"server = Terminals({terminals.socket_name!r}, 'coord')\n"
        "window = server.open_window(['cat'], cwd='/', name='01-1', env={}, mark={})\n"
        "server.send_key(window.pane, 'Enter')\n"
        "assert server.kill_window(window.id)\n"
        "assert [w.name for w in server.windows()] == ['home']\n"
        "print(*sorted({'libtmux', 'asyncio', 'textual', 'click', 'watchfiles', 'logging'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"\n"
