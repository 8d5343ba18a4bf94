"""Which agents there are: the runtimes that ship with coord, and the commands of the project."""

import os
from collections.abc import Mapping, Sequence
from functools import cache

from coordinator.agents.runtime import Runtime
from coordinator.errors import CoordError

_FOLDER = os.path.dirname(__file__)
_LONGEST = 32
"""Characters of a name."""


def find_runtime(name: str, commands: Mapping[str, Sequence[str]]) -> Runtime:
    """The runtime called `name`: one of the project's own commands, or a module of this package.

    Raises CoordError, naming what there is, for any other name; a name comes from prompt files and may be anything.
    """
    from coordinator.agents.command import CommandRuntime

    if name in commands:
        return CommandRuntime(name, tuple(commands[name]))
    if _ships(name):
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
    names = (file.removesuffix(".py") for file in os.listdir(_FOLDER) if file.endswith(".py"))
    return tuple(sorted(filter(_ships, names)))


def _ships(name: str) -> bool:
    """Whether a runtime of this name ships with coord: a module of small letters, digits and `_` that has one."""
    if not (name.isascii() and name.isidentifier() and name.islower() and name[0] != "_" and len(name) <= _LONGEST):
        return False
    try:
        with open(os.path.join(_FOLDER, f"{name}.py"), "rb") as file:
            return b"\nRUNTIME" in file.read()
    except FileNotFoundError:
        return False
