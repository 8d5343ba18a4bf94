"""The one server of a project's agents: listens at once, then loads what speaks MCP; ends when nobody is left."""

import os
import socket
from contextlib import suppress
from importlib.util import find_spec

from coordinator.client.serving import Seat
from coordinator.errors import CoordError
from coordinator.mcp_server.wire import READY, SOCKET
from coordinator.processes.local_socket import listen

IDLE = 60.0
"""Seconds without a client, and without a loop, after which the server ends."""
_BACKLOG = 256
_NEEDED = CoordError("coord mcp needs the package `mcp`", "install it beside coord: pip install 'coord[mcp]'")


def serve(root: str, *, idle: float = IDLE) -> int:
    """Answer until nobody is left; at once where another server does.

    Standard output says that it listens, or why it can't and how to go on, and is closed then. 1 when it can't.
    """
    if find_spec("mcp") is None:
        return _fail(_NEEDED)
    with Seat(root) as seat:
        if not seat.mine:
            return 0
        try:
            listener = listen(seat.folder, SOCKET, 0o600, _BACKLOG)
        except OSError as error:
            reason = error.strerror or str(error)
            return _fail(CoordError(f"can't listen at {seat.folder}/{SOCKET}: {reason}", "look at the folder"))
        try:
            _say(READY)
            _answer(seat, listener, idle)
        finally:
            with suppress(OSError):
                os.unlink(os.path.join(seat.folder, SOCKET))
    return 0


def _answer(seat: Seat, listener: socket.socket, idle: float) -> None:
    from coordinator.mcp_server.session import run

    run(seat, listener, idle)


def _say(text: str) -> None:
    """Say it to whoever started this, and that there is no more to come."""
    print(text, flush=True)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)


def _fail(error: CoordError) -> int:
    _say(f"{error.message}\n{error.remedy}")
    return 1
