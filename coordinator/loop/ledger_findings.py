"""Files a finding where a ledger or a receipt says that something is met, and a run says otherwise: with both sides."""

from collections.abc import Sequence

from coordinator.apply.feedback import FILED, file_feedback
from coordinator.apply.steps import event_id
from coordinator.changes.witness import Ran
from coordinator.errors import CoordError
from coordinator.eventlog.filters import Filter
from coordinator.formats import ledger
from coordinator.formats.frontmatter import patch
from coordinator.loop.context import Context
from coordinator.model.acceptance import prompt_of
from coordinator.model.event import SYSTEM, Draft
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.ledger import Ledger, State, shared_id
from coordinator.model.prompt import Priority
from coordinator.model.seal import Mismatch, SealRecord
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.model.text import clip, plain
from coordinator.model.witnesses import NOT_READY
from coordinator.secrets.redaction import redact
from coordinator.storage.documents import examine_milestone
from coordinator.storage.feedback import read_findings
from coordinator.storage.files import Lock, read_limited, sha256, write_atomic
from coordinator.storage.turn_files import LIMIT, OUT, published_folder

_CATEGORY = "ledger"
_TITLE = 180
"""Characters of a finding's title."""
_LINES = 40
"""Criteria that a finding names."""
_SHOWN = 120
"""Characters of a command, or of words of an agent, that one names."""


def file_unsealed(context: Context, attempt: Attempt, pipeline: str, record: SealRecord) -> None:
    """File a finding of a receipt that does not seal because the suites say otherwise; nothing where they don't."""
    mismatches = record.verdict.mismatches
    if mismatches:
        receipt = plain(context.layout.rel(context.directory(attempt) / OUT / record.receipt))
        impact = f"`{pipeline}` was not sealed: its receipt says more than is so."
        who = f"What {plain(record.station)} handed in"
        _file(context, attempt, mismatches, who, f"{receipt} at {record.commit[:10]}", impact)


def settle_findings(context: Context, attempt: Attempt, record: SealRecord) -> None:
    """Note on open findings of this prompt that its work dealt with them: ledger, receipt and run agree again.

    Whose they are tells the log: what a file says alone is anybody's word. What differs once more is filed anew.
    """
    mine = f"Prompt {attempt.prompt:02d}, attempt "
    with Lock(context.layout.coord / "feedback.lock"):
        for item in read_findings(context.layout).items:
            told = context.log.tail(1, Filter(kinds=(FILED,), subject=item.subject)) if item.open else ()
            data = told[0].data if told and told[0].actor_kind == SYSTEM.kind else {}
            if data.get("category") != _CATEGORY or not str(data.get("title")).startswith(mine):
                continue
            status, prompts = FeedbackStatus.PLANNED.value, list(dict.fromkeys((*item.prompts, attempt.prompt)))
            why = f"sealed at {record.commit[:10]}: what is said and what was run agree"
            noted = {"title": item.title, "reason": why, "status": status, "prompts": prompts}
            id_ = event_id(attempt, f"feedback.planned/{item.number}")
            context.log_about(attempt, Draft("feedback.planned", item.subject, noted, id_))
            changed = patch(item.document, {"status": status, "prompts": prompts})
            write_atomic(context.layout.root / item.path, changed, expect=sha256(item.document))


def file_contradicted(
    context: Context, snapshot: Snapshot, criteria: Sequence[str], command: str, commit: str, found: Ran
) -> None:
    """File a finding of each merged prompt whose ledger says that a criterion is met, and its command failed."""
    if found.exit in (0, NOT_READY):
        return
    for number in sorted({number for name in criteria if (number := prompt_of(name)) is not None}):
        step = snapshot.steps.get(number)
        attempt = step.attempt if step is not None else None
        known = _ledger(context, attempt) if attempt is not None and attempt.pipeline else None
        if attempt is None or known is None:
            continue
        box = " in the sandbox" if found.sandboxed else ""
        ran = f"`{clip(plain(redact(command)), _SHOWN)}` ended with {found.exit}{box}"
        mismatches = tuple(
            Mismatch(entry.id, f"the ledger says `{clip(plain(redact(entry.verify_status)), _SHOWN)}`", ran)
            for entry in known.entries
            if entry.state is State.PASSED and shared_id(number, entry.id) in criteria
        )
        if mismatches:
            place = published_folder(context.layout, attempt.run, attempt.pipeline, attempt.work, attempt.attempt)
            where = f"{plain(context.layout.rel(place / ledger.NAME))} at {commit[:10]}"
            _file(context, attempt, mismatches, "The ledger", where, "It is merged, and not as it is said to be.")


def _ledger(context: Context, attempt: Attempt) -> Ledger | None:
    place = published_folder(context.layout, attempt.run, attempt.pipeline, attempt.work, attempt.attempt)
    try:
        found = ledger.read(read_limited(place / ledger.NAME, LIMIT), ledger.NAME)
    except (OSError, CoordError):
        return None
    return found if isinstance(found, Ledger) else None


def _file(
    context: Context, attempt: Attempt, mismatches: Sequence[Mismatch], who: str, where: str, impact: str
) -> None:
    named = ", ".join(m.about for m in mismatches)
    said = "\n".join(f"- {m.about}: {m.said}, and {m.ran}" for m in mismatches[:_LINES])
    said += f"\n- and {len(mismatches) - _LINES} more" if len(mismatches) > _LINES else ""
    milestone, _ = examine_milestone(context.layout)
    title = f"Prompt {attempt.prompt:02d}, attempt {attempt.attempt}: said to be met, and the run fails: {named}"
    item = Feedback(
        0,
        clip(title, _TITLE),
        Priority.HIGH,
        _CATEGORY,
        source="coord",
        location=where,
        issue=f"{who} and what the harness saw differ:\n\n{said}",
        impact=impact,
        suggestion="Look which of both is right: run it on that commit, then have the work or the ledger mended.",
        milestone=milestone.name,
        iteration=context.book.run.iteration,
    )
    file_feedback(context.layout, context.log, SYSTEM, item, run=attempt.run)
