"""Does what the rules ask for: at once where it is short, by workers where it takes long, later where it failed."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coordinator.apply.kill import finish_kill
from coordinator.apply.suspend import go_on, pause
from coordinator.errors import CoordError
from coordinator.loop import completion, dispatch, merging
from coordinator.loop.actions import (
    Action,
    AskOver,
    CloseMilestone,
    Dispatch,
    EndOver,
    Expire,
    FindLanded,
    FinishKill,
    GoOn,
    Mark,
    Merge,
    Pause,
    Resume,
    Return,
    Settle,
    Tidy,
)
from coordinator.loop.context import Context
from coordinator.loop.prompt_status import mark
from coordinator.loop.worker import Crew, Result, Worker
from coordinator.model.event import Draft
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import plain
from coordinator.observe.trust import require_trust

_PATIENCE = 2.0
"""Seconds that a worker gets when the loop ends."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
"""Seconds before something that did not work is tried again; doubles each time."""
STARTS_PROGRAMS = (Dispatch, Resume, Merge, FindLanded)
"""What runs agents, suites or the forge's command as the settings say."""
_CHORES = 4
"""Workers for what takes a moment. A prompt is always the same one's."""
_LITTER = 8
"""Ended attempts that are being cleared up at most when another one starts: a fast run waits for its clearing up."""
_INSISTENT = 4.0
"""Seconds of pause up to which a clearing up that did not work is waited for at the end of a run."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Files changed, or the log grew."""

    paths: frozenset[Path] = frozenset()


@dataclass(frozen=True, slots=True)
class Exited:
    """A process that is watched has ended."""

    pid: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A worker is through with an action."""

    action: Action
    result: Result


@dataclass(frozen=True, slots=True)
class Stopped:
    """The loop is to end."""

    by: str


Wake = Changed | Exited | Finished | Stopped
"""What wakes the loop."""


class Executor:
    """Carries out actions. One merge at a time, beside it a few chores, and a look at each attempt that ended.

    The loop itself never waits for them.
    """

    def __init__(self, context: Context, wake: Callable[[Wake], None]) -> None:
        self._context = context
        self._wake = wake
        self._gate = Worker("gate")
        self._chores = [Worker(f"chores-{i}") for i in range(_CHORES)]
        self._ends = Crew("ends")
        self._under_way: set[Action] = set()
        self._later: dict[Action, tuple[float, float]] = {}
        """Action → when it may be tried again (Unix seconds), and the pause before that."""
        self._reported: dict[str, str] = {}

    @property
    def busy(self) -> bool:
        """A worker is at something, or is soon to clear up once more."""
        soon = any(isinstance(action, Tidy) and pause <= _INSISTENT for action, (_, pause) in self._later.items())
        return soon or bool(self._under_way)

    def free_for(self, action: Action) -> bool:
        """Neither under way nor to be tried later."""
        if isinstance(action, CloseMilestone) and not self._context.book.is_open:
            return False  # nothing has run since it was closed, or opened again by a human
        if isinstance(action, Return | Dispatch) and self._merging(action.number):
            return False  # what a merge came to is known first: work that landed is neither sent back nor done again
        if isinstance(action, Dispatch) and self._litter() >= _LITTER:
            return False
        if isinstance(action, Tidy) and Settle(action.number, action.attempt) in self._under_way:
            return False
        return action not in self._under_way and self._later.get(action, (0.0, 0.0))[0] <= time.time()

    def _litter(self) -> int:
        return sum(isinstance(action, Settle | Tidy) for action in self._under_way)

    def _merging(self, number: int) -> bool:
        return any(isinstance(action, Merge) and action.number == number for action in self._under_way)

    def next_due(self) -> float | None:
        """Unix seconds when something that did not work may be tried again."""
        now = time.time()
        return min((at for at, _ in self._later.values() if at > now), default=None)

    def close(self) -> None:
        """Let the workers end what takes a moment; a merge that is cut off is found done, or done again, next time."""
        self._gate.close(_PATIENCE)
        for worker in self._chores:
            worker.close(_PATIENCE)
        self._ends.close(_PATIENCE)

    def perform(self, snapshot: Snapshot, action: Action) -> None:
        """Do it, or have it begun; whatever prevents it is reported, and it is tried again later."""
        try:
            self._perform(snapshot, action)
        except (CoordError, OSError) as error:
            self._failed(action, error)
        else:
            if action not in self._under_way:
                self._worked(action)

    def finish(self, snapshot: Snapshot, finished: Finished) -> None:
        """Take what a worker brought."""
        action = finished.action
        self._under_way.discard(action)
        attempt = _attempt_of(snapshot, action)
        if attempt is not None:
            self._context.touched.append(self._context.directory(attempt))
        if finished.result.error is not None:
            self._failed(action, finished.result.error)
            if isinstance(action, Merge) and attempt is not None:
                self._explain(attempt, finished.result.error)
            return
        try:
            if isinstance(action, FindLanded) and attempt is not None:
                merging.record_landed(self._context, attempt, finished.result.value)
            done = not isinstance(action, Merge) or attempt is None or self._merged(attempt, action, finished.result)
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
        """What kept these from being done may be gone, by default merges from landing: try again now."""
        for action in [action for action in self._later if isinstance(action, kinds or Merge)]:
            del self._later[action]

    def report(self, subject: str, error: Exception) -> None:
        """Log what went wrong, once until something else does."""
        text = error.message if isinstance(error, CoordError) else f"{type(error).__name__}: {error}"
        if self._reported.get(subject) == text:
            return
        self._reported[subject] = text
        remedy = error.remedy if isinstance(error, CoordError) else ""
        draft = Draft("problem.found", subject, {"reason": plain(text), "remedy": plain(remedy)})
        try:
            self._context.say(draft)
        except CoordError:
            return  # the log itself is what does not work; the action is tried again

    def _perform(self, snapshot: Snapshot, action: Action) -> None:
        context = self._context
        if isinstance(action, STARTS_PROGRAMS):
            require_trust(context.layout)  # settings, suites and scripts may have come with a commit since
        match action:
            case Dispatch():
                dispatch.dispatch(context, snapshot, action)
            case Resume():
                dispatch.resume(context, snapshot, action)
            case Settle():
                self._submit(self._ends, action, lambda: self._settle(snapshot, action))
            case Expire():
                completion.expire(context, snapshot, action)
            case AskOver():
                data = {"text": action.text, "options": list(action.options), "about": action.about}
                context.say(Draft("run.asked", action.subject, data))
            case EndOver():
                completion.end_over(context, snapshot, action)
            case Pause() | GoOn():
                self._submit(self._chore(action.number), action, lambda: self._pause(snapshot, action))
            case Return():
                completion.give_back(context, snapshot, action)
            case Mark():
                mark(context, snapshot.prompts, action)
            case CloseMilestone():
                context.book.close_milestone(snapshot)
            case Merge():
                self._submit(self._gate, action, merging.gate_run(context, snapshot, action))
            case FindLanded():
                self._submit(self._chore(action.number), action, merging.landed_run(context, snapshot, action))
            case FinishKill():
                self._submit(self._chore(action.number), action, lambda: self._kill(snapshot, action))
            case Tidy():
                self._submit(self._chore(action.number), action, lambda: merging.tidy(context, snapshot, action))

    def _chore(self, number: int) -> Worker:
        return self._chores[number % _CHORES]

    def _submit(self, worker: Worker | Crew, action: Action, work: Callable[[], Any] | None) -> None:
        if work is not None:
            self._under_way.add(action)
            worker.submit(work, lambda result: self._wake(Finished(action, result)))

    def _settle(self, snapshot: Snapshot, action: Settle) -> None:
        """Not in the loop's own thread: what an agent left in its worktree may hold up the git that looks at it."""
        ended = completion.settle(self._context, snapshot, action)
        if ended is not None:
            self._wake(Changed())  # what came of it is known before all is cleared up
            completion.clear_up(self._context, ended)
            lands = ended.state is StepState.CHANGE_OPEN and self._context.config.gate != "review"
            if lands or ended.state is StepState.MERGED:
                completion.close_windows(
                    self._context, ended.prompt
                )  # nobody is to look at it: its last screen is kept

    def _kill(self, snapshot: Snapshot, action: FinishKill) -> None:
        attempt = _attempt_of(snapshot, action)
        if attempt is not None:
            self._context.retire(finish_kill(self._context.layout, self._context.log, attempt))

    def _pause(self, snapshot: Snapshot, action: Pause | GoOn) -> None:
        attempt = _attempt_of(snapshot, action)
        if attempt is not None:
            do = pause if isinstance(action, Pause) else go_on
            do(self._context.layout, self._context.log, attempt, action.about)

    def _merged(self, attempt: Attempt, action: Merge, result: Result) -> bool:
        return merging.record_outcome(self._context, attempt, action, result.value)

    def _explain(self, attempt: Attempt, error: Exception) -> None:
        """Let the step itself say why its change does not land."""
        reason = f"{error.message}; {error.remedy}" if isinstance(error, CoordError) else str(error)
        with suppress(CoordError, OSError):  # what keeps it from landing, a full disk, may keep this from being written
            if self._context.reread(attempt).reason != reason:
                self._context.amend(attempt, reason=reason)

    def _worked(self, action: Action) -> None:
        self._later.pop(action, None)
        self._reported.pop(_subject(action), None)

    def _failed(self, action: Action, error: Exception) -> None:
        self.report(_subject(action), error)
        self.put_off(action)


def _subject(action: Action) -> str:
    if isinstance(action, AskOver):
        return action.subject
    return "milestone" if isinstance(action, CloseMilestone) else f"prompt:{action.number}"


def _attempt_of(snapshot: Snapshot, action: Action) -> Attempt | None:
    """The attempt that an action is about, if the snapshot still knows it as the last one."""
    number, count = getattr(action, "number", None), getattr(action, "attempt", None)
    current = snapshot.steps.get(number) if number is not None else None
    attempt = current.attempt if current is not None else None
    return attempt if attempt is not None and attempt.attempt == count else None
