"""Which prompts come next: those whose worktrees are worth making ahead."""

from support.build import attempt, prompt, world

from coordinator.model.prompt import Priority, PromptStatus
from coordinator.model.queue import next_up
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState

BUSY = PromptStatus.IN_PROGRESS


def up(*prompts: object, attempts: tuple[Attempt, ...] = (), warm: int = 3, **values: object) -> tuple[int, ...]:
    snapshot: Snapshot = world(prompts, attempts, settings=Settings(warm=warm), **values)  # type: ignore[arg-type]
    return next_up(snapshot)


RUNS = attempt(1, StepState.RUNNING)


def test_what_waits_for_work_that_is_under_way_comes_next_and_nothing_behind_that() -> None:
    assert up(prompt(1, status=BUSY, attempts=1), prompt(2, 1), prompt(3, 2), attempts=(RUNS,)) == (2,)


def test_what_waits_for_a_place_comes_before_what_waits_for_work() -> None:
    prompts = (prompt(1, status=BUSY, attempts=1), prompt(2, 1, priority=Priority.HIGH), prompt(3), prompt(4))
    assert up(*prompts, attempts=(RUNS,), max_parallel=1) == (3, 4, 2)
    assert up(*prompts, attempts=(RUNS,), max_parallel=1, warm=1) == (3,)
    assert up(*prompts, attempts=(RUNS,), max_parallel=1, warm=0) == ()


def test_nothing_is_made_ahead_for_what_was_tried_before_or_works_in_the_projects_own_folder() -> None:
    back = attempt(2, StepState.PENDING)
    prompts = (prompt(1, status=BUSY, attempts=1), prompt(2), prompt(3, isolation="shared"), prompt(4, attempts=1))
    assert up(*prompts, attempts=(RUNS, back), max_parallel=1) == ()


def test_a_prompt_behind_one_that_failed_or_is_missing_is_not_next() -> None:
    failed = attempt(1, StepState.FAILED)
    prompts = (prompt(1, status=PromptStatus.FAILED, attempts=1), prompt(2, 1), prompt(3, 9))
    assert up(*prompts, attempts=(failed,)) == ()
