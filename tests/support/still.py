"""A source that stands still: snapshots, events and screens made by hand, for layouts that no project produces."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from coordinator.client.ports import OnScreen, Preferences, Query, Show, Sizes, Trouble, Wish
from coordinator.errors import CoordError, Refused, UsageError
from coordinator.formats.imports.registry import names
from coordinator.lazy.dataclass import replace
from coordinator.model.acceptance import standings as standings_of_prompts
from coordinator.model.change import Change, ChangePage, Check
from coordinator.model.compounding import Compounding, Guides
from coordinator.model.conversation import Message, Ready, Say
from coordinator.model.event import Event
from coordinator.model.feedback import Feedback
from coordinator.model.foreign_run import ForeignRuns
from coordinator.model.intent import Intent
from coordinator.model.own_command import OwnCommand, OwnWindow, Subject, fill, values_of
from coordinator.model.own_command import Ready as ReadyCommand
from coordinator.model.plan import PastPlan, Plan
from coordinator.model.prompt import PromptStatus
from coordinator.model.replay import Replay
from coordinator.model.review_comment import Comment, with_comment
from coordinator.model.run import RunReport, Worked
from coordinator.model.setting import Setting
from coordinator.model.snapshot import Agent, Question, Snapshot
from coordinator.model.step import Attempt
from coordinator.model.trust import Ask, Shown
from coordinator.model.witnesses import Standing, standings
from coordinator.services.compounding import Take, compounding, plan_compounding
from coordinator.services.importing import Import, plan_import
from coordinator.storage.paths import Layout
from coordinator.storage.settings_shown import shown_settings
from coordinator.views.milestone_page import MilestonePage
from coordinator.views.pipeline_page import PipelinePage
from coordinator.views.runs import RunPage
from coordinator.views.status_json import counts

if TYPE_CHECKING:
    from coordinator.model.pane_screen import Screen


class StillSource:
    """Shows what it is given; remembers what it was asked for."""

    def __init__(
        self,
        snapshot: Snapshot | None,
        events: Sequence[Event] = (),
        screens: "Mapping[str, Screen] | None" = None,
        preferences: Preferences | None = None,
    ) -> None:
        self.events_by_seq = list(events)
        self.screens = dict(screens or {})
        self.changes: dict[int, ChangePage] = {}
        self.page: MilestonePage | None = None
        self.undo: Plan | None = None
        self.applied_before: tuple[PastPlan, ...] = ()
        self.worked: tuple[Worked, ...] = ()
        """What was worked on in each run."""
        self.handed_over = ""
        """The hand-over page."""
        self.decided: Plan | CoordError = Refused("there is no decision", "")
        """What the plan of a Planner's decision is."""
        self.tasks: dict[str, Import] = {}
        """Place → what can be imported from there."""
        self.contents: dict[str, bytes | str] = {}
        """Name → what an artifact of a pipeline holds."""
        self.said: Sequence[Message] = ()
        """What the coordinator says to whatever it is told."""
        self.foreign = ForeignRuns()
        """What other tools have begun."""
        self.taught: Compounding | None = None
        self.asked: list[object] = []
        self.checked = Check(True, "merges into main; unit passed on the result")
        self.refusal: CoordError | None = None
        self.deaf: CoordError | None = None
        """Why agents can take no message now."""
        self.command: Sequence[str] | None = ("true",)
        self.own: tuple[OwnWindow, ...] = ()
        """Windows of commands of one's own."""
        self._preferences = preferences or Preferences()
        self._next: list[Snapshot | Trouble] = [snapshot] if snapshot is not None else []
        self._last: Snapshot | None = snapshot
        self._wake = threading.Condition()
        self.closed = False
        self.others: tuple[str, ...] = ()
        """Roots of other projects."""

    def preferences(self) -> Preferences:
        return self._preferences

    def remember(self) -> None:
        """It stands still: nobody opens it again."""

    def projects(self) -> tuple[str, ...]:
        return self.others

    def keep_theme(self, name: str) -> None:
        self.asked.append(("theme", name))

    def keep_sizes(self, layout: str, sizes: Sizes) -> None:
        self.asked.append(("sizes", layout, sizes))

    def put(self, found: Snapshot | Trouble) -> None:
        """Let the project be another one from now on."""
        with self._wake:
            self._next.append(found)
            self._wake.notify_all()

    def first(self) -> Snapshot | None:
        return None

    def snapshots(self) -> Iterator[Snapshot | Trouble]:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._next or self.closed)
                if self.closed:
                    return
                found = self._next.pop(0)
            self._last = found if isinstance(found, Snapshot) else self._last
            yield found

    def events(
        self, query: Query, *, before: int | None = None, after: int | None = None, limit: int
    ) -> tuple[Event, ...]:
        found = [event for event in self.events_by_seq if _matches(event, query)]
        if after is not None:
            return tuple([event for event in found if event.seq > after][:limit])
        return tuple([event for event in found if before is None or event.seq < before][-limit:])

    def milestone(self) -> MilestonePage:
        assert self._last is not None
        return self.page or MilestonePage(self._last.milestone, Intent(), None, False, "", "", counts(self._last))

    def handover(self, milestone: str) -> str:
        return self.handed_over

    def findings(self) -> tuple[Feedback, ...]:
        there = self.look().round
        return there.feedback if there is not None else ()

    def criteria(self) -> tuple[Standing, ...]:
        found = self.look()
        own = standings(found.round) if found.round is not None else ()
        return (*own, *(standings_of_prompts(found.checks) if found.checks is not None else ()))

    def run_witness(self, criterion: str, command: str) -> str:
        return self._done(("run", criterion, command))

    def accept_criterion(self, criterion: str, reason: str) -> str:
        return self._done(("accept", criterion, reason))

    def runs(self) -> tuple[RunReport, ...]:
        rounds = self.milestone().rounds
        return rounds.runs if rounds is not None else ()

    def run(self, name: str) -> RunPage:
        report = next((one for one in self.runs() if one.run.id == name), None)
        if report is None:
            raise Refused(f"there is no run {name}", "`coord runs` lists them")
        return RunPage(report, self.worked)

    def foreign_runs(self) -> ForeignRuns:
        return self.foreign

    def pipeline(self, number: int) -> PipelinePage:
        found = self.look()
        if number not in found.pipelines:
            raise Refused(f"no pipeline of prompt {number:02d} has begun", "`pipeline: build` in its file gives it one")
        title, folder = found.prompts[number].title, f".coord/runs/run-3/build/{number:02d}-1"
        return PipelinePage(number, title, 1, found.pipelines[number], self.contents, folder)

    def judge_finding(self, number: int, fate: str, words: str) -> str:
        return self._done(("finding", number, fate, words))

    def plan_intent(self, document: str) -> Plan:
        raise Refused("the intent says that already", "change it")

    def link(self, ref: str) -> str:
        self.asked.append(("link", ref))
        return "attached"

    def decide(self, text: str) -> str:
        self.asked.append(("decide", text))
        return "recorded"

    def set_milestone(self, status: str, reason: str) -> str:
        self.asked.append(("milestone", status, reason))
        return "set"

    def film(self) -> "StillFilm":
        return StillFilm(self.look(), self.events_by_seq)

    def show_panes(self, panes: Sequence[str], focused: str | None, on_screen: OnScreen) -> None:
        self.asked.append(("panes", tuple(panes)))
        for pane in panes:
            if pane in self.screens:
                on_screen(pane, self.screens[pane])

    def last_screen(self, attempt: Attempt) -> "Screen | None":
        return self.screens.get(attempt.agent)

    def attach(self, agent: Agent) -> Sequence[str] | None:
        self.asked.append(("attach", agent.id))
        return self.command

    def own_windows(self) -> tuple[OwnWindow, ...]:
        return self.own

    def attach_own(self, window: OwnWindow) -> Sequence[str] | None:
        self.asked.append(("attach own", window.id))
        return self.command

    def ready_command(self, command: OwnCommand, snapshot: Snapshot, subject: Subject) -> ReadyCommand:
        words = fill(command.run, values_of(command, snapshot, subject))
        return ReadyCommand(command.name, words, "/project", command.confirm, command.run)

    def run_command(self, ready: ReadyCommand) -> str:
        return self._done(("own", ready.words))

    def scrollback(self, agent: Agent) -> "Screen":
        if agent.screen_id not in self.screens:
            raise Refused(f"the window of {agent.id} is gone", "its last screen stays in sight")
        return self.screens[agent.screen_id]

    def copy(self, text: str) -> str:
        self.asked.append(("copy", text))
        return text

    def ask_loop(self, wish: Wish) -> str:
        self.asked.append(("loop", wish))
        if self.refusal is not None:
            raise self.refusal
        return f"asked to {wish.value}"

    def what_would_run(self, asked: Ask) -> tuple[Shown, ...]:
        return tuple(Shown(one.path, "new", f"+command: make {one.digest}\n") for one in asked.contents)

    def give_trust(self, asked: Ask) -> str:
        return self._done(("trust", asked))

    def answer(self, question: str, text: str) -> str:
        self._done(("answer", question, text))
        return "answered"

    def permit(self, agent: Agent, allow: bool, reason: str) -> str:
        return self._done(("permit", agent.id, allow, reason))

    def check_tell(self, agent: Agent) -> None:
        if self.deaf is not None:
            raise self.deaf

    def edit_file(self, path: str, line: int) -> None:
        self.asked.append(("edit", path, line))

    def tell(self, agent: Agent, text: str) -> str:
        return self._done(("tell", agent.id, text))

    def _done(self, what: tuple[object, ...]) -> str:
        if self.refusal is not None:
            raise self.refusal
        self.asked.append(what)
        return f"{what[0]} was done"

    def engineer(self) -> str:
        return "ada"

    def look(self) -> Snapshot:
        assert self._last is not None
        return self._last

    def compounding(self) -> Compounding:
        return self.taught or compounding(self.look(), (), Guides(".coord/learnings.md"))

    def plan_compounding(self, snapshot: Snapshot, take: Take) -> Plan:
        return plan_compounding(snapshot, self.compounding(), take)

    def past_plans(self, snapshot: Snapshot) -> tuple[PastPlan, ...]:
        return self.applied_before

    def settings(self) -> tuple[Setting, ...]:
        return shown_settings(Layout(Path("/project")), b"gate: auto\nmax_parallel: 5\n")

    def plan_setting(self, name: str, typed: str) -> Plan:
        raise Refused(f"{name} is that already", "give it another value")

    def plan_undo(self, snapshot: Snapshot, plan: str | None = None) -> Plan:
        if self.undo is not None:
            return self.undo
        raise Refused("there is no plan to take back", "nothing was applied yet")

    def task_formats(self) -> tuple[str, ...]:
        return names()

    def plan_tasks(self, snapshot: Snapshot, place: str, form: str) -> Plan:
        if place not in self.tasks:
            raise UsageError(f"there is nothing at {place}", "name a folder or a file with tasks")
        return plan_import(snapshot, self.tasks[place])

    def plan_decided(self, snapshot: Snapshot, question: Question) -> Plan:
        if isinstance(self.decided, Plan):
            return self.decided
        raise self.decided

    def apply(self, plan: Plan) -> tuple[str, ...]:
        self.asked.append(("apply", plan))
        if self.refusal is not None:
            raise self.refusal
        return ()

    def change(self, number: int) -> ChangePage:
        if number not in self.changes:
            raise Refused(f"prompt {number:02d} has no change to review", "no change is open")
        return self.changes[number]

    def check(self, number: int) -> Check:
        self.asked.append(("check", number))
        return self.checked

    def comment(self, number: int, comment: Comment) -> None:
        page = self.change(number)
        self.changes[number] = replace(page, drafts=with_comment(page.drafts, comment))

    def mark_viewed(self, number: int, path: str, digest: str) -> None:
        page = self.change(number)
        self.changes[number] = replace(page, viewed={**page.viewed, path: digest})

    def sent(self, number: int, comments: Sequence[Comment]) -> None:
        self.asked.append(("sent", number, tuple(comments)))

    def work(self, attempt: Attempt) -> Change:
        return self.change(attempt.prompt).change

    def file(self, commit: str, path: str) -> str:
        return f"{path} at {commit}\n"

    def voice(self, heard: "Callable[[Message], None]") -> "StillVoice":
        return StillVoice(heard, self.said)

    def named_files(self, beginning: str) -> tuple[str, ...]:
        return tuple(path for path in ("src/bucket.py", "src/clock.py", "README.md") if path.startswith(beginning))

    def notify(self, title: str, text: str) -> bool:
        self.asked.append(("notify", title, text))
        return True

    def tell_addresses(self, title: str, text: str, failed: "Callable[[CoordError], None]") -> None:
        self.asked.append(("tell addresses", title, text))

    def close(self) -> None:
        with self._wake:
            self.closed = True
            self._wake.notify_all()


class StillVoice:
    """A voice that has one answer."""

    def __init__(self, heard: "Callable[[Message], None]", said: "Sequence[Message]") -> None:
        self._heard, self._said = heard, said
        self.told: list[Message] = []

    def open(self) -> None:
        self._heard(Ready("api", "claude-opus-5"))

    def tell(self, message: "Message") -> None:
        self.told.append(message)
        if isinstance(message, Say):
            for one in self._said:
                self._heard(one)

    def close(self) -> None:
        """It is none that could be ended."""


class StillFilm:
    """The events as a film, over prompts that were there from the beginning, none of them begun."""

    def __init__(self, snapshot: Snapshot, events: Sequence[Event]) -> None:
        self._prompts = [replace(prompt, status=PromptStatus.PENDING) for prompt in snapshot.prompts.values()]
        self._snapshot, self._events = snapshot, events

    def head(self) -> int:
        return len(self._events)

    def at(self, seq: int, on_the_way: Callable[[int], None] = lambda _: None) -> Replay:
        replay = Replay(self._prompts, project=self._snapshot.project, title=self._snapshot.milestone.title)
        replay.feed(self._events[:seq])
        return replay


def _matches(event: Event, query: Query) -> bool:
    if query.show is Show.PROMPT and event.subject != query.subject:
        return False
    if query.show is Show.AGENT and event.actor != query.actor:
        return False
    if query.show is Show.QUESTION and not event.kind.startswith("question."):
        return False
    return query.text.casefold() in f"{event.kind} {event.subject} {event.actor} {dict(event.data)}".casefold()
