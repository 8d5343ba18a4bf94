"""Sockets between the processes of one machine, at paths of any length; the kernel tells who is at the other end.

Imports nothing but the standard library, and little of that: it is part of what starts fast.
"""

import os
import socket
import struct
import sys

REQUEST_LIMIT = 4 * 1024 * 1024
"""Bytes of one request to the loop."""
_PLACE = os.O_PATH if sys.platform == "linux" else os.O_RDONLY
"""Who may enter a folder need not be let read it."""
_CREDENTIALS = struct.Struct("3i")
_LOCAL_PEERPID, _LOCAL_PEERCRED = 2, 1
"""Options of macOS, at level 0."""


def connect(folder: str, name: str) -> socket.socket | None:
    """A connection to the socket `name` in a folder; None when nobody is behind it."""
    try:
        place = os.open(folder, _PLACE | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(_address(place, folder, name))
    except OSError:
        connection.close()
        return None
    finally:
        os.close(place)
    return connection


def listen(folder: str, name: str, mode: int, backlog: int = 64) -> socket.socket:
    """A socket that listens, in place of whatever was at that path. Raises OSError."""
    path = os.path.join(folder, name)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if os.path.lexists(path):
            os.unlink(path)
        listener.bind(_address(place, folder, name))
        os.chmod(path, mode)
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    finally:
        os.close(place)
    return listener


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process and user at the other end when it was connected; process 0 where the system does not tell."""
    if sys.platform == "darwin":
        pid = connection.getsockopt(0, _LOCAL_PEERPID)
        (uid,) = struct.unpack_from("i", connection.getsockopt(0, _LOCAL_PEERCRED, 76), 4)
        return pid, uid
    pid, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return pid, uid


def _address(place: int, folder: str, name: str) -> str:
    """Sockets have some hundred bytes for their paths: named by an open folder where the system has such names."""
    return f"/proc/self/fd/{place}/{name}" if sys.platform == "linux" else os.path.join(folder, name)
