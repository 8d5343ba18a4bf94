"""What starts ask of worktrees that were made ready ahead."""

from coordinator.changes.worktrees import WorktreeInfo
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Protocol
from coordinator.model.step import Attempt
from coordinator.model.work import WorkId


@dataclass(frozen=True, slots=True)
class Taken:
    """A worktree that is its attempt's from now on, at the newest commit of its base."""

    tree: WorktreeInfo
    port: int
    set_up: bool
    """Nothing is left to do in it."""


class Ahead(Protocol):
    """Worktrees that are made ready ahead. Thread-safe."""

    def branch(self, work: WorkId, attempt: int) -> str:
        """The branch that the worktree for an attempt stands on; empty where none is made ready."""

    def take(self, attempt: Attempt) -> Taken | None:
        """The worktree of a claimed attempt, where one was made ready; one that is being made is waited for.

        None: it is to be made. Raises SetupFailed when its set-up fails meanwhile, or it holds somebody's work, and
        CutShort when the loop ends.
        """

    def follow(self, commit: str = "") -> None:
        """The base branch is about to move to a commit, or (without one) has moved: have all of them follow."""


class Nothing:
    """None are made ahead."""

    def branch(self, work: WorkId, attempt: int) -> str:
        return ""

    def take(self, attempt: Attempt) -> Taken | None:
        return None

    def follow(self, commit: str = "") -> None:
        return
