"""One thread that does one thing after the other, so that the loop never waits for what takes long."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """What a job brought: a value, or what it raised."""

    value: Any = None
    error: Exception | None = None


class Worker:
    """Runs jobs in order. A daemon: a process that ends does not wait for a job longer than `close` says."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Result], None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], Any], done: Callable[[Result], None]) -> None:
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
            try:
                result = Result(job())
            except Exception as error:  # the border of the worker: whoever waits for the result decides
                result = Result(error=error)
            done(result)
