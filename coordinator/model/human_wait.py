"""How long work waited for a human: open questions, permissions that agents ask for, changes to review. Pure."""

from collections.abc import Iterable, Mapping

from coordinator.lazy.dataclass import dataclass
from coordinator.model.clock import timestamp
from coordinator.model.snapshot import Snapshot, Span
from coordinator.model.step import StepState
from coordinator.model.text import age
from coordinator.model.work_times import KINDS, union

WAITED = "waited_for_human_s"
"""Key under which it is told, in JSON and in data of events."""


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds; what several waited for at the same time counts once, in each kind and in all together."""

    total: float = 0.0
    questions: float = 0.0
    permissions: float = 0.0
    reviews: float = 0.0

    def to_json(self) -> dict[str, float]:
        return {name: round(getattr(self, name), 1) for name in ("total", *KINDS)}

    @property
    def words(self) -> str:
        """`waited 12m05 for a human (questions 4m00, reviews 8m05)`; empty where nothing did."""
        if self.total < 1:
            return ""
        parts = ", ".join(f"{kind} {age(seconds)}" for kind in KINDS if (seconds := getattr(self, kind)) >= 1)
        return f"waited {age(self.total)} for a human ({parts})"


def waited_for_human(snapshot: Snapshot, now: float, since: float = 0.0) -> Waited:
    """How long a project's work waited for a human between two moments, in Unix seconds: its open changes too."""
    return waited([*snapshot.waits, *open_reviews(snapshot)], now, since)


def open_reviews(snapshot: Snapshot) -> Iterable[Span]:
    """The changes that wait for a human now. Those that suites alone decide about wait for nobody."""
    if snapshot.settings.gate == "auto":
        return
    for number, step in snapshot.steps.items():
        if step.state is StepState.CHANGE_OPEN and step.attempt is not None:
            review = snapshot.reviews.get(number)
            if review is None or review.attempt != step.attempt.attempt:
                yield Span("reviews", timestamp(step.attempt.since), None, number)


def waits_now(snapshot: Snapshot) -> bool:
    """Whether anything waits for a human at this moment."""
    return any(span.end is None for span in snapshot.waits) or any(True for _ in open_reviews(snapshot))


def waited(spans: Iterable[Span], now: float, since: float = 0.0) -> Waited:
    """The spans of each kind and of all, what overlaps counted once; open ones last until `now`, in Unix seconds."""
    by_kind: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for span in spans:
        start, end = max(since, span.start), min(now, now if span.end is None else span.end)
        if end > start:
            by_kind[span.kind].append((start, end))
    told: Mapping[str, float] = {kind: union(found) for kind, found in by_kind.items()}
    return Waited(union([one for found in by_kind.values() for one in found]), **told)
