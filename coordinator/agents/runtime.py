"""What an agent CLI is to the loop: a name, a command for a job, and what is known of its state.

A new one is one new module of this package that holds a `RUNTIME`; its file name is the name people write.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from coordinator.errors import CoordError
from coordinator.model.prompt import Prompt
from coordinator.model.step import Attempt

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Job:
    """What an agent is started for. All paths are absolute."""

    attempt: Attempt
    prompt: Prompt
    coord: Path
    """The `.coord` folder of the main checkout."""
    directory: Path
    """The attempt's own directory."""
    worktree: Path
    prompt_file: Path
    """`prompt.txt`: all that the agent is told."""
    model: str | None = None
    resume: str = ""
    """Session of an earlier attempt that the agent goes on with; empty: it starts afresh."""


@dataclass(frozen=True, slots=True)
class Command:
    """How an agent is run: always as a list of words, never as text for a shell."""

    argv: tuple[str, ...]
    stdin: Path | None = None
    """File that is its standard input; None: the terminal."""
    env: Mapping[str, str] = field(default_factory=dict)
    session: str = ""
    """The session id that the CLI was told to use, for resuming."""


class Runtime(Protocol):
    """One kind of agent."""

    @property
    def name(self) -> str: ...

    @property
    def reports_itself(self) -> bool:
        """Its own hooks append to `status.jsonl`: a process without a report says nothing of what it does."""

    def command(self, job: Job) -> Command:
        """The command for a job; may write helper files into its directory. CoordError when it can't be run."""


def find_runtime(name: str, commands: Mapping[str, Sequence[str]]) -> Runtime:
    """The runtime called `name`: one of the project's own commands, or a module of this package.

    Raises CoordError, naming what there is, for any other name; a name comes from prompt files and may be anything.
    """
    from coordinator.agents.command import CommandRuntime

    if name in commands:
        return CommandRuntime(name, tuple(commands[name]))
    if name in packaged_runtimes():
        from importlib import import_module

        runtime: Runtime = import_module(f"coordinator.agents.{name}").RUNTIME
        return runtime
    known = ", ".join(sorted({*packaged_runtimes(), *commands}))
    raise CoordError(f"there is no agent `{name}`", f"use one of {known}, or give it a command in .coord/coord.yaml")


def packaged_runtimes() -> tuple[str, ...]:
    """Names of the runtimes that ship with coord."""
    folder = Path(__file__).parent
    return tuple(
        sorted(
            path.stem
            for path in folder.glob("*.py")
            if _NAME.fullmatch(path.stem) and b"\nRUNTIME" in path.read_bytes()
        )
    )
