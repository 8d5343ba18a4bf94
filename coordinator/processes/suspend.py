"""An agent's processes stopped where they are, and let go on: nothing is ended, nothing is lost."""

import os
import signal
import time
from collections.abc import Callable

from coordinator.processes.table import Process
from coordinator.processes.terminate import Hunt, by_mark, ids, send

BOUND = 10.0
"""Seconds after which the truth is told, whatever it is."""
_PAUSE = 0.02
"""Seconds between two looks, in which a process that was let go on gets something done."""
_QUIET = 2
"""Looks in a row that have to find nothing: a process may be born behind the back of the first."""


def stop_agent(
    agent: str, root: str | os.PathLike[str], *, spare: int, shared: Callable[[str], bool], bound: float = BOUND
) -> tuple[int, ...]:
    """Stop all processes of an agent, detached ones too, but for `spare`; returns those that go on nevertheless.

    `spare` is the shell of its launch script, which only waits: tmux lets a direct child of a pane go on at once.
    `shared` tells of a file, by its path, whether others wait for locks on it: a process that has one gets the time to
    let go of it first, and is not stopped within `bound` seconds otherwise. So does one that was stopped before it
    became the program that its parent starts: until then that waits for it, and no signal stops it.
    """
    hunt, deadline, quiet = Hunt(by_mark(agent, root)), time.monotonic() + bound, 0
    while True:
        found = [process for process in hunt.look() if process.pid != spare]
        running = [process for process in found if not process.stopped]
        waiting = {process.pid for process in running if process.bound}
        holding = [p for p in found if p.stopped and (p.parent in waiting or _holds(p, shared))]
        for process in holding:
            send(process, signal.SIGCONT)
        quiet = 0 if running or holding else quiet + 1
        if quiet == _QUIET or time.monotonic() >= deadline:
            return ids([*running, *holding])
        for process in running:
            send(process, signal.SIGSTOP)
        time.sleep(_PAUSE)


def let_go_on(agent: str, root: str | os.PathLike[str], *, bound: float = BOUND) -> tuple[int, ...]:
    """Let all processes of an agent go on; returns those that stay stopped, for they belong to another user."""
    hunt, deadline, quiet = Hunt(by_mark(agent, root)), time.monotonic() + bound, 0
    while True:
        stopped = [process for process in hunt.look() if process.stopped]
        quiet = 0 if stopped else quiet + 1
        if quiet == _QUIET or time.monotonic() >= deadline:
            return ids(stopped)
        for process in stopped:
            send(process, signal.SIGCONT)
        time.sleep(_PAUSE)


def _holds(process: Process, shared: Callable[[str], bool]) -> bool:
    """Whether a process has a lock that others wait for; not known where the system does not tell."""
    folder = f"/proc/{process.pid}"
    try:
        handles = os.listdir(f"{folder}/fd")
    except OSError:
        return False
    for handle in handles:
        try:
            path = os.readlink(f"{folder}/fd/{handle}")
            if shared(path) and (_is_lock_file(path) or _is_locked(f"{folder}/fdinfo/{handle}")):
                return True
        except OSError:
            continue
    return False


def _is_lock_file(path: str) -> bool:
    """A lock by its mere existence, such as git's."""
    return path.endswith(".lock") and ".git/" in path


def _is_locked(info: str) -> bool:
    """Whether a lock that excludes others is held through this descriptor, as its `fdinfo` tells."""
    with open(info, "rb") as file:
        return any(line.startswith(b"lock:") and b" WRITE " in line for line in file)
