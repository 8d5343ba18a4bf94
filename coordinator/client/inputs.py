"""Reading what the caller names: a file, or `-` for standard input."""

import os
import sys
from pathlib import Path

from coordinator.errors import CoordError, Refused, UsageError

LIMIT = 1024 * 1024
"""Bytes, or characters of standard input."""


def read_named(name: str) -> bytes:
    """The content of a file, or standard input for `-`.

    UsageError when there is no such file. Refused for an agent whose command the loop carries out: it would read with
    the loop's rights.
    """
    from coordinator.storage.files import read_limited

    if name == "-":
        return sys.stdin.read(LIMIT).encode("utf-8", "replace")
    if os.environ.get("COORD_DOOR"):
        raise Refused("files can't be named from here", "give the text on standard input: - <FILE")
    try:
        return read_limited(Path(name), LIMIT)
    except FileNotFoundError:
        raise UsageError(f"there is no file {name}", "name a file, or - for standard input") from None
    except OSError as error:
        raise CoordError(f"can't read {name}: {(error.strerror or '').lower()}", "check its permissions") from error
