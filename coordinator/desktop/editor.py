"""Lets the engineer's own editor work on a copy of a text."""

import os
import shlex
import subprocess
from pathlib import Path

from coordinator.errors import CoordError

_KNOWS_LINES = frozenset(("vi", "vim", "nvim", "nano", "emacs", "micro", "kak", "joe", "mg", "ed"))
"""Editors that take `+7` for the line to begin at."""


def edit_file(root: Path, path: str, line: int) -> None:
    """Let the engineer's editor work on a file below `root`; CoordError where that can't be done.

    `line`: 1-based; 0: the file as a whole.
    """
    found = (root / path).resolve()
    if not found.is_relative_to(root.resolve()) or not found.is_file():
        raise CoordError(f"{path} is not a file of this project", "look at what `coord validate` says of it")
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    at = [f"+{line}"] if line and Path(command[0]).name in _KNOWS_LINES else []
    try:
        subprocess.run([*command, *at, str(found)])
    except OSError as error:
        raise CoordError(f"the editor {command[0]} can't be started", "set EDITOR to one that is there") from error


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
