"""A milestone of the project, the present one or an earlier one, with what it took."""

from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.intent import Intent
from coordinator.model.snapshot import Milestone
from coordinator.model.text import amount
from coordinator.model.usage import NOTHING, Spent


@dataclass(frozen=True, slots=True)
class KnownMilestone:
    """What there is to read of it. Its texts are untrusted."""

    milestone: Milestone
    path: str
    """Of its file, relative to the root."""
    earlier: bool = False
    """Another one has begun since."""
    intent: Intent = field(default_factory=Intent)
    specification: str = field(default="", repr=False)
    """As it was given; empty where none was."""
    handover: str = field(default="", repr=False)
    """The page that was written when it ended; empty before."""
    runs: tuple[str, ...] = ()
    """Ids, oldest first."""
    iterations: int = 0
    spent: Spent = NOTHING
    """By all of its runs, as far as anybody told."""

    @property
    def took(self) -> str:
        """`2 runs, 5 iterations, 18,200 tokens, $0.12`; empty before the first run."""
        runs = amount(len(self.runs), "run") if self.runs else ""
        iterations = amount(self.iterations, "iteration") if self.iterations > 1 else ""
        return ", ".join(filter(None, (runs, iterations, self.spent.words)))

    def to_json(self) -> dict[str, object]:
        return {
            "id": self.milestone.id or None,
            "title": self.milestone.title,
            "status": self.milestone.status,
            "earlier": self.earlier,
            "iterate": self.milestone.iterate,
            "path": self.path,
            "success_criteria": list(self.intent.criteria),
            "runs": list(self.runs),
            "iterations": self.iterations,
            "tokens": self.spent.tokens,
            "cost_usd": self.spent.cost_usd,
            "has_handover": bool(self.handover),
        }
