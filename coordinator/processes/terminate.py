"""An agent's processes, found however they hide, and ended for good.

A process belongs to an agent if its environment says so (`COORD_AGENT` with `COORD_ROOT`), if its parent or the leader
of its session belongs to it, or if it was seen to belong to it earlier.
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from coordinator.lazy.dataclass import dataclass, field
from coordinator.processes.table import Process, processes, start_of

GRACE = 2.0
"""Seconds between asking processes to end and making them."""
BOUND = 5.0
"""Seconds after which the truth is told, whatever it is."""
_LAST_RESORT = 1.0
"""Seconds of the bound that are kept for making processes end."""
_LOOK = 0.25
"""Seconds after which processes that came into being meanwhile are looked for."""
_POLL = 0.02
_WAITED_AT_ONCE = 128
"""Most file descriptors held for waiting."""

Table = Mapping[int, Process]
Seeds = Callable[[Table], Iterable[Process]]


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of the processes, by id."""

    ended: tuple[int, ...]
    survivors: tuple[int, ...]
    """Still there at the bound: they belong to another user, or hang in the kernel."""


def agent_processes(agent: str, root: str | os.PathLike[str]) -> tuple[int, ...]:
    """List the live processes of an agent of the project at `root`, which is its `COORD_ROOT`; never ourselves."""
    return ids(Hunt(by_mark(agent, root)).look())


def terminate_agent(agent: str, root: str | os.PathLike[str], *, grace: float = GRACE, bound: float = BOUND) -> Ended:
    """End all processes of an agent: SIGTERM, then SIGKILL after `grace` seconds, until none is left or `bound` passed.

    `root` is the project's main checkout, as its `COORD_ROOT` says: another project's agent may have the same id.
    """
    return Hunt(by_mark(agent, root)).end(grace, bound)


def by_mark(agent: str, root: str | os.PathLike[str]) -> Seeds:
    mark = (agent, os.fspath(root))
    return lambda table: [process for process in table.values() if process.mark == mark]


@dataclass(slots=True)
class Hunt:
    """Looks again and again, for processes come into being while others end."""

    seeds: Seeds
    seen: dict[tuple[int, str], Process] = field(default_factory=dict)
    asked: set[tuple[int, str]] = field(default_factory=set)

    def look(self) -> list[Process]:
        """Find what belongs to the agent and lives now."""
        table = processes()
        members: dict[int, list[Process]] = {}
        for process in table.values():
            for leader in {process.parent, process.session}:
                members.setdefault(leader, []).append(process)
        found: dict[int, Process] = {}
        queue = [*self.seeds(table), *(table[p.pid] for p in self.seen.values() if _lives(p, table))]
        while queue:
            process = queue.pop()
            if process.pid > 1 and process.pid != os.getpid() and process.pid not in found:
                found[process.pid] = process
                queue += members.get(process.pid, ())
        self.seen |= {process.identity: process for process in found.values()}
        return list(found.values())

    def end(self, grace: float, bound: float) -> Ended:
        start = time.monotonic()
        force_at, deadline = start + min(grace, max(0.0, bound - _LAST_RESORT)), start + bound
        looks_in_vain = 0
        while True:
            alive = self.look()
            looks_in_vain = 0 if alive else looks_in_vain + 1
            now = time.monotonic()
            if looks_in_vain == 2 or now >= deadline:  # twice: one may be born behind the back of the first look
                left = {process.identity for process in alive}
                return Ended(ids(p for p in self.seen.values() if p.identity not in left), ids(alive))
            for process in alive:
                self._signal(process, forced=now >= force_at)
            if alive:
                _wait_for_ends(alive, min(_LOOK, (deadline if now >= force_at else force_at) - now))

    def _signal(self, process: Process, *, forced: bool) -> None:
        if forced:
            send(process, signal.SIGKILL)
        elif process.identity not in self.asked:
            self.asked.add(process.identity)
            send(process, signal.SIGTERM)
            send(process, signal.SIGCONT)  # a stopped process would not hear of it


def send(process: Process, number: signal.Signals) -> bool:
    """Send a signal to this very process; False when it is gone, when another has its id, or when we may not."""
    if process.pid <= 1 or process.pid == os.getpid():
        return False
    with contextlib.suppress(OSError), _handle(process.pid) as handle:
        if start_of(process.pid) != process.start:
            return False
        if handle is None:
            os.kill(process.pid, number)
        else:
            signal.pidfd_send_signal(handle, number)  # means the process that was just checked, whatever ends meanwhile
        return True
    return False


@contextlib.contextmanager
def _handle(pid: int) -> Iterator[int | None]:
    """A file descriptor that stands for one process for ever; None where the system has no such thing."""
    if not hasattr(os, "pidfd_open"):
        yield None
        return
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _wait_for_ends(alive: list[Process], timeout: float) -> None:
    """Sleep until these have ended, or the time is over."""
    deadline = time.monotonic() + timeout
    with contextlib.ExitStack() as handles:
        ends, waiting = select.poll(), 0
        for process in alive[:_WAITED_AT_ONCE]:
            with contextlib.suppress(OSError):
                handle = handles.enter_context(_handle(process.pid))
                if handle is None:
                    time.sleep(max(0.0, min(_POLL, timeout)))
                    return
                ends.register(handle, select.POLLIN)
                waiting += 1
        while waiting and (left := deadline - time.monotonic()) > 0:
            for handle, _ in ends.poll(left * 1000):
                ends.unregister(handle)
                waiting -= 1


def _lives(process: Process, table: Table) -> bool:
    now = table.get(process.pid)
    return now is not None and now.start == process.start


def ids(found: Iterable[Process]) -> tuple[int, ...]:
    return tuple(sorted(process.pid for process in found))
