"""Lets the engineer's own editor work on a copy of a text."""

import os
import shlex
import subprocess
from pathlib import Path

from coordinator.errors import CoordError


def edit_copy(content: bytes, name: str) -> bytes:
    """Let the engineer's editor work on a temporary copy called `name`; CoordError when it can't be used."""
    import tempfile

    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="coord-edit-") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            status = subprocess.run([*command, str(path)]).returncode
        except OSError as error:
            raise CoordError(f"the editor {command[0]} can't be started", "set EDITOR to one that is there") from error
        if status != 0:
            raise CoordError(f"the editor ended with status {status}; nothing was changed", "run it again")
        return path.read_bytes()
