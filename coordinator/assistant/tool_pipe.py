"""What an agent CLI starts as its one MCP server: passes bytes between it and the voice that started that CLI.

It knows no tool. Standard library only.
"""

import os
import socket
import sys
import threading
from contextlib import suppress


def main(path: str) -> int:
    """Pass on until either side has gone. `path`: the socket of the voice."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as voice:
        try:
            voice.connect(path)
        except OSError:
            return 1
        threading.Thread(target=_out, args=(voice,), daemon=True).start()
        with suppress(OSError):
            while data := os.read(0, 65536):
                voice.sendall(data)
    return 0


def _out(voice: socket.socket) -> None:
    """What the voice says, to standard output; the process ends with it."""
    with suppress(OSError):
        while data := voice.recv(65536):
            view = memoryview(data)
            while view:
                view = view[os.write(1, view) :]
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
