"""The log as it grows: events of other processes, within milliseconds and without polling where the system can tell."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from coordinator.eventlog.filters import EVERYTHING, Filter
from coordinator.eventlog.store import EventLog
from coordinator.eventlog.wal_watch import Watch, watch
from coordinator.filewatch.stop import BELL, GONE, WRITTEN, Stop
from coordinator.model.event import Event

_LAST_LOOK = 1.0
_SECOND_LOOKS = (0.002, 0.01, 0.05, 0.25, _LAST_LOOK)
"""Seconds after bytes were written at which to look even if no bell rings: a writer may be killed just before it. After
a bell the last look is enough, for another writer whose bytes came at the same moment."""

__all__ = ["Appends", "Stop", "follow"]


class Appends:
    """Blocks until a log may have grown. Reusable by any watcher; belongs to one thread, `stop` may come from others.

    Survives checkpoints, a reset -wal, a database or directory that is deleted and made anew.
    """

    def __init__(self, path: Path, stop: Stop | None = None) -> None:
        self._path = path.absolute()
        self._own_stop = stop is None
        self._stop = Stop() if stop is None else stop
        self._watch: Watch = watch(self._path)
        self._looks: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        """True as soon as there may be new events; False after `timeout` seconds, or when stopped."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            until = min(self._looks + ([deadline] if deadline is not None else []), default=None)
            seen = self._watch.wait(self._stop, None if until is None else max(0.0, until - time.monotonic()))
            now = time.monotonic()
            if seen & BELL:
                self._looks = [now + _LAST_LOOK]
            elif seen & WRITTEN:
                self._looks = [now + delay for delay in _SECOND_LOOKS]
            if seen & GONE:
                self._watch.close()
                self._watch = watch(self._path)
            if seen & (BELL | GONE):
                return True
            if not seen and self._stop.wait(0):
                return False
            if self._looks and self._looks[0] <= now:
                self._looks = [look for look in self._looks if look > now]
                return True
            if deadline is not None and deadline <= now:
                return False

    def stop(self) -> None:
        """End the wait that is going on, and all later ones. Safe to call from any thread."""
        self._stop.set()

    def close(self) -> None:
        self._watch.close()
        if self._own_stop:
            self._stop.close()

    def __enter__(self) -> "Appends":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def follow(
    path: Path, since: int = 0, stop: Stop | None = None, where: Filter = EVERYTHING, page: int = 1000
) -> Iterator[list[Event]]:
    """Yield the events after `since`, then whatever is appended, in batches, until `stop` is set.

    A log that does not exist yet is waited for. When another log takes its place, that one is told from its beginning.
    """
    # Watch first, look second: an append in between is then seen twice rather than never.
    with Appends(path, stop) as appends, EventLog(path, missing_ok=True) as log:
        seq, birth = since, ""
        while True:
            born = log.birth()
            if birth and born != birth:
                seq = 0
            birth = born
            head = log.head()
            while events := log.since(seq, page, where):
                yield list(events)
                seq = events[-1].seq
            seq = max(seq, head)
            if not appends.wait():
                return
