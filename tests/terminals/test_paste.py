"""Text delivered to running programs."""

import re
import threading
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.errors import Refused
from coordinator.terminals import paste
from coordinator.terminals.errors import TerminalError
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals

BRACKETED = """
import os, sys, termios, tty
tty.setraw(0)
sys.stdout.write("\\x1b[?2004hready\\r\\n"); sys.stdout.flush()
got = b""
with open(sys.argv[1], "wb", buffering=0) as out:
    while chunk := os.read(0, 4096):
        out.write(chunk)
        if b"\\r" in chunk and len(sys.argv) > 2: os._exit(0)
        os.write(1, b"<%d bytes>" % len(chunk))
"""


def reader(terminals: Terminals, out: Path, *more: str) -> Window:
    """A program like the agents' own screens: raw, asks for bracketed paste, echoes in its own way."""
    argv = ["python3", "-c", BRACKETED, str(out), *more]
    window = terminals.open_window(argv, cwd="/", name="01-1", env={}, mark={})
    wait_until(lambda: "ready" in terminals.capture(window.pane), message="the program")
    return window


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "two\nlines",
        "trailing;",
        "; kill-server",
        "#(touch pwned) $(touch pwned)",
        "日本語 ✓",
        "-t",
        "Enter",
        " ",
    ],
)
def test_text_arrives_as_it_is_in_one_bracket_and_is_entered_once(
    terminals: Terminals, tmp_path: Path, text: str
) -> None:
    out = tmp_path / "out"
    window = reader(terminals, out)
    assert terminals.send_text(window.pane, text) is True
    expected = b"\x1b[200~" + text.replace("\n", "\r").encode() + b"\x1b[201~\r"
    assert wait_until(lambda: out.read_bytes().endswith(b"~\r") and out.read_bytes(), message="Enter") == expected


def test_enter_is_not_pressed_where_a_last_look_says_no(terminals: Terminals, tmp_path: Path) -> None:
    out = tmp_path / "out"
    window = reader(terminals, out)

    def look() -> None:
        assert out.read_bytes().endswith(b"~"), "it has arrived"
        raise Refused("a dialog has opened", "look at it")

    with pytest.raises(Refused, match="a dialog has opened"):
        terminals.send_text(window.pane, "hello", look)
    terminals.send_key(window.pane, "x")
    assert wait_until(lambda: out.read_bytes().endswith(b"x") and out.read_bytes()) == b"\x1b[200~hello\x1b[201~x"


TIMED = """
import os, time, tty
tty.setraw(0)
os.write(1, b"\\x1b[?2004hready")
got = b""
while not got.endswith(b"201~"): got += os.read(0, 4096)
os.write(1, b" hello")
shown = time.monotonic()
os.read(0, 1)
os.write(1, b" %d ms later" % ((time.monotonic() - shown) * 1000))
time.sleep(60)
"""


def test_enter_is_no_part_of_the_paste_for_a_program_that_tells_them_by_time(terminals: Terminals) -> None:
    window = terminals.open_window(["python3", "-c", TIMED], cwd="/", name="01-1", env={}, mark={})
    wait_until(lambda: "ready" in terminals.capture(window.pane), message="the program")
    terminals.send_text(window.pane, "hello")
    told = wait_until(lambda: re.search(r"hello (\d+) ms", terminals.capture(window.pane)), message="its time")
    assert int(told[1]) >= paste._SETTLED * 900
    assert paste._SETTLED >= 0.1  # Gemini's 40 ms, and as much again for a machine that is busy


def test_an_escape_sequence_in_the_text_cannot_end_the_bracket(terminals: Terminals, tmp_path: Path) -> None:
    out = tmp_path / "out"
    window = reader(terminals, out)
    terminals.send_text(window.pane, "a\x1b[201~\x03\rb\x9b201~")
    got = wait_until(lambda: out.read_bytes().endswith(b"~\r") and out.read_bytes(), message="Enter")
    assert got == b"\x1b[200~a[201~\rb201~\x1b[201~\r"


def test_a_long_text_arrives_whole(terminals: Terminals, tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = "".join(f"line {n} of a long prompt\n" for n in range(4000))
    terminals.send_text(reader(terminals, out).pane, text)
    got = wait_until(lambda: out.read_bytes().endswith(b"\x1b[201~\r") and out.read_bytes(), message="the text")
    assert got == b"\x1b[200~" + text.replace("\n", "\r").encode() + b"\x1b[201~\r"


def test_texts_sent_at_once_to_two_programs_do_not_mix(terminals: Terminals, tmp_path: Path) -> None:
    outs = [tmp_path / "a", tmp_path / "b"]
    windows = [reader(terminals, out) for out in outs]
    threads = [
        threading.Thread(target=terminals.send_text, args=(w.pane, text * 500))
        for w, text in zip(windows, "xy", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for out, text in zip(outs, "xy", strict=True):
        got = wait_until(lambda out=out: out.read_bytes().endswith(b"~\r") and out.read_bytes(), message="Enter")
        assert got == b"\x1b[200~" + text.encode() * 500 + b"\x1b[201~\r"


def test_no_buffer_is_left(terminals: Terminals, tmp_path: Path) -> None:
    window = reader(terminals, tmp_path / "out")
    terminals.send_text(window.pane, "hello")
    assert terminals.run("list-buffers") == b""


def test_a_pane_that_a_person_scrolls_in_still_gets_its_text(terminals: Terminals, tmp_path: Path) -> None:
    out = tmp_path / "out"
    window = reader(terminals, out)
    terminals.run("copy-mode", "-t", window.pane)
    terminals.send_text(window.pane, "hello")
    got = wait_until(lambda: out.read_bytes().endswith(b"~\r") and out.read_bytes(), message="Enter")
    assert got == b"\x1b[200~hello\x1b[201~\r"


def test_a_program_without_echo_gets_enter_after_the_bound_and_the_caller_is_told(
    terminals: Terminals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paste, "ARRIVAL_BOUND", 0.1)
    script = f'stty -echo; echo ready; read word; echo "$word" > {tmp_path}/out; sleep 1000'
    window = terminals.open_window(["sh", "-c", script], cwd="/", name="01-1", env={}, mark={})
    wait_until(lambda: "ready" in terminals.capture(window.pane), message="the program")
    assert terminals.send_text(window.pane, "secret") is False
    wait_until(lambda: (tmp_path / "out").exists() and (tmp_path / "out").read_text() == "secret\n", message="the word")


def test_a_pane_that_is_gone_is_an_error_and_leaves_no_buffer(terminals: Terminals) -> None:
    with pytest.raises(TerminalError):
        terminals.send_text("%99", "hello")
    assert terminals.run("list-buffers") == b""


def test_a_key_is_pressed_by_name_or_as_a_character(terminals: Terminals, tmp_path: Path) -> None:
    out = tmp_path / "out"
    window = reader(terminals, out)
    for key in ["Escape", "C-c", ";", "-", "x", "Enter"]:
        terminals.send_key(window.pane, key)
    assert wait_until(lambda: out.read_bytes().endswith(b"\r") and out.read_bytes(), message="keys") == b"\x1b\x03;-x\r"
