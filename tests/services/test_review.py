"""Verdicts on open changes: what each plans and what it refuses."""

import pytest
from support.build import AT, attempt
from support.onpaper import ALIGNMENT, Paper

from coordinator.errors import Refused, UsageError
from coordinator.lazy.dataclass import replace
from coordinator.model.plan import Record
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Review
from coordinator.model.step import StepState
from coordinator.services.review import ReviewRequest, plan_review

SEEN = "a" * 40
WHEN = "2027-01-15T08:00:00Z"


def open_change(**values: object) -> Paper:
    made = attempt(1, StepState.CHANGE_OPEN, branch="coord/01-1", **values)
    return Paper().add(1, status="in_progress", attempts=1).attempt(made)


def test_an_approval_records_the_commit_that_was_looked_at_and_edits_nothing() -> None:
    plan = plan_review(open_change().snapshot(), ReviewRequest(1, True, SEEN, SEEN, "fine"))
    assert plan.edits == ()
    data = {"attempt": 1, "commit": SEEN, "note": "fine", "opened": AT}
    assert plan.effects == (Record("change.approved", "prompt:1", data),)


def test_an_approval_says_when_it_is_merged_where_no_loop_runs() -> None:
    snapshot = open_change().snapshot()
    for alive, said in ((True, "it is merged"), (False, "it is merged once a loop runs")):
        shown = replace(snapshot, loop=replace(snapshot.loop, alive=alive))
        assert plan_review(shown, ReviewRequest(1, True, SEEN, SEEN)).summary.endswith(said)


def test_a_rejection_carries_the_words_to_prompt_alignment_and_log() -> None:
    paper = open_change()
    plan = plan_review(paper.snapshot(), ReviewRequest(1, False, SEEN, SEEN, "use a monotonic clock", "ada", WHEN))
    paper.apply(plan)
    assert "use a monotonic clock" in paper.prompts()[1].source.decode()
    assert "use a monotonic clock" in paper.files[ALIGNMENT].decode()
    data = {"attempt": 1, "commit": SEEN, "note": "use a monotonic clock", "opened": AT}
    assert Record("change.rejected", "prompt:1", data) in plan.effects


def test_a_rejection_without_words_is_refused() -> None:
    with pytest.raises(UsageError, match="what is to change"):
        plan_review(open_change().snapshot(), ReviewRequest(1, False, SEEN, SEEN, "  "))


@pytest.mark.parametrize("state", [StepState.RUNNING, StepState.FAILED, StepState.MERGED])
def test_what_is_not_open_has_no_verdict(state: StepState) -> None:
    paper = Paper().add(1, status="in_progress", attempts=1).attempt(attempt(1, state))
    with pytest.raises(Refused, match="no open change"):
        plan_review(paper.snapshot(), ReviewRequest(1, True, SEEN, SEEN))


@pytest.mark.parametrize("approve", [True, False])
def test_a_branch_that_moved_since_it_was_looked_at_is_refused(approve: bool) -> None:
    with pytest.raises(Refused, match="has moved since it was reviewed"):
        plan_review(open_change().snapshot(), ReviewRequest(1, approve, SEEN, "b" * 40, "x"))


def test_a_branch_that_is_gone_is_refused() -> None:
    with pytest.raises(Refused, match="is gone"):
        plan_review(open_change().snapshot(), ReviewRequest(1, True, SEEN, ""))


def test_a_change_that_is_being_ended_is_refused() -> None:
    with pytest.raises(Refused, match="being ended"):
        plan_review(open_change(kill="requeue").snapshot(), ReviewRequest(1, True, SEEN, SEEN))


def test_the_same_verdict_twice_is_refused_and_says_what_it_waits_for() -> None:
    given = Review(1, 1, True, SEEN, "ada")
    snapshot = replace(open_change(reason="main.py is in the way").snapshot(), reviews={1: given})
    with pytest.raises(Refused, match="approved already, by ada") as refusal:
        plan_review(snapshot, ReviewRequest(1, True, SEEN, SEEN))
    assert "main.py is in the way" in refusal.value.remedy
    newer = "b" * 40
    assert plan_review(snapshot, ReviewRequest(1, True, newer, newer)).effects
    assert plan_review(snapshot, ReviewRequest(1, False, SEEN, SEEN, "no, wait")).effects


def test_a_change_at_the_forge_is_approved_there_but_can_be_sent_back_here() -> None:
    paper = open_change()
    paper.settings = Settings(gate="forge")
    with pytest.raises(Refused, match="merged at the forge"):
        plan_review(paper.snapshot(), ReviewRequest(1, True, SEEN, SEEN))
    assert plan_review(paper.snapshot(), ReviewRequest(1, False, SEEN, SEEN, "shorter")).effects
