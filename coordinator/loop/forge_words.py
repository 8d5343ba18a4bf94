"""Takes what is said of a change at the forge into the list of its review, and to its agent."""

from collections.abc import Iterable

from coordinator.changes.outcome import AtForge
from coordinator.lazy.dataclass import replace
from coordinator.loop.context import Context
from coordinator.model.event import Draft
from coordinator.model.review_comment import COMMENTED, Comment, Said, numbered, record_of
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import amount
from coordinator.observe.review_said import said_of
from coordinator.secrets.redaction import redact


def take_up(context: Context, attempt: Attempt, found: AtForge) -> bool:
    """Note what is new, and give the change back to an agent, as often as `max_attempts` says; whether it was."""
    said = said_of(context.log, attempt.prompt)
    known = {one.comment.source for one in said}
    new = [replace(one, text=redact(one.text)) for one in found.comments if one.source not in known]
    if new:
        comments = numbered(new, said)
        data = {"attempt": attempt.attempt, "note": words(comments), "url": found.url, "comments": record_of(comments)}
        context.say(Draft(COMMENTED, attempt.work.subject, data))
        said = (*said, *(Said(one, attempt.attempt) for one in comments))
    open_here = [one.comment for one in said if one.open and one.comment.source and one.attempt == attempt.attempt]
    before = {one.attempt for one in said if one.comment.source and one.attempt < attempt.attempt}
    if not open_here or len(before) >= context.config.max_attempts:
        return False
    context.advance(attempt, StepState.PENDING, continues=True, reason=words(open_here))
    return True


def words(comments: Iterable[Comment]) -> str:
    """`at the forge: 2 checks failed, 3 comments`."""
    listed = list(comments)
    checks = sum(one.source.startswith("check ") for one in listed)
    parts = [f"{amount(checks, 'check')} failed"] if checks else []
    parts += [amount(len(listed) - checks, "comment")] if len(listed) > checks else []
    return f"at the forge: {', '.join(parts)}"
