"""One life of the loop: it sleeps until something wakes it, and does what `rules.step` says."""

import contextlib
import queue
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from coordinator.apply import steps
from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.loop import routing
from coordinator.loop.actions import Action, Merge, Settle
from coordinator.loop.command_server import CommandServer
from coordinator.loop.completion import make_up
from coordinator.loop.context import Context
from coordinator.loop.ending import end_session
from coordinator.loop.executor import STARTS_PROGRAMS, Executor
from coordinator.loop.exits import ExitWatch, has_ended
from coordinator.loop.landings import Landings
from coordinator.loop.monitors.activity import ActivityMonitor
from coordinator.loop.monitors.direct import Direct
from coordinator.loop.monitors.stall import StallMonitor
from coordinator.loop.preflight import Unready, refusal, unready, wanted
from coordinator.loop.rules import next_due, step
from coordinator.loop.rules.budgets import pauses
from coordinator.loop.rules.outcome import Outcome, outcome
from coordinator.loop.runs import RunBook
from coordinator.loop.users import users_for
from coordinator.loop.wake import Changed, Exited, Finished, Stopped, Wake
from coordinator.loop.warm import WarmTrees
from coordinator.loop.write_back import TaskWriter
from coordinator.model.event import Draft, Event
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import plain
from coordinator.model.work import WorkId
from coordinator.observe.observer import Observer
from coordinator.observe.project import terminals_of
from coordinator.observe.watch import Changes, Watch
from coordinator.storage.files import make_folder
from coordinator.storage.paths import Layout
from coordinator.storage.runs import sign_loop
from coordinator.storage.settings_in_force import keep_in_force
from coordinator.terminals.life import life_of

_UNFINISHED_PAUSE = 0.5
"""Seconds between looks whether a plan can be finished that a hanging process holds, or the disk refuses."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a turn that broke off is tried again; doubles each time."""
_WARM_PATIENCE = 3.0
"""Seconds in which worktrees that were made ahead go when the loop ends; the next one drops what is left."""
_TOGETHER = 0.03
"""Seconds in which changes are taken in together while an agent is being started: each look would hold that up."""
_PAGE = 1000


class Runner:
    """Turn after turn, in the thread that calls `run`. It never waits for the executor's workers."""

    def __init__(
        self,
        layout: Layout,
        until_idle: bool,
        on_event: Callable[[Event], None] | None,
        holds: Callable[[], bool] = lambda: True,
    ) -> None:
        self.wake: queue.SimpleQueue[Wake] = queue.SimpleQueue()
        self._until_idle = until_idle
        self._on_event = on_event
        self._holds = holds
        """Whether it is still the only loop of its project."""
        self._observer = Observer(layout)
        self._log = EventLog.open(layout.events_db, create=True)
        self._told = self._log.head()
        config = self._observer.config
        terminals = terminals_of(config)
        self._book = RunBook(layout, self._log)
        users = users_for(layout, config)
        self._context = Context(
            layout, config, self._log, terminals, self._book, users=users, look=lambda: self.wake.put(Changed())
        )
        self._context.ahead = self._warm = WarmTrees(self._context)
        self._command_server = CommandServer(layout, users) if users is not None else None
        self._executor = Executor(self._context, self.wake.put)
        self._exits = ExitWatch(lambda pid: self.wake.put(Exited(pid)))
        self._watched: dict[tuple[WorkId, int], int] = {}
        """Attempt, as prompt and number → process of it that is watched."""
        self._gone: set[tuple[WorkId, int]] = set()
        self._unread: set[Path] = set()
        self._stopping = False
        self._pause = 0.0
        """Seconds until a turn that broke off is tried again; 0 when the last one went well."""
        self._trouble = ""
        self._activity = ActivityMonitor(layout, config, terminals)
        self._stall = StallMonitor(layout, terminals)
        make_folder(str(layout.journal))  # to be told of a plan as soon as it is committed
        self._landings = Landings(layout.root)
        self._watch = Watch(layout, self._changed, self._observer.folders())  # before the first look: nothing is missed
        self._direct = Direct(layout)
        self._untold: list[Draft] = []
        """What was noticed at looks; it is said in the next turn, again and again until the log takes it."""
        self._task_writer = TaskWriter(layout, self._say_soon)
        self._snapshot = self._observer.snapshot()
        self._direct.begin(self._snapshot)
        keep_in_force(layout, config)

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        if self._command_server is not None:
            self._command_server.close()
        self._watch.stop()
        self._activity.close()
        self._stall.close()
        self._exits.close()
        self._executor.close()
        self._task_writer.close()
        with contextlib.suppress(CoordError, OSError):
            self._say_untold()
        self._warm.close(_WARM_PATIENCE)
        self._tell()
        self._observer.close()
        self._log.close()

    def stop(self, by: str) -> None:
        """Have the loop end soon; may be called from a signal handler."""
        self._stopping = True
        self.wake.put(Stopped(by))

    def end_session(self) -> None:
        """The very last thing: this process may end with it. What prevents it is left to `coord clean`."""
        with contextlib.suppress(CoordError):
            end_session(self._context.terminals, str(self._context.layout.root), self._snapshot)

    def run(self) -> Outcome:
        """Turn after turn, until something ends it. Refused when no agent could be started."""
        lame = self._check_agents()
        self._context.terminals.ensure_session()
        self._context.server = life_of(self._context.terminals.process())
        self._book.open(self._snapshot)
        sign_loop(self._context.layout)
        for one in lame:
            self._executor.report(f"agent:{one.runtime}", CoordError(one.sentence))
        self._book.adopted(self._census(), self._snapshot)
        self._retire()
        self._warm.begin()
        for action in pauses(self._snapshot):  # an earlier life may have been killed with half of the processes stopped
            self._executor.perform(self._snapshot, action)
        while True:
            self._try_turn()
            ended = self._over()
            if ended is None and (stop := self._wait()) is not None:
                ended = Outcome("stopped", _left(stop, self._snapshot), 1 if self._until_idle else 0)
            if ended is not None:
                self._book.leave(ended)
                return ended
            self._look()

    def _retire(self) -> None:
        """Strict mode: what an earlier life did not get to take back from attempts that were over."""
        users = self._context.users
        for attempt in users.held() if users is not None else ():
            self._context.retire(self._context.reread(attempt))

    def _check_agents(self) -> tuple[Unready, ...]:
        """The agents that some prompts need and that can't be started; the others need not be asked again."""
        config, root = self._context.config, self._context.layout.root
        lame = unready(self._snapshot, config, root)
        refused = refusal(self._snapshot, lame)
        if refused is not None:
            raise refused
        self._context.ready.update(wanted(self._snapshot, config).keys() - {one.runtime for one in lame})
        return lame

    def _try_turn(self) -> None:
        """A turn; what can't be written down is not done, and tried again later: agents at work go on meanwhile."""
        try:
            self._turn()
        except (CoordError, OSError) as error:
            self._pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, self._pause * 2))
            self._tell_trouble(error)
        else:
            self._pause, self._trouble = 0.0, ""

    def _tell_trouble(self, error: CoordError | OSError) -> None:
        """Say in the loop's own window why it waits, once: its log is what does not work."""
        text = f"{error.message}; {error.remedy}" if isinstance(error, CoordError) else str(error)
        if text != self._trouble:
            self._trouble = text
            with contextlib.suppress(OSError):
                print(f"coord: the loop waits: {plain(text)}", file=sys.stderr, flush=True)

    def _turn(self) -> None:
        """Do everything that can be done now; what changes nothing is tried again later, not at once."""
        done: set[Action] = set()
        while True:
            self._say_untold()
            self._book.follow(self._snapshot)
            actions = [action for action in self._actions() if self._executor.free_for(action)]
            if not actions:
                break
            for action in actions:
                if self._stopping:
                    return
                if action in done:
                    self._executor.put_off(action)
                else:
                    self._executor.perform(self._snapshot, action)
            done.update(actions)
            self._look()
            self._tell()
        self._watch_agents()
        self._task_writer.follow(self._snapshot, self._context.config.write_back)
        self._warm.attend(self._snapshot, starting=self._executor.starting)
        self._tell()

    def _say_soon(self, draft: Draft) -> None:
        """Say it in the next turn; may be called from any thread."""
        self._untold.append(draft)
        self.wake.put(Changed())

    def _say_untold(self) -> None:
        while self._untold:
            self._context.say(self._untold[0])
            self._untold.pop(0)

    def _actions(self) -> Iterator[Action]:
        """What the rules say, and attempts whose process the kernel says is gone."""
        actions = step(self._snapshot, time.time())
        yield from actions
        for attempt in _live(self._snapshot):
            key = (attempt.work, attempt.attempt)
            gone = key in self._gone and attempt.state is StepState.RUNNING and not attempt.kill
            if gone and Settle(*key) not in actions:
                yield Settle(*key)
        self._gone.clear()
        yield from self._landings.due(self._snapshot, self._executor.at_the_gate)

    def _look(self) -> None:
        """Take in what changed; settings that can't be read keep the last good ones in force."""
        if not self._holds():
            self.stop("another loop of this project, which has its lock")
        self._unread |= self._context.take_touched()
        untrusted = self._snapshot.untrusted
        try:
            self._snapshot = self._observer.refresh(self._unread)
        except CoordError as error:
            self._executor.report("milestone", error)
            return
        if self._observer.unread is not None:
            self._executor.report("milestone", self._observer.unread)
        if untrusted is not None and self._snapshot.untrusted is None:
            self._executor.hurry(*STARTS_PROGRAMS)
        told = self._direct.look(self._snapshot, self._unread)
        self._unread.clear()
        if self._observer.config != self._context.config:
            keep_in_force(self._context.layout, self._observer.config)
        self._context.config = self._observer.config
        if told is not None:
            self._untold.append(told)
        if changed := routing.put_back(self._context, self._snapshot):
            self._snapshot = self._observer.refresh(changed)

    def _wait(self) -> Stopped | None:
        """Sleep until something happens or is due; Stopped when it is to end."""
        again = time.time() + self._pause if self._pause else None
        due = [t for t in (next_due(self._snapshot, time.time()), self._executor.next_due(), again) if t is not None]
        if self._snapshot.unfinished:
            due.append(time.time() + _UNFINISHED_PAUSE)
        timeout = max(0.0, min(due) - time.time()) if due else None
        stop = None
        try:
            item = self.wake.get(timeout=timeout)
            until = time.monotonic() + (_TOGETHER if self._executor.starting else 0.0)
            while True:
                stop = self._take(item) or stop
                until = until if isinstance(item, Changed) else 0.0
                item = self.wake.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return stop

    def _take(self, item: Wake) -> Stopped | None:
        match item:
            case Changed():
                self._unread |= item.paths
                if self._landings.told(item.paths):
                    self._executor.hurry(Merge)
            case Exited():
                ended = [key for key, pid in self._watched.items() if pid == item.pid]
                self._gone.update(ended)
                for key in ended:
                    self._touch(*key)
            case Finished():
                self._executor.finish(self._snapshot, item)
            case Stopped():
                return item
        return None

    def _touch(self, work: WorkId, count: int) -> None:
        attempt = self._snapshot.attempt_of(work)
        if attempt is not None and attempt.attempt == count:
            self._unread.add(self._context.directory(attempt))

    def _over(self) -> Outcome | None:
        """Why this life of the loop ends now, if it does."""
        if self._snapshot.loop.asked == "stopped":
            return Outcome("stopped", "asked to stop; running agents go on", 1 if self._until_idle else 0)
        if not self._until_idle or self._executor.busy:
            return None
        return outcome(self._snapshot)

    def _census(self) -> list[Attempt]:
        """Attempts of earlier lives: those without a live process are going to be settled, the others are returned."""
        steps.make_up(self._log, self._snapshot.last_attempts)
        routing.make_up(self._context, self._snapshot)
        if touched := self._context.take_touched():
            self._snapshot = self._observer.refresh(touched)
        adopted = []
        pids = {window.pid for window in self._context.terminals.windows() if not window.dead}
        for attempt in _live(self._snapshot):
            if attempt.pid in pids and not has_ended(attempt.pid):
                make_up(self._context, attempt)
                adopted.append(attempt)
            else:
                self._gone.add((attempt.work, attempt.attempt))
        self._context.orphans = set(self._gone) if self._book.was_cut_off else set()
        return adopted

    def _watch_agents(self) -> None:
        """Be told when an agent's process ends or writes something."""
        live = {(attempt.work, attempt.attempt): attempt for attempt in _live(self._snapshot)}
        for gone in self._watched.keys() - live.keys():
            del self._watched[gone]
        for key, attempt in live.items():
            if attempt.state is not StepState.RUNNING:
                continue  # it is being started: what its end comes to is asked after that
            pid = attempt.pid or self._context.pids.get(attempt.agent, 0)
            if pid and self._watched.get(key) != pid:
                self._watched[key] = pid
                self._exits.watch(pid)
        remote = self._context.config.remote if self._context.config.gate == "forge" else ""
        self._watch.attend([*self._observer.attended(), *self._landings.folders(self._snapshot, remote)])
        self._activity.attend(live.values())
        self._stall.attend(self._snapshot)

    def _changed(self, changes: Changes) -> None:
        paths = self._landings.without_noise(changes.paths)
        if paths or changes.log_grew:
            self.wake.put(Changed(paths))

    def _tell(self) -> None:
        """Hand on the events that were logged since the last time."""
        while self._on_event is not None and (events := self._log.since(self._told, _PAGE)):
            self._told = events[-1].seq
            try:
                for event in events:
                    self._on_event(event)
            except OSError:  # the terminal or pipe is gone; the agents' work is worth more than its progress lines
                self._on_event = None


def _live(snapshot: Snapshot) -> list[Attempt]:
    """Attempts with an agent that has not ended; one with a pipeline has none, but its turns have."""
    return [attempt for attempt in snapshot.last_attempts if attempt.state.live and not attempt.pipeline]


def _left(stop: Stopped, snapshot: Snapshot) -> str:
    live = len(_live(snapshot))
    agents = "no agent runs" if not live else f"{live} agent{'s' * (live > 1)} left running; the next loop takes over"
    return f"stopped by {stop.by}: {agents}"
