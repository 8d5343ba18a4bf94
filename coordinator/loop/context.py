"""What the loop works with: the project, its log and windows, and what it touched since the last look."""

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from coordinator.agents.readiness import not_ready
from coordinator.agents.registry import find_runtime
from coordinator.agents.runtime import Runtime
from coordinator.apply import steps
from coordinator.apply.handoff_files import sealed
from coordinator.apply.overruling import NOT_DONE, overrule
from coordinator.changes.agent_user import reclaim
from coordinator.changes.guarded import Halt
from coordinator.changes.lending import Guest, take_back
from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Any
from coordinator.loop.actions import OfAttempt
from coordinator.loop.ahead import Ahead, Nothing
from coordinator.loop.positions import Positions
from coordinator.loop.runs import RunBook
from coordinator.loop.users import Users
from coordinator.model.event import SYSTEM, Draft
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import WorkId
from coordinator.observe.agent_user import guest_of
from coordinator.storage.config import Config
from coordinator.storage.paths import Layout
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals


@dataclass(slots=True)
class Context:
    layout: Layout
    config: Config
    log: EventLog
    terminals: Terminals
    book: RunBook
    touched: deque[Path] = field(default_factory=deque)
    """Files and attempt directories that were written since the last look; workers add to it too."""
    pids: dict[str, int] = field(default_factory=dict)
    """Agent → process of its window, known before its own record of it is."""
    server: str = ""
    """The life of the tmux server that was seen last."""
    ready: set[str] = field(default_factory=set)
    """Runtimes that were found ready to be started."""
    asking: threading.Lock = field(default_factory=threading.Lock)
    """Held while a CLI is asked: of several starts at once one asks, the others know then."""
    trees: dict[str, threading.Lock] = field(default_factory=dict)
    """By worktree: held while what a turn left in it is taken in; others may end in it at the same moment."""
    orphans: set[tuple[WorkId, int]] = field(default_factory=set)
    """Attempts, by work and number, that were gone when this life of the loop began, after one that was cut off."""
    users: Users | None = None
    """Strict mode: who agents run as, one user each."""
    halt: Halt = field(default_factory=Halt)
    """Ends set-ups when the loop ends: the next one does them again."""
    ahead: Ahead = field(default_factory=Nothing)
    """Worktrees that are made ready before their prompts come."""
    positions: Positions = field(init=False)
    """Where pipelines stand."""
    look: Callable[[], None] = lambda: None
    """Has the loop look at once at what was touched; for workers that go on for a while."""

    def __post_init__(self) -> None:
        self.positions = Positions(self.layout, self.log)

    def tree(self, attempt: Attempt) -> threading.Lock:
        """The lock of its worktree."""
        return self.trees.setdefault(attempt.worktree, threading.Lock())

    @property
    def run(self) -> str:
        """`run-3`: the run that new attempts belong to."""
        return self.book.run.id

    @property
    def base_branch(self) -> str:
        """Where the attempts of this run start and land. CoordError while no branch is checked out to begin with."""
        return self.book.base_branch(self.config.base_branch or "")

    def runtime(self, name: str) -> Runtime:
        """The runtime of this name; CoordError when there is none."""
        return find_runtime(name, {"command": self.config.command})

    @property
    def gate_guest(self) -> Guest | None:
        """Strict mode: whom merge results are handed over to, so that their suites run as no agent."""
        return None if self.users is None else guest_of(self.users.gate)

    def guest(self, attempt: Attempt) -> Guest | None:
        """Strict mode: whom the worktree of an attempt is handed over to."""
        return None if self.users is None else guest_of(self.users.of(attempt))

    def retire(self, attempt: Attempt) -> None:
        """Strict mode: end all that runs as an attempt's user, take its work back, and let others have the user.

        CoordError when something of it would not end: the user stays taken.
        """
        if self.users is None or not attempt.user or attempt.state.live or attempt.work.stage:
            return  # a turn's user is its prompt's, which goes on
        self.users.clear(attempt)
        if not attempt.in_place:
            take_back(self.layout, attempt.work, attempt.attempt)
            try:
                reclaim(self.layout.worktree(attempt.work, attempt.attempt))
            except OSError as error:
                raise CoordError(
                    f"can't take back {attempt.worktree}: {error.strerror}", "look at its files"
                ) from error
        self.amend(attempt, user="")
        self.users.give_back(attempt)

    def check_ready(self, name: str) -> None:
        """CoordError when the runtime's CLI would not get to work; asked until it is ready, then no more."""
        if name in self.ready:
            return
        with self.asking:
            if name in self.ready:
                return
            trouble = not_ready(self.runtime(name), self.layout.root)
            if trouble is not None:
                raise trouble
            self.ready.add(name)

    def take_touched(self) -> set[Path]:
        """What was touched since this was asked for the last time."""
        taken = set()
        while self.touched:
            taken.add(self.touched.popleft())
        return taken

    def directory(self, attempt: Attempt) -> Path:
        """The attempt's own directory."""
        return self.layout.attempt(attempt.run, attempt.work, attempt.attempt)

    def reread(self, attempt: Attempt) -> Attempt:
        """The attempt as it is on disk and on the log now: what was appended before its process ended is seen."""
        return sealed(self.log, steps.reread(self.layout, attempt))

    def current(self, snapshot: Snapshot, action: OfAttempt) -> Attempt | None:
        """The attempt that an action is about, as it is now; None when the snapshot knows another one by now."""
        known = action.of(snapshot)
        return None if known is None else self.reread(known)

    def find(self, work: WorkId, count: int) -> Attempt | None:
        """An attempt by its number, with its hand-off; None when it can't be found or read."""
        found = steps.find_attempt(self.layout, work, count)
        return None if found is None else sealed(self.log, found)

    def claim(self, attempt: Attempt) -> None:
        steps.claim(self.layout, attempt)
        self.touched.append(self.directory(attempt))

    def advance(self, attempt: Attempt, state: StepState, *before: Draft, **changes: Any) -> Attempt:
        """Move an attempt to a state and log it, after the events `before`; see `steps.advance`."""
        self.touched.append(self.directory(attempt))
        if state in NOT_DONE:
            self.overrule(attempt)
        return steps.advance(self.layout, self.log, attempt, state, before=before, **changes)

    def overrule(self, attempt: Attempt) -> None:
        """Take an end out of the prompt's file that the attempt does not come to."""
        if attempt.prompt_file:
            self.touched.append(self.layout.root / attempt.prompt_file)
            overrule(self.layout, attempt)

    def amend(self, attempt: Attempt, **changes: Any) -> Attempt:
        self.touched.append(self.directory(attempt))
        return steps.amend(self.layout, attempt, **changes)

    def log_about(self, attempt: Attempt, *drafts: Draft) -> None:
        """Log events about an attempt, each kind once."""
        steps.record(self.log, attempt, drafts)

    def say(self, *drafts: Draft) -> None:
        """Log events as the system."""
        self.log.append(drafts, SYSTEM, self.book.run.id if self.book.is_open else None)

    def mark(self, attempt: Attempt) -> dict[str, str]:
        """What tells the attempt's window from all others, in every life of the loop."""
        return {
            "root": str(self.layout.root),
            "run": attempt.run,
            **attempt.work.mark,
            "attempt": str(attempt.attempt),
            "agent": attempt.agent,
        }

    def windows(self, attempt: Attempt) -> list[Window]:
        """All windows that were opened for an attempt, dead ones too."""
        mark = self.mark(attempt)
        return [window for window in self.terminals.windows() if dict(window.mark) == mark]
