"""Real tmux servers on sockets of their own, gone with the test."""

import os
import secrets
from collections.abc import Iterator

import pytest
from support.wait import wait_until

from coordinator.terminals.errors import TerminalError
from coordinator.terminals.server import Terminals


@pytest.fixture
def terminals() -> Iterator[Terminals]:
    """A server with its session up."""
    server = Terminals(f"coord-test-{os.getpid()}-{secrets.token_hex(4)}", "coord")
    server.ensure_session()
    yield server
    end(server)


def end(server: Terminals) -> None:
    """End a server and remove the socket that tmux leaves behind."""
    try:
        server.run("kill-server")
        wait_until(lambda: not server.alive(), message="the tmux server's end")
    except TerminalError:
        pass
    if os.path.exists(server.socket_path):
        os.unlink(server.socket_path)
