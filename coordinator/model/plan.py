"""The plan: the exact effects that a service is going to have, shown before they happen."""

from collections.abc import Mapping

from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Literal
from coordinator.model.prompt import Prompt
from coordinator.model.work import WorkId, prompt_work


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file as it is going to be. `before` is checked again under the lock when the plan is applied."""

    path: str
    """Relative to the project root."""
    change: Literal["create", "modify", "delete"]
    content: bytes
    """The whole file after the edit; empty for a deletion."""
    before: str | None
    """SHA-256 of the version that was planned for; None: the file must not exist."""
    diff: str = ""
    """Unified diff for people."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event to append when the plan is applied."""

    kind: str
    subject: str
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kill:
    """End an attempt's whole process tree, gracefully first; one at a flow that has ended starts again."""

    prompt: int
    """0 for an attempt at a flow."""
    attempt: int
    then: Literal["requeue", "fail", "hold"]
    reason: str = ""
    fresh: bool = False
    """The next attempt starts from the base, not from what this one leaves."""
    flow: WorkId | None = None
    """What it is an attempt at, if that is no prompt."""

    @property
    def work(self) -> WorkId:
        return self.flow or prompt_work(self.prompt)


@dataclass(frozen=True, slots=True)
class StartAfresh:
    """Let the attempt after one that has ended start from the base, not from what that one left."""

    prompt: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Steer:
    """Send text to a running agent."""

    prompt: int
    """0 for an attempt at a flow."""
    attempt: int
    text: str
    flow: WorkId | None = None
    """What it is an attempt at, if that is no prompt."""
    one_of_many: bool = False
    """The others are told also where this one can't be."""

    @property
    def work(self) -> WorkId:
        return self.flow or prompt_work(self.prompt)


@dataclass(frozen=True, slots=True)
class Permit:
    """Answer what an agent asks leave for; the others of a plan are answered also where this one can't be."""

    work: WorkId
    attempt: int
    allow: bool
    doing: str
    """What it asks for: it gets no answer where that is something else by then."""
    reason: str = ""
    """What goes with a denial."""


Effect = Record | Kill | StartAfresh | Steer | Permit
"""What a service's plan may do besides editing files. The loop has effects of its own, in `loop/effects.py`."""
LASTING = (Kill, Steer, Permit)
"""What is done to agents, and can't be taken back."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to happen, whole or not at all."""

    id: str
    """UUIDv7."""
    service: str
    summary: str
    """One sentence for the log and the confirmation."""
    edits: tuple[FileEdit, ...] = ()
    effects: tuple[Effect, ...] = ()
    order_before: tuple[int, ...] = ()
    order_after: tuple[int, ...] = ()
    prompts_after: tuple[Prompt, ...] = ()
    """The prompts that it makes or whose files it changes, as they are going to be."""
    invalidates: tuple[str, ...] = ()
    """Sentences: a running agent that consumed a version which the plan changes."""
    warnings: tuple[str, ...] = ()
    reads: Mapping[str, str | None] = field(default_factory=dict)
    """Fingerprints of what the plan rests on without editing it: path → SHA-256, None for absent."""
    number: int | None = None
    """The prompt that the plan creates, if it creates one."""
    undoes: str | None = None
    """Id of the plan that this one takes back."""
    reason: str = ""
    """The engineer's own words."""
    decision: int | None = None
    """Number of the `planner.decided` event that it carries out."""
    parent: int | None = None
    """The prompt whose agent makes it: a child of that prompt, and nothing else."""
    proposer: str = ""
    """What proposed it to whoever applies it, such as `coordinator (claude-opus-5)`; empty: it was their own idea."""
    asked: object = field(default=None, compare=False, repr=False)
    """The request that it was made of, where that is one of a service."""
    more: Mapping[str, object] = field(default_factory=dict)
    """What else a service has to say of it, as JSON: keys of its own."""

    def to_json(self, *, applied: bool) -> dict[str, object]:
        return {
            **self.more,
            "plan": self.id,
            "service": self.service,
            "summary": self.summary,
            "edits": [{"path": e.path, "change": e.change, "diff": e.diff} for e in self.edits],
            "order_before": list(self.order_before),
            "order_after": list(self.order_after),
            "invalidates": list(self.invalidates),
            "warnings": list(self.warnings),
            "applied": applied,
            "number": self.number,
        }


ALIGNMENT = ".coord/alignment.md"


@dataclass(frozen=True, slots=True)
class PastPlan:
    """A plan that was applied and not taken back since."""

    id: str
    seq: int
    """Its event."""
    at: str
    """UTC, ISO 8601."""
    actor: str
    summary: str
    refusal: str = ""
    """Why it can't be taken back now; empty when it can."""

    def to_json(self) -> dict[str, object]:
        return {
            "plan": self.id,
            "seq": self.seq,
            "at": self.at,
            "actor": self.actor,
            "summary": self.summary,
            "refusal": self.refusal or None,
        }
