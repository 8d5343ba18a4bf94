"""How a CLI that keeps the terminal is told its task: the text itself as long as it fits, else where to read it."""

from pathlib import Path

from coordinator.agents.runtime import Job
from coordinator.safefiles.regular import read_part, replace_file

ARGUMENT_LIMIT = 100_000
"""Bytes: the kernel takes 128 KiB for one word."""


def opening(job: Job) -> tuple[Path, Path | None]:
    """Write what the agent is told first; that file, and the folder that it has to be able to read, if any.

    A line of ours goes first: what begins with `/`, `!`, `#` or `-` would be a command to most CLIs.
    """
    who = f"You are {job.attempt.agent}."
    if job.resume:
        who += " You were stopped half-way and go on here, in a new worktree: uncommitted changes are not in it."
    text = read_part(job.prompt_file, ARGUMENT_LIMIT + 1)
    path = job.directory / "opening.txt"
    if len(text) <= ARGUMENT_LIMIT:
        replace_file(path, f"{who} Your task:\n\n".encode() + text.replace(b"\0", b""))
        return path, None
    replace_file(path, f"{who} Your task is in the file {job.prompt_file}: read all of it, then do it.\n".encode())
    return path, job.directory
