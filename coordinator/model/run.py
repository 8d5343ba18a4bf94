"""A run, and what is asked of the loop: the values of `run.json` and `loop.json`."""

from coordinator.lazy.dataclass import dataclass
from coordinator.model.clock import timestamp
from coordinator.model.step import Attempt
from coordinator.model.usage import NOTHING, Spent


@dataclass(frozen=True, slots=True)
class Run:
    """One life of the loop on a milestone, over all its restarts."""

    id: str
    """`run-3`."""
    milestone: str = ""
    prompts: str = ""
    """Folder whose prompts it runs, relative to the project's root; of several, the one called after a branch."""
    base_branch: str = ""
    """Branch that its attempts start from and land on, whatever is checked out later; empty: none was needed yet."""
    iteration: int = 1
    """Round of Planner, Executors and Feedback, from 1."""
    phase: str = ""
    """Of the iteration: `planning`, `executing`, `feedback` or `decided`; empty where none has begun."""
    moves: int = 0
    """How often the phase has changed."""
    state: str = "running"
    """`running` or `ended`; `unknown` when its record can't be read."""
    outcome: str = ""
    """`done`, `stuck`, … once it has ended."""
    epoch: int = 1
    """How often a loop process has taken it up."""
    started: str = ""
    """UTC, ISO 8601."""
    ended: str = ""
    milestone_id: str = ""
    """Empty: it had none."""
    budget_usd: float | None = None
    """What it may cost, as the milestone says; None: nothing of its own."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run, and what it took."""

    run: Run
    spent: Spent
    """Tokens and money of its agents, and the time that they worked; nothing of what nobody told."""
    alive: bool = False
    """A loop is at it."""
    talked: Spent = NOTHING
    """What this user's conversation with the coordinator used in it, beside its agents."""

    def seconds(self, now: float) -> float | None:
        """How long it took, or takes so far; `now` in Unix seconds. None where nobody knows."""
        if not self.run.started or not (self.run.ended or self.run.state == "running"):
            return None
        return max(0.0, (timestamp(self.run.ended) if self.run.ended else now) - timestamp(self.run.started))


@dataclass(frozen=True, slots=True)
class Worked:
    """An attempt, and what it took."""

    attempt: Attempt
    spent: Spent


@dataclass(frozen=True, slots=True)
class LoopAsk:
    """What is asked of the loop, and by whom."""

    state: str = "running"
    """`running`, `paused` or `stopped`."""
    max_parallel: int | None = None
    """None: as the settings say."""
    by: str = ""
    at: str = ""
    """UTC, ISO 8601."""
    reason: str = ""
