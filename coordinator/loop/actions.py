"""What the loop may do in the world. Each names the attempt it is about, so that doing it twice changes nothing."""

from dataclasses import dataclass

from coordinator.model.prompt import PromptStatus


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Start a new attempt of a prompt."""

    number: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Claimed, but not known to run: an earlier life of the loop was killed in between. Finish the start, or end it."""

    number: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Settle:
    """Its process has ended: read from receipt, exit file and branch what became of it."""

    number: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Expire:
    """It has run longer than it may: end its processes and fail it."""

    number: int
    attempt: int
    limit: float
    """Seconds it was given."""


@dataclass(frozen=True, slots=True)
class AskOver:
    """A budget is used up: ask whether it may go on; the open question holds whatever has not started."""

    subject: str
    about: str
    text: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndOver:
    """A human said that a prompt whose budget is used up is to end."""

    number: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Pause:
    """A budget is used up and nobody has said yet whether it may go on: stop its agent's processes."""

    number: int
    attempt: int
    about: str
    """The question that it waits for, by what that is about."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """Its agent's processes are stopped, and nothing holds them any more."""

    number: int
    attempt: int
    about: str


@dataclass(frozen=True, slots=True)
class FinishKill:
    """A kill was asked for: end what is left of its processes, then do with the step what was asked."""

    number: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Merge:
    """Bring its change through the gate."""

    number: int
    attempt: int
    commit: str = ""
    """Head of the branch that a human approved; empty: whatever its head is."""
    landed: str = ""
    """Commit of the base branch that it landed as already, as a human said."""


@dataclass(frozen=True, slots=True)
class FindLanded:
    """The base branch of an open change moved: see whether somebody merged it by hand."""

    number: int
    attempt: int
    base_tip: str
    looked: str = ""
    """Where the base branch was at the last look."""


@dataclass(frozen=True, slots=True)
class Return:
    """A human rejected its change: back to an agent, with the reason."""

    number: int
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The prompt's file lags behind its step: write status, attempts and commits into the frontmatter."""

    number: int
    status: PromptStatus
    attempts: int
    commits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tidy:
    """It is merged or cancelled: keep its last screen, close its windows; remove its worktree if it is merged."""

    number: int
    attempt: int


@dataclass(frozen=True, slots=True)
class CloseMilestone:
    """Nothing is left to run."""


Action = (
    Dispatch
    | Resume
    | Settle
    | Expire
    | AskOver
    | EndOver
    | Pause
    | GoOn
    | FinishKill
    | Merge
    | FindLanded
    | Return
    | Mark
    | Tidy
    | CloseMilestone
)
