"""What the loop may do in the world. Each names the attempt it is about, so that doing it twice changes nothing."""

from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import ClassVar
from coordinator.model.iteration import Move
from coordinator.model.prompt import PromptStatus
from coordinator.model.round import Criterion, Phase
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.model.work import WorkId, prompt_work


@dataclass(frozen=True, slots=True)
class OfAttempt:
    """It is about an attempt."""

    work: WorkId
    attempt: int

    @property
    def subject(self) -> str:
        """What its events and its troubles are about."""
        return self.work.subject

    @property
    def number(self) -> int:
        """The prompt that it concerns; 0 for none."""
        return self.work.number

    def of(self, snapshot: Snapshot) -> Attempt | None:
        """The attempt that it is about, if the snapshot still knows it as the last one."""
        found = snapshot.attempt_of(self.work)
        return found if found is not None and found.attempt == self.attempt else None


@dataclass(frozen=True, slots=True)
class Dispatch(OfAttempt):
    """Start a new attempt of a prompt, or of a flow."""


@dataclass(frozen=True, slots=True)
class Resume(OfAttempt):
    """Claimed, but not known to run: the loop or the tmux server went down in between. Finish the start, or end it."""


@dataclass(frozen=True, slots=True)
class Settle(OfAttempt):
    """Its process has ended: read from receipt, exit file and branch what became of it."""


@dataclass(frozen=True, slots=True)
class Expire(OfAttempt):
    """It has run longer than it may: end its processes and fail it."""

    limit: float
    """Seconds it was given; 0.0: it has no time any more, since what it is part of was ended."""


@dataclass(frozen=True, slots=True)
class AskOver:
    """A budget is used up: ask whether it may go on; the open question holds whatever has not started."""

    subject: str
    about: str
    text: str
    options: tuple[str, ...]
    context: str = ""
    """What a human should know to answer."""


@dataclass(frozen=True, slots=True)
class ApplyDecision(OfAttempt):
    """The Planner has decided, and nobody has anything against it: make its plan real, in the Planner's name."""

    seq: int
    """Of the `planner.decided` event."""


@dataclass(frozen=True, slots=True)
class RefuseDecision(OfAttempt):
    """A human does not want what the Planner decided: the next one is told so."""

    seq: int
    """Of the `planner.decided` event."""
    reason: str
    """The human's own words."""


@dataclass(frozen=True, slots=True)
class EndOver(OfAttempt):
    """A human said that a prompt whose budget is used up is to end."""


@dataclass(frozen=True, slots=True)
class Pause(OfAttempt):
    """A budget is used up and nobody has said yet whether it may go on: stop its agent's processes."""

    about: str
    """The question that it waits for, by what that is about."""


@dataclass(frozen=True, slots=True)
class GoOn(OfAttempt):
    """Its agent's processes are stopped, and nothing holds them any more."""

    about: str


@dataclass(frozen=True, slots=True)
class Nudge(OfAttempt):
    """The limit that its agent stands at is over: tell it to go on."""

    count: int
    """The how manieth time in a row."""


@dataclass(frozen=True, slots=True)
class FinishKill(OfAttempt):
    """A kill was asked for: end what is left of its processes, then do with the step what was asked."""


@dataclass(frozen=True, slots=True)
class Merge(OfAttempt):
    """Bring its change through the gate."""

    commit: str = ""
    """Head of the branch that a human approved; empty: whatever its head is."""
    landed: str = ""
    """Commit of the base branch that it landed as already, as a human said."""


@dataclass(frozen=True, slots=True)
class FindLanded(OfAttempt):
    """The base branch of an open change moved: see whether somebody merged it by hand."""

    base_tip: str
    looked: str = ""
    """Where the base branch was at the last look."""


@dataclass(frozen=True, slots=True)
class Return(OfAttempt):
    """A human rejected its change: back to an agent, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The prompt's file lags behind its step: write status, attempts and commits into the frontmatter."""

    number: int
    status: PromptStatus
    attempts: int
    commits: tuple[str, ...] = ()

    @property
    def work(self) -> WorkId:
        return prompt_work(self.number)

    @property
    def subject(self) -> str:
        """As of the actions that are about an attempt of it."""
        return self.work.subject


@dataclass(frozen=True, slots=True)
class Tidy(OfAttempt):
    """It is merged or cancelled: keep its last screen, close its windows; remove its worktree if it is merged."""


@dataclass(frozen=True, slots=True)
class Route(OfAttempt):
    """Something about the pipeline of a prompt's attempt is over: take it in, and write down what comes next."""

    seq: int
    """The transition that it stands at; 0 before the first."""
    answer: str = ""
    """What a human said to the question that it waits for; untrusted text."""


@dataclass(frozen=True, slots=True)
class EndPipeline(OfAttempt):
    """The pipeline of a prompt's attempt is through: so is the attempt."""


@dataclass(frozen=True, slots=True)
class NumberCriteria:
    """Criteria of the milestone have no number on the log yet."""

    criteria: tuple[Criterion, ...]
    subject: ClassVar[str] = "milestone"


@dataclass(frozen=True, slots=True)
class RunWitness:
    """Something is claimed: run the command that is to show it on a checkout of the base, or ask whether it may."""

    command: str
    commit: str
    criteria: tuple[str, ...]
    allowed: bool
    """It may run as suites do; else in a sandbox alone."""
    asks: bool = True
    """Where it may not run a human is asked; else that is only taken down."""

    @property
    def subject(self) -> str:
        """What its troubles are about."""
        return f"criterion:{self.criteria[0]}"


@dataclass(frozen=True, slots=True)
class CloseMilestone:
    """Nothing is left to run."""

    subject: ClassVar[str] = "milestone"


@dataclass(frozen=True, slots=True)
class Begin:
    """A phase of the iteration is over: begin the next one, or the next iteration, or end it all."""

    after: tuple[int, Phase]
    """The iteration, and the phase that is over."""
    move: Move

    subject: ClassVar[str] = "milestone"


Action = (
    Dispatch
    | Resume
    | Settle
    | Expire
    | AskOver
    | ApplyDecision
    | RefuseDecision
    | EndOver
    | Pause
    | GoOn
    | Nudge
    | FinishKill
    | Merge
    | FindLanded
    | Return
    | Mark
    | Tidy
    | Route
    | EndPipeline
    | NumberCriteria
    | RunWitness
    | CloseMilestone
    | Begin
)
