"""The interpreter that coord runs in: it looks for modules in coord's own installation, and in no project.

Python puts the current folder (`-c`, `-m`) and whatever PYTHONPATH says before its own library. Where that is a
project, or an agent's worktree, a file of it called `queue.py` would run as a part of coord.
"""

import os
import sys

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
"""The folder that this coord was found in."""
_LIBRARIES = tuple(
    os.path.join(prefix, folder, "") for prefix in {sys.prefix, sys.base_prefix} for folder in ("bin", "lib", "lib64")
)
_TAKE_PLACES = "import sys; end = 2 + int(sys.argv[1]); sys.path[:] = sys.argv[2:end]; del sys.argv[1:end]; "
_RUN = f"{_TAKE_PLACES}from coordinator.cli.main import program; program()"
_MODULE = f"{_TAKE_PLACES}import runpy; runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"


def own_command(*arguments: str) -> list[str]:
    """A command line that runs `coord ARGUMENTS…`: the very coord that this process runs, installed or not.

    It finds modules where this process does, wherever it is started, and leaves the environment as it is.
    """
    return [*_python(_RUN), *arguments]


def module_command(name: str, *arguments: str) -> list[str]:
    """A command line that runs `python -m NAME ARGUMENTS…`, a module of coord's own, in the same way."""
    return [*_python(_MODULE), name, *arguments]


def _python(program: str) -> list[str]:
    places = own_places(sys.path, [])
    return [sys.executable, "-I", "-c", program, str(len(places)), *places]


def keep_out(folders: list[str]) -> None:
    """Look for modules in none of these folders from now on, nor below them; coord itself may lie there."""
    sys.path[:] = own_places(sys.path, folders)


def foreign_places() -> bool:
    """Whether anything but coord and Python's own libraries is looked into for modules. Costs next to nothing."""
    return not all(map(_ours, sys.path))


def own_places(path: list[str], folders: list[str]) -> list[str]:
    """What of a search path is not relative and not in one of the folders, or is coord's own or Python's."""

    def kept(place: str) -> bool:
        return _ours(place) or (os.path.isabs(place) and not any(_inside(place, folder) for folder in folders))

    return [place for place in path if kept(place)]


def _ours(place: str) -> bool:
    return place == _PACKAGE or f"{place}{os.sep}".startswith(_LIBRARIES)


def _inside(place: str, folder: str) -> bool:
    real, above = os.path.realpath(place), os.path.realpath(folder)
    return f"{real}{os.sep}".startswith(f"{above.rstrip(os.sep)}{os.sep}")
