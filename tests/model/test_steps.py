"""What a step is, whatever its file says and its attempt has come to: the one table, and what always holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import attempt, prompt, world

from coordinator.model.claims import false_claims
from coordinator.model.graph import ready
from coordinator.model.prompt import PromptStatus
from coordinator.model.snapshot import LoopState
from coordinator.model.step import StepState, derive_step

PENDING, BUSY, DONE = PromptStatus.PENDING, PromptStatus.IN_PROGRESS, PromptStatus.DONE
FAILED, BLOCKED, CANCELLED = PromptStatus.FAILED, PromptStatus.BLOCKED, PromptStatus.CANCELLED
UNDER_WAY = (StepState.DISPATCHED, StepState.RUNNING, StepState.CHANGE_OPEN)
NOT_DONE = (StepState.FAILED, StepState.BLOCKED, StepState.PENDING)

TABLE: dict[PromptStatus, dict[StepState | None, str]] = {
    # what the file says: none, then what an attempt that is over came to, with the file marked for it
    PENDING: {None: "pending", StepState.FAILED: "pending", StepState.BLOCKED: "pending", StepState.PENDING: "pending"},
    BUSY: {None: "pending", StepState.FAILED: "failed", StepState.BLOCKED: "blocked", StepState.PENDING: "pending"},
    DONE: {None: "merged", StepState.FAILED: "failed", StepState.BLOCKED: "blocked", StepState.PENDING: "blocked"},
    FAILED: {None: "failed", StepState.FAILED: "failed", StepState.BLOCKED: "blocked", StepState.PENDING: "pending"},
    BLOCKED: {None: "blocked", StepState.FAILED: "failed", StepState.BLOCKED: "blocked", StepState.PENDING: "pending"},
    CANCELLED: {
        None: "skipped",
        StepState.FAILED: "skipped",
        StepState.BLOCKED: "skipped",
        StepState.PENDING: "skipped",
    },
}
CASES = [(status, last, state) for status, row in TABLE.items() for last, state in row.items()] + [
    (status, last, last.value) for status in PromptStatus for last in (*UNDER_WAY, StepState.MERGED)
]


@pytest.mark.parametrize(("status", "last", "state"), CASES, ids=lambda value: str(value and str(value)))
def test_what_a_step_is(status: PromptStatus, last: StepState | None, state: str) -> None:
    made = None if last is None else attempt(1, last)
    assert derive_step(prompt(1, status=status, attempts=0 if last is None else 1), made).state == state


@pytest.mark.parametrize("last", NOT_DONE)
def test_what_failed_is_done_once_a_human_said_so_of_that_attempt(last: StepState) -> None:
    file, made = prompt(1, status=DONE, attempts=2), attempt(1, last, 2)
    assert derive_step(file, made, said_done=1).state is not StepState.MERGED
    assert derive_step(file, made, said_done=2).state is StepState.MERGED
    assert derive_step(prompt(1, status=FAILED, attempts=2), made, said_done=2).state is last


STATUSES = st.sampled_from(PromptStatus)


@given(STATUSES, st.sampled_from(UNDER_WAY), st.integers(0, 5), st.integers(0, 5))
def test_no_file_ends_or_starts_what_is_under_way(
    status: PromptStatus, last: StepState, counted: int, said: int
) -> None:
    file, made = prompt(1, status=status, attempts=counted), attempt(1, last, 2)
    assert derive_step(file, made, said).state is last
    snapshot = world([file, prompt(2, 1)], [made])
    assert ready(snapshot.graph, snapshot.prompts, snapshot.steps) == ()
    assert snapshot.loop.state is LoopState.RUNNING


@given(STATUSES, st.sampled_from([*UNDER_WAY, *NOT_DONE, StepState.MERGED]), st.integers(0, 3))
def test_only_an_attempt_that_merged_or_a_humans_word_makes_an_attempt_done(
    status: PromptStatus, last: StepState, said: int
) -> None:
    merged = derive_step(prompt(1, status=status, attempts=2), attempt(1, last, 2), said).state is StepState.MERGED
    assert merged is (last is StepState.MERGED or (last in NOT_DONE and status is DONE and said >= 2))


@given(STATUSES, st.sampled_from([*UNDER_WAY, *NOT_DONE]))
def test_an_end_that_only_the_file_claims_is_a_problem_with_a_remedy(status: PromptStatus, last: StepState) -> None:
    file = prompt(1, status=status, attempts=1)
    snapshot = world([file], [attempt(1, last)])
    found = false_claims(snapshot.prompts, snapshot.steps)
    wrong = status not in (PENDING, BUSY) if last in UNDER_WAY else status is DONE
    assert [problem.code for problem in found] == ["ended-early"] * wrong
    for problem in found:
        assert problem.path == file.path
        assert "coord " in problem.remedy
