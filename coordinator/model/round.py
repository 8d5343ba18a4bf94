"""An iteration as it stands: its phase, and what Planner, Verifier, specialists and harness have said in it. Values.

What follows from them is decided in `coordinator.model.iteration`.
"""

from collections.abc import Mapping
from enum import StrEnum

from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.feedback import Feedback
from coordinator.model.step import Attempt
from coordinator.model.work import WorkId

PLANNER = "planner"
VERIFIER = "verifier"
"""Flows that every iteration has; all others that run in one are specialists."""


class Phase(StrEnum):
    PLANNING = "planning"
    """The Planner is asked what comes next."""
    EXECUTING = "executing"
    """Prompts are worked on."""
    FEEDBACK = "feedback"
    """No prompt is left: Verifier and specialists look at what there is, and the harness runs what they claim."""
    DECIDED = "decided"
    """It has come to DONE or to STUCK."""


def phase_of(name: str) -> Phase:
    """The phase of that name; planning for any other: with it an iteration begins."""
    return Phase(name) if name in Phase.__members__.values() else Phase.PLANNING


class Decision(StrEnum):
    CONTINUE = "CONTINUE"
    DONE = "DONE"
    STUCK = "STUCK"


def digest_of(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Criterion:
    """A success criterion of the milestone, or an acceptance criterion of a prompt."""

    id: str
    """`SC-3`; of prompt 7: `AC-07-1`."""
    text: str

    @property
    def digest(self) -> str:
        """By which its text is known again: the log has texts without what looks like a secret."""
        return digest_of(self.text)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a Verifier says of a criterion. Untrusted."""

    criterion: str
    status: str
    """`met`, `not_met` or `unverifiable`."""
    command: str = ""
    """What shows it, for a shell in a checkout of the base; empty: nothing that could be run."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A `verdict.given` event."""

    met: str
    """`yes`, `no`, `partly` or `unverifiable`."""
    rationale: str
    gaps: tuple[str, ...]
    claims: tuple[Claim, ...]
    seq: int
    by: str
    iteration: int
    commit: str = ""
    """Of the base, as the Verifier's checkout had it."""

    def claim(self, criterion: str) -> Claim | None:
        """What it says of a criterion; None: nothing."""
        return next((claim for claim in self.claims if claim.criterion == criterion), None)


@dataclass(frozen=True, slots=True)
class Witness:
    """A `witness.run` event: a command that the harness itself ran for a criterion."""

    criterion: str
    command: str
    exit: int
    """Exit status; 124: it took too long."""
    commit: str
    """That it ran on."""
    digest: str
    """SHA-256 of its output."""
    seq: int
    at: str
    """UTC, ISO 8601."""
    seconds: float = 0.0
    output: str = ""
    """The end of it, without secrets."""
    sandboxed: bool = False
    """It ran without a network, and with nothing writable but the checkout."""
    doubts: tuple[str, ...] = ()
    """What was done to tests since the work began: what holds without them shows little."""
    about: str = ""
    """What a question about its command is about: the log has the command without what looks like a secret."""
    start: str = ""
    """The commit that the work began on; empty: it was not tried there."""
    held_before: bool = False
    """It held there as well."""

    @property
    def held(self) -> bool:
        return self.exit == 0 and not self.doubts

    def to_json(self) -> dict[str, object]:
        return {
            "command": self.command,
            "exit": self.exit,
            "commit": self.commit,
            "digest": self.digest,
            "seq": self.seq,
            "at": self.at,
            "seconds": self.seconds,
            "output": self.output,
            "sandboxed": self.sandboxed,
            "doubts": list(self.doubts),
            "held_before": self.held_before,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """A `witness.asked` event: a human wants a command to be run, once more or after all."""

    criterion: str
    command: str
    by: str
    seq: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A `criterion.accepted` event: a human's word where no command can be one."""

    criterion: str
    text: str
    """Of the criterion, as it was accepted: another text is another criterion."""
    by: str
    reason: str
    seq: int
    digest: str = ""
    """Of that text; empty in older logs, whose text is compared."""

    def of(self, criterion: Criterion) -> bool:
        """It is for the criterion as that is worded now."""
        return self.digest == criterion.digest if self.digest else self.text == criterion.text


@dataclass(frozen=True, slots=True)
class Decided:
    """A `planner.decided` event: what the Planner of an iteration handed in."""

    decision: Decision
    reason: str
    seq: int
    by: str
    iteration: int
    blocker: str = ""
    intent: str = ""
    plan: Mapping[str, object] = field(default_factory=dict, hash=False)
    """The whole of it, with the keys of `coord agent plan`."""
    applied: str = ""
    """Id of the plan that it became; empty: it was not applied."""
    refused: tuple[str, ...] = ()
    """Why it came to nothing after all: the world had moved on, or a human said no."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    """What failed so often in the same way that its cause is to be looked for, and nobody does."""

    words: str
    """In which failures of that kind are equal."""
    prompts: tuple[int, ...]
    """That failed so."""


@dataclass(frozen=True, slots=True)
class Round:
    """The present iteration of a milestone that iterates, with all that is decided upon."""

    number: int
    phase: Phase
    criteria: tuple[Criterion, ...] = ()
    base: str = ""
    """Commit that the base branch is at."""
    verdict: Verdict | None = None
    """The newest, of this iteration or of an earlier one."""
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    """By criterion: the newest run."""
    accepted: Mapping[str, Acceptance] = field(default_factory=dict)
    """By criterion."""
    asked: Mapping[str, Asked] = field(default_factory=dict)
    """By criterion: the newest run that a human asked for, done or not."""
    decided: Decided | None = None
    """Of this iteration."""
    feedback: tuple[Feedback, ...] = ()
    """Of the milestone, whatever became of it; in the order of numbers."""
    unread: tuple[str, ...] = ()
    """Files that may be findings of high priority, and can't be read."""
    astray: Mapping[int, str] = field(default_factory=dict)
    """Number → words for each finding whose file says less than what was filed, with nobody who may having said so."""
    specialists: tuple[str, ...] = ()
    """Flows that look beside the Verifier."""
    flows: Mapping[WorkId, Attempt] = field(default_factory=dict)
    """Last attempts of this iteration's flows."""
    tries: Mapping[str, int] = field(default_factory=dict)
    """By flow: attempts of this iteration that came to an end of their own."""
    spoken: frozenset[str] = frozenset()
    """Subjects of works whose hand-in of this iteration is on the log: `flow:verifier/2`."""
    allowed: frozenset[str] = frozenset()
    """Commands that may run as they stand, word by word: the project's suites, and what a human allowed."""
    failures: tuple[str, ...] = ()
    """What failed in the iterations so far, newest last, alike ones in equal words."""
    unexplained: tuple[Unexplained, ...] = ()
    """What of that happened twice in the same way, and nobody has looked into since."""
    turned_away: tuple[str, ...] = ()
    """Why the newest plan of this iteration was not taken, where none was since."""
    empty_plans: int = 0
    """Planners in a row that ended without a decision that came to something."""
    max_iterations: int = 10
    """The number of the last iteration that there may be; a human who resumes allows as many again."""
    ending: str = ""
    """Where it is decided: why, and for STUCK what a human could do."""
    plans: int = 0
    """Plans of Planners that were applied in this milestone."""
    settled: frozenset[int] = frozenset()
    """Findings that a human waived or left for later; nobody else may put away what is not low."""
    began: Mapping[str, int] = field(default_factory=dict)
    """What a question about a command is about → number of the event that its newest run began or ended with, of any
    milestone: leave for one run is used by then."""
    numbers: Mapping[str, str] = field(default_factory=dict)
    """Number of a criterion → digest of its text, as the log pins them."""
