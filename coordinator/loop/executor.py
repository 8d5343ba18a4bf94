"""Carries out what the rules ask for: a table says how each kind of action is done, and what must hold before."""

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from enum import Enum, auto
from functools import partial

from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Any
from coordinator.loop import (
    budgets,
    completion,
    decisions,
    dispatch,
    going_on,
    merging,
    prompt_status,
    routing,
    witnesses,
)
from coordinator.loop.actions import (
    Action,
    ApplyDecision,
    AskOver,
    Begin,
    CloseMilestone,
    Dispatch,
    EndOver,
    EndPipeline,
    Expire,
    FindLanded,
    FinishKill,
    GoOn,
    Mark,
    Merge,
    Nudge,
    NumberCriteria,
    OfAttempt,
    Pause,
    RefuseDecision,
    Resume,
    Return,
    Route,
    RunWitness,
    Settle,
    Tidy,
)
from coordinator.loop.context import Context
from coordinator.loop.wake import Finished, Wake
from coordinator.loop.worker import Crew, Task, Worker
from coordinator.model.event import Draft
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.model.text import plain
from coordinator.model.work import WorkId
from coordinator.observe.trust import require_trust

_PATIENCE = 2.0
"""Seconds that a worker gets when the loop ends."""
_START_PATIENCE = 3.0
"""Seconds for one that starts an agent; what it does not get done, the next loop does."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
"""Seconds before something that did not work is tried again; doubles each time."""
_CHORES = 4
"""Workers for what takes a moment. A prompt is always the same one's."""
LITTER = 8
"""Ended attempts that are being cleared up at most when another one starts: a fast run waits for its clearing up."""
_MOMENT = 0.25
"""Seconds that a start usually takes at most."""
_INSISTENT = 4.0
"""Seconds of pause up to which a clearing up that did not work is waited for at the end of a run."""


class By(Enum):
    """Who does what takes longer than the loop may stand still."""

    STARTS = auto()
    """Each by itself, as many as may work at the same time: what sets up one worktree holds up no other."""
    GATE = auto()
    """One after the other."""
    CHORES = auto()
    """A few beside each other; what is about one prompt, one after the other."""
    WITNESSES = auto()
    """One after the other, and no merge waits for them."""
    ENDS = auto()
    """Each by itself: what an agent left in its worktree may hold up the git that looks at it."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a kind of action is carried out."""

    begin: Callable[[Context, Snapshot, Any], Task | None]
    """Done at once, in the loop's own thread; returns what is left of it for a worker."""
    by: By | None = None
    """The worker; None: it is done at once, or not at all."""
    trusted: bool = False
    """It runs agents, suites or the forge's command, as settings say that may have come with a commit since."""
    waits: tuple[Callable[[Context, Collection[Action], Any], bool], ...] = ()
    """What it waits for: by the context, and by what is under way."""
    record: Callable[[Context, Attempt, Any, Any], bool] | None = None
    """Takes down, in the loop's own thread, what a worker brought; False when it is to be tried again later."""
    failed: Callable[[Context, Attempt, Exception], None] | None = None
    """What is to be said besides when the worker could not do it."""
    awaited: bool = False
    """A run does not end while it is tried again soon."""
    gives_way: bool = False
    """It is put off for a moment, once, while an agent is being started."""


def _later(do: Callable[[Context, Snapshot, Any], object]) -> Callable[[Context, Snapshot, Any], Task]:
    """Leave all of it to a worker."""
    return lambda context, snapshot, action: partial(do, context, snapshot, action)


def _starts(action: Action, work: WorkId) -> bool:
    return isinstance(action, Dispatch | Resume) and action.work == work


def _place(work: WorkId) -> int:
    """Which of the chores' workers a piece of work has."""
    return (work.number or sum(work.flow.encode()) + work.iteration) % _CHORES


def _merging(context: Context, under_way: Collection[Action], action: Dispatch | Return) -> bool:
    """What a merge came to is known first: work that landed is neither sent back nor done again."""
    return any(isinstance(other, Merge) and other.number == action.number for other in under_way)


def _littered(context: Context, under_way: Collection[Action], action: Dispatch) -> bool:
    return sum(isinstance(other, Settle | Tidy) for other in under_way) >= LITTER


def _running(context: Context, under_way: Collection[Action], action: RunWitness) -> bool:
    """Leave for one run is used once it began: what it shows is known before the command is wanted without leave."""
    return any(isinstance(other, RunWitness) and other.command == action.command for other in under_way)


def _settling(context: Context, under_way: Collection[Action], action: Tidy) -> bool:
    return Settle(action.work, action.attempt) in under_way


def _closed(context: Context, under_way: Collection[Action], action: CloseMilestone) -> bool:
    """Nothing has run since it was closed, or opened again by a human."""
    return not context.book.is_open


def _close(context: Context, snapshot: Snapshot, action: CloseMilestone) -> None:
    context.book.close_milestone(snapshot, snapshot.loop.reason)


def _begin(context: Context, snapshot: Snapshot, action: Begin) -> None:
    context.book.begin(snapshot, action.after, action.move)


WAYS: dict[type[Action], Way] = {
    Dispatch: Way(dispatch.dispatch, By.STARTS, trusted=True, waits=(_merging, _littered)),
    Resume: Way(_later(dispatch.resume), By.STARTS, trusted=True),
    Settle: Way(_later(completion.settle), By.ENDS),
    Expire: Way(completion.expire),
    AskOver: Way(budgets.ask),
    ApplyDecision: Way(_later(decisions.carry_out), By.CHORES, trusted=True),
    RefuseDecision: Way(decisions.refuse),
    EndOver: Way(budgets.end_over),
    Pause: Way(_later(budgets.pause), By.CHORES),
    GoOn: Way(_later(budgets.go_on), By.CHORES),
    Nudge: Way(_later(going_on.nudge), By.ENDS, trusted=True, record=going_on.was_told),
    FinishKill: Way(_later(completion.kill), By.CHORES),
    Merge: Way(merging.merge, By.GATE, trusted=True, record=merging.record_outcome, failed=merging.explain),
    FindLanded: Way(merging.find, By.CHORES, trusted=True, record=merging.record_landed),
    Return: Way(completion.give_back, waits=(_merging,)),
    Mark: Way(prompt_status.mark),
    Tidy: Way(_later(merging.tidy), By.CHORES, waits=(_settling,), awaited=True, gives_way=True),
    Route: Way(routing.route),
    EndPipeline: Way(_later(routing.end), By.ENDS),
    NumberCriteria: Way(witnesses.number),
    RunWitness: Way(witnesses.run, By.WITNESSES, trusted=True, waits=(_running,)),
    CloseMilestone: Way(_close, waits=(_closed,)),
    Begin: Way(_begin),
}
STARTS_PROGRAMS = tuple(kind for kind, way in WAYS.items() if way.trusted)
"""What is done only while somebody here trusts the project."""


class Executor:
    """Carries out actions: at once what is short, by workers what takes long, again later what did not work.

    The loop itself never waits for the workers.
    """

    def __init__(self, context: Context, wake: Callable[[Wake], None]) -> None:
        self._context = context
        self._wake = wake
        self._starts = Crew("starts")
        self._gate = Worker("gate")
        self._chores = [Worker(f"chores-{i}") for i in range(_CHORES)]
        self._witnesses = Worker("witnesses")
        self._ends = Crew("ends")
        self._under_way: set[Action] = set()
        self._later: dict[Action, tuple[float, float]] = {}
        """Action → when it may be tried again (Unix seconds), and the pause before that."""
        self._reported: dict[str, str] = {}

    @property
    def busy(self) -> bool:
        """A worker is at something, or is soon to clear up once more."""
        soon = any(WAYS[type(action)].awaited and pause <= _INSISTENT for action, (_, pause) in self._later.items())
        return soon or bool(self._under_way)

    @property
    def starting(self) -> bool:
        """An agent is being started."""
        return any(isinstance(action, Dispatch | Resume) for action in self._under_way)

    def at_the_gate(self, attempt: Attempt) -> bool:
        """Its change is being merged."""
        merges = (action for action in self._under_way if isinstance(action, Merge))
        return any((merge.work, merge.attempt) == (attempt.work, attempt.attempt) for merge in merges)

    def free_for(self, action: Action) -> bool:
        """Neither under way nor to be tried later, and nothing has to be through before."""
        if action in self._under_way or self._later.get(action, (0.0, 0.0))[0] > time.time():
            return False
        if isinstance(action, OfAttempt | Mark) and any(_starts(other, action.work) for other in self._under_way):
            # an attempt is started first, unless its end is asked for: nobody else settles or marks it half-way
            return isinstance(action, FinishKill)
        return not any(waits(self._context, self._under_way, action) for waits in WAYS[type(action)].waits)

    def next_due(self) -> float | None:
        """Unix seconds when something that did not work may be tried again."""
        now = time.time()
        return min((at for at, _ in self._later.values() if at > now), default=None)

    def close(self) -> None:
        """Let the workers end what takes a moment; a merge that is cut off is found done, or done again, next time."""
        self._context.halt.set()
        self._starts.close(_START_PATIENCE)
        self._gate.close(_PATIENCE)
        self._witnesses.close(0.0)  # what is cut off runs again
        for worker in self._chores:
            worker.close(_PATIENCE)
        self._ends.close(_PATIENCE)

    def perform(self, snapshot: Snapshot, action: Action) -> None:
        """Do it, or have it begun; whatever prevents it is reported, and it is tried again later."""
        way = WAYS[type(action)]
        if way.gives_way and self.starting and action not in self._later:
            self._later[action] = (time.time() + _MOMENT, 0.0)
            return
        try:
            if way.trusted:
                require_trust(self._context.layout)
            job = way.begin(self._context, snapshot, action)
        except (CoordError, OSError) as error:
            self._failed(action, error)
            return
        if job is None or way.by is None:
            self._worked(action)
            return
        self._under_way.add(action)
        self._worker(way.by, action).submit(job, lambda result: self._wake(Finished(action, result)))

    def _worker(self, by: By, action: Action) -> Worker | Crew:
        match by:
            case By.STARTS:
                return self._starts
            case By.GATE:
                return self._gate
            case By.WITNESSES:
                return self._witnesses
            case By.ENDS:
                return self._ends
            case By.CHORES:
                assert isinstance(action, OfAttempt)
                return self._chores[_place(action.work)]

    def finish(self, snapshot: Snapshot, finished: Finished) -> None:
        """Take what a worker brought."""
        action, result = finished.action, finished.result
        way = WAYS[type(action)]
        self._under_way.discard(action)
        attempt = action.of(snapshot) if isinstance(action, OfAttempt) else None
        if attempt is not None:
            self._context.touched.append(self._context.directory(attempt))
        if result.error is not None:
            self._failed(action, result.error)
            if way.failed is not None and attempt is not None:
                way.failed(self._context, attempt, result.error)
            return
        try:
            done = True
            if way.record is not None and attempt is not None:
                done = way.record(self._context, attempt, action, result.value)
        except (CoordError, OSError) as error:
            self._failed(action, error)
            return
        if done:
            self._worked(action)
        else:
            self.put_off(action)

    def put_off(self, action: Action) -> None:
        """Let it be tried again after a pause, twice as long each time."""
        pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, self._later.get(action, (0.0, 0.0))[1] * 2))
        self._later[action] = (time.time() + pause, pause)

    def hurry(self, *kinds: type[Action]) -> None:
        """What kept these from being done may be gone: try again now."""
        for action in [action for action in self._later if isinstance(action, kinds)]:
            del self._later[action]

    def report(self, subject: str, error: Exception) -> None:
        """Log what went wrong, once until something else does."""
        text = error.message if isinstance(error, CoordError) else f"{type(error).__name__}: {error}"
        if self._reported.get(subject) == text:
            return
        self._reported[subject] = text
        remedy = error.remedy if isinstance(error, CoordError) else ""
        draft = Draft("problem.found", subject, {"reason": plain(text), "remedy": plain(remedy)})
        with suppress(CoordError):  # the log itself may be what does not work; the action is tried again
            self._context.say(draft)

    def _worked(self, action: Action) -> None:
        self._later.pop(action, None)
        self._reported.pop(action.subject, None)

    def _failed(self, action: Action, error: Exception) -> None:
        self.report(action.subject, error)
        self.put_off(action)
