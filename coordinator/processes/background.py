"""Starts coord itself as a process that goes on by itself, and hears from it whether it could begin."""

import os
import select
import subprocess
import time

from coordinator.processes.interpreter import own_command

_PATIENCE = 30.0
"""Seconds within which it has to say something, or end."""
_MOST = 4096
"""Bytes of what it says."""


def begin(*arguments: str) -> None:
    """Run `coord ARGUMENTS…` in a session of its own, as nobody's agent and nobody's child; whatever it says."""
    subprocess.run(
        ["sh", "-c", '"$@" &', "sh", *own_command(*arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=_environment(),
        start_new_session=True,
        check=False,
    )


def _environment() -> dict[str, str]:
    """Ours, without what says who we are."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COORD_")}


def start(*arguments: str) -> str:
    """The same as our child; what it says before it closes its output."""
    ours, its = os.pipe()
    try:
        process = subprocess.Popen(
            own_command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=its,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_environment(),
            start_new_session=True,
        )
        os.close(its)
        said = _heard(ours)
    finally:
        os.close(ours)
    process.poll()
    process.returncode = process.returncode or 0  # goes on without us: nobody is to wait for it
    return said.decode("utf-8", "replace")


def _heard(pipe: int) -> bytes:
    said, deadline = b"", time.monotonic() + _PATIENCE
    while len(said) < _MOST and select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(pipe, _MOST)
        if not part:
            break
        said += part
    return said
