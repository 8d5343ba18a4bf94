"""The text of control mode: understood in any pieces, not to be forged by what panes show."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.terminals.control import (
    Changed,
    ControlLost,
    Notice,
    Paused,
    Protocol,
    Read,
    Resized,
    WindowsChanged,
    _Order,
    _Reading,
    unescape,
)

BODY = ["\\033[1mone\\033[0m", "%end 17 11 1", "%exit", "back\\\\slash"]
TALK = "\n".join(
    [
        *("%begin 17 1 0", "%end 17 1 0", "%session-changed $0 coord", "%output %3 some \\033[1mtext"),
        *("%begin 17 9 1", "80 4 2 3 1", "%end 17 9 1"),
        *("%begin 17 10 1", "%end 17 10 1"),
        *("%begin 17 11 1", *BODY, "", "%end 17 11 1"),
        *("%window-add @5", "%extended-output %4 0 : %output %9 x"),
        *("%begin 17 12 1", "%end 17 12 1"),
        *("%begin 17 13 1", "can't find pane: %8", "%error 17 13 1"),
        *("%begin 17 14 1", "%end 17 14 1"),
        *("%pause %4", "%layout-change @1 b25d,80x24,0,0,0 b25d,80x24,0,0,0 *", "%unheard-of thing", ""),
    ]
).encode()


def protocol() -> Protocol:
    asked = Protocol("coord")
    for request in (_Reading("%3"), _Reading("%8"), _Order()):
        asked.asked(request)
    return asked


def check(notices: list[Notice]) -> None:
    assert [type(n) for n in notices] == [Changed, WindowsChanged, Changed, Read, Read, Paused, Resized]
    assert [n.pane for n in notices if isinstance(n, Changed)] == ["%3", "%4"]
    first, second = (n for n in notices if isinstance(n, Read))
    assert first.pane == "%3"
    assert first.screen is not None
    assert first.screen.plain() == "one\n%end 17 11 1\n%exit\nback\\slash"
    assert (first.screen.width, first.screen.height, first.screen.cursor) == (80, 4, (2, 3))
    assert second == Read("%8", None)


@given(st.lists(st.integers(0, len(TALK)), max_size=12))
def test_notices_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(TALK)]
    talk = protocol()
    notices = [n for a, b in pairwise(edges) for n in talk.feed(TALK[a:b])]
    check(notices)
    assert not talk.waiting


@given(st.one_of(st.binary(), st.lists(st.sampled_from([*TALK.split(b"\n"), b"%exit", b"%output"])).map(b"\n".join)))
def test_whatever_arrives_is_understood_or_ends_the_client(data: bytes) -> None:
    try:
        protocol().feed(data + b"\n")
    except ControlLost:
        return


@pytest.mark.parametrize("line", ["%exit", "%session-changed $1 other", "%begin 1 2 1"])
def test_the_end_is_told(line: str) -> None:
    with pytest.raises(ControlLost):
        Protocol("coord").feed(f"{line}\n".encode())


@given(st.binary())
def test_unescape_undoes_what_control_mode_does(data: bytes) -> None:
    escaped = b"".join(
        b"\\\\" if byte == 92 else b"\\%03o" % byte if byte < 32 and byte != 10 else bytes((byte,)) for byte in data
    )
    assert unescape(escaped) == data


def test_a_doubled_backslash_before_digits_is_a_backslash() -> None:
    assert unescape(b"\\\\033 \\033") == b"\\033 \x1b"
