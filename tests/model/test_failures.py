"""What failed, what of it is alike, and what is to be looked into before it is tried again."""

from typing import Any

import pytest
from support.build import attempt, event

from coordinator.lazy.dataclass import replace
from coordinator.model.event import Event
from coordinator.model.failures import FailureFold, failure_words
from coordinator.model.round import Unexplained
from coordinator.model.step import Step, StepState

WANTED = (Unexplained("no compiler", (3,)),)
FAILED = (Step(3, StepState.FAILED), Step(9, StepState.MERGED))


def fold(*events: Event) -> FailureFold:
    made = FailureFold()
    for seq, one in enumerate(events, 1):
        made.feed(replace(one, seq=seq))
    return made


def failed(number: int = 3, reason: str = "no compiler", **values: Any) -> Event:
    return event("step.failed", f"prompt:{number}", "loop", reason=reason, **values)


def created(number: int = 9, who: str = "planner-2-1", type: str = "emergent") -> Event:
    return event("prompt.created", f"prompt:{number}", who, type=type)


def test_failures_of_one_kind_have_equal_words() -> None:
    found = fold(failed(reason="exit 2 at 3f2a9bc1"), failed(4, "exit 9 at 77aa00ff"), failed(reason="other"))
    assert found.words(()) == ("exit … at …",) * 3
    assert found.words([Step(3, StepState.MERGED)]) == ("exit … at …",)


def test_a_failure_that_the_log_does_not_have_yet_counts_once() -> None:
    step = Step(3, StepState.FAILED, attempt(3, StepState.FAILED, 2), "no compiler")
    assert fold().words([step]) == ("no compiler",)
    assert fold(failed(attempt=2)).words([step]) == ("no compiler",)
    assert fold(failed(attempt=1)).words([step]) == ("no compiler",) * 2


@pytest.mark.parametrize("reason", ["\x1b[31mNo\x1b[0m compiler\nmore", "  No   compiler  "])
def test_words_of_a_failure_are_plain_and_short(reason: str) -> None:
    assert "no" in failure_words(reason)
    assert "\x1b" not in failure_words(reason)
    assert len(failure_words("x" * 10_000)) <= 200


def test_what_failed_twice_in_the_same_way_is_to_be_looked_into() -> None:
    assert fold(failed()).unexplained(FAILED) == ()
    assert fold(failed(), failed(4, "another")).unexplained(FAILED) == ()
    assert fold(failed(), failed(reason="in other words")).unexplained(FAILED) == WANTED
    assert fold(failed(), failed(4)).unexplained(FAILED) == (Unexplained("no compiler", (3, 4)),)
    assert fold(failed(), failed()).unexplained([Step(3, StepState.MERGED)]) == ()


def test_a_failure_that_the_log_does_not_have_yet_is_to_be_looked_into_too() -> None:
    step = Step(3, StepState.FAILED, attempt(3, StepState.FAILED, 2), "no compiler")
    assert fold(failed(attempt=1)).unexplained([step]) == WANTED
    assert fold(failed(attempt=1), created()).unexplained([step, FAILED[1]]) == WANTED  # made before it failed again


@pytest.mark.parametrize("who", ["planner-2-1", "ann"])
def test_an_emergent_prompt_of_a_planner_or_a_human_looks_into_what_failed_before_it(who: str) -> None:
    assert fold(failed(), failed(), created(who=who)).unexplained(FAILED) == ()
    assert fold(failed(), failed(), created(who=who), failed()).unexplained(FAILED) == ()
    assert fold(failed(), created(who=who), failed()).unexplained(FAILED) == WANTED


@pytest.mark.parametrize("other", [created(who="executor-04-1"), created(type="planned"), created(type="review-fix")])
def test_parts_that_executors_leave_to_others_and_other_prompts_look_into_nothing(other: Event) -> None:
    assert fold(failed(), failed(), other).unexplained(FAILED) == WANTED


def test_a_prompt_that_looks_into_it_and_is_gone_given_up_or_never_began_does_not_count() -> None:
    found = fold(failed(), failed(), created())
    assert found.unexplained(FAILED[:1]) == WANTED
    for never in (StepState.SKIPPED, StepState.PENDING):
        assert found.unexplained([FAILED[0], Step(9, never)]) == WANTED
    assert found.unexplained([FAILED[0], Step(9, StepState.FAILED)]) == ()
    cancelled = event("prompt.cancelled", "prompt:9", "ann")
    assert fold(failed(), failed(), created(), cancelled).unexplained([FAILED[0], Step(9, StepState.SKIPPED)]) == ()


@pytest.mark.parametrize("kind", ["prompt.edited", "prompt.cancelled"])
def test_a_human_who_takes_what_failed_in_hand_has_looked_into_it(kind: str) -> None:
    assert fold(failed(), failed(), event(kind, "prompt:3", "ann")).unexplained(FAILED) == ()
    assert fold(failed(), failed(), event(kind, "prompt:3", "planner-2-1")).unexplained(FAILED) == WANTED
    assert fold(failed(), failed(), event(kind, "prompt:4", "ann")).unexplained(FAILED) == WANTED


def test_what_fails_twice_after_it_was_looked_into_and_mended_is_looked_into_again() -> None:
    before = (failed(), failed(), created())
    steps = (Step(3, StepState.MERGED), Step(9, StepState.MERGED), Step(5, StepState.FAILED))
    assert fold(*before, failed(5)).unexplained(steps) == ()
    assert fold(*before, failed(5), failed(5)).unexplained(steps) == (Unexplained("no compiler", (5,)),)


def test_counts_begin_anew() -> None:
    found = fold(failed(), failed())
    found.begin_anew()
    assert (found.words(()), found.unexplained(FAILED)) == ((), ())
