"""Session files of agent CLIs: JSON lines which grow while they are read. Broken lines are passed over."""

import json
from collections.abc import Mapping
from pathlib import Path

from coordinator.lazy.typing import Any
from coordinator.safefiles.regular import read_end, read_part

_FILE_LIMIT = 4 * 1024 * 1024
_PIECE = 8 * 1024 * 1024
"""Bytes of a session file that are read at a time; a line that is longer is passed over."""
_PIECES = 8
"""Pieces that are read at a look: a file that grows as fast as it is read would never be through."""


class Tail:
    """Reads a file on from where it was left; whole lines only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0

    def read(self) -> list[dict[str, Any]]:
        """The records that were added since the last call; none when the file can't be read."""
        found: list[dict[str, Any]] = []
        for _ in range(_PIECES):
            try:
                data = read_part(self.path, _PIECE, at=self._at)
            except OSError:
                return found
            end = data.rfind(b"\n") + 1 or (_PIECE if len(data) == _PIECE else 0)
            if not end:
                return found
            self._at += end
            found += [record for line in data[:end].splitlines() if (record := _record(line))]
        return found


def end_of(path: str, limit: int = 64 * 1024) -> bytes:
    """The last bytes of a file, as many as the limit says; none when it can't be read."""
    try:
        return read_end(path, limit)
    except OSError:
        return b""


def first_record(path: Path) -> dict[str, Any]:
    """The first line of a session file, empty when it can't be read."""
    try:
        return _record(read_part(path, _FILE_LIMIT).partition(b"\n")[0])
    except OSError:
        return {}


def read_json_file(path: Path) -> dict[str, Any]:
    """A JSON file as a mapping, empty when it can't be read."""
    try:
        return _record(read_part(path, _FILE_LIMIT))
    except OSError:
        return {}


def mapping(value: object) -> Mapping[str, Any]:
    """A part of a record; empty where it is something else."""
    return value if isinstance(value, dict) else {}


def _record(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
