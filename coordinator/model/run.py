"""A run, and what is asked of the loop: the values of `run.json` and `loop.json`."""

from coordinator.lazy.dataclass import dataclass


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
    state: str = "running"
    """`running` or `ended`; `unknown` when its record can't be read."""
    outcome: str = ""
    """`done`, `stuck`, … once it has ended."""
    epoch: int = 1
    """How often a loop process has taken it up."""
    started: str = ""
    """UTC, ISO 8601."""
    ended: str = ""


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
