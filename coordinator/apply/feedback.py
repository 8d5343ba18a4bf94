"""Files a finding: its file, then its event; what is known, and not over or more urgent by now, is not filed twice."""

from coordinator.errors import UsageError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any
from coordinator.model.event import Actor, Draft, may_write
from coordinator.model.feedback import Feedback, FeedbackStatus, alike, covers, own_findings
from coordinator.model.prompt import Priority, PromptStatus
from coordinator.observe.other_milestones import other_milestones
from coordinator.secrets.redaction import redact
from coordinator.storage.documents import examine_milestone
from coordinator.storage.feedback import add_finding, read_findings
from coordinator.storage.files import Lock
from coordinator.storage.paths import Layout

FILED = "feedback.filed"
LONGEST_TITLE, LONGEST_TEXT = 200, 20_000
"""Characters of a title, and of each of the other words of a finding."""
_FATES = ("step.merged", "step.dispatched", "prompt.cancelled", "prompt.edited")
_MOST = 100
"""Events of a prompt that are looked through for what became of it."""


def file_feedback(
    layout: Layout, log: EventLog, actor: Actor, item: Feedback, *, run: str | None = None
) -> tuple[Feedback, bool]:
    """File a finding: as it was filed, and whether it is new; the number of `item` is no matter.

    UsageError for one that nobody can go by; Refused, which is logged, when the actor may not file any.
    """
    clean = _checked(item)
    with Lock(layout.coord / "feedback.lock"):
        before = _alike(layout, log, clean) if may_write(actor, FILED) else ()
        known = next((one for one in before if _covers(log, one, clean)), None)
        if known is not None:  # a kill may have come between its file and its event
            _tell(log, actor, known, run, [one.number for one in before if one.number < known.number])
            return known, False
        if not may_write(actor, FILED):
            log.append([Draft(FILED, "milestone", _data(clean))], actor, run)  # refuses, and logs that it did
        filed = add_finding(layout, replace(clean, source=clean.source or actor.name), _highest_told(log))
        _tell(log, actor, filed, run, [one.number for one in before])
    return filed, True


def _alike(layout: Layout, log: EventLog, item: Feedback) -> tuple[Feedback, ...]:
    """What says the same, of this milestone: what another one left or mended tells nothing of this one."""
    found = alike(read_findings(layout).items, item)
    if not found:
        return ()
    milestone, _ = examine_milestone(layout)
    return own_findings(found, other_milestones(layout, log, milestone))


def _covers(log: EventLog, known: Feedback, item: Feedback) -> bool:
    told = log.tail(1, Filter(kinds=(FILED,), subject=known.subject))
    named = told[0].data.get("priority") if told else None
    filed_as = Priority(named) if named in {one.value for one in Priority} else known.priority
    planned = known.status is FeedbackStatus.PLANNED
    return covers(known, item, filed_as, mended=planned and all(_has_ended(log, number) for number in known.prompts))


def _has_ended(log: EventLog, number: int) -> bool:
    """Whether a prompt is merged, cancelled, or done by a human's word, as its newest event says that tells any."""
    for event in reversed(log.tail(_MOST, Filter(kinds=_FATES, subject=f"prompt:{number}"))):
        if event.kind != "prompt.edited":
            return event.kind != "step.dispatched"
        values = event.data.get("values")
        if isinstance(values, dict) and "status" in values:
            return str(values["status"]) == PromptStatus.DONE
    return False


def _tell(log: EventLog, actor: Actor, item: Feedback, run: str | None, before: list[int]) -> None:
    """`before`: numbers of those that said the same, and are over or were less urgent."""
    if not log.tail(1, Filter(kinds=(FILED,), subject=item.subject)):
        told = {**_data(item), **({"again": before} if before else {})}
        log.append([Draft(FILED, item.subject, told)], actor, run)


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
        "milestone": item.milestone,
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
