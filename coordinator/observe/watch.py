"""Tells when a project may have changed: its files, or its log. Events, not ticks."""

import threading
from collections.abc import Callable, Collection
from pathlib import Path

from coordinator.eventlog.follow import Appends
from coordinator.filewatch.folders import watch_folders
from coordinator.filewatch.stop import Stop
from coordinator.lazy.dataclass import dataclass
from coordinator.storage.paths import Layout

_UNTOLD = (".coord-tmp-", ".coord-status.json")
"""Beginnings of names that tell nothing about the project: files being written, and the status remembered."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What may have changed since the last call."""

    paths: frozenset[Path] = frozenset()
    """Files, or folders of which anything may have changed."""
    log_grew: bool = False

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(self.paths | other.paths, self.log_grew or other.log_grew)


class Watch:
    """Calls `on_change` from threads of its own, until `stop`.

    Watches the project's folder, its prompt folders, the journal of plans and the attempts it is told to attend;
    everything else is told by the log, since every transition is an event.
    """

    def __init__(
        self, layout: Layout, on_change: Callable[[Changes], None], prompt_folders: Collection[Path] = ()
    ) -> None:
        self._layout = layout
        self._on_change = on_change
        self._base = {layout.coord, layout.prompts, *prompt_folders}
        self._stop = Stop()
        if layout.journal.is_dir():
            self._base.add(layout.journal)
        self._folders = watch_folders()
        self._folders.want(self._base)
        self._attended: frozenset[Path] = frozenset()
        self._lock = threading.Lock()
        self._appends = Appends(layout.events_db, self._stop)
        self._threads = [
            threading.Thread(target=self._watch_files, name="coord-watch-files", daemon=True),
            threading.Thread(target=self._watch_log, name="coord-watch-log", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def attend(self, attempts: Collection[Path]) -> None:
        """Also watch these attempt directories, and no longer the ones attended before.

        What was written into a new one before the watch began is reported as a change of the folder.
        """
        wanted = frozenset(attempts)
        with self._lock:
            if wanted == self._attended:
                return
            self._attended = wanted
            fresh = self._folders.want(self._base | wanted)
        if fresh:
            self._on_change(Changes(frozenset(fresh)))

    def stop(self) -> None:
        """End both threads; no call to `on_change` begins after this returns."""
        self._stop.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._folders.close()
        self._appends.close()
        self._stop.close()

    def _watch_files(self) -> None:
        own = self._own_noise()
        while True:
            paths = self._folders.wait(self._stop)
            if not paths:
                return
            if self._layout.journal in paths - self._base and self._layout.journal.is_dir():
                self._attend_journal()
            told = frozenset(path for path in paths if path not in own and not path.name.startswith(_UNTOLD))
            if told:
                self._on_change(Changes(told))

    def _attend_journal(self) -> None:
        """The first plan ever is being applied."""
        with self._lock:
            self._base.add(self._layout.journal)
            self._folders.want(self._base | self._attended)

    def _watch_log(self) -> None:
        while self._appends.wait():
            self._on_change(Changes(log_grew=True))

    def _own_noise(self) -> frozenset[Path]:
        """Files of the log: their growth is told by the log itself."""
        database = self._layout.events_db
        return frozenset(database.with_name(database.name + suffix) for suffix in ("", "-wal", "-shm", "-journal"))
