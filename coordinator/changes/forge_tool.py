"""Runs a forge's own command-line tool, `gh` or `glab`: never through a shell, and unable to ask anything."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.model.text import clip, plain

_QUIET = {
    "GH_PROMPT_DISABLED": "1",
    "GH_NO_UPDATE_NOTIFIER": "1",
    "GH_PAGER": "cat",
    "NO_PROMPT": "1",
    "NO_COLOR": "1",
    "CI": "1",
}


def run_tool(name: str, args: Sequence[str], folder: Path, *, seconds: float, without: str = "") -> bytes:
    """What the tool printed, run in a folder. CoordError when it can't be run, takes too long, or says no.

    `without`: how to go on without the tool, where one can.
    """
    try:
        done = subprocess.run(
            [shutil.which(name) or name, *args],
            cwd=folder,
            env={**os.environ, **_QUIET},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CoordError(f"{name} did not end within {seconds:g} s", "see whether the forge answers") from None
    except (OSError, ValueError) as error:
        raise CoordError(
            f"{name} can't be run: {error}", without or "see whether it is installed as it should be"
        ) from None
    if done.returncode:
        said = plain(done.stderr.decode("utf-8", "replace").strip().split("\n", 1)[0]) or "it said nothing"
        remedy = "; ".join(filter(None, (f"try `{name} auth status`", without)))
        raise CoordError(f"{name} {' '.join(args[:2])}: {clip(said, 200)}", remedy)
    return done.stdout
