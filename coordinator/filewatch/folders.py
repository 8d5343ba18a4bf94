"""Being told which files of some folders changed: by inotify on Linux, by watchfiles elsewhere."""

import os
import select
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from coordinator.filewatch import inotify
from coordinator.filewatch.stop import Stop
from coordinator.lazy.typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from watchfiles import Change

# Not MODIFY: a file is looked at when its writer is through with it.
_GONE = inotify.DELETE_SELF | inotify.MOVE_SELF
_NAMES = inotify.MOVED_FROM | inotify.MOVED_TO | inotify.CREATE | inotify.DELETE
_MASK = inotify.CLOSE_WRITE | _NAMES | _GONE | inotify.ONLYDIR
_ABSENT_PAUSE = 0.25
"""Seconds between looks for a folder that is not there."""


class Folders(Protocol):
    """Folders under watch; belongs to one thread, but `want` may be called from others."""

    def want(self, folders: Iterable[Path]) -> set[Path]:
        """Watch exactly these from now on; returns those that are newly watched."""

    def wait(self, stop: Stop) -> set[Path]:
        """Block until something changed; a folder's own path means anything in it. Empty: stopped."""

    def close(self) -> None: ...


def watch_folders() -> Folders:
    """The best watch that works here."""
    if sys.platform.startswith("linux"):
        try:
            return InotifyFolders()
        except OSError:
            pass  # out of watches: the portable way looks often instead
    return PortableFolders()


class InotifyFolders:
    """One inotify descriptor for all folders: no thread wakes up while nothing happens."""

    def __init__(self) -> None:
        self._inotify = inotify.Inotify()
        self._by_watch: dict[int, Path] = {}
        self._watches: dict[Path, int] = {}
        self._absent: set[Path] = set()
        self._wake = Stop()
        self._lock = threading.Lock()

    def want(self, folders: Iterable[Path]) -> set[Path]:
        with self._lock:
            return self._want(set(folders))

    def _want(self, wanted: set[Path]) -> set[Path]:
        for folder in set(self._watches) - wanted:
            watch = self._watches.pop(folder)
            self._by_watch.pop(watch, None)
            self._inotify.remove(watch)
        self._absent &= wanted
        fresh = {folder for folder in wanted - set(self._watches) if self._add(folder)}
        if self._absent:
            self._wake.set()
        return fresh

    def wait(self, stop: Stop) -> set[Path]:
        poll = select.poll()
        for fd in (self._inotify.fileno(), stop.fileno(), self._wake.fileno()):
            poll.register(fd, select.POLLIN)
        while True:
            ready = [fd for fd, _ in poll.poll(_ABSENT_PAUSE * 1000 if self._absent else None)]
            if stop.fileno() in ready:
                return set()
            if self._wake.fileno() in ready:
                os.read(self._wake.fileno(), 4096)
            with self._lock:
                changed = self._read() if self._inotify.fileno() in ready else set()
                changed |= {folder for folder in sorted(self._absent) if self._add(folder)}
            if changed:
                return changed

    def close(self) -> None:
        self._inotify.close()
        self._wake.close()

    def _add(self, folder: Path) -> bool:
        try:
            watch = self._inotify.add(folder, _MASK)
        except OSError:
            self._absent.add(folder)
            return False
        self._absent.discard(folder)
        self._watches[folder] = watch
        self._by_watch[watch] = folder
        return True

    def _read(self) -> set[Path]:
        changed: set[Path] = set()
        for watch, mask, name in self._inotify.read():
            if mask & inotify.OVERFLOW:
                changed |= set(self._watches)
            elif (folder := self._by_watch.get(watch)) is not None:
                changed.add(folder / os.fsdecode(name) if name else folder)
                if mask & (_GONE | inotify.IGNORED):
                    self._lost(folder, watch)
        return changed

    def _lost(self, folder: Path, watch: int) -> None:
        """The folder was deleted or moved away: wait for another one in its place."""
        self._by_watch.pop(watch, None)
        if self._watches.pop(folder, None) is not None:
            self._inotify.remove(watch)
            self._absent.add(folder)


class PortableFolders:
    """watchfiles, started anew when other folders are wanted. Looks every few milliseconds: more costly when idle."""

    def __init__(self) -> None:
        self._wanted: set[Path] = set()
        self._watched: set[Path] = set()
        self._again = threading.Event()
        self._batches: Iterator[set[tuple[Change, str]]] = iter(())

    def want(self, folders: Iterable[Path]) -> set[Path]:
        wanted = set(folders)
        fresh = wanted - self._wanted
        if wanted != self._wanted:
            self._wanted = wanted
            self._again.set()
        return fresh

    def wait(self, stop: Stop) -> set[Path]:
        while not stop.wait(0):
            there = {folder for folder in self._wanted if folder.is_dir()}
            if self._again.is_set() or there != self._watched:
                self._start(there)
                # what changed before the new watch began is told as a change of the folders
                return set(there)
            if not there:
                stop.wait(_ABSENT_PAUSE)
                continue
            batch = next(self._batches, None)
            if batch is None:
                self._watched = set()
            elif batch:
                return {Path(path) for _, path in batch}
        return set()

    def close(self) -> None:
        self._again.set()
        self._batches = iter(())

    def _start(self, folders: set[Path]) -> None:
        from watchfiles import watch

        self._again.clear()
        self._watched = folders
        if folders:
            self._batches = watch(
                *folders,
                recursive=False,
                debounce=20,
                step=2,
                stop_event=self._again,
                rust_timeout=250,
                yield_on_timeout=True,
            )
        else:
            self._batches = iter(())
