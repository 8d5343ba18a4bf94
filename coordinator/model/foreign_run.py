"""A run of another tool, as its own files tell it: what it is about, how far it is, what is wrong with it. Pure."""

from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import NamedTuple
from coordinator.model.flow_receipt import FlowReceipt
from coordinator.model.ledger import Ledger
from coordinator.model.problem import Problem
from coordinator.model.worklist import Worklist


@dataclass(frozen=True, slots=True)
class ForeignStep:
    """One flow, stage or phase of it, in the order in which the tool does them."""

    name: str
    """`build`, `IMPLEMENT`, `IMPLEMENT 2.1`."""
    status: str
    """As it is written there."""
    summary: str = ""
    at: str = ""
    """When it ended, UTC, ISO 8601, as it is written there."""
    path: str = ""
    """The file that says so, relative to the project's root."""
    receipt: FlowReceipt | None = None


class ForeignFile(NamedTuple):
    """A file that a flow left."""

    name: str
    """Relative to the run: `build/self_review.md`."""
    path: str
    """Relative to the project's root."""
    bytes: int
    mtime: float
    """Unix seconds."""


class Named(NamedTuple):
    """A worklist, and its file."""

    path: str
    worklist: Worklist


@dataclass(frozen=True, slots=True)
class ForeignRun:
    """One run. All texts are as they were written: untrusted."""

    tool: str
    """`swarm`, `subagents`, `plot` or `all-hands`."""
    id: str
    place: str
    """The folder or file that it is, relative to the project's root."""
    title: str = ""
    status: str = ""
    """As it is written there; empty: nobody says."""
    at: str = ""
    """The flow, stage or phase that it is at."""
    started: str = ""
    """UTC, ISO 8601, as it is written there."""
    updated: str = ""
    iterations: int | None = None
    steps: tuple[ForeignStep, ...] = ()
    ledger: Ledger | None = None
    ledger_path: str = ""
    worklists: tuple[Named, ...] = ()
    files: tuple[ForeignFile, ...] = ()
    left: int = 0
    """Tasks of it that `coord import` makes prompts of."""
    notes: tuple[str, ...] = ()
    """What else there is to know, a line each."""
    mismatches: tuple[str, ...] = ()
    """Where two of its files, or two places of one, say different things: a line each, with both sides."""
    problems: tuple[Problem, ...] = ()

    @property
    def pending(self) -> int:
        """Points of its worklists that are still to be done."""
        return sum(named.worklist.pending for named in self.worklists)


@dataclass(frozen=True, slots=True)
class ForeignRuns:
    """What other tools left in a project, the newest first."""

    runs: tuple[ForeignRun, ...] = ()
    problems: tuple[Problem, ...] = ()
    """What is none of a run's own: a folder that is a link, an index that is torn, too many of them."""
