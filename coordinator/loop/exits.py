"""Tells the moment a process ends: the kernel says so, nobody looks again and again."""

import os
import select
import sys
import threading
from collections.abc import Callable

from coordinator.lazy.typing import Protocol
from coordinator.storage.files import process_lives

_LOOK_AGAIN = 0.25
"""Seconds between two looks where the system can't tell."""


class ExitWatch:
    """Calls `on_exit(pid)`, in a thread of its own, once for each watched process that ends or is gone already."""

    def __init__(self, on_exit: Callable[[int], None]) -> None:
        self._on_exit = on_exit
        self._queue: _Queue = _queue()
        self._watched: set[int] = set()
        self._thread = threading.Thread(target=self._run, name="exits", daemon=True)
        self._thread.start()

    def watch(self, pid: int) -> None:
        """Watch a process; one that is watched already is watched once."""
        if pid <= 0 or pid in self._watched:
            return
        self._watched.add(pid)
        if not self._queue.add(pid):
            self._ended(pid)

    def close(self) -> None:
        self._queue.stop()
        self._thread.join()
        self._queue.close()

    def _run(self) -> None:
        while (ended := self._queue.wait()) is not None:
            for pid in ended:
                self._ended(pid)

    def _ended(self, pid: int) -> None:
        self._watched.discard(pid)
        self._on_exit(pid)


class _Queue(Protocol):
    def add(self, pid: int) -> bool:
        """Whether the process is there to be watched."""

    def wait(self) -> list[int] | None:
        """Processes that ended; None once stopped."""

    def stop(self) -> None: ...

    def close(self) -> None: ...


def _queue() -> _Queue:
    if sys.platform == "linux":
        return _PidFds()
    elif sys.platform == "darwin":  # noqa: RET505 - type checkers follow platforms by if and else only
        return _Kqueue()
    else:
        return _Looking()


if sys.platform == "linux":

    def has_ended(pid: int) -> bool:
        """The process is gone, or a zombie whose parent has not looked yet."""
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([fd], [], [], 0)[0])
        finally:
            os.close(fd)

    class _PidFds:
        """A descriptor a process, readable when it has ended."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self._stop = os.eventfd(0, os.EFD_CLOEXEC)
            self._epoll.register(self._stop, select.EPOLLIN)
            self._pids: dict[int, int] = {}

        def add(self, pid: int) -> bool:
            try:
                fd = os.pidfd_open(pid)
            except ProcessLookupError:
                return False
            self._pids[fd] = pid
            self._epoll.register(fd, select.EPOLLIN)
            return True

        def wait(self) -> list[int] | None:
            ready = [fd for fd, _ in self._epoll.poll()]
            if self._stop in ready:
                return None
            ended = []
            for fd in ready:
                ended.append(self._pids.pop(fd))
                self._epoll.unregister(fd)
                os.close(fd)
            return ended

        def stop(self) -> None:
            os.eventfd_write(self._stop, 1)

        def close(self) -> None:
            for fd in (self._stop, *self._pids):
                os.close(fd)
            self._epoll.close()


else:

    def has_ended(pid: int) -> bool:
        """The process is gone."""
        return not process_lives(pid)


if sys.platform == "darwin":

    class _Kqueue:
        """The process filter of kqueue."""

        def __init__(self) -> None:
            self._queue = select.kqueue()
            self._read, self._write = os.pipe()
            self._control(select.kevent(self._read, select.KQ_FILTER_READ, select.KQ_EV_ADD))

        def add(self, pid: int) -> bool:
            flags = select.KQ_EV_ADD | select.KQ_EV_ONESHOT
            try:
                self._control(select.kevent(pid, select.KQ_FILTER_PROC, flags, select.KQ_NOTE_EXIT))
            except (ProcessLookupError, OSError):
                return False
            return True

        def wait(self) -> list[int] | None:
            ready = [int(event.ident) for event in self._queue.control(None, 32)]
            return None if self._read in ready else ready

        def stop(self) -> None:
            os.write(self._write, b"x")

        def close(self) -> None:
            self._queue.close()
            os.close(self._read)
            os.close(self._write)

        def _control(self, change: select.kevent) -> None:
            self._queue.control([change], 0)


class _Looking:
    """For systems that can't tell."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._pids: set[int] = set()

    def add(self, pid: int) -> bool:
        self._pids.add(pid)
        return True

    def wait(self) -> list[int] | None:
        while not self._stop.wait(_LOOK_AGAIN):
            ended = [pid for pid in tuple(self._pids) if not process_lives(pid)]
            if ended:
                self._pids.difference_update(ended)
                return ended
        return None

    def stop(self) -> None:
        self._stop.set()

    def close(self) -> None: ...
