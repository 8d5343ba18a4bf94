"""Events: what happened, who did it, and who may say so."""

from collections.abc import Mapping
from enum import StrEnum

from coordinator.lazy.dataclass import dataclass, field


class ActorKind(StrEnum):
    HUMAN = "human"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes."""

    kind: ActorKind
    name: str
    """The human's login, the agent's id (`executor-07-1`), or the part of the system (`loop`, `gate`)."""
    role: str = ""
    """An agent's role: `planner`, `executor`, `verifier`, `specialist`, `stage` or `coordinator`."""
    terminal: bool = field(default=True, compare=False)
    """False for a human whose process descends from no terminal: a script of cron or CI, or an orphan on purpose."""

    @property
    def prompt(self) -> int | None:
        """The prompt that an executor works on, as its id tells; None for everybody else."""
        role, _, rest = self.name.partition("-")
        number = rest.partition("-")[0]
        if self.kind is not ActorKind.AGENT or role != self.role or not (number.isascii() and number.isdigit()):
            return None
        return int(number)


SYSTEM = Actor(ActorKind.SYSTEM, "loop")
"""The loop and the merge gate. Passed explicitly by their own code; no command ever becomes it."""


NO_TERMINAL = "no_terminal"
"""Key of the data of whatever is appended by a human without a terminal: true, or not there."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is to be appended."""

    kind: str
    subject: str
    """`prompt:7`, `milestone`, `agent:executor-07-1`, …"""
    data: Mapping[str, object] = field(default_factory=dict, hash=False)
    """JSON; `coordinator.views.event_text` tells the keys by kind."""
    id: str = ""
    """UUIDv7; appending the same id again returns the event that is already there. Empty: a new one is made."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the log."""

    seq: int
    """1, 2, 3, … without a gap: the order of events."""
    id: str
    """UUIDv7."""
    ts: str
    """UTC, ISO 8601 with milliseconds: `2026-03-01T14:02:11.123Z`. For people; order is by `seq`."""
    run: str | None
    iteration: int | None
    actor_kind: str
    actor: str
    kind: str
    subject: str
    data: Mapping[str, object] = field(hash=False)
    prev_hash: str
    """Hash of the row before; 64 zeros for the first."""
    hash: str
    """SHA-256 over the other fields and `prev_hash`, hex; `coordinator.eventlog.chain` tells how."""

    def to_json(self) -> dict[str, object]:
        return {
            "seq": self.seq,
            "id": self.id,
            "ts": self.ts,
            "run": self.run,
            "iteration": self.iteration,
            "actor_kind": self.actor_kind,
            "actor": self.actor,
            "kind": self.kind,
            "subject": self.subject,
            "data": dict(self.data),
            "prev_hash": self.prev_hash,
            "hash": self.hash,
        }

    @property
    def no_terminal(self) -> bool:
        """Whether it was written as a human, by a process that descends from no terminal."""
        return self.actor_kind == ActorKind.HUMAN and self.data.get(NO_TERMINAL) is True

    @property
    def prompt(self) -> int | None:
        """The prompt it is about, if its subject is one."""
        head, _, number = self.subject.partition(":")
        return int(number) if head == "prompt" and number.isascii() and number.isdigit() else None


_HUMAN = "human"
_AGENT = "agent"
_SYSTEM = "system"
_WORKERS = frozenset({"executor", "planner", "specialist", "stage", "verifier"})
"""Roles that the loop launches; the conversational coordinator only proposes, and is none of them."""

_PEOPLE_ONLY = frozenset({_HUMAN})
_PEOPLE_AND_AGENTS = frozenset({_HUMAN, _AGENT})
_PEOPLE_AND_PLANNER = frozenset({_HUMAN, "planner"})
_PEOPLE_AND_SYSTEM = frozenset({_HUMAN, _SYSTEM})
_SYSTEM_ONLY = frozenset({_SYSTEM})

_WRITERS: dict[str, frozenset[str]] = {
    "intent.set": _PEOPLE_ONLY,
    "milestone.status": _PEOPLE_ONLY,
    "question.answered": _PEOPLE_ONLY,
    "change.approved": _PEOPLE_ONLY,
    "change.rejected": _PEOPLE_ONLY,
    "change.commented": _PEOPLE_AND_SYSTEM,
    "permission.answered": _PEOPLE_ONLY,
    "agent.told": _PEOPLE_AND_SYSTEM,
    "trust.given": _PEOPLE_ONLY,
    "milestone.created": _PEOPLE_ONLY,
    "criterion.accepted": _PEOPLE_ONLY,
    "witness.asked": _PEOPLE_ONLY,
    "attachment.removed": _PEOPLE_ONLY,
    "decision.recorded": _PEOPLE_AND_AGENTS,
    "artifact.produced": _PEOPLE_AND_AGENTS,
    "question.asked": _PEOPLE_AND_AGENTS,
    "question.assumed": _PEOPLE_AND_AGENTS,
    "attachment.added": _PEOPLE_AND_AGENTS,
    "prompt.created": _PEOPLE_AND_PLANNER,
    "prompt.edited": _PEOPLE_AND_PLANNER,
    "prompt.cancelled": _PEOPLE_AND_PLANNER,
    "plan.applied": _PEOPLE_AND_PLANNER,
    "plan.undone": _PEOPLE_ONLY,
    "feedback.filed": frozenset({_HUMAN, _SYSTEM, "specialist"}),
    "feedback.planned": _PEOPLE_AND_PLANNER | _SYSTEM_ONLY,
    "feedback.waived": _PEOPLE_ONLY,
    "verdict.given": frozenset({_HUMAN, "verifier"}),
    "learning.noted": _WORKERS | {_HUMAN},
    "learning.curated": _PEOPLE_AND_PLANNER,
    "learning.delivered": _SYSTEM_ONLY,
    "witness.begun": _SYSTEM_ONLY,
    "witness.run": _SYSTEM_ONLY,
    "witness.left": _SYSTEM_ONLY,
    "ownership.violated": _SYSTEM_ONLY,
    "flow.routed": _SYSTEM_ONLY,
    "flow.sealed": _SYSTEM_ONLY,
    "planner.decided": _PEOPLE_AND_PLANNER,
    "phase.reported": frozenset({"stage"}),
    "handoff.given": _WORKERS | {_HUMAN},
    "step.pending": _SYSTEM_ONLY,
    "step.dispatched": _SYSTEM_ONLY,
    "step.running": _SYSTEM_ONLY,
    "step.change_open": _SYSTEM_ONLY,
    "step.merged": _SYSTEM_ONLY,
    "step.failed": _SYSTEM_ONLY,
    "step.blocked": _SYSTEM_ONLY,
    "step.skipped": _SYSTEM_ONLY,
    "agent.started": _SYSTEM_ONLY,
    "agent.status": _SYSTEM_ONLY,
    "agent.exited": _SYSTEM_ONLY,
    "agent.killed": _SYSTEM_ONLY,
    "agent.lost": _SYSTEM_ONLY,
    "access.denied": _SYSTEM_ONLY,
    "conflict.detected": _SYSTEM_ONLY,
}
"""Kind → who may write it: a kind of actor, or the role of an agent."""

_OF_CHILDREN = ("prompt.created", "prompt.edited", "plan.applied")
"""What an executor may write too, where the data names its own prompt as `parent`."""
SYSTEM_FAMILIES = ("run.", "iteration.", "stage.", "problem.")
"""Beginnings of kinds that the system alone writes, whatever follows."""

ALL_KINDS: tuple[str, ...] = (
    *_WRITERS,
    "run.started",
    "run.paused",
    "run.resumed",
    "run.halted",
    "run.stuck",
    "run.stopped",
    "run.finished",
    "iteration.started",
    "iteration.ended",
    "iteration.refused",
    "stage.started",
    "stage.ended",
    "stage.failed",
    "stage.skipped",
    "problem.found",
    "problem.solved",
)
"""Every kind that has a name of its own. The families of `SYSTEM_FAMILIES` may hold more."""


def is_kind(kind: str) -> bool:
    """Whether an event may be of this kind at all."""
    family, dot, name = kind.partition(".")
    return kind in _WRITERS or (family + dot in SYSTEM_FAMILIES and name.replace("_", "").isalnum() and kind.isascii())


def may_write(actor: Actor, kind: str, data: Mapping[str, object] | None = None) -> bool:
    """Whether this actor may write an event of this kind.

    Two rights depend on the data: the system closes the milestone on the final merge (`status: done`) and says when it
    is stuck, only a human gives it any other status; and an executor makes children of its own prompt.
    """
    if not is_kind(kind):
        return False
    if actor.kind is ActorKind.SYSTEM and kind == "milestone.status":
        return data is not None and data.get("status") in ("done", "stuck")
    if actor.kind is ActorKind.AGENT and actor.role == "executor" and kind in _OF_CHILDREN:
        return data is not None and actor.prompt is not None and data.get("parent") == actor.prompt
    writers = _WRITERS.get(kind, _SYSTEM_ONLY)
    return actor.kind.value in writers or (actor.kind is ActorKind.AGENT and actor.role in writers - {_HUMAN, _SYSTEM})


def who_may(kind: str) -> str:
    """Words for who may write a kind: `only a human`, `a human or a planner`."""
    writers = _WRITERS.get(kind, _SYSTEM_ONLY)
    names = [name for name in (_HUMAN, _SYSTEM) if name in writers] + sorted(writers - {_HUMAN, _SYSTEM})
    if len(names) == 1:
        return "only the system" if names == [_SYSTEM] else f"only a {names[0]}"
    articled = [f"an {name}" if name[0] in "ae" else f"a {name}" for name in names]
    return ", ".join(articled[:-1]) + " or " + articled[-1]
