"""The source for real: a project on disk, its log, and its tmux windows."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, redirect_stdout
from functools import cached_property

from coordinator.client.observing import Observing
from coordinator.client.ports import OnScreen, Preferences, Query, Trouble, Wish
from coordinator.client.windows import Streams
from coordinator.errors import CoordError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.adoption import hands_off
from coordinator.model.event import Event
from coordinator.model.snapshot import Agent, Snapshot
from coordinator.model.step import Attempt
from coordinator.observe.project import Project
from coordinator.storage.paths import Layout

if TYPE_CHECKING:
    from coordinator.client.history import History
    from coordinator.client.ports import Film
    from coordinator.client.reviewing import Reviewing
    from coordinator.client.steering import Steering
    from coordinator.client.windows import Windows
    from coordinator.model.change import Change, ChangePage, Check
    from coordinator.model.pane_screen import Screen
    from coordinator.model.plan import Plan
    from coordinator.model.trust import Ask, Shown
    from coordinator.observe.prefetch import Ahead
    from coordinator.views.milestone_page import MilestonePage

_WISHES = {
    Wish.PAUSE: ("paused", "Paused: running agents finish, nothing new starts."),
    Wish.RESUME: ("running", "The loop goes on."),
    Wish.STOP: ("stopped", "The loop stops; agents go on in their windows."),
}


class ProjectSource:
    """Implements `coordinator.client.ports.Source` over a layout: what is done, and the sentence that tells of it."""

    def __init__(self, layout: Layout, ahead: "Ahead | None" = None) -> None:
        """`ahead` is a first look that is on its way."""
        self._project = Project(layout)
        self._observing = Observing(self._project, ahead)
        self._streams = Streams(lambda: self._project.terminals)

    @cached_property
    def _history(self) -> "History":
        from coordinator.client.history import History

        return History(self._project)

    @cached_property
    def _steering(self) -> "Steering":
        from coordinator.client.steering import Steering

        return Steering(self._project)

    @cached_property
    def _windows(self) -> "Windows":
        from coordinator.client.windows import Windows

        return Windows(self._project)

    @cached_property
    def _reviewing(self) -> "Reviewing":
        from coordinator.client.reviewing import Reviewing

        return Reviewing(self._project)

    # ── observing

    def preferences(self) -> Preferences:
        return self._observing.preferences()

    def first(self) -> Snapshot | None:
        return self._observing.first()

    def snapshots(self) -> Iterator[Snapshot | Trouble]:
        return self._observing.snapshots()

    def look(self) -> Snapshot:
        return self._observing.look()

    # ── history

    def events(
        self, query: Query, *, before: int | None = None, after: int | None = None, limit: int
    ) -> tuple[Event, ...]:
        chosen = self._history.select(kinds=query.kinds, actor=query.actor, subject=query.subject, text=query.text)
        if after is not None:
            return chosen.after(after, limit)
        return chosen.newest(limit) if before is None else chosen.before(before, limit)

    def film(self) -> "Film":
        return self._history.film()

    def milestone(self) -> "MilestonePage":
        return self._history.milestone(self.look())

    def plan_intent(self, document: str) -> "Plan":
        return self._history.plan_intent(self.look(), document.encode())

    def link(self, ref: str) -> str:
        event, _, new = self._history.attach(ref)
        what = f"{event.data.get('type')} {event.data.get('ref')}"
        return f"Attached {what}." if new else f"Attached already: {what}, event {event.seq}."

    def decide(self, text: str) -> str:
        return f"Recorded as event {self._history.decide(text).seq}."

    def set_milestone(self, status: str, reason: str) -> str:
        event = self._history.set_milestone(status, reason, before=self.look().milestone.status)
        return f"The milestone is {status}, event {event.seq}."

    # ── windows

    def show_panes(self, panes: Sequence[str], focused: str | None, on_screen: OnScreen) -> None:
        self._streams.show(panes, focused, on_screen)

    def last_screen(self, attempt: Attempt) -> "Screen | None":
        return self._windows.last_screen(attempt)

    def attach(self, agent: Agent) -> Sequence[str] | None:
        with _real_stdout():
            return self._windows.attach(agent, if_gone="its last screen stays in sight here")

    # ── steering

    def ask_loop(self, wish: Wish) -> str:
        if wish is Wish.START:
            with _real_stdout():
                unready = self._steering.check_start()
                self._steering.set_loop("running")  # whatever it was asked before
                window = self._steering.start_loop()
            return "\n".join((f"The loop starts in tmux window {window}.", *unready))
        state, sentence = _WISHES[wish]
        self._steering.set_loop(state)
        return sentence

    def what_would_run(self, asked: "Ask") -> "tuple[Shown, ...]":
        return self._steering.what_would_run(asked)

    def give_trust(self, asked: "Ask") -> str:
        self._steering.give_trust(asked)
        return "This project is trusted."

    def answer(self, question: str, text: str) -> str:
        if self._history.head() == 0:
            raise CoordError("there is no question yet", "questions come from agents: `coord ask`")
        return f"Answered: {self._steering.answer(question, text).data['answer']}"

    def permit(self, agent: Agent, allow: bool, reason: str) -> str:
        with _real_stdout():
            doing = self._steering.permit(self._attempt(agent), allow=allow, reason=reason, seen=agent.doing)
        return f"{'Allowed' if allow else 'Denied'}: {doing}"

    def tell(self, agent: Agent, text: str) -> str:
        with _real_stdout():
            arrived = self._steering.tell(self._attempt(agent), text)
        return f"Sent to {agent.id}." if arrived else f"Sent to {agent.id}; its screen did not change yet."

    def _attempt(self, agent: Agent) -> Attempt:
        if agent.adopted:
            raise hands_off(agent.id)
        found = self._steering.attempt(agent.prompt, agent.attempt) if agent.prompt is not None else None
        if found is None or found.agent != agent.id:
            raise CoordError(f"{agent.id} has no attempt any more", "look at the agents again")
        return found

    def engineer(self) -> str:
        from coordinator.client.steering import actor

        return actor().name

    def plan_undo(self, snapshot: Snapshot) -> "Plan":
        return self._steering.plan_undo(snapshot)

    def task_formats(self) -> tuple[str, ...]:
        from coordinator.client.importing import formats

        return formats()

    def plan_tasks(self, snapshot: Snapshot, place: str, form: str) -> "Plan":
        from coordinator.client.importing import plan_tasks

        return plan_tasks(self._project, snapshot, place, form)

    def apply(self, plan: "Plan") -> tuple[str, ...]:
        return self._steering.apply(plan).notes

    # ── reviewing

    def change(self, number: int) -> "ChangePage":
        return self._reviewing.change(self.look(), number)

    def check(self, number: int) -> "Check":
        return self._reviewing.check(self.look(), number)

    def work(self, attempt: Attempt) -> "Change":
        return self._reviewing.work(attempt)

    def file(self, commit: str, path: str) -> str:
        return self._reviewing.file(commit, path)

    # ── the screen itself

    def notify(self, title: str, text: str) -> bool:
        from coordinator.desktop.notifications import notify

        return notify(title, text)

    def close(self) -> None:
        self._observing.close()
        self._streams.stop()
        if "_history" in self.__dict__:
            self._history.close()


def _real_stdout() -> AbstractContextManager[object]:
    """While the screen is up, Textual's stand-in for stdout has no `encoding`, which importing libtmux asks for."""
    return redirect_stdout(sys.__stdout__)
