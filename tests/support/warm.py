"""Processes of `coord` that need not import it: an interpreter that has it loaded forks them.

They are processes as any other, with an id, signals and an end of their own, below this one in the process table; they
only save the half second of computing that starting one takes. What the kernel tells of the environment
(`/proc/PID/environ`) is that of the interpreter, and so are its locale and its variables of Python: where these matter,
and where a process has to come up by itself, start it anew.
"""

import contextlib
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_LARGEST = 1 << 17  # bytes of a request
_SELDOM = ("coordinator.mcp_server", "coordinator.eventlog.wal_kqueue")
"""What few commands need and takes as long to import as all the rest, and what only a Mac can import."""
_STARTS_WITH = ("LANG", "LC_", "PYTHON", "COORD_", "LD_")
"""Variables by which a process has to be started anew: they are read before anything of it runs, or by the kernel."""


class Process:
    """A process that was forked, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, pid: int, told: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._told = told
        """A pipe on which its exit code comes, once it has ended."""
        self._guard = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, as soon as it has one; subprocess.TimeoutExpired after `timeout` seconds."""
        code = self._wait(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired("coord", timeout)
        return code

    def _wait(self, timeout: float | None) -> int | None:
        with self._guard:
            if self.returncode is None and select.select([self._told], [], [], timeout)[0]:
                word = os.read(self._told, 16)
                os.close(self._told)
                assert word, "the interpreter that forks has gone"
                self.returncode = int(word)
            return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Interpreter:
    """A process that has coord loaded, and forks one that runs a command as often as it is told to."""

    def __init__(self) -> None:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environ = {key: value for key, value in os.environ.items() if not key.startswith("COORD_")}
        environ |= {"PYTHONPATH": str(ROOT)}
        self._known = _read_before(environ)
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(its.fileno())], env=environ, cwd="/", pass_fds=[its.fileno()]
            )
        self._socket = ours
        self._guard = threading.Lock()

    def can_run_in(self, environ: Mapping[str, str]) -> bool:
        """Whether a process in this environment is one like those that are forked."""
        return _read_before(environ) == self._known

    def start(self, arguments: Sequence[str], environ: Mapping[str, str], streams: Sequence[int]) -> Process:
        """Run `coord ARGUMENTS…` here, with these three descriptors as its standard streams."""
        request = json.dumps({"arguments": list(arguments), "environ": dict(environ), "folder": os.getcwd()})
        told, tells = os.pipe()
        try:
            with self._guard:
                socket.send_fds(self._socket, [request.encode()], [*streams, tells])
                pid = int(self._socket.recv(32))
        except BaseException:
            os.close(told)
            raise
        finally:
            os.close(tells)
        return Process(pid, told)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


def _read_before(environ: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environ.items() if key.startswith(_STARTS_WITH)}


@functools.cache
def interpreter() -> Interpreter:
    """The one of this process."""
    import atexit

    made = Interpreter()
    atexit.register(made.close)
    return made


# ── in the interpreter


class _Told(BaseException):
    """Takes a forked process out of everything that forked it."""

    def __init__(self, request: dict[str, Any], streams: list[int]) -> None:
        self.request, self.streams = request, streams


def _load() -> None:
    """Import what commands and the loop import, also where they do so late, and make what is made when it is used."""
    import importlib
    import pkgutil

    import coordinator

    for module in pkgutil.walk_packages(coordinator.__path__, "coordinator."):
        if not module.name.startswith(_SELDOM):
            _make_all(vars(importlib.import_module(module.name)))


def _make_all(names: Mapping[str, Any]) -> None:
    """Compile the patterns and the constructors of a module, which wait for their first use."""
    for value in [*names.values()]:
        if isinstance(value, type) and value.__module__.startswith("coordinator."):
            assert value.__init__
            assert value.__new__
        elif type(value).__module__ == "coordinator.lazy.regex":
            assert value.groups >= 0


def _serve(control: socket.socket) -> None:
    """Fork what is asked for, and tell the end of each, until the other side is gone."""
    wakes, woken = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    tells: dict[int, int] = {}
    while True:
        ready = select.select([control, wakes], [], [])[0]
        if wakes in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wakes, 4096)
            _tell_ends(tells)
        if control not in ready:
            continue
        data, fds, _, _ = socket.recv_fds(control, _LARGEST, 4)
        if not data:
            return
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (control.detach(), wakes, woken, fds[3], *tells.values()):
                os.close(descriptor)
            raise _Told(json.loads(data), fds[:3])
        tells[pid] = fds[3]
        for descriptor in fds[:3]:
            os.close(descriptor)
        control.send(str(pid).encode())


def _tell_ends(tells: dict[int, int]) -> None:
    for pid in list(tells):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with contextlib.suppress(BrokenPipeError):
                os.write(tells[pid], str(os.waitstatus_to_exitcode(status)).encode())
            os.close(tells.pop(pid))


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Be the process that was asked for."""
    os.chdir(request["folder"])
    for name in os.environ.keys() - request["environ"].keys():
        del os.environ[name]
    os.environ.update(request["environ"])
    time.tzset()
    for place, descriptor in enumerate(streams):
        os.dup2(descriptor, place)
    for descriptor in {*streams} - {0, 1, 2}:
        os.close(descriptor)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
        for number, (mode, old) in enumerate((("r", sys.stdin), ("w", sys.stdout), ("w", sys.stderr)))
    )
    sys.stderr.reconfigure(line_buffering=True)
    sys.argv[1:] = request["arguments"]


def _main() -> int:
    import gc

    _load()
    gc.freeze()
    try:
        _serve(socket.socket(fileno=int(sys.argv[1])))
        return 0
    except _Told as told:
        request, streams = told.request, told.streams
    code: object = 1
    try:
        _become(request, streams)
        from coordinator.cli.main import main

        main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    return code if isinstance(code, int) else int(code is not None)


def _end(code: int) -> None:
    """End as an interpreter does, but for taking all apart that it had loaded."""
    import atexit

    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    _end(_main())
