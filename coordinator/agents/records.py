"""Session files of agent CLIs: JSON lines which grow while they are read. Broken lines are passed over."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

_FILE_LIMIT = 4 * 1024 * 1024
_PIECE = 8 * 1024 * 1024
"""Bytes of a session file that are read at a time."""


class Tail:
    """Reads a file on from where it was left; whole lines only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0

    def read(self) -> list[dict[str, Any]]:
        """The records that were added since the last call; none when the file can't be read."""
        found: list[dict[str, Any]] = []
        while True:
            try:
                with self.path.open("rb") as stream:
                    stream.seek(self._at)
                    data = stream.read(_PIECE)
            except OSError:
                return found
            end = data.rfind(b"\n") + 1
            if not end:
                return found
            self._at += end
            found += [record for line in data[:end].splitlines() if (record := _record(line))]


def end_of(path: str, limit: int = 64 * 1024) -> bytes:
    """The last bytes of a file, as many as the limit says; none when it can't be read."""
    try:
        with _regular(path) as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - limit))
            return stream.read(limit)
    except OSError:
        return b""


def first_record(path: Path) -> dict[str, Any]:
    """The first line of a session file, empty when it can't be read."""
    try:
        with path.open("rb") as stream:
            return _record(stream.readline(_FILE_LIMIT))
    except OSError:
        return {}


def read_json_file(path: Path) -> dict[str, Any]:
    """A JSON file as a mapping, empty when it can't be read."""
    try:
        with _regular(path) as stream:
            return _record(stream.read(_FILE_LIMIT))
    except OSError:
        return {}


def _regular(path: Path | str) -> BinaryIO:
    """Open a regular file; OSError for anything else, such as a pipe at which a reader would wait for ever."""
    stream = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(f"{path} is no regular file")
    return stream


def mapping(value: object) -> Mapping[str, Any]:
    """A part of a record; empty where it is something else."""
    return value if isinstance(value, dict) else {}


def _record(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
