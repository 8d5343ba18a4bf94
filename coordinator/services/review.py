"""Review: a human's verdict on an open change. Approved, the gate merges it; rejected, a new attempt gets the words."""

from coordinator.errors import Refused, UsageError
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.plan import Plan, Record
from coordinator.model.review_comment import MOST, Comment, record_of
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import amount
from coordinator.model.work_times import OPENED
from coordinator.services.inputs import about
from coordinator.services.planning import PlanBuilder, known


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """A verdict on what a branch held when it was looked at."""

    number: int = field(metadata=about("The prompt whose change it is."))
    approve: bool = field(metadata=about("True lets it be merged, false sends it back."))
    commit: str = field(metadata=about("What was looked at: a branch that has moved is refused."))
    """Head of the branch that was looked at."""
    tip: str
    """Head of the branch now."""
    note: str = field(
        default="", metadata=about("What is to change, for a rejection; a remark for the log, for an approval.")
    )
    who: str = ""
    at: str = ""
    """UTC, ISO 8601."""
    landed: str = ""
    """With `approve`: the commit of the base branch that it landed as already; nothing is left to merge then."""
    comments: tuple[Comment, ...] = ()
    """With their ids; they go with the verdict."""


def plan_review(snapshot: Snapshot, request: ReviewRequest) -> Plan:
    """Plan a verdict.

    Refused: nothing is open, the branch moved since it was looked at, the same verdict was given, a change that is
    merged at the forge. UsageError for a rejection that does not say what is to change.
    """
    prompt = known(snapshot, request.number)
    attempt = _open_attempt(snapshot, request.number)
    if request.approve and not request.landed and snapshot.settings.gate == "forge":
        raise Refused(
            f"the change of {prompt.label} is merged at the forge, not here",
            "merge its pull request there; the loop sees it. If it was edited on the way: "
            f"coord review {request.number} --landed COMMIT",
        )
    said = request.comments
    if not request.approve and not request.note.strip() and not said:
        raise UsageError("a rejection says what is to change", f"coord review {request.number} --reject TEXT")
    if len(said) > MOST:
        raise Refused(f"{len(said)} comments are too many for one verdict", f"send {MOST} at most: say what counts")
    if not request.landed:
        _check_commit(request, attempt)
    _refuse_repeated(snapshot, request, attempt)
    builder = PlanBuilder(snapshot, "review")
    note = request.note.strip() or (amount(len(said), "comment") + " at lines" if said else "")
    data: dict[str, object] = {"attempt": attempt.attempt, "commit": request.tip, "note": note}
    data |= {"comments": record_of(said)} if said else {}
    data |= {"landed": request.landed} if request.landed else {}
    data[OPENED] = attempt.since
    kind = "change.approved" if request.approve else "change.rejected"
    builder.effects.append(Record(kind, f"prompt:{request.number}", data))
    if request.landed:
        return builder.build(f"{attempt.branch} of prompt {prompt.label} landed as {request.landed[:10]}")
    if request.approve:
        then = "it is merged" if snapshot.loop.alive else "it is merged once a loop runs"
        return builder.build(f"approve {attempt.branch} of prompt {prompt.label}; {then}")
    builder.steer(request.number, request.note, request.who, request.at)
    worklist = f", with {amount(len(said), 'comment')} at lines" if said else ""
    return builder.build(
        f"reject {attempt.branch}{worklist}; attempt {attempt.attempt + 1} of prompt {prompt.label} goes on from it",
        reason=note,
    )


def _open_attempt(snapshot: Snapshot, number: int) -> Attempt:
    step = snapshot.steps[number]
    if step.state is not StepState.CHANGE_OPEN or step.attempt is None:
        raise Refused(f"prompt {number:02d} has no open change ({step.state.value})", f"see `coord why {number}`")
    if step.attempt.kill:
        raise Refused(f"the attempt of prompt {number:02d} is being ended", "wait for its next one")
    return step.attempt


def _check_commit(request: ReviewRequest, attempt: Attempt) -> None:
    if not request.tip:
        raise Refused(f"the branch {attempt.branch} is gone", "restore it under its name, or restart the prompt")
    if request.commit != request.tip:
        raise Refused(
            f"{attempt.branch} has moved since it was reviewed: {request.commit[:10]} → {request.tip[:10]}",
            f"look at what it holds now: coord review {request.number} --diff",
        )


def _refuse_repeated(snapshot: Snapshot, request: ReviewRequest, attempt: Attempt) -> None:
    last = snapshot.reviews.get(request.number)
    given = (attempt.attempt, request.approve, request.tip, request.landed)
    if last is None or (last.attempt, last.approved, last.commit, last.landed) != given:
        return
    word = "approved" if last.approved else "rejected"
    waits = attempt.reason if last.approved else ""
    raise Refused(
        f"the change of {request.number:02d} is {word} already, by {last.by}",
        f"it waits: {waits}" if waits else "the loop goes on with it",
    )
