"""Threads for what takes long, so that the loop never waits for it: one after the other, or each by itself."""

import queue
import threading
import time
from collections.abc import Callable

from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Any

Task = Callable[[], Any]
"""What a worker is to do."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a job brought: a value, or what it raised."""

    value: Any = None
    error: Exception | None = None


class Worker:
    """Runs jobs in order. A daemon: a process that ends does not wait for a job longer than `close` says."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[tuple[Task, Callable[[Result], None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Task, done: Callable[[Result], None]) -> None:
        """Run a job after those before it; `done` is called with its result in the worker's thread."""
        self._jobs.put((job, done))

    def close(self, patience: float) -> None:
        """Begin nothing new, and give what runs `patience` seconds to end."""
        while not self._jobs.empty():
            self._jobs.get()
        self._jobs.put(None)
        self._thread.join(patience)

    def _run(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, done = item
            done(_result(job))


class Crew:
    """A thread for each job: one that stands still keeps no other from its end. Daemons, too. Thread-safe."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._threads: list[threading.Thread] = []
        self._guard = threading.Lock()

    def submit(self, job: Task, done: Callable[[Result], None] | None = None, *, name: str = "") -> None:
        """Run a job at once; `done` is called with its result in the job's thread. Without it, errors are printed."""
        thread = threading.Thread(target=lambda: done(_result(job)) if done else job(), name=name or self._name)
        thread.daemon = True
        with self._guard:  # begun under it: whoever sees the thread in the list can wait for it
            thread.start()
            self._threads = [*self._alive(), thread]

    def close(self, patience: float) -> None:
        """Give all that run `patience` seconds together to end, and what they begin meanwhile too."""
        deadline = time.monotonic() + patience
        while (threads := self._alive()) and (left := deadline - time.monotonic()) > 0:
            threads[0].join(left)

    def _alive(self) -> list[threading.Thread]:
        return [thread for thread in self._threads if thread.is_alive()]


def beside(job: Task) -> Task:
    """Begin a job in a thread of its own; what is returned waits for its end, and returns or raises what it did."""
    results: queue.SimpleQueue[Result] = queue.SimpleQueue()
    threading.Thread(target=lambda: results.put(_result(job)), daemon=True).start()

    def end() -> Any:
        result = results.get()
        if result.error is not None:
            raise result.error
        return result.value

    return end


def _result(job: Task) -> Result:
    try:
        return Result(job())
    except Exception as error:  # the border of the thread: whoever waits for the result decides
        return Result(error=error)
