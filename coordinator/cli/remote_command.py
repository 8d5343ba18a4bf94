"""Passes a command on to `coordinator.loop.command_server`, where this process may not write the log itself.

Imports nothing but the standard library, and little of that: it is all that an agent's user needs to be able to read.
"""

import json
import socket
import sys
import time

from coordinator.client.strict_guard import SOCKET
from coordinator.processes.local_socket import REQUEST_LIMIT, connect

_PAUSE = 0.25
"""Seconds between looks for a loop that is not there."""
_PATIENCE = 600.0
"""Seconds after which an agent is told that nobody runs the loop."""
_REPEATABLE = ("ask", "agent")
"""What may be sent again when the loop went away before it answered: done twice, it is the same."""


def pass_on(folder: str, arguments: list[str]) -> int:
    """Have the loop run the command, print what it prints, and return its exit code.

    Waits for a loop that is being restarted; the log is safe meanwhile, and so is what the agent has to say.
    """
    request = {"arguments": arguments, "stdin": sys.stdin.read(REQUEST_LIMIT) if "-" in arguments else ""}
    data = json.dumps(request).encode() + b"\n"
    if len(data) > REQUEST_LIMIT:
        return _fail(f"that is more than the {REQUEST_LIMIT >> 20} MB which the loop takes at once", "make it shorter")
    deadline = time.monotonic() + _PATIENCE
    told = False
    while True:
        connection = connect(folder, SOCKET)
        if connection is not None:
            with connection:
                code = _converse(connection, data)
            if code is not None:
                return code
            if not arguments or arguments[0] not in _REPEATABLE:
                return _fail("the loop went away before it answered", "see in `coord log` whether it was done")
            deadline = time.monotonic() + _PATIENCE
        if time.monotonic() > deadline:
            return _fail("no loop is running, and agents speak through it", "ask the engineer to start it: coord loop")
        if not told:
            print("coord: waiting for the loop", file=sys.stderr, flush=True)
            told = True
        time.sleep(_PAUSE)


def _converse(connection: socket.socket, data: bytes) -> int | None:
    """Send a request and print the replies; the exit code, or None when the other end went away before it came."""
    try:
        connection.sendall(data)
        with connection.makefile("rb") as replies:
            for line in replies:
                reply = json.loads(line)
                for name, stream in (("out", sys.stdout), ("err", sys.stderr)):
                    if name in reply:
                        stream.write(reply[name].encode("utf-8", "replace").decode())
                        stream.flush()
                if "code" in reply:
                    return int(reply["code"])
    except (ConnectionError, ValueError):
        return None
    return None


def _fail(message: str, remedy: str) -> int:
    print(f"coord: {message}\n  {remedy}", file=sys.stderr)
    return 1
