"""A window for words of one's own: it stays until somebody has read how they ended, and is nobody else's."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.terminals.listing import Window
from coordinator.terminals.own_window import MARK, open_own
from coordinator.terminals.server import Terminals
from coordinator.terminals.unused import end_unused, in_use


def opened(terminals: Terminals, words: str, name: str = "tests", folder: str = "/") -> Window:
    return open_own(terminals, words, name=name, root="/project", folder=folder)


def says(terminals: Terminals, window: Window, text: str) -> None:
    wait_until(lambda: text in terminals.capture(window.pane), message=text)


def waits(pid: int) -> bool:
    """A process has a child that sleeps: the one that waits for the key."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with suppress(OSError):
            name, _, rest = Path(f"/proc/{child}/stat").read_text().partition(")")
            return name.endswith("(dd") and rest.split()[0] == "S"
    return False


def gone(terminals: Terminals, window: Window) -> None:
    wait_until(lambda: window.id not in {one.id for one in terminals.windows()}, message="the window to close")


@pytest.mark.parametrize("name", ["'; #(touch ran); '", "$(touch ran)", "%s %n", "Prüfung;", "loop"])
def test_words_and_name_arrive_as_they_are(terminals: Terminals, tmp_path: Path, name: str) -> None:
    words = "printf '%s' '#(touch ran) '\"'\"'a'\nprintf ' %s' b >>out; cat out;"
    window = opened(terminals, words, name, str(tmp_path))
    says(terminals, window, "ended with status 0")
    assert "#(touch ran) 'a b" in terminals.capture(window.pane)
    assert f"[{name} ended" in terminals.capture(window.pane)
    (there,) = (one for one in terminals.windows() if MARK in one.mark)
    assert (there.mark[MARK], there.mark["root"]) == (name, "/project")
    assert there.name.startswith("own-"), "it is none of an agent, and not the loop's"
    assert os.listdir(tmp_path) == ["out"]


def test_it_is_kept_while_it_runs_and_until_a_key_is_pressed(terminals: Terminals) -> None:
    window = opened(terminals, "echo begun; read line; exit 3")
    says(terminals, window, "begun")
    assert "own-tests" in in_use(terminals)
    terminals.send_key(window.pane, "Enter")
    says(terminals, window, "ended with status 3: any key closes this window")
    assert "own-tests" in end_unused(terminals)
    assert terminals.alive()
    terminals.send_key(window.pane, "x")
    gone(terminals, window)
    assert end_unused(terminals) == ""


def test_an_interrupt_ends_the_words_and_not_the_window(terminals: Terminals) -> None:
    window = opened(terminals, "echo begun; sleep 600")
    says(terminals, window, "begun")
    terminals.send_key(window.pane, "C-c")
    says(terminals, window, "ended with status 130")


def test_what_was_typed_ahead_closes_nothing(terminals: Terminals, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    window = opened(terminals, "echo begun; cat go >seen; stty -echo raw", folder=str(tmp_path))
    says(terminals, window, "begun")
    terminals.send_key(window.pane, "x")
    says(terminals, window, "x")
    (tmp_path / "go").write_text("now")
    says(terminals, window, "any key closes")
    wait_until(lambda: waits(window.pid), timeout=20, message="it to wait for another key")
    assert window.id in {one.id for one in terminals.windows()}


def test_whoever_presses_the_key_comes_back_to_where_they_were(terminals: Terminals) -> None:
    window = opened(terminals, "true")
    says(terminals, window, "any key closes")
    person = Terminals(f"{terminals.socket_name}-person", "coord")
    try:
        person.ensure_session()
        theirs = person.open_window(
            ["env", "-u", "TMUX", *terminals.attach_command(window.id)], cwd="/", name="person", env={}, mark={}
        )
        wait_until(terminals.is_attached, message="the person")
        person.send_key(theirs.pane, "x")
        gone(terminals, window)
        wait_until(lambda: not terminals.is_attached(), message="the way back")
        assert terminals.alive()
    finally:
        subprocess.run(["tmux", "-L", person.socket_name, "kill-server"], capture_output=True, check=False)
        Path(person.socket_path).unlink(missing_ok=True)
