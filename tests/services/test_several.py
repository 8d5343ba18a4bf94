"""Requests to several services as one plan: what comes of it is what comes of one after the other."""

from collections.abc import Mapping

import pytest
from support.build import AT, attempt
from support.onpaper import Paper

from coordinator.errors import Refused, UsageError
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.plan import Kill, Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.services.several import StepRefused, before_step, plan_several


class Step(NamedTuple):
    service: str
    values: Mapping[str, Any]


def plan(snapshot: Snapshot, *steps: Step, proposer: str = "") -> Plan:
    return plan_several(snapshot, steps, who="ada", at=AT, proposer=proposer)


FIVE = (
    Step("interject", {"title": "Measure first", "before": [2], "reason": "numbers before opinions"}),
    Step("edit", {"number": 4, "values": {"dependencies": "1"}, "feedback": "the new one goes first"}),
    Step("edit", {"number": 2, "values": {"priority": "high"}}),
    Step("patch", {"title": "Mend the clock", "fixes": [1], "before_dependents": True}),
    Step("cancel", {"number": 3, "reason": "nobody wants it"}),
)


def five() -> Paper:
    return Paper().add(1, status="done").add(2, 1).add(3).add(4)


def test_five_steps_are_one_plan_that_writes_what_the_five_would_write() -> None:
    whole, single = five(), five()
    made = plan(whole.snapshot(), *FIVE, proposer="coordinator (m)")
    whole.apply(made)
    for step in FIVE:
        single.apply(plan(single.snapshot(), step))
    assert whole.files == single.files
    assert len({edit.path for edit in made.edits}) == len(made.edits)
    assert (made.service, made.proposer, made.number) == ("several", "coordinator (m)", 5)
    assert made.summary.startswith("5 steps: ")
    assert (made.order_before, made.order_after) == ((1, 2, 3, 4), (1, 6, 4, 5, 2))
    assert {prompt.number for prompt in made.prompts_after} == {2, 3, 4, 5, 6}
    assert "numbers before opinions" in made.reason


def test_a_later_step_is_planned_on_what_an_earlier_one_makes() -> None:
    paper = five()
    new = Step("interject", {"title": "Then this", "after": [5]})
    made = plan(paper.snapshot(), FIVE[0], new)
    paper.apply(made)
    assert paper.prompts()[6].dependencies == (5,)
    assert 5 in before_step(five().snapshot(), (FIVE[0], new), 1, who="ada", at=AT).prompts
    assert 5 not in before_step(five().snapshot(), (FIVE[0], new), 0, who="ada", at=AT).prompts


def test_one_step_is_the_services_own_plan() -> None:
    made = plan(five().snapshot(), FIVE[2], proposer="coordinator")
    assert (made.service, made.proposer, [e.path for e in made.edits]) == (
        *("edit", "coordinator"),
        [five().path_of(2)],
    )


def test_the_step_that_is_refused_is_named() -> None:
    with pytest.raises(StepRefused, match=r"step 2 \(cancel\): there is no prompt 77") as refused:
        plan(five().snapshot(), FIVE[0], Step("cancel", {"number": 77}))
    assert refused.value.place == 1
    with pytest.raises(StepRefused, match="nobody asks for `colour`"):
        plan(five().snapshot(), Step("cancel", {"number": 3}), Step("edit", {"number": 2, "colour": "red"}))


def test_what_is_no_service_and_nothing_at_all_can_not_be_planned() -> None:
    with pytest.raises(UsageError, match="no service 'answer'"):
        plan(five().snapshot(), Step("answer", {"question": "2"}))
    with pytest.raises(UsageError, match="nothing to plan"):
        plan(five().snapshot())


def test_one_agent_is_ended_once() -> None:
    paper = five().attempt(attempt(2, StepState.RUNNING))
    kill = Step("kill", {"number": 2, "then": "hold"})
    with pytest.raises(Refused, match=r"step 2 \(kill\)"):
        plan(paper.snapshot(), kill, kill)
    cancel = Step("cancel", {"number": 2, "kill_running": True})
    assert [type(effect) for effect in plan(paper.snapshot(), cancel, FIVE[2]).effects].count(Kill) == 1


def test_what_a_step_takes_back_again_is_no_edit() -> None:
    paper = five()
    made = plan(
        paper.snapshot(),
        Step("edit", {"number": 2, "values": {"priority": "high"}}),
        Step("edit", {"number": 2, "values": {"priority": "medium"}}),
        Step("edit", {"number": 4, "values": {"priority": "low"}}),
    )
    assert [edit.path for edit in made.edits] == [paper.path_of(4)]
