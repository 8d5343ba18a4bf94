"""The source for real: a project on disk, its log, and its tmux windows."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from coordinator.client.observing import Observing
from coordinator.client.ports import OnScreen, Preferences, Query, Sizes, Trouble, Wish
from coordinator.client.windows import Streams
from coordinator.errors import CoordError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.adoption import hands_off
from coordinator.model.event import Event
from coordinator.model.snapshot import Agent, Question, Snapshot
from coordinator.model.step import Attempt
from coordinator.observe.project import Project
from coordinator.storage.paths import Layout

if TYPE_CHECKING:
    from coordinator.client.chatting import Voice
    from coordinator.client.history import History
    from coordinator.client.ports import Film
    from coordinator.client.reviewing import Reviewing
    from coordinator.client.steering import Steering
    from coordinator.client.telling import Teller
    from coordinator.client.windows import Windows
    from coordinator.model.change import Change, ChangePage, Check
    from coordinator.model.compounding import Compounding
    from coordinator.model.conversation import Message
    from coordinator.model.feedback import Feedback
    from coordinator.model.foreign_run import ForeignRuns
    from coordinator.model.own_command import OwnCommand, OwnWindow, Ready, Subject
    from coordinator.model.pane_screen import Screen
    from coordinator.model.plan import PastPlan, Plan
    from coordinator.model.review_comment import Comment
    from coordinator.model.run import RunReport
    from coordinator.model.setting import Setting
    from coordinator.model.trust import Ask, Shown
    from coordinator.model.witnesses import Standing
    from coordinator.observe.prefetch import Ahead
    from coordinator.services.compounding import Take
    from coordinator.views.milestone_page import MilestonePage
    from coordinator.views.pipeline_page import PipelinePage
    from coordinator.views.runs import RunPage

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
        self._voices: list[Voice] = []
        self._teller: Teller | None = None

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

    def keep_theme(self, name: str) -> None:
        from coordinator.client.choices import keep_theme

        keep_theme(name)

    def keep_sizes(self, layout: str, sizes: Sizes) -> None:
        from coordinator.client.choices import keep_sizes

        keep_sizes(layout, sizes)

    def remember(self) -> None:
        from coordinator.client.recent import remember

        remember(str(self._project.layout.root))

    def projects(self) -> tuple[str, ...]:
        from coordinator.client.recent import recent

        here = os.path.realpath(self._project.layout.root)
        return tuple(root for root in recent() if root != here)

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

    def handover(self, milestone: str) -> str:
        return self._history.handover(milestone)

    def findings(self) -> "tuple[Feedback, ...]":
        from coordinator.client.findings import findings

        return findings(self._project)[0]

    def criteria(self) -> "tuple[Standing, ...]":
        from coordinator.client.criteria import all_criteria

        return all_criteria(self._project, self.look())

    def settings(self) -> "tuple[Setting, ...]":
        from coordinator.client.settings import settings

        return settings(self._project)

    def runs(self) -> "tuple[RunReport, ...]":
        return self._history.runs(self.look(), time.time())

    def run(self, name: str) -> "RunPage":
        return self._history.run(self.look(), name, time.time())

    def foreign_runs(self) -> "ForeignRuns":
        from coordinator.client.foreign import foreign_runs
        from coordinator.model.foreign_run import ForeignRuns

        return foreign_runs(self._project) or ForeignRuns()

    def pipeline(self, number: int) -> "PipelinePage":
        from coordinator.client.pipeline_page import pipeline_page

        return pipeline_page(self._project, self.look(), number)

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
        return self._windows.attach(agent, if_gone="its last screen stays in sight here")

    def scrollback(self, agent: Agent) -> "Screen":
        return self._windows.scrollback(agent)

    def own_windows(self) -> "tuple[OwnWindow, ...]":
        return self._windows.own()

    def attach_own(self, window: "OwnWindow") -> Sequence[str] | None:
        return self._windows.attach_own(window)

    def copy(self, text: str) -> str:
        from coordinator.client.copying import copy

        return copy(text)

    # ── steering

    def ask_loop(self, wish: Wish) -> str:
        if wish is Wish.START:
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
        doing = self._steering.permit(self._attempt(agent), allow=allow, reason=reason, seen=agent.doing)
        return f"{'Allowed' if allow else 'Denied'}: {doing}"

    def check_tell(self, agent: Agent) -> None:
        self._steering.check_tell(self._attempt(agent))

    def tell(self, agent: Agent, text: str) -> str:
        arrived = self._steering.tell(self._attempt(agent), text)
        return f"Sent to {agent.id}." if arrived else f"Sent to {agent.id}; its screen did not change yet."

    def _attempt(self, agent: Agent) -> Attempt:
        if agent.adopted:
            raise hands_off(agent.id)
        found = self._steering.attempt(agent.work, agent.attempt) if agent.work is not None else None
        if found is None or found.agent != agent.id:
            raise CoordError(f"{agent.id} has no attempt any more", "look at the agents again")
        return found

    def engineer(self) -> str:
        from coordinator.client.steering import actor

        return actor().name

    def judge_finding(self, number: int, fate: str, words: str) -> str:
        from coordinator.client.findings import plan_fate

        plan = plan_fate(self._project, self.look(), number, fate, words, who=self.engineer())
        return "\n".join((f"Done: {plan.summary}.", *self._steering.apply(plan).notes))

    def run_witness(self, criterion: str, command: str) -> str:
        from coordinator.client.criteria import run_again

        asked = run_again(self._project, criterion, seen=command)
        when = "the loop runs it now" if asked.loop_runs else "it runs as soon as a loop does"
        return f"Asked for {asked.criterion} as event {asked.seq}: {when}."

    def accept_criterion(self, criterion: str, reason: str) -> str:
        from coordinator.client.criteria import accept

        found, seq = accept(self._project, criterion, reason)
        return f"{found.criterion.id} is accepted, event {seq}."

    def compounding(self) -> "Compounding":
        from coordinator.client.compounding import compounding

        return compounding(self._project, self.look())

    def plan_compounding(self, snapshot: Snapshot, take: "Take") -> "Plan":
        from coordinator.client.compounding import plan_compounding

        return plan_compounding(self._project, snapshot, take)

    def plan_setting(self, name: str, typed: str) -> "Plan":
        from coordinator.client.settings import plan_setting

        return plan_setting(self._project, name, typed)

    def plan_undo(self, snapshot: Snapshot, plan: str | None = None) -> "Plan":
        return self._steering.plan_undo(snapshot, plan)

    def past_plans(self, snapshot: Snapshot) -> "tuple[PastPlan, ...]":
        return self._steering.past_plans(snapshot)

    def task_formats(self) -> tuple[str, ...]:
        from coordinator.client.importing import formats

        return formats()

    def plan_tasks(self, snapshot: Snapshot, place: str, form: str) -> "Plan":
        from coordinator.client.importing import plan_tasks

        return plan_tasks(self._project, snapshot, place, form)

    def plan_decided(self, snapshot: Snapshot, question: Question) -> "Plan":
        from coordinator.client.iterating import plan_decided

        return plan_decided(self._project, snapshot, question)

    def ready_command(self, command: "OwnCommand", snapshot: Snapshot, subject: "Subject") -> "Ready":
        from coordinator.client.own_commands import ready

        return ready(self._project, command, snapshot, subject)

    def run_command(self, ready: "Ready") -> str:
        from coordinator.client.own_commands import run

        window = run(self._project, ready)
        return f"{ready.name} runs in tmux window {window}, which stays until you have read it."

    def apply(self, plan: "Plan") -> tuple[str, ...]:
        return self._steering.apply(plan).notes

    # ── reviewing

    def change(self, number: int) -> "ChangePage":
        return self._reviewing.change(self.look(), number)

    def check(self, number: int) -> "Check":
        return self._reviewing.check(self.look(), number)

    def comment(self, number: int, comment: "Comment") -> None:
        self._reviewing.comment(number, comment)

    def mark_viewed(self, number: int, path: str, digest: str) -> None:
        self._reviewing.mark_viewed(number, path, digest)

    def sent(self, number: int, comments: Sequence["Comment"]) -> None:
        self._reviewing.sent(number, comments)

    def work(self, attempt: Attempt) -> "Change":
        return self._reviewing.work(attempt)

    def file(self, commit: str, path: str) -> str:
        return self._reviewing.file(commit, path)

    # ── chatting

    def voice(self, heard: "Callable[[Message], None]") -> "Voice":
        from coordinator.client.chatting import Voice

        voice = Voice(str(self._project.layout.root), heard)
        self._voices.append(voice)
        return voice

    def named_files(self, beginning: str) -> tuple[str, ...]:
        from coordinator.client.named_files import named_files

        return named_files(str(self._project.layout.root), beginning)

    # ── the screen itself

    def notify(self, title: str, text: str) -> bool:
        from coordinator.desktop.notifications import notify
        from coordinator.secrets.redaction import redact

        return notify(redact(title), redact(text))

    def tell_addresses(self, title: str, text: str, failed: "Callable[[CoordError], None]") -> None:
        from coordinator.client.telling import Teller

        self._teller = self._teller or Teller(failed)
        self._teller.tell(title, text)

    def edit_file(self, path: str, line: int) -> None:
        from coordinator.desktop.editor import edit_file

        edit_file(self._project.layout.root, path, line)

    def close(self) -> None:
        for voice in self._voices:
            voice.close()
        if self._teller is not None:
            self._teller.close()
        self._observing.close()
        self._streams.stop()
        if "_history" in self.__dict__:
            self._history.close()
