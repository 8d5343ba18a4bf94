"""Which prompts there are, whatever became of their files: a number is one prompt for ever."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import attempt, prompt

from coordinator.lazy.dataclass import replace
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.register import Known, is_another, register
from coordinator.model.step import Attempt, StepState, derive_step

OLD, NEW = "Old", "New"
STATES = [s for s in StepState if s is not StepState.SKIPPED]


def made(number: int, state: StepState, **values: object) -> Attempt:
    return attempt(number, state, **{"title": OLD, "prompt_file": f"{number:02d}.md", **values})


def known(attempts: Iterable[Attempt], **values: object) -> Known:
    def given(one: Attempt) -> Prompt:
        return prompt(one.prompt, title=one.title, path=one.prompt_file)

    return Known({a.prompt: a for a in attempts}, given, run="run-1", highest=9, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", STATES)
def test_an_attempt_without_its_file_stays_until_it_has_merged(state: StepState) -> None:
    found = register({}, known([made(1, state)]))
    merged = state is StepState.MERGED
    assert set(found.prompts) == (set() if merged else {1})
    assert [p.code for p in found.problems] == ([] if merged else ["file-gone"])
    if not merged:
        step = derive_step(found.prompts[1], made(1, state))
        assert step.state is (StepState.BLOCKED if state is StepState.PENDING else state)


def test_what_is_merged_stays_for_what_depends_on_it() -> None:
    found = register({2: prompt(2, 1)}, known([made(1, StepState.MERGED)]))
    assert list(found.prompts) == [1, 2]
    assert found.prompts[1].status is PromptStatus.DONE
    assert found.problems == ()


@pytest.mark.parametrize("state", STATES)
def test_a_kept_prompt_has_no_word_of_a_file_for_what_has_become_of_it(state: StepState) -> None:
    def given(one: Attempt) -> Prompt:
        return prompt(one.prompt, title=one.title, path=one.prompt_file, status_word="pending")

    found = register({2: prompt(2, 1)}, Known({1: made(1, state)}, given, run="run-1"))
    assert found.prompts[1].status_word == ""


@pytest.mark.parametrize("state", [StepState.FAILED, StepState.BLOCKED, StepState.PENDING])
def test_what_has_ended_is_forgotten_with_its_file_once_it_is_given_up_or_its_run_is_over(state: StepState) -> None:
    assert register({}, known([made(1, state)], given_up={1: 1})).prompts == {}
    assert register({}, known([made(1, state, run="run-0")])).prompts == {}
    assert set(register({}, known([made(1, state)], given_up={1: 0})).prompts) == {1}


def test_what_is_under_way_is_not_given_up_by_a_word_alone() -> None:
    assert set(register({}, known([made(1, StepState.RUNNING)], given_up={1: 1})).prompts) == {1}


def test_a_file_that_can_not_be_used_is_told_of_once() -> None:
    found = register({}, known([made(1, StepState.RUNNING)], unusable=frozenset({1})))
    assert (found.prompts[1].lost, found.problems) == ("unusable", ())


ANOTHER = {
    # state of the attempt, status and attempts of a file with another title: is it another prompt?
    (StepState.MERGED, PromptStatus.PENDING, 0): True,
    (StepState.MERGED, PromptStatus.PENDING, 1): True,  # a copy of the old file, set to pending
    (StepState.MERGED, PromptStatus.CANCELLED, 1): True,
    (StepState.MERGED, PromptStatus.IN_PROGRESS, 1): False,  # it was given another title while its agent worked
    (StepState.MERGED, PromptStatus.DONE, 1): False,
    (StepState.RUNNING, PromptStatus.PENDING, 0): True,
    (StepState.RUNNING, PromptStatus.DONE, 0): True,
    (StepState.RUNNING, PromptStatus.IN_PROGRESS, 1): False,
    (StepState.CHANGE_OPEN, PromptStatus.PENDING, 0): True,
    (StepState.FAILED, PromptStatus.PENDING, 0): True,
    (StepState.FAILED, PromptStatus.PENDING, 1): False,  # it was edited before its restart
    (StepState.FAILED, PromptStatus.FAILED, 1): False,
}


@pytest.mark.parametrize(("state", "status", "attempts"), list(ANOTHER))
def test_who_has_a_number(state: StepState, status: PromptStatus, attempts: int) -> None:
    file = prompt(1, title=NEW, status=status, attempts=attempts)
    taken = ANOTHER[state, status, attempts]
    assert is_another(file, made(1, state)) is taken
    found = register({1: file}, known([made(1, state)]))
    assert found.prompts[1].title == (OLD if taken else NEW)
    assert [p.code for p in found.problems] == ["number-taken"] * taken
    assert found.displaced == taken


@pytest.mark.parametrize("status", PromptStatus)
def test_a_pending_file_of_the_same_title_under_another_name_is_not_what_has_merged(status: PromptStatus) -> None:
    attempt = replace(made(1, StepState.MERGED), prompt_file=".coord/prompts/01-as-it-was.prompt.md")
    file = prompt(1, title=OLD, status=status)
    taken = status is PromptStatus.PENDING
    assert is_another(file, attempt) is taken
    assert not is_another(replace(file, path=attempt.prompt_file), attempt)
    assert [p.code for p in register({1: file}, known([attempt])).problems] == ["number-taken"] * taken


@given(st.sampled_from(STATES), st.sampled_from(PromptStatus), st.integers(0, 2), st.sampled_from([OLD, "  oLD "]))
def test_a_file_of_the_same_title_is_the_same_prompt(
    state: StepState, status: PromptStatus, attempts: int, title: str
) -> None:
    files = {1: prompt(1, title=title, status=status, attempts=attempts, path="01.md")}
    assert register(files, known([made(1, state)])).prompts is files


@given(st.sampled_from(STATES), st.sampled_from(PromptStatus), st.integers(0, 2))
def test_what_another_prompt_has_is_neither_started_nor_ended(
    state: StepState, status: PromptStatus, attempts: int
) -> None:
    last = made(1, state)
    found = register({1: prompt(1, title=NEW, status=status, attempts=attempts)}, known([last]))
    if found.displaced:
        step = derive_step(found.prompts[1], last)
        assert step.state is (StepState.BLOCKED if state is StepState.PENDING else state)


def test_the_log_remembers_what_was_done_without_an_attempt() -> None:
    ended = {1: prompt(1, title=OLD, status=PromptStatus.DONE)}
    files = {1: prompt(1, title=NEW), 2: prompt(2, 1)}
    found = register(files, known([], ended=ended))
    assert (found.prompts[1].title, found.prompts[1].status) == (OLD, PromptStatus.DONE)
    assert [(p.code, "10" in p.remedy) for p in found.problems] == [("number-taken", True)]
    done_too = {1: prompt(1, title=NEW, status=PromptStatus.DONE)}
    assert register(done_too, known([], ended=ended)).prompts is done_too


def test_each_of_several_is_offered_a_number_of_its_own() -> None:
    attempts = [made(n, StepState.MERGED) for n in (1, 2)]
    found = register({n: prompt(n, title=NEW) for n in (1, 2)}, known(attempts))
    assert ["`number: 10`" in found.problems[0].remedy, "`number: 11`" in found.problems[1].remedy] == [True, True]


def test_what_went_together_with_the_file_of_an_attempt_was_carried_off_and_not_dropped() -> None:
    waiting = {2: prompt(2, 1), 3: prompt(3)}
    merged = made(1, StepState.MERGED)
    found = register({}, known([merged], waiting=waiting, given_up={3: 0}))
    assert (list(found.prompts), [p.numbers for p in found.problems]) == ([1, 2], [(2,)])
    assert derive_step(found.prompts[2], None).state is StepState.BLOCKED
    here = {1: prompt(1, title=OLD, status=PromptStatus.DONE)}
    assert register(here, known([merged], waiting=waiting)).prompts is here  # deleted by itself: dropped
    assert register({}, known([made(1, StepState.MERGED, run="run-0")], waiting=waiting)).prompts == {}
