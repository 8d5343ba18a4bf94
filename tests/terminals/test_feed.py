"""Live panes, from a real tmux to the caller's hand."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.model.pane_screen import Screen
from coordinator.terminals import capture_rate, control
from coordinator.terminals.capture_rate import IN_SIGHT
from coordinator.terminals.errors import TerminalError
from coordinator.terminals.feed import PaneFeed
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals


class Viewer:
    """Keeps what a feed tells."""

    def __init__(self, terminals: Terminals) -> None:
        self.terminals = terminals
        self.screens: dict[str, Screen] = {}
        self.times: dict[str, list[float]] = {}
        self.windows_changed = threading.Event()
        self.feed = PaneFeed(terminals, self.on_screen, self.windows_changed.set)

    def on_screen(self, pane: str, screen: Screen) -> None:
        self.screens[pane] = screen
        self.times.setdefault(pane, []).append(time.monotonic())

    def text(self, pane: str) -> str:
        return self.screens[pane].plain() if pane in self.screens else ""

    def wait_for(self, pane: str, text: str) -> None:
        wait_until(lambda: text in self.text(pane), message=f"{text!r} in {pane}")

    def wait_for_control(self) -> None:
        wait_until(self.client_pid, message="the control client")

    def client_pid(self) -> int:
        listing = self.terminals.run("list-clients", "-F", "#{client_control_mode} #{client_pid}").decode().splitlines()
        return next((int(line[2:]) for line in listing if line.startswith("1 ")), 0)


@pytest.fixture(autouse=True)
def _no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice that gets lost shall be seen to be lost."""
    monkeypatch.setattr(capture_rate, "CHECK", 1000.0)


@pytest.fixture
def viewer(terminals: Terminals) -> Iterator[Viewer]:
    made = Viewer(terminals)
    yield made
    made.feed.stop()


def echoing(terminals: Terminals, name: str = "01-1") -> Window:
    """A window whose program prints what is typed."""
    return terminals.open_window(["sh", "-c", "stty -echo; echo ready; exec cat"], cwd="/", name=name, env={}, mark={})


def running(terminals: Terminals, script: str, name: str = "01-1") -> Window:
    return terminals.open_window(["sh", "-c", script], cwd="/", name=name, env={}, mark={})


def say(terminals: Terminals, window: Window, text: str) -> None:
    terminals.run("send-keys", "-t", window.pane, "-l", text, ";", "send-keys", "-t", window.pane, "Enter")


def test_what_is_in_sight_is_shown_and_what_changes_is_shown_again(terminals: Terminals, viewer: Viewer) -> None:
    one, two = echoing(terminals, "01-1"), echoing(terminals, "02-1")
    viewer.feed.show([one.pane, two.pane], one.pane)
    viewer.wait_for(one.pane, "ready")
    viewer.wait_for(two.pane, "ready")
    say(terminals, one, "first")
    say(terminals, two, "second")
    viewer.wait_for(one.pane, "first")
    viewer.wait_for(two.pane, "second")
    assert "second" not in viewer.text(one.pane)
    assert viewer.feed.by_control
    assert viewer.screens[one.pane].cursor == (0, 2)


def test_what_is_out_of_sight_is_not_told_and_is_there_when_it_comes_back(terminals: Terminals, viewer: Viewer) -> None:
    shown, hidden = echoing(terminals, "01-1"), echoing(terminals, "02-1")
    viewer.feed.show([hidden.pane], None)
    viewer.wait_for(hidden.pane, "ready")
    viewer.feed.show([shown.pane], shown.pane)
    viewer.wait_for(shown.pane, "ready")
    for n in range(5):
        say(terminals, hidden, f"secret {n}")
        say(terminals, shown, f"open {n}")
        viewer.wait_for(shown.pane, f"open {n}")
    assert "secret" not in viewer.text(hidden.pane)
    viewer.feed.show([hidden.pane, shown.pane], hidden.pane)
    viewer.wait_for(hidden.pane, "secret 4")
    say(terminals, hidden, "heard again")
    viewer.wait_for(hidden.pane, "heard again")


def test_a_pane_cannot_forge_what_tmux_says(terminals: Terminals, viewer: Viewer) -> None:
    lines = [
        *("%exit", "%session-changed $9 other", "%output %99 x", "%window-close @0", "%begin 1 2 1", "%error 1 2 1"),
        *(f"%end {int(time.time()) + second} {number} 1" for second in range(3) for number in range(5)),
    ]
    window = running(terminals, "cat; echo over; exec cat")
    viewer.feed.show([window.pane], window.pane)
    viewer.wait_for_control()
    client = viewer.client_pid()
    for line in lines:
        say(terminals, window, line)
    terminals.send_key(window.pane, "C-d")
    viewer.wait_for(window.pane, "over")
    assert all(line in viewer.text(window.pane).splitlines() for line in lines)
    assert viewer.client_pid() == client


def test_when_the_control_client_is_killed_screens_go_on_and_a_new_one_comes(
    terminals: Terminals, viewer: Viewer
) -> None:
    window = echoing(terminals)
    viewer.feed.show([window.pane], window.pane)
    viewer.wait_for_control()
    viewer.wait_for(window.pane, "ready")
    before = viewer.client_pid()
    os.kill(before, signal.SIGKILL)
    say(terminals, window, "still here")
    viewer.wait_for(window.pane, "still here")
    wait_until(lambda: viewer.client_pid() not in (0, before), message="another client")
    say(terminals, window, "back")
    viewer.wait_for(window.pane, "back")


def test_when_control_mode_stops_working_plain_captures_take_over(terminals: Terminals, tmp_path: Path) -> None:
    tmux = tmp_path / "tmux"
    tmux.write_text(f"""#!/bin/sh
case "$*" in *" -C "*) [ -e {tmp_path}/broken ] && exit 1;; esac
exec tmux "$@"
""")
    tmux.chmod(0o755)
    viewer = Viewer(Terminals(terminals.socket_name, terminals.session, str(tmux)))
    try:
        window = echoing(terminals)
        viewer.feed.show([window.pane], window.pane)
        viewer.wait_for(window.pane, "ready")
        viewer.wait_for_control()
        (tmp_path / "broken").touch()
        os.kill(viewer.client_pid(), signal.SIGKILL)
        for n in range(12):
            say(terminals, window, f"line {n}")
            viewer.wait_for(window.pane, f"line {n}")
        assert viewer.client_pid() == 0
    finally:
        viewer.feed.stop()


def test_a_control_client_that_never_answers_is_given_up_and_tried_again(
    terminals: Terminals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_ANSWER_BOUND", 0.3)
    monkeypatch.setattr(control, "_CLOSE_BOUND", 0.1)
    tmux = tmp_path / "tmux"
    tmux.write_text(f"""#!/bin/sh
case "$*" in *" -C "*) [ -e {tmp_path}/wedged ] && echo $$ >> {tmp_path}/clients && exec sleep 1000;; esac
exec tmux "$@"
""")
    tmux.chmod(0o755)
    (tmp_path / "wedged").touch()
    viewer = Viewer(Terminals(terminals.socket_name, terminals.session, str(tmux)))
    try:
        window = echoing(terminals)
        viewer.feed.show([window.pane], window.pane)
        viewer.wait_for(window.pane, "ready")
        say(terminals, window, "still here")
        viewer.wait_for(window.pane, "still here")
        monkeypatch.undo()
        (tmp_path / "wedged").unlink()
        viewer.wait_for_control()
        say(terminals, window, "by control")
        viewer.wait_for(window.pane, "by control")
        clients = (tmp_path / "clients").read_text().split()
        assert clients
        assert not any(os.path.exists(f"/proc/{pid}") for pid in clients)
    finally:
        viewer.feed.stop()


def test_without_control_mode_screens_come_by_plain_captures(
    terminals: Terminals, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(terminals: Terminals) -> None:
        raise control.ControlLost("not here")

    monkeypatch.setattr("coordinator.terminals.feed.ControlClient", refuse)
    viewer = Viewer(terminals)
    try:
        window, gone = echoing(terminals, "01-1"), echoing(terminals, "02-1")
        terminals.kill_window(gone.id)
        viewer.feed.show([gone.pane, window.pane], window.pane)
        viewer.wait_for(window.pane, "ready")
        say(terminals, window, "polled")
        viewer.wait_for(window.pane, "polled")
        assert not viewer.feed.by_control
        assert gone.pane not in viewer.screens
    finally:
        viewer.feed.stop()


def test_a_server_that_ends_and_comes_back_is_found_again(terminals: Terminals, viewer: Viewer) -> None:
    window = echoing(terminals)
    viewer.feed.show([window.pane], None)
    viewer.wait_for_control()
    terminals.run("kill-server")
    wait_until(lambda: not viewer.feed.by_control, message="the loss")
    again = wait_until(lambda: _opened(terminals), message="a window")
    viewer.feed.show([again.pane], again.pane)
    viewer.wait_for(again.pane, "ready")
    viewer.wait_for_control()


def _opened(terminals: Terminals) -> Window | None:
    try:
        return echoing(terminals, "09-1")
    except TerminalError:
        return None


def test_a_feed_may_start_before_the_server(terminals: Terminals) -> None:
    terminals.run("kill-server")
    viewer = Viewer(terminals)
    try:
        viewer.feed.show(["%1"], None)
        window = echoing(terminals)
        viewer.feed.show([window.pane], window.pane)
        viewer.wait_for(window.pane, "ready")
        viewer.wait_for_control()
    finally:
        viewer.feed.stop()


def test_a_window_that_closes_does_not_disturb_the_others(terminals: Terminals, viewer: Viewer) -> None:
    closing, staying = echoing(terminals, "01-1"), echoing(terminals, "02-1")
    viewer.feed.show([closing.pane, staying.pane], closing.pane)
    viewer.wait_for(closing.pane, "ready")
    viewer.wait_for_control()
    client = viewer.client_pid()
    terminals.kill_window(closing.id)
    say(terminals, staying, "still here")
    viewer.wait_for(staying.pane, "still here")
    assert viewer.client_pid() == client


def test_an_ended_program_keeps_its_last_screen(terminals: Terminals, viewer: Viewer) -> None:
    window = running(terminals, "echo last words; read key")
    viewer.feed.show([window.pane], window.pane)
    viewer.wait_for(window.pane, "last words")
    terminals.send_key(window.pane, "Enter")
    wait_until(lambda: any(w.dead for w in terminals.windows()), message="the end")
    again = Viewer(terminals)
    try:
        again.feed.show([window.pane], None)
        again.wait_for(window.pane, "last words")
    finally:
        again.feed.stop()


def test_windows_opened_and_closed_are_told(terminals: Terminals, viewer: Viewer) -> None:
    viewer.wait_for_control()
    changes: list[Callable[[], object]] = [
        lambda: echoing(terminals, "05-1"),
        lambda: terminals.kill_window(next(w.id for w in terminals.windows() if w.name == "05-1")),
    ]
    for change in changes:
        viewer.windows_changed.clear()
        change()
        assert viewer.windows_changed.wait(60)


def test_watching_never_resizes_a_window(terminals: Terminals, viewer: Viewer) -> None:
    windows = [echoing(terminals, f"0{n}-1") for n in range(3)]
    viewer.feed.show([w.pane for w in windows], windows[0].pane)
    viewer.wait_for_control()
    viewer.wait_for(windows[0].pane, "ready")
    later = echoing(terminals, "07-1")
    assert {(w.width, w.height) for w in terminals.windows()} == {(200, 50)}
    assert (later.width, later.height) == (200, 50)


def test_a_resize_is_shown(terminals: Terminals, viewer: Viewer) -> None:
    window = echoing(terminals)
    viewer.feed.show([window.pane], window.pane)
    viewer.wait_for(window.pane, "ready")
    terminals.run("resize-window", "-t", window.id, "-x", "90", "-y", "20")
    wait_until(lambda: (viewer.screens[window.pane].width, viewer.screens[window.pane].height) == (90, 20))


def test_a_flood_is_shown_at_its_rate_and_does_not_hold_the_program_back(
    terminals: Terminals, viewer: Viewer, tmp_path: Path
) -> None:
    script = f"head -c 20000000 /dev/zero | tr '\\0' 'x' | fold -w 190; touch {tmp_path}/%s; echo over; exec cat"
    seen, hidden = running(terminals, script % "seen", "01-1"), running(terminals, script % "hidden", "02-1")
    viewer.feed.show([seen.pane], None)
    viewer.wait_for(seen.pane, "over")
    wait_until((tmp_path / "hidden").exists, message="the hidden program's end")
    times = viewer.times[seen.pane]
    assert all(later - sooner > IN_SIGHT * 0.8 for sooner, later in pairwise(times))
    viewer.feed.show([hidden.pane], None)
    viewer.wait_for(hidden.pane, "over")


def test_the_end_of_a_feed_leaves_no_client_and_no_buffer(terminals: Terminals) -> None:
    viewer = Viewer(terminals)
    window = echoing(terminals)
    viewer.feed.show([window.pane], window.pane)
    viewer.wait_for(window.pane, "ready")
    viewer.feed.stop()
    viewer.feed.show([window.pane], None)
    viewer.feed.stop()
    wait_until(lambda: terminals.run("list-clients") == b"", message="no client")
    assert terminals.run("list-buffers") == b""


def test_a_feed_stopped_at_once_ends(terminals: Terminals) -> None:
    Viewer(terminals).feed.stop()
