"""Lets the engineer edit a prompt file in their own editor, on a copy."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from coordinator.artifacts.paths import Layout
from coordinator.errors import CoordError, UsageError
from coordinator.observe import Observer
from coordinator.services.planning import known


def edited_prompt(layout: Layout, number: int) -> bytes | None:
    """Open a copy of the prompt in $VISUAL or $EDITOR; the edited bytes, None when nothing was changed."""
    if not sys.stdin.isatty():
        raise UsageError(
            "an editor needs a terminal", "change single values with --set key=value, the body with --body"
        )
    prompt = known(Observer(layout).snapshot(), number)
    edited = edit_copy(prompt.source, Path(prompt.path).name)
    return None if edited == prompt.source else edited


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
