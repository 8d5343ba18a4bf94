"""What coord itself wrote: the digests of versions of files that nobody else is to change while agents are at work.

Kept from the start of a loop on, in a file that every process of coord adds to before it puts a version in its place.
It guards against mistakes: an agent that runs as the same user could add to it as well.
"""

import os
from collections.abc import Iterable
from contextlib import suppress

from coordinator.errors import CoordError
from coordinator.formats.digest import sha256
from coordinator.lazy.typing import NamedTuple
from coordinator.safefiles.regular import open_to_append, read_part
from coordinator.storage.paths import Layout
from coordinator.storage.reading import digest_of
from coordinator.storage.root import COORD, find_root

_NAME = "written"
_NAMES = ("coord.yaml", "step.json", "receipt.json", "pipeline-state.json")
_CHUNK = 1 << 20


def is_guarded(name: str) -> bool:
    """A file of this name may be one that only the loop or a human changes."""
    return name.endswith(".md") or name in _NAMES


def note_written(target: str, data: bytes) -> None:
    """Say that coord is about to write this version, and over which; nothing where no loop has been, and no failure
    matters."""
    root = _noted_in(target)
    if root is not None:
        _note_version(root, target, data)


def note_all(versions: Iterable[tuple[str, bytes]]) -> None:
    """`note_written` for many files: where a folder belongs is looked up once."""
    roots: dict[str, str | None] = {}
    for target, data in versions:
        folder, name = os.path.split(os.path.abspath(target))
        if not is_guarded(name):
            continue
        if folder not in roots:
            roots[folder] = _noted_in(target)
        root = roots[folder]
        if root is not None:
            _note_version(root, target, data)


def _note_version(root: str, target: str, data: bytes) -> None:
    path, before = os.path.relpath(target, root), None
    with suppress(OSError, CoordError):
        before = digest_of(target)
    _note(root, f"{sha256(data)} {before} {path}" if before and "\n" not in path else sha256(data))


def note_removed(target: str) -> None:
    """Say that coord is about to delete a file; as `note_written`."""
    root = _noted_in(target)
    if root is not None:
        _note(root, gone(os.path.relpath(target, root)))


def gone(path: str) -> str:
    """What stands in place of a digest where coord deletes a file, relative to the project."""
    return sha256(b"gone " + os.fsencode(path))


def _noted_in(target: str) -> str | None:
    """The project whose loop wants to know of this file."""
    folder, name = os.path.split(os.path.abspath(target))
    root = find_root(folder) if is_guarded(name) else None
    return root if root is not None and os.path.exists(_path(root)) else None


def _note(root: str, line: str) -> None:
    with suppress(OSError):  # at worst a change of ours is told as a change past coord
        fd = open_to_append(_path(root))
        try:
            os.write(fd, os.fsencode(f"{line}\n"))
        finally:
            os.close(fd)


class Overwritten(NamedTuple):
    """A version that coord wrote over another one."""

    path: str
    """Relative to the project."""
    before: str
    after: str


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
        self._overwritten: list[Overwritten] = []
        self._rest = b""

    def __contains__(self, digest: str) -> bool:
        self._read_on()
        return digest in self._digests

    def take_overwritten(self) -> list[Overwritten]:
        """Those that came since the last call."""
        self._read_on()
        found, self._overwritten = self._overwritten, []
        return found

    def _read_on(self) -> None:
        while chunk := self._next():
            self._at += len(chunk)
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                after, _, rest = os.fsdecode(line).partition(" ")
                before, _, path = rest.partition(" ")
                self._digests.add(after)
                if path:
                    self._overwritten.append(Overwritten(path, before, after))

    def _next(self) -> bytes:
        try:
            return read_part(self._path, _CHUNK, at=self._at, follow=False)
        except OSError:
            return b""


def _path(root: str) -> str:
    return os.path.join(root, COORD, "runs", _NAME)
