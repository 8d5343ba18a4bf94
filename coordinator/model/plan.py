"""The plan: the exact effects that a service is going to have, shown before they happen."""

from collections.abc import Mapping

from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Literal
from coordinator.model.prompt import Prompt


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
    """End an attempt's whole process tree, gracefully first."""

    prompt: int
    attempt: int
    then: Literal["requeue", "fail", "hold"]
    reason: str = ""
    fresh: bool = False
    """The next attempt starts from the base, not from what this one leaves."""


@dataclass(frozen=True, slots=True)
class StartAfresh:
    """Let the attempt after one that has ended start from the base, not from what that one left."""

    prompt: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Steer:
    """Send text to a running agent."""

    prompt: int
    attempt: int
    text: str


Effect = Record | Kill | StartAfresh | Steer
"""What a service's plan may do besides editing files. The loop has effects of its own, in `loop/effects.py`."""


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
