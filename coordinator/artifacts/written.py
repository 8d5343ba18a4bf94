"""What coord itself wrote: the digests of versions of files that nobody else is to change while agents are at work.

Kept from the start of a loop on, in a file that every process of coord adds to before it puts a version in its place.
It guards against mistakes: an agent that runs as the same user could add to it as well.
"""

import os
from contextlib import suppress

from coordinator.artifacts.paths import Layout
from coordinator.artifacts.reading import sha256
from coordinator.artifacts.root import COORD, find_root
from coordinator.regular import open_to_append, read_part

_NAME = "written"
_NAMES = ("coord.yaml", "step.json", "receipt.json")
_CHUNK = 1 << 20


def is_guarded(name: str) -> bool:
    """A file of this name may be one that only the loop or a human changes."""
    return name.endswith(".md") or name in _NAMES


def note_written(target: str, data: bytes) -> None:
    """Say that coord is about to write this version; nothing where no loop has been, and no failure matters."""
    folder, name = os.path.split(target)
    root = find_root(folder) if is_guarded(name) else None
    if root is None:
        return
    path = _path(root)
    if not os.path.exists(path):
        return
    with suppress(OSError):  # at worst a change of ours is told as a change past coord
        fd = open_to_append(path)
        try:
            os.write(fd, f"{sha256(data)}\n".encode())
        finally:
            os.close(fd)


class Written:
    """The loop's end of it. Begins anew: what was written before is in the state that the loop finds."""

    def __init__(self, layout: Layout) -> None:
        os.makedirs(layout.runs, exist_ok=True)
        self._path = _path(str(layout.root))
        fd = open_to_append(self._path)
        try:
            os.ftruncate(fd, 0)
        finally:
            os.close(fd)
        self._at = 0
        self._digests: set[str] = set()
        self._rest = b""

    def __contains__(self, digest: str) -> bool:
        self._read_on()
        return digest in self._digests

    def _read_on(self) -> None:
        while chunk := self._next():
            self._at += len(chunk)
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            self._digests.update(line.decode("ascii", "replace") for line in lines)

    def _next(self) -> bytes:
        try:
            return read_part(self._path, _CHUNK, at=self._at, follow=False)
        except OSError:
            return b""


def _path(root: str) -> str:
    return os.path.join(root, COORD, "runs", _NAME)
