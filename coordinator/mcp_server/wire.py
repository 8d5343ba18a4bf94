"""What the thin end and the server say to each other, a line of JSON each, beside the messages of MCP.

Imports nothing but the standard library: the thin end starts fast.
"""

import os

SOCKET = "mcp.sock"
"""Name of the server's socket in `.coord/`."""
READY = "ready"
"""What a server says on its output as soon as it listens."""
DELIVERED = "coord/delivered"
"""A notification of the thin end: the client has the answer to the request `id` in hand."""
SESSION = "COORD_MCP_SESSION"
"""Variable that names the session of a thin end which only passes on what another one sends."""
LONGEST_LINE = 4 * 1024 * 1024
"""Bytes of a message."""
_TOLD = ("COORD_", "USER", "LOGNAME")
"""How the names begin of what a caller tells of its environment."""


def hello(session: str, started: float) -> dict[str, object]:
    """The first line of a connection: whose it is. The server holds it against what the kernel knows."""
    environ = {name: value for name, value in os.environ.items() if name.startswith(_TOLD)}
    return {"session": session, "started": started, "folder": os.getcwd(), "environ": environ}
