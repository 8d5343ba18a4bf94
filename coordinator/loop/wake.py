"""What wakes the loop."""

from pathlib import Path

from coordinator.lazy.dataclass import dataclass
from coordinator.loop.actions import Action
from coordinator.loop.worker import Result


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
