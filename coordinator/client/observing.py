"""What a project is, and what it becomes: snapshots for those who keep looking."""

import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path

from coordinator.client.choices import chosen_sizes, chosen_theme
from coordinator.client.ports import Preferences, Trouble
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.snapshot import Snapshot
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from coordinator.observe.observer import Observer
    from coordinator.observe.prefetch import Ahead, Look
    from coordinator.observe.watch import Changes, Watch

_PULSE = 3.0
"""Seconds between looks whether loop and agents live: a killed process writes no event."""
_RENEWAL = 30.0
"""Seconds after which an unchanged project is looked at all the same: evidence has an age."""


class Observing:
    """Looks at one project until it is closed. Implements `coordinator.client.ports.Observing`."""

    def __init__(self, project: Project, ahead: "Ahead | None" = None) -> None:
        """`ahead` is a first look that is on its way."""
        self._project = project
        self._layout = project.layout
        self._ahead = ahead
        self._around = 0.0
        """When to look at adopted windows again, on the monotonic clock."""
        self._told: Snapshot | None = None
        """What `first` gave."""
        self._news = _News()
        self._kept: Observer | None = None
        """What was read for those who ask for one look: the next one costs only what changed."""
        self._one_at_a_time = threading.Lock()

    def close(self) -> None:
        self._news.close()
        with self._one_at_a_time:
            self._forget()

    def preferences(self) -> Preferences:
        own = Preferences(chosen_theme=chosen_theme(), sizes=chosen_sizes())
        look = self._look_ahead
        if look is not None:
            return replace(own, theme=look.theme, keys=look.keys, bell=look.bell, commands=look.commands)
        try:
            config = Project(self._layout).config
        except CoordError:
            return own  # `snapshots` tells what is wrong, on the screen
        return replace(own, theme=config.theme, keys=config.keys, bell=config.bell, commands=config.commands)

    def look(self) -> Snapshot:
        from coordinator.observe.observer import Observer

        with self._one_at_a_time:
            try:
                self._kept = self._kept or Observer(self._layout, lambda: self._project.findings)
                found, unread = self._kept.snapshot(), self._kept.unread
            except BaseException:
                self._forget()
                raise
            if self._news.closed:
                self._forget()
        if unread is not None:
            raise unread
        return found

    def _forget(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    @cached_property
    def _look_ahead(self) -> "Look | None":
        return self._ahead.look() if self._ahead is not None else None

    def first(self) -> Snapshot | None:
        look = self._look_ahead
        self._told = look.snapshot if look is not None else None
        return self._told

    def snapshots(self) -> Iterator[Snapshot | Trouble]:
        from coordinator.observe.observer import Observer

        told: Trouble | None = None
        last, self._told = self._told, None
        while (observer := self._observer()) is not None:
            if isinstance(observer, Observer):
                told = None
                with self._watching(observer.folders()) as watch, closing(observer):
                    yield from self._observe(observer, watch, last)
                last = None
            else:
                if observer != told:
                    yield observer
                told = observer
                with self._watching(()):
                    # What was repaired before the watch began is seen by trying once more.
                    if isinstance(self._observer(), Trouble) and self._news.wait(None) is None:
                        return

    @contextmanager
    def _watching(self, folders: Sequence[Path]) -> Iterator["Watch"]:
        from coordinator.observe.watch import Watch

        watch = Watch(self._layout, self._news.add, folders)
        try:
            yield watch
        finally:
            watch.stop()

    def _observer(self) -> "Observer | Trouble | None":
        from coordinator.observe.observer import Observer

        if self._news.closed:
            return None
        try:
            return Observer(self._layout, lambda: self._project.findings)
        except CoordError as error:
            return Trouble(error.message, error.remedy)

    def _observe(
        self, observer: "Observer", watch: "Watch", last: Snapshot | Trouble | None
    ) -> Iterator[Snapshot | Trouble]:
        """Snapshots by this observer that differ from the `last` one that was told.

        Ends when the prompt folders are others, so that the watch begins anew.
        """
        folders, changed = observer.folders(), None
        self._around = 0.0
        self._look_around(observer)
        while True:
            found = self._with_talk(_look(observer, changed))
            if isinstance(found, Snapshot):
                watch.attend(observer.attended())
            if found != last:
                yield found
                last = found
            changed = self._next(observer, found)
            if changed is None or observer.folders() != folders:
                return

    def _with_talk(self, found: Snapshot | Trouble) -> Snapshot | Trouble:
        """The same with what the conversation with the coordinator used in its run."""
        from coordinator.client.chat_files import ChatFiles

        if not isinstance(found, Snapshot) or not found.run:
            return found
        talked = ChatFiles(self._project).in_runs().get(found.run)
        return found if talked is None else replace(found, talked=talked)

    def _next(self, observer: "Observer", found: Snapshot | Trouble) -> Collection[Path] | None:
        """Wait for a reason to look again: the paths that changed, none where it is another reason; None at the end."""
        from coordinator.observe.watch import Changes

        until = time.monotonic() + _RENEWAL
        while (news := self._news.wait(patience(found, adopting=bool(observer.config.adopt)))) is not None:
            if self._look_around(observer) or news != Changes() or observer.outlived() or time.monotonic() > until:
                return news.paths
        return None

    def _look_around(self, observer: "Observer") -> bool:
        """Look at adopted windows, but not more often than once a pulse; True when they are others."""
        if time.monotonic() < self._around:
            return False
        self._around = time.monotonic() + _PULSE
        return observer.look_around()


class _News:
    """What changed since somebody asked, from whichever thread it is told."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._changes: Changes | None = None
        self.closed = False

    def add(self, changes: "Changes") -> None:
        with self._ready:
            self._changes = changes if self._changes is None else self._changes + changes
            self._ready.notify_all()

    def wait(self, timeout: float | None) -> "Changes | None":
        """What changed, after waiting for it; nothing when time is up; None at the end."""
        from coordinator.observe.watch import Changes

        with self._ready:
            self._ready.wait_for(lambda: self._changes is not None or self.closed, timeout)
            changes, self._changes = self._changes or Changes(), None
            return None if self.closed else changes

    def close(self) -> None:
        with self._ready:
            self.closed = True
            self._ready.notify_all()


def _look(observer: "Observer", changed: Collection[Path] | None) -> Snapshot | Trouble:
    try:
        return observer.refresh(changed)
    except CoordError as error:
        return Trouble(error.message, error.remedy)


def patience(found: Snapshot | Trouble, *, adopting: bool = False) -> float | None:
    """Seconds until a process may have died silently that the picture rests on; None: there is none.

    `adopting`: adopted windows are part of the picture, and tell nothing of themselves.
    """
    if isinstance(found, Trouble):
        return None
    if adopting or found.unfinished or found.loop.alive or any(not agent.state.ended for agent in found.agents):
        return _PULSE
    return None
