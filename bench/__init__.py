"""Measurements of `coord`: `python -m bench`."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Programs are measured as they are installed: with their modules compiled, once.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def _state() -> str:
    """A state of its own, in which the projects are trusted that the measurements make."""
    state = Path(tempfile.mkdtemp(prefix="coord-bench-state-"))
    atexit.register(shutil.rmtree, state, ignore_errors=True)
    trust = state / "coord" / "trust"
    trust.mkdir(parents=True, mode=0o700)
    folders = trust / "folders"
    folders.write_text(f"{tempfile.gettempdir()}\n")
    folders.chmod(0o600)
    return str(state)


os.environ["XDG_STATE_HOME"] = _state()
