"""The source for real: a project on disk, its log, and its tmux windows."""

import os
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, redirect_stdout
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from coordinator.client.ports import OnScreen, Preferences, Query, Trouble, Wish
from coordinator.client.windows import Streams
from coordinator.errors import CoordError
from coordinator.model.adoption import hands_off
from coordinator.model.event import Event
from coordinator.model.snapshot import Agent, Snapshot
from coordinator.model.step import Attempt
from coordinator.storage.files import read_limited
from coordinator.storage.paths import Layout

if TYPE_CHECKING:
    from coordinator.client.history import Desk
    from coordinator.client.ports import Film
    from coordinator.model.change import Change, ChangePage, Check
    from coordinator.model.pane_screen import Screen
    from coordinator.model.plan import Plan
    from coordinator.model.trust import Ask, Shown
    from coordinator.observe.observer import Observer
    from coordinator.observe.prefetch import Ahead, Look
    from coordinator.observe.watch import Changes, Watch
    from coordinator.storage.config import Config
    from coordinator.terminals.listing import Window
    from coordinator.terminals.server import Terminals
    from coordinator.views.milestone_page import MilestonePage

_SCREEN_LIMIT = 2_000_000
"""Bytes of a kept last screen."""
_COLUMNS = 500
"""Widest last screen that is read."""
_PULSE = 3.0
"""Seconds between looks whether loop and agents live: a killed process writes no event."""
_RENEWAL = 30.0
"""Seconds after which an unchanged project is looked at all the same: evidence has an age."""


class ProjectSource:
    """Implements `coordinator.client.ports.Source` over a layout."""

    def __init__(self, layout: Layout, ahead: "Ahead | None" = None) -> None:
        """`ahead` is a first look that is on its way."""
        self.layout = layout
        self._ahead = ahead
        self._around = 0.0
        """When to look at adopted windows again, on the monotonic clock."""
        self._told: Snapshot | None = None
        """What `first` gave."""
        self._news = _News()
        self._terminals: Terminals | None = None
        self._streams = Streams(self._server)

    def preferences(self) -> Preferences:
        look = self._look_ahead
        if look is not None:
            return Preferences(theme=look.theme, keys=look.keys, bell=look.bell)
        from coordinator.storage.config import load_config

        try:
            config = load_config(self.layout)
        except CoordError:
            return Preferences()  # `snapshots` tells what is wrong, on the screen
        return Preferences(theme=config.theme, keys=config.keys, bell=config.bell)

    @cached_property
    def _desk(self) -> "Desk":
        from coordinator.client.history import Desk

        return Desk(self.layout)

    # ── snapshots

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

        watch = Watch(self.layout, self._news.add, folders)
        try:
            yield watch
        finally:
            watch.stop()

    def _observer(self) -> "Observer | Trouble | None":
        from coordinator.observe.observer import Observer

        if self._news.closed:
            return None
        try:
            return Observer(self.layout)
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
            found = _look(observer, changed)
            if isinstance(found, Snapshot):
                watch.attend(observer.attended())
            if found != last:
                yield found
                last = found
            changed = self._next(observer, found)
            if changed is None or observer.folders() != folders:
                return

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

    # ── the rest of the world

    def events(
        self, query: Query, *, before: int | None = None, after: int | None = None, limit: int
    ) -> tuple[Event, ...]:
        return self._desk.events(
            kinds=query.kinds,
            actor=query.actor,
            subject=query.subject,
            text=query.text,
            before=before,
            after=after,
            limit=limit,
        )

    def milestone(self) -> "MilestonePage":
        return self._desk.milestone(self.look())

    def plan_intent(self, document: str) -> "Plan":
        return self._desk.plan_intent(self.look(), document.encode())

    def link(self, ref: str) -> str:
        event, new = self._desk.attach(ref)
        what = f"{event.data.get('type')} {event.data.get('ref')}"
        return f"Attached {what}." if new else f"Attached already: {what}, event {event.seq}."

    def decide(self, text: str) -> str:
        return f"Recorded as event {self._desk.decide(text).seq}."

    def set_milestone(self, status: str, reason: str) -> str:
        event = self._desk.set_milestone(status, reason, before=self.look().milestone.status)
        return f"The milestone is {status}, event {event.seq}."

    def film(self) -> "Film":
        return self._desk.film()

    def show_panes(self, panes: Sequence[str], focused: str | None, on_screen: OnScreen) -> None:
        self._streams.show(panes, focused, on_screen)

    def last_screen(self, attempt: Attempt) -> "Screen | None":
        from coordinator.terminals.capture import read_panes
        from coordinator.terminals.screen import parse

        window = self._window(attempt.agent)
        if window is not None:
            return read_panes(self._server(), [window.pane]).get(window.pane)
        try:
            text = read_limited(self.layout.root / attempt.directory / "screen.txt", _SCREEN_LIMIT)
        except (OSError, CoordError):
            return None
        return parse(text, _COLUMNS, text.count(b"\n") + 1)

    def _window(self, agent_id: str) -> "Window | None":
        """The window of an agent, by its mark: ids that were written down may name another one in a new tmux server."""
        from coordinator.apply.messages import window_of

        return window_of(self._server(), self.layout.root, agent_id)

    def attach(self, agent: Agent) -> Sequence[str] | None:
        if agent.adopted:
            from coordinator.terminals.foreign_server import Elsewhere

            with _real_stdout():
                return Elsewhere(agent.server).attach(agent.window)
        terminals, window = self._server(), self._window(agent.id)
        if window is None:
            raise CoordError(f"the window of {agent.id} is gone", "its last screen stays in sight here")
        with _real_stdout():
            if terminals.inside_same_server(os.environ):
                terminals.switch_client(window.id)
                return None
            return terminals.attach_command(window.id)

    def ask_loop(self, wish: Wish) -> str:
        if wish is Wish.START:
            with _real_stdout():
                window, unready = self._desk.start_loop()
            return "\n".join((f"The loop starts in tmux window {window}.", *unready))
        state, sentence = _WISHES[wish]
        self._desk.set_loop(state)
        return sentence

    def what_would_run(self, asked: "Ask") -> "tuple[Shown, ...]":
        from coordinator.observe.trust import show

        return show(self.layout, asked)

    def give_trust(self, asked: "Ask") -> str:
        from coordinator.observe.trust import give_trust

        give_trust(self.layout, self._desk.actor(), asked)
        return "This project is trusted."

    def answer(self, question: str, text: str) -> str:
        return f"Answered: {self._desk.answer(question, text)}"

    def permit(self, agent: Agent, allow: bool, reason: str) -> str:
        from coordinator.apply.permissions import permit

        with _real_stdout():
            attempt, actor = self._attempt(agent), self._desk.actor()
            doing = permit(self.layout, attempt, actor, allow=allow, reason=reason, seen=agent.doing)
        return f"{'Allowed' if allow else 'Denied'}: {doing}"

    def tell(self, agent: Agent, text: str) -> str:
        from coordinator.apply.messages import tell

        with _real_stdout():
            arrived = tell(self.layout, self._attempt(agent), self._desk.actor(), text)
        return f"Sent to {agent.id}." if arrived else f"Sent to {agent.id}; its screen did not change yet."

    def _attempt(self, agent: Agent) -> Attempt:
        from coordinator.apply.steps import find_attempt

        if agent.adopted:
            raise hands_off(agent.id)
        found = find_attempt(self.layout, agent.prompt, agent.attempt) if agent.prompt is not None else None
        if found is None or found.agent != agent.id:
            raise CoordError(f"{agent.id} has no attempt any more", "look at the agents again")
        return found

    # ── plans

    def engineer(self) -> str:
        return self._desk.actor().name

    def look(self) -> Snapshot:
        from coordinator.observe.observer import Observer

        observer = Observer(self.layout)
        try:
            return observer.snapshot()
        finally:
            observer.close()

    def plan_undo(self, snapshot: Snapshot) -> "Plan":
        from coordinator.apply.plans import plan_undo

        return plan_undo(self.layout, snapshot)

    def apply(self, plan: "Plan") -> tuple[str, ...]:
        from coordinator.apply.plans import apply

        return apply(self.layout, plan, self._desk.actor()).notes

    def change(self, number: int) -> "ChangePage":
        from coordinator.observe.change_review import read_change

        return read_change(self.layout, self.look(), number)

    def check(self, number: int) -> "Check":
        from coordinator.observe.change_review import check_change

        return check_change(self.layout, self.look(), number)

    def work(self, attempt: Attempt) -> "Change":
        from coordinator.observe.change_review import work_of

        return work_of(self.layout, attempt)

    def file(self, commit: str, path: str) -> str:
        from coordinator.observe.change_review import read_file

        return read_file(self.layout, commit, path)

    def notify(self, title: str, text: str) -> bool:
        from coordinator.desktop.notifications import notify

        return notify(title, text)

    def close(self) -> None:
        self._news.close()
        self._streams.stop()
        if "_desk" in self.__dict__:
            self._desk.close()

    def _server(self) -> "Terminals":
        if self._terminals is None:
            from coordinator.storage.config import load_config
            from coordinator.terminals.server import Terminals

            config: Config = load_config(self.layout)
            self._terminals = Terminals(config.tmux_socket, config.tmux_session)
        return self._terminals


def _real_stdout() -> AbstractContextManager[object]:
    """While the screen is up, Textual's stand-in for stdout has no `encoding`, which importing libtmux asks for."""
    return redirect_stdout(sys.__stdout__)


_WISHES = {
    Wish.PAUSE: ("paused", "Paused: running agents finish, nothing new starts."),
    Wish.RESUME: ("running", "The loop goes on."),
    Wish.STOP: ("stopped", "The loop stops; agents go on in their windows."),
}


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
