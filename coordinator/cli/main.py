"""The `coord` command: one verb a function, loaded only when it is called."""

# What is imported here is there before any program: nothing is looked for before `keep_out` has said where.
import errno
import gc
import os
import sys

from coordinator.client.strict_guard import guarded, root_of
from coordinator.processes.interpreter import foreign_places, keep_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""What a write to standard output fails with, besides a reader that has gone."""


_GARBAGE = 100_000
"""New objects after which the first collection comes: a short command is through before."""


def program() -> None:
    """The command as a process of its own, from its start to its end."""
    gc.set_threshold(_GARBAGE)
    read_urls_later()
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, int):
            _leave(end.code)
        raise


def read_urls_later() -> None:
    """Have `urllib.parse` read when something of it is used: `pathlib` brings it along for one function."""
    import urllib

    name = "urllib.parse"
    if name in sys.modules:
        return
    stand_in = type(sys)(name)

    def real() -> "Any":
        from importlib import import_module

        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return import_module(name)

    def look_up(asked: str) -> object:
        if asked.startswith("__"):  # the import itself asks whether it is a package
            raise AttributeError(asked)
        return getattr(real(), asked)

    stand_in.__dict__["__getattr__"] = look_up
    stand_in.__dict__["quote_from_bytes"] = lambda *given, **named: real().quote_from_bytes(*given, **named)
    sys.modules[name] = stand_in
    vars(urllib)["parse"] = stand_in


def _leave(code: int) -> None:
    """End the process without taking the interpreter apart, which takes as long as starting it; not beside threads."""
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        return
    if "atexit" in sys.modules:
        sys.modules["atexit"]._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            return  # said as Python says it
    os._exit(code)


def main(argv: list[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_closed_streams()
    try:
        code = _run(arguments)
        sys.stdout.flush()
        sys.exit(code)
    except BrokenPipeError:
        # the reader of a pipe (`coord log | head`) has what it wanted
        _mute()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno not in _OUTPUT_ERRORS or error.filename is not None:
            raise
        _mute()
        sys.exit(_unheard(error))


def _open_closed_streams() -> None:
    """Let a command that was started with a closed stream run all the same: what it would print there is dropped."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115 — for as long as the process lives
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _mute() -> None:
    """Have nothing more written to standard output, at the end of the process neither."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unheard(error: OSError) -> int:
    reason = (error.strerror or str(error)).lower()
    print(f"coord: the output can't be written: {reason}", file=sys.stderr)
    print("  what the command did is done all the same: `coord log` shows it", file=sys.stderr)
    return 1


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        from coordinator import __version__

        print(f"coord, version {__version__}")
        return 0
    directory, rest = _directory(arguments)
    if not _stands_somewhere(directory):
        print("coord: the folder you are in was deleted", file=sys.stderr)
        print("  cd to one that is there, or name the project: coord -C /path/of/the/project", file=sys.stderr)
        return 1
    if foreign_places():
        keep_out([".", directory, root_of(directory) or directory])
    folder = guarded(directory)
    if folder is not None:
        if rest == ["mcp"]:
            from coordinator.mcp_server.thin import relay_through

            return relay_through(folder)
        from coordinator.cli.remote_command import pass_on

        return pass_on(folder, rest)
    status = _status_of(arguments)
    if status is not None and status[1]:
        from coordinator.client.status_cache import remembered

        text = remembered(status[0])
        if text is not None:
            sys.stdout.write(text)
            return 0
    return _run_checked(arguments, status)


def _stands_somewhere(directory: str) -> bool:
    """Whether there is a current folder. A command about another one, by its whole path, needs none of its own."""
    try:
        os.getcwd()
    except OSError:
        if not os.path.isabs(directory):
            return False
        os.chdir("/")
    return True


def _run_checked(arguments: list[str], status: tuple[str, bool] | None) -> int:
    from coordinator.cli.report import fail
    from coordinator.errors import CoordError

    try:
        if status is not None:
            from coordinator.cli.status import print_status

            return print_status(status[0], as_json=status[1])
        directory, rest = _directory(arguments)
        if not rest:
            from coordinator.cli.elsewhere import project_or_recent
            from coordinator.cli.screen import open_screen

            return open_screen(project_or_recent(directory))
        from coordinator.cli.declared import run_plain

        code = run_plain(directory, rest) if rest[0][:1] != "-" else None
        if code is not None:
            return code
        from coordinator.cli.commands import run

        return run(arguments)
    except CoordError as error:
        return fail(error)


def _status_of(arguments: list[str]) -> tuple[str, bool] | None:
    """The folder of `coord [-C DIR] status [--json]`, and whether as JSON; None for all other calls.

    Status goes around the option parser: prompts, bars and scripts call it all the time.
    """
    directory, rest = _directory(arguments)
    return (directory, len(rest) == 2) if rest in (["status"], ["status", "--json"]) else None


def _directory(arguments: list[str]) -> tuple[str, list[str]]:
    """The folder that a command is about, and its further words; with none of them it is the screen."""
    return (arguments[1], arguments[2:]) if len(arguments) > 1 and arguments[0] == "-C" else (".", arguments)


if __name__ == "__main__":
    program()
