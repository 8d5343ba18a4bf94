"""What a human makes of a finding: a prompt, something for later, nothing at all, or another priority."""

from collections.abc import Mapping

from coordinator.errors import Refused, UsageError
from coordinator.formats.frontmatter import patch
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.ids import uuid7
from coordinator.model.plan import Plan, Record
from coordinator.model.prompt import Priority
from coordinator.model.snapshot import Snapshot
from coordinator.services.interjection import Interjection, plan_interjection
from coordinator.services.planning import execution_order, file_edit

SERVICE = "feedback"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to become of a finding; None stays as it is."""

    item: Feedback
    status: FeedbackStatus | None = None
    priority: Priority | None = None
    reason: str = ""


def plan_judgement(snapshot: Snapshot, request: Judgement) -> Plan:
    """Plan that a finding is waived, left for later, opened again, or becomes more or less urgent.

    Refused when it is that already; but where nobody who may has said what its file says, it can be said now.
    UsageError for a waiver without a reason.
    """
    item, reason = request.item, " ".join(request.reason.split())
    if request.status is FeedbackStatus.WAIVED and not reason:
        raise UsageError("a finding is waived for a reason", "--reason 'why it need not be dealt with'")
    unsaid = snapshot.round is not None and item.number in snapshot.round.astray
    changes: dict[str, str] = {}
    if request.status is not None and (unsaid or request.status is not item.status):
        changes["status"] = request.status.value
    if request.priority is not None and (unsaid or request.priority is not item.priority):
        changes["priority"] = request.priority.value
    if not changes:
        said = " and ".join(str(value.value) for value in (request.status, request.priority) if value is not None)
        raise Refused(f"finding {item.label} is {said} already", f"coord feedback show {item.number}")
    if reason:
        changes["reason"] = reason
    order, after = execution_order(snapshot.prompts), patch(item.document, changes)
    return Plan(
        id=uuid7(),
        service=SERVICE,
        summary=f"{item.label} {item.title}: {', '.join(v for k, v in changes.items() if k != 'reason')}",
        edits=(file_edit(item.path, item.document, after),) if after != item.document else (),
        effects=tuple(_records(item, changes, reason)),
        order_before=order,
        order_after=order,
        reason=reason,
    )


def _records(item: Feedback, changes: Mapping[str, str], reason: str) -> list[Record]:
    """What changed, for the log: what the file says alone is anybody's word."""
    told = {key: changes[key] for key in ("status", "priority") if key in changes}
    data: dict[str, object] = {"title": item.title, **({"reason": reason} if reason else {})}
    if told.get("status") == FeedbackStatus.WAIVED:
        del told["status"]
        return [Record("feedback.waived", item.subject, {**data, **told})]
    return [Record("feedback.planned", item.subject, {**data, **told})]


def plan_prompt_for(snapshot: Snapshot, item: Feedback, request: Interjection) -> Plan:
    """Plan a prompt that deals with a finding. What the request leaves open is made of the finding.

    Refused as an interjection is, and when prompts were planned for it already.
    """
    if item.status is FeedbackStatus.PLANNED:
        those = ", ".join(f"{number:02d}" for number in item.prompts)
        raise Refused(
            f"finding {item.label} is planned already, as prompt {those}", f"coord feedback show {item.number}"
        )
    asked = replace(
        request,
        title=request.title or item.title,
        body=request.body or body_for(item),
        priority=item.priority,
    )
    plan = plan_interjection(snapshot, asked, service=SERVICE)
    assert plan.number is not None, "an interjection makes a prompt"
    prompts = (*item.prompts, plan.number)
    changed = patch(item.document, {"status": FeedbackStatus.PLANNED.value, "prompts": list(prompts)})
    told = {"status": FeedbackStatus.PLANNED.value, "prompts": list(prompts), "title": item.title}
    return replace(
        plan,
        summary=f"finding {item.label} as prompt {plan.summary}",
        edits=(*plan.edits, file_edit(item.path, item.document, changed)),
        effects=(*plan.effects, Record("feedback.planned", item.subject, told)),
    )


def body_for(item: Feedback) -> str:
    """A prompt's body made of a finding, its words quoted: they are somebody's report, no order of the engineer's."""
    return (
        f"## Tasks\n\n{report_of(item)}- Check the finding; mend its cause, and every other place that has it.\n"
        "- Add a test that fails without the mend.\n\n"
        f"## Acceptance Criteria\n\n- {item.title}: it does not happen any more, and a test shows that.\n"
    )


def report_of(item: Feedback) -> str:
    """What a finding says, quoted, with an empty line below; empty where it says no more than its title."""
    parts = [("Issue", item.issue), ("Impact", item.impact), ("Suggestion", item.suggestion)]
    said = "\n>\n".join(f"> **{name}**\n{_quoted(text)}" for name, text in parts if text)
    where = f" in `{item.location}`" if item.location else ""
    return f"Finding {item.label}, reported by {item.source or 'somebody'}{where}:\n\n{said}\n\n" if said else ""


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())
