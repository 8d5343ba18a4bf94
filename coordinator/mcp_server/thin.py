"""The thin end of `coord mcp`: what an agent CLI starts. It passes messages between the CLI and the one server.

When the server goes away, it is started again, the session begins anew where it was, and what has no answer yet is sent
again: each request is done once. Imports nothing but the standard library, and little of that.
"""

import json
import os
import select
import socket
import sys
import time

from coordinator.client.strict_guard import SOCKET as DOOR
from coordinator.mcp_server.wire import DELIVERED, LONGEST_LINE, READY, SESSION, SOCKET, hello
from coordinator.processes.local_socket import connect, peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PATIENCE = 30.0
"""Seconds within which a server has to be there."""
_LONG_PATIENCE, _LONG_PAUSE = 600.0, 0.25
"""Seconds that an agent waits for a loop, and between its looks for one."""
_PAUSE = 0.02
"""Seconds between looks for a server that somebody else starts."""
_LAST_WORDS = 10.0
"""Seconds that requests have to be answered in once the client has said all."""
_MOST_FALLS = 5
"""Times that the server may go away in a row before it is not started again for the same requests."""
_INTERNAL_ERROR = -32603


class Unreachable(Exception):
    """No server can be had: what, and how to go on."""


def relay(root: str) -> int:
    """Pass messages between standard input and output and the server of the project, until the client has gone."""
    greeting = _line(hello(os.environ.get(SESSION) or _new_session(), time.time()))
    return _Relay(lambda: _server(root, greeting)).run()


def relay_through(folder: str) -> int:
    """The same for an agent's user in strict mode: the loop runs `coord mcp` for it, behind its own socket."""
    greeting = _line({"arguments": ["mcp"], "stdin": "", "session": _new_session()})
    return _Relay(lambda: _door(folder, greeting)).run()


def _new_session() -> str:
    return os.urandom(8).hex()


def _server(root: str, greeting: bytes) -> socket.socket:
    """A connection to the project's server, which is started if there is none. Raises Unreachable."""
    folder = os.path.join(root, ".coord")
    deadline = time.monotonic() + _PATIENCE
    while True:
        connection = connect(folder, SOCKET)
        if connection is not None:
            if peer(connection)[1] != os.geteuid():
                connection.close()
                raise Unreachable(f"the server at {folder}/{SOCKET} is another user's", "end it, or remove the socket")
            if _sent(connection, greeting):
                return connection
            connection.close()
        from coordinator.processes.background import start

        said = start("-C", root, "mcp", "--server")
        if said.strip() and said.strip() != READY:
            raise Unreachable(*said.strip().split("\n", 1))
        if time.monotonic() > deadline:
            raise Unreachable("the server of coord mcp can't be started", "see why: coord mcp --server")
        if not said:  # somebody else is about to start one, or to end one
            time.sleep(_PAUSE)


def _door(folder: str, greeting: bytes) -> socket.socket:
    """A connection to a `coord mcp` that the loop runs for this agent. Raises Unreachable."""
    deadline = time.monotonic() + _LONG_PATIENCE
    while time.monotonic() < deadline:
        connection = connect(folder, DOOR)
        if connection is not None:
            if _sent(connection, greeting) and _parsed(_first_line(connection)).get("go") is True:
                return connection
            connection.close()
        time.sleep(_LONG_PAUSE)
    raise Unreachable("no loop is running, and agents speak through it", "ask the engineer to start it: coord loop")


def _sent(connection: socket.socket, line: bytes) -> bool:
    try:
        connection.sendall(line)
    except OSError:
        return False
    return True


def _first_line(connection: socket.socket) -> bytes:
    """A line that comes alone: what follows it is left to be read."""
    line = b""
    try:
        while not line.endswith(b"\n") and (part := connection.recv(1)):
            line += part
    except OSError:
        return b""
    return line


class _Relay:
    """One session of a client, over any number of connections to servers."""

    def __init__(self, open_server: "Callable[[], socket.socket]") -> None:
        self._open = open_server
        self._server: socket.socket | None = None
        self._pending: dict[str, bytes] = {}
        """Request by its id, as JSON → its line, as long as it has no answer."""
        self._calls: set[str] = set()
        """Those of them that call a tool."""
        self._greeting: tuple[str, bytes] | None = None
        """Id and line of `initialize`."""
        self._greeted: bytes = b""
        """The line that says that the client is through with it."""
        self._dropped: set[str] = set()
        """Ids of requests that only we have made anew."""
        self._falls = 0

    def run(self) -> int:
        """Until the client has gone. 1 when there is no server to be had."""
        try:
            self._connect()
            self._pump()
        except Unreachable as error:
            print("coord: " + "\n  ".join(str(part) for part in error.args), file=sys.stderr, flush=True)
            self._give_up(str(error.args[0]))
            return 1
        except BrokenPipeError:
            return 0
        return 0

    def _pump(self) -> None:
        said, heard = b"", b""
        deadline = 0.0
        while True:
            assert self._server is not None
            poll = select.poll()
            if not deadline:
                poll.register(0, select.POLLIN)
            poll.register(1, 0)  # tells when nobody reads any more
            poll.register(self._server, select.POLLIN)
            wait = None if not deadline else max(0.0, deadline - time.monotonic()) * 1000
            ready = dict(poll.poll(wait))
            if ready.get(1, 0) & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
                return
            if 0 in ready:
                chunk = os.read(0, 65536)
                said = self._each(said + chunk, self._from_client)
                if not chunk:
                    deadline = time.monotonic() + _LAST_WORDS
            if self._server.fileno() in ready:
                chunk = self._receive()
                heard = self._each(heard + chunk, self._from_server) if chunk else b""
                if not chunk:
                    self._again()
            if deadline and (not self._pending or time.monotonic() >= deadline):
                return

    def _receive(self) -> bytes:
        assert self._server is not None
        try:
            return self._server.recv(65536)
        except OSError:
            return b""

    def _each(self, data: bytes, take: "Callable[[bytes], None]") -> bytes:
        """Take every whole line; what is left of the last one."""
        *lines, rest = data.split(b"\n")
        for line in lines:
            if line.strip():
                take(line + b"\n")
        if len(rest) > LONGEST_LINE:
            raise Unreachable(f"a message has more than {LONGEST_LINE >> 20} MiB", "put what is large into a file")
        return rest

    def _from_client(self, line: bytes) -> None:
        message = _parsed(line)
        method = message.get("method")
        if "id" in message and method is not None:
            key = json.dumps(message["id"])
            self._pending[key] = line
            if method == "tools/call":
                self._calls.add(key)
            elif method == "initialize":
                self._greeting = (key, line)
        elif method == "notifications/initialized":
            self._greeted = line
        elif method == "notifications/cancelled":
            params = message.get("params")
            self._forget(json.dumps(params.get("requestId") if isinstance(params, dict) else None))
        if not self._send(line):
            self._again()

    def _from_server(self, line: bytes) -> None:
        self._falls = 0
        message = _parsed(line)
        if "id" not in message or "method" in message or message["id"] is None:
            _write(line)
            return
        key = json.dumps(message["id"])
        if key in self._dropped:
            self._dropped.discard(key)
        elif key in self._pending:
            called = key in self._calls
            self._forget(key)
            _write(line)
            if called:
                self._send(_line({"jsonrpc": "2.0", "method": DELIVERED, "params": {"id": message["id"]}}))

    def _forget(self, key: str) -> None:
        self._pending.pop(key, None)
        self._calls.discard(key)

    def _send(self, line: bytes) -> bool:
        assert self._server is not None
        return _sent(self._server, line)

    def _again(self) -> None:
        self._falls += 1
        if self._falls > _MOST_FALLS:
            reason = "the server of coord mcp goes away whenever this is asked of it"
            if not self._pending:
                raise Unreachable(reason, "see why: coord mcp --server")
            self._give_up(reason)
            self._falls = 0
        self._connect()

    def _connect(self) -> None:
        """Connect, and bring a new server to where the one before was."""
        while True:
            if self._server is not None:
                self._server.close()
            self._server = self._open()
            if all(map(self._send, self._beginning())):
                return

    def _beginning(self) -> list[bytes]:
        lines, pending = list[bytes](), dict(self._pending)
        self._dropped.clear()
        if self._greeting is not None:
            key, line = self._greeting
            lines.append(line)
            if pending.pop(key, None) is None:
                self._dropped.add(key)
            lines += [self._greeted] if self._greeted else []
        return [*lines, *pending.values()]

    def _give_up(self, reason: str) -> None:
        for key in list(self._pending):
            error = {"code": _INTERNAL_ERROR, "message": reason}
            _write(_line({"jsonrpc": "2.0", "id": json.loads(key), "error": error}))
            self._forget(key)


def _parsed(line: bytes) -> "dict[str, Any]":
    """A message; empty for what is none, which the server refuses in its own words."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _write(line: bytes) -> None:
    view = memoryview(line)
    while view:
        view = view[os.write(1, view) :]
