"""Which agents there are: the runtimes that ship with coord, and the commands of the project."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from coordinator.agents.runtime import Runtime
from coordinator.errors import CoordError
from coordinator.lazy import regex

_NAME = regex.compile(r"[a-z][a-z0-9_]{0,31}")


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


@cache
def known_runtime(name: str) -> Runtime | None:
    """The packaged runtime of this name; None for a project's own command, and for any other name."""
    if name == "scripted":
        return None  # it tells nothing of itself, and is not worth an import to whoever only looks
    try:
        return find_runtime(name, {})
    except CoordError:
        return None


@cache
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
