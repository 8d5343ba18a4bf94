"""Files a finding: its file, then its event; what was found before is not filed twice."""

from coordinator.errors import UsageError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any
from coordinator.model.event import Actor, Draft, may_write
from coordinator.model.feedback import Feedback, already_known
from coordinator.secrets.redaction import redact
from coordinator.storage.feedback import add_finding, read_findings
from coordinator.storage.files import Lock
from coordinator.storage.paths import Layout

FILED = "feedback.filed"
LONGEST_TITLE, LONGEST_TEXT = 200, 20_000
"""Characters of a title, and of each of the other words of a finding."""


def file_feedback(
    layout: Layout, log: EventLog, actor: Actor, item: Feedback, *, run: str | None = None
) -> tuple[Feedback, bool]:
    """File a finding: as it was filed, and whether it is new; the number of `item` is no matter.

    UsageError for one that nobody can go by; Refused, which is logged, when the actor may not file any.
    """
    clean = _checked(item)
    with Lock(layout.coord / "feedback.lock"):
        known = already_known(read_findings(layout).items, clean) if may_write(actor, FILED) else None
        if known is not None:
            _tell(log, actor, known, run)  # a kill may have come between its file and its event
            return known, False
        if not may_write(actor, FILED):
            log.append([Draft(FILED, "milestone", _data(clean))], actor, run)  # refuses, and logs that it did
        filed = add_finding(layout, replace(clean, source=clean.source or actor.name), _highest_told(log))
        _tell(log, actor, filed, run)
    return filed, True


def _tell(log: EventLog, actor: Actor, item: Feedback, run: str | None) -> None:
    if not log.tail(1, Filter(kinds=(FILED,), subject=item.subject)):
        log.append([Draft(FILED, item.subject, _data(item))], actor, run)


def _highest_told(log: EventLog) -> int:
    """The highest number on the log: numbers only grow, so the newest one has it."""
    for event in log.tail(1, Filter(kinds=(FILED,))):
        _, _, number = event.subject.partition(":")
        return int(number) if number.isdigit() else 0
    return 0


def _data(item: Feedback) -> dict[str, object]:
    told = {
        "title": item.title,
        "priority": item.priority.value,
        "category": item.category,
        "location": item.location,
        "issue": item.issue,
        "impact": item.impact,
        "suggestion": item.suggestion,
    }
    return {key: value for key, value in told.items() if value}


def _checked(item: Feedback) -> Feedback:
    """The finding without secrets, its title on one line."""
    title = " ".join(redact(item.title).split())
    if not title:
        raise UsageError("the finding has no title", "say in a few words what is not as it should be")
    if len(title) > LONGEST_TITLE:
        raise UsageError(
            f"the title has {len(title)} characters", f"keep it below {LONGEST_TITLE}: the rest is the issue"
        )
    texts: dict[str, Any] = {key: redact(getattr(item, key)).strip() for key in ("issue", "impact", "suggestion")}
    lines: dict[str, Any] = {
        key: " ".join(redact(getattr(item, key)).split()) for key in ("category", "location", "source")
    }
    for key, text in (texts | lines).items():
        if len(text) > LONGEST_TEXT:
            raise UsageError(f"its {key} has {len(text):,} characters", f"keep it below {LONGEST_TEXT:,}")
    return replace(item, title=title, **texts, **lines)
