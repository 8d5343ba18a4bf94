"""Interjection: a new prompt between others, by the rules that engineers rely on."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import any_prompts, attempt
from support.onpaper import ALIGNMENT, Paper

from coordinator.errors import Refused, UsageError
from coordinator.lazy.dataclass import replace
from coordinator.model.graph import Graph
from coordinator.model.plan import Kill
from coordinator.model.prompt import Priority, Prompt, PromptType
from coordinator.model.settings import Settings
from coordinator.model.step import StepState
from coordinator.services.interjection import Interjection, NeedsChoice, closed_cycle, plan_interjection

THIRD = b"""---\r
# why: the bucket must exist first\r
number: 3
title:   'Persist  buckets'
status: pending
dependencies: [1]   # was [2] in the first draft
priority: medium
custom: {a: 1}
---
## Tasks\r
- keep --- this\r
"""


def example() -> Paper:
    """The example of the design: 1 → 2 and 3 with dependencies [1], next number 7."""
    paper = Paper().add(1, status="done").add(2, 1).put("03-planned-persist.prompt.md", THIRD)
    paper.highest = 6
    return paper


def test_interjection_between_two_prompts_changes_one_value_of_the_later_one() -> None:
    paper = example()
    plan = plan_interjection(paper.snapshot(), Interjection("Reject negative costs", after=(2,), before=(3,)))
    assert plan.number == 7
    assert plan.order_after == (1, 2, 7, 3)
    paper.apply(plan)
    prompts = paper.prompts()
    assert prompts[7].dependencies == (2,)
    assert prompts[3].dependencies == (1, 7)
    assert prompts[3].source == THIRD.replace(b"[1]   #", b"[1, 7]   #")
    assert set(prompts) == {1, 2, 3, 7}


def test_interjection_refuses_a_cycle_and_shows_it() -> None:
    paper = Paper().add(1).add(2, 1).add(3, 2)
    with pytest.raises(Refused, match="01 → 02 → 03 → new → 01") as refusal:
        plan_interjection(paper.snapshot(), Interjection("x", after=(3,), before=(1,)))
    assert "run-after" in refusal.value.remedy
    with pytest.raises(Refused, match="02 → new → 02"):
        plan_interjection(paper.snapshot(), Interjection("x", after=(2,), before=(2,)))


@given(any_prompts(), st.data())
def test_a_cycle_that_a_new_prompt_would_close_is_a_way_through_the_graph(
    prompts: list[Prompt], data: st.DataObject
) -> None:
    graph = Graph.of(prompts)
    some = st.lists(st.sampled_from(graph.nodes or (1,)), unique=True, max_size=3)
    after, before = data.draw(some), data.draw(some)
    path = closed_cycle(graph, after, before)
    closes = any(late == early or late in graph.ancestors(early) for late in before for early in after)
    assert bool(path) == closes
    if path:
        assert path[0] in before
        assert path[-1] in after
        assert all(first in graph.dependencies[second] for first, second in pairwise(path))


def test_interjection_before_a_done_prompt_is_refused_and_names_what_can_still_wait() -> None:
    paper = Paper().add(1, status="done").add(2, 1)
    with pytest.raises(Refused, match="01 is done") as refusal:
        plan_interjection(paper.snapshot(), Interjection("x", before=(1,)))
    assert "02" in refusal.value.remedy


def test_interjection_refuses_a_number_that_is_not_there_and_names_the_nearest() -> None:
    with pytest.raises(Refused, match="no prompt 09") as refusal:
        plan_interjection(Paper().add(1).add(2).snapshot(), Interjection("x", after=(9,)))
    assert "02" in refusal.value.remedy


def test_interjection_refuses_a_body_without_criteria_where_they_are_demanded() -> None:
    snapshot = Paper(settings=Settings(require_criteria=True)).add(1).snapshot()
    with pytest.raises(Refused, match="acceptance criteria"):
        plan_interjection(snapshot, Interjection("x", after=(1,), body="## Tasks\n- a\n"))
    body = "## Tasks\n- a\n\n## Acceptance Criteria\n\n- b\n"
    assert plan_interjection(snapshot, Interjection("x", after=(1,), body=body)).number == 2


def test_interjection_needs_a_title() -> None:
    with pytest.raises(UsageError, match="title"):
        plan_interjection(Paper().add(1).snapshot(), Interjection("  \n "))


def running() -> Paper:
    paper = Paper().add(1).add(2, 1, status="in_progress", attempts=1).add(3, 2)
    paper.attempt(attempt(2, StepState.RUNNING))
    return paper


def test_a_run_before_prompt_in_progress_demands_a_choice() -> None:
    with pytest.raises(NeedsChoice, match="02 is in progress") as refusal:
        plan_interjection(running().snapshot(), Interjection("x", before=(2,)))
    assert "finish" in refusal.value.remedy
    assert "kill" in refusal.value.remedy


def test_killing_the_run_before_prompt_queues_it_behind_the_new_one() -> None:
    paper = running()
    plan = plan_interjection(paper.snapshot(), Interjection("x", before=(2,), running="kill"))
    assert plan.effects[0] == Kill(2, 1, "requeue", "interjection")
    paper.apply(plan)
    assert paper.prompts()[2].dependencies == (1, 4)


def test_letting_the_run_before_prompt_finish_holds_back_what_follows_it() -> None:
    paper = running()
    plan = plan_interjection(paper.snapshot(), Interjection("x", before=(2,), running="finish"))
    assert not [effect for effect in plan.effects if isinstance(effect, Kill)]
    paper.apply(plan)
    assert paper.prompts()[2].dependencies == (1,)
    assert paper.prompts()[3].dependencies == (2, 4)


def test_an_interjection_that_fixes_earlier_work_is_a_user_patch() -> None:
    paper = Paper().add(1, status="done").add(2, 1)
    request = Interjection("x", after=(1,), before=(2,), fixes=(1,), priority=Priority.HIGH)
    paper.apply(plan_interjection(paper.snapshot(), request))
    made = paper.prompts()[3]
    assert (made.type, made.patches_prompts, made.priority) == (PromptType.USER_PATCH, (1,), Priority.HIGH)


def test_the_reason_goes_to_the_alignment_document_and_the_held_prompt_but_not_into_done_ones() -> None:
    paper = Paper().add(1, status="done").add(2, 1)
    done = paper.prompts()[1].source
    request = Interjection(
        "x", before=(2,), fixes=(1,), reason="clock stepped back", who="ada", at="2026-03-01T10:00:00Z"
    )
    paper.apply(plan_interjection(paper.snapshot(), request))
    assert paper.prompts()[1].source == done
    assert b"clock stepped back" in paper.prompts()[2].source
    assert paper.files[ALIGNMENT].count(b"clock stepped back") == 2


def test_a_number_that_was_deleted_is_never_used_again() -> None:
    paper = Paper().add(1)
    snapshot = replace(paper.snapshot(), highest_number=41)
    assert plan_interjection(snapshot, Interjection("x")).number == 42
