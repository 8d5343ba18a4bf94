"""What is copied is the newest buffer of the tmux that the terminal is in."""

import pytest

from coordinator.client.copying import copy
from coordinator.terminals.buffer import load
from coordinator.terminals.server import Terminals


def inside(terminals: Terminals) -> dict[str, str]:
    """The environment of a process in a pane of that server."""
    return {"TMUX": f"{terminals.socket_path},{terminals.process()},0"}


@pytest.mark.parametrize("text", ["coord/07-1", "two\n\tlines;", "#(touch pwned)", "-w", "日本語"])
def test_a_text_becomes_the_newest_buffer_as_it_is(terminals: Terminals, text: str) -> None:
    assert load(text, inside(terminals))
    assert terminals.run("show-buffer").decode() == text


def test_outside_of_tmux_and_where_its_server_is_gone_nothing_is_done(terminals: Terminals) -> None:
    assert not load("07", {})
    assert not load("07", {"TMUX": f"{terminals.socket_path}-gone,1,0"})
    assert terminals.run("list-buffers") == b""


def test_secrets_and_controls_are_copied_nowhere(terminals: Terminals) -> None:
    text = "export API_KEY='sk-live-9aX4kQ27vTz81mNb'\x1b]0;title\x07\n\tnext\u202e line"
    copied = copy(text, inside(terminals))
    assert "9aX4kQ27" not in copied
    assert copied.endswith("\n\tnext line")
    assert not {"\x1b", "\x07", "\u202e"} & set(copied)
    assert terminals.run("show-buffer").decode() == copied
