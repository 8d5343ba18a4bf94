"""How an attempt at the merge gate ended: one of a few plain values, each saying what to do next."""

from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from coordinator.model.review_comment import Comment


@dataclass(frozen=True, slots=True)
class Merged:
    """The base branch holds the change."""

    commit: str
    """The merge commit; the branch's own tip where an engineer fast-forwarded to it."""
    commits: tuple[str, ...]
    """The commits of the attempt, oldest first; empty when its branch is gone since."""
    leftovers: tuple[str, ...] = ()
    """Untracked files that stayed behind in the worktree; they are not part of the change."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """The attempt changed nothing: there is nothing to review and nothing to merge."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The change and the base branch disagree. The agent merges the base branch into its own, and hands off again."""

    files: tuple[str, ...]
    message: str
    """For the agent: what collides, and what to do."""


@dataclass(frozen=True, slots=True)
class Red:
    """A validation suite failed on the merge result. Nothing was merged."""

    suite: str
    """`setup.sh`: the result could not be set up for its suites."""
    output: str
    """The end of what it printed; untrusted text."""
    status: int
    """Exit status; 128 + n for signal n."""
    timed_out: bool = False

    @property
    def words(self) -> str:
        """What failed, and how; one line, untrusted text."""
        what = ".coord/setup.sh" if self.suite == "setup.sh" else f"the suite `{self.suite}`"
        how = "took too long" if self.timed_out else f"failed with exit status {self.status}"
        return f"{what} {how} on the merge result"


@dataclass(frozen=True, slots=True)
class Passes:
    """It would land: it merges, and every suite passed on the result. Nothing was merged."""

    suites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is wrong with the change; something has to get out of the way first, then try again."""

    reason: str
    files: tuple[str, ...] = ()
    """Files of the engineer that are in the way."""


@dataclass(frozen=True, slots=True)
class AtForge:
    """The branch is on the remote, and people merge it there; look again."""

    reason: str
    url: str = ""
    """Of its pull request."""
    comments: "tuple[Comment, ...]" = ()
    """What people and failed checks say of it there; untrusted text."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule forbids to merge this branch as it is. Trying again without a change gives the same."""

    reason: str
    remedy: str = ""
    files: tuple[str, ...] = ()


Rehearsal: TypeAlias = Passes | Conflict | Red | Waiting | Refused
"""What would become of an attempt at the merge gate now."""
Outcome: TypeAlias = Merged | Nothing | Conflict | Red | Waiting | AtForge | Refused
