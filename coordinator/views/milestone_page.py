"""The milestone as a whole: its intent, what is attached to it, and how far it is."""

from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.event import Event
from coordinator.model.human_wait import WAITED, Waited
from coordinator.model.intent import Change, Intent
from coordinator.model.snapshot import Milestone
from coordinator.views.event_text import describe

if TYPE_CHECKING:
    from coordinator.views.round_page import RoundPage


@dataclass(frozen=True, slots=True)
class Revision:
    """A version of the intent, as a change to the one before."""

    seq: int
    at: str
    """UTC, ISO 8601."""
    by: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class MilestonePage:
    """All that a person wants to see of a milestone beside its prompts."""

    milestone: Milestone
    intent: Intent
    version: int | None
    """Event that set the version in force; None: nobody set one."""
    recorded: bool
    """The file says what that version says: it was not edited by hand since."""
    set_by: str
    set_at: str
    """UTC, ISO 8601; empty without a version."""
    counts: dict[str, int]
    """Prompts by the state of their step, and `total`."""
    attachments: tuple[Event, ...] = ()
    artifacts: tuple[Event, ...] = ()
    decisions: tuple[Event, ...] = ()
    """Oldest first, as all of these; the newest ones of many."""
    revisions: tuple[Revision, ...] = ()
    waited: Waited = field(default_factory=Waited)
    """How long it waited for a human, up to now."""
    document: bytes = b""
    """The milestone's file; empty where there is none."""
    rounds: "RoundPage | None" = None
    """Its iterations; None where nobody looked at them."""
    now: float = 0.0
    """Unix seconds when it was looked at."""

    def to_json(self) -> dict[str, object]:
        return {
            "id": self.milestone.id or None,
            "title": self.milestone.title,
            "status": self.milestone.status,
            "intent": self.intent.to_json() | {"seq": self.version, "recorded": self.recorded},
            "counts": self.counts,
            WAITED: self.waited.to_json(),
            "attachments": [_short(event) for event in self.attachments],
            "artifacts": [_short(event) for event in self.artifacts],
            "decisions": [_short(event) for event in self.decisions],
            **(self.rounds.to_json(self.now) if self.rounds is not None else {}),
        }


def _short(event: Event) -> dict[str, object]:
    facts = {"seq": event.seq, "actor": event.actor, "subject": event.subject, "text": describe(event).text}
    return {**facts, **event.data}
