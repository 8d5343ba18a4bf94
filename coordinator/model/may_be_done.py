"""Whether a milestone that iterates may be DONE: what still speaks against it, all of it at once. Pure."""

from collections.abc import Iterator

from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.feedback import Feedback, FeedbackStatus, blocking, by_urgency
from coordinator.model.prompt import Priority
from coordinator.model.round import Round, Verdict
from coordinator.model.step import StepState
from coordinator.model.text import amount, clip, plain
from coordinator.model.witnesses import Shown, standings, unsettled

if TYPE_CHECKING:
    from coordinator.model.snapshot import Snapshot

_COMMIT = 10
_TITLE = 80
"""Characters of a title that are told."""


def refusals_of_done(snapshot: "Snapshot") -> tuple[str, ...]:
    """Every reason why the milestone can't be DONE on the present base, a sentence each; empty: it may be.

    One that does not iterate is asked for prompts alone.
    """
    there = snapshot.round
    if there is None:
        return tuple(_prompts(snapshot))
    return (
        *_direct(snapshot),
        *_base(there),
        *_prompts(snapshot),
        *_verdict(there),
        *_criteria(there),
        *_feedback(snapshot, there),
    )


def _direct(snapshot: "Snapshot") -> Iterator[str]:
    """What it is judged by, criteria and suites among it, may be an agent's by now."""
    if snapshot.direct:
        files = ", ".join(clip(plain(path), _TITLE) for path in sorted(snapshot.direct)[:5])
        yield f"{files}: changed past coord while agents were at work; a human looks at it: coord trust"


def _base(there: Round) -> Iterator[str]:
    if not there.base:
        yield "there is no commit that anything could be shown on: `git init`, and a first commit"


def _prompts(snapshot: "Snapshot") -> Iterator[str]:
    ended = (StepState.MERGED, StepState.SKIPPED)
    left = sorted(number for number, step in snapshot.steps.items() if step.state not in ended)
    if left:
        verb = "is" if len(left) == 1 else "are"
        yield f"{amount(len(left), 'prompt')} {verb} left: {', '.join(f'{n:02d}' for n in left)}"
    if snapshot.unusable:
        yield f"{amount(snapshot.unusable, 'prompt file')} can't be used: coord validate"


def _verdict(there: Round) -> Iterator[str]:
    verdict = there.verdict
    if verdict is None:
        yield "no Verifier has given a verdict yet"
        return
    if verdict.met != "yes" and not _only_unverifiable(there, verdict):
        gaps = f": {'; '.join(clip(plain(gap), _TITLE) for gap in verdict.gaps)}" if verdict.gaps else ""
        yield f"the newest verdict says `{verdict.met}`{gaps}"
    if there.base and verdict.commit != there.base:
        where = f"the newest verdict is on {_short(verdict.commit)}, and the base is at {_short(there.base)} by now"
        yield f"{where}: where nothing is left to plan, end with `coord agent fail`, and it is verified again"


def _only_unverifiable(there: Round, verdict: Verdict) -> bool:
    """It finds fault with nothing but what no command can show, and a human has accepted that."""
    if verdict.met != "unverifiable" or verdict.gaps:
        return False
    doubtful = [one for one in standings(there) if one.claim is None or one.claim.status != "met"]
    return bool(doubtful) and all(one.shown is Shown.ACCEPTED for one in doubtful)


def _criteria(there: Round) -> Iterator[str]:
    if not there.criteria:
        yield "the milestone has no success criteria, so that nothing can show that it is done: coord intent set"
    yield from unsettled(there)


def _feedback(snapshot: "Snapshot", there: Round) -> Iterator[str]:
    if there.unread:
        files = ", ".join(clip(plain(path), _TITLE) for path in there.unread[:5])
        yield f"{amount(len(there.unread), 'finding')} can't be read: {files}; coord validate tells why"
    yield from there.astray.values()
    for item in blocking(there.feedback):
        how = "plan it, or a human waives it" if item.priority is Priority.MEDIUM else "plan it"
        yield f"feedback {item.label} ({item.priority}) is open: {clip(plain(item.title), _TITLE)}; {how}"
    for item in by_urgency(there.feedback):
        if item.priority is not Priority.LOW and _hollow(snapshot, there, item):
            title = clip(plain(item.title), _TITLE)
            missing = "the newest of its prompts did not land" if len(item.prompts) > 1 else "nothing of it landed"
            yield f"feedback {item.label} ({item.priority}) is {item.status}, and {missing}: {title}"


def _hollow(snapshot: "Snapshot", there: Round, item: Feedback) -> bool:
    """It was put away by somebody who may not: only work that landed, or a human's word, ends what is not low.

    The newest of its prompts tells: what landed before that one did not mend it.
    """
    if item.number in there.settled or item.status is FeedbackStatus.OPEN:
        return False
    newest = snapshot.steps.get(item.prompts[-1]) if item.prompts else None
    return newest is None or newest.state is not StepState.MERGED


def _short(commit: str) -> str:
    return commit[:_COMMIT] or "no commit"
