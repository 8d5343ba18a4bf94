"""What becomes of a Planner's decision: asked about where that is wanted, then carried out, or refused in words."""

from typing import Any

import pytest
from support.build import attempt, question, snapshot

from coordinator.lazy.dataclass import replace
from coordinator.loop.actions import ApplyDecision, AskOver, RefuseDecision
from coordinator.loop.rules.decisions import carry_out
from coordinator.model.decisions import APPLY, REFUSE
from coordinator.model.round import Decided, Decision, Phase, Round
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Question, Snapshot
from coordinator.model.step import StepState
from coordinator.model.work import flow_work

WORK = flow_work(2, "planner")
PLAN = {
    "attempt": 3,
    "prompts": [{"title": "Close\nthe hole", "dependencies": [1, "helper"]}, {"title": "A helper", "key": "helper"}],
    "edits": [{"number": 3, "set": {"title": "x", "priority": "low"}}],
    "cancel": [4, 5],
    "feedback": [{"number": 6, "status": "backlog"}],
    "learnings": "- start small",
}
DECIDED = Decided(Decision.CONTINUE, "there is a hole", 77, "planner-2-3", 2, intent="Close it.", plan=PLAN)


def look(decided: Decided | None = DECIDED, *questions: Question, wanted: str = "auto", **more: Any) -> Snapshot:
    there = Round(2, Phase.PLANNING, decided=decided)
    last = replace(attempt(1, StepState.MERGED, 3), work=WORK)
    more.setdefault("alive", True)
    made = snapshot((), round=there, flows={WORK: last}, settings=Settings(planner_plans=wanted), questions=questions)
    return replace(
        made, **{k: v for k, v in more.items() if k != "alive"}, loop=replace(made.loop, alive=more["alive"])
    )


def asked(answer: str | None = None, about: str = "plan:77") -> Question:
    return question(None, about=about, answer=answer, answered="" if answer is None else "then")


def test_a_decision_that_nobody_has_to_confirm_is_carried_out() -> None:
    assert list(carry_out(look(), 0)) == [ApplyDecision(WORK, 3, 77)]


def test_one_that_a_human_confirms_is_asked_about_once_with_all_that_it_holds() -> None:
    (ask,) = carry_out(look(wanted="all"), 0)
    assert isinstance(ask, AskOver)
    assert (ask.subject, ask.about, ask.options) == ("flow:planner/2", "plan:77", (APPLY, REFUSE))
    assert ask.text == "The Planner of iteration 2 has a plan: Close it. Apply it?"
    assert ask.context.splitlines() == [
        "there is a hole",
        "",
        "+ Close the hole, after 1, helper",
        "+ A helper",
        "~ 3: title, priority",
        "- cancel 4, 5",
        "· finding 6: backlog",
        "· new text of learnings.md",
    ]
    assert list(carry_out(look(DECIDED, asked(), wanted="all"), 0)) == []
    assert isinstance(next(carry_out(look(DECIDED, asked(about="plan:7"), wanted="all"), 0)), AskOver)


@pytest.mark.parametrize("answer", [APPLY, "yes", " Apply "])
def test_a_yes_carries_it_out(answer: str) -> None:
    assert list(carry_out(look(DECIDED, asked(answer), wanted="all"), 0)) == [ApplyDecision(WORK, 3, 77)]


@pytest.mark.parametrize("answer", [REFUSE, "leave 4 alone", "yes, but smaller"])
def test_anything_else_is_the_reason_that_the_next_planner_is_told(answer: str) -> None:
    found = list(carry_out(look(DECIDED, asked(answer), wanted="all"), 0))
    assert found == [RefuseDecision(WORK, 3, 77, answer)]


@pytest.mark.parametrize(
    "done", [None, replace(DECIDED, applied="p"), replace(DECIDED, refused=("no",)), replace(DECIDED, plan={})]
)
def test_nothing_is_left_to_do_for_what_is_carried_out_or_refused_or_changes_nothing(done: Decided | None) -> None:
    assert list(carry_out(look(done), 0)) == []


def test_nothing_is_carried_out_without_a_loop_or_while_a_plan_is_half_way() -> None:
    assert list(carry_out(look(alive=False), 0)) == []
    assert list(carry_out(look(unfinished=True), 0)) == []


def test_a_question_tells_a_long_plan_in_part() -> None:
    many = {"prompts": [{"title": f"T{n}"} for n in range(100)], "edits": "garbage", "cancel": 3, "feedback": [1]}
    (ask,) = carry_out(look(replace(DECIDED, plan=many), wanted="all"), 0)
    assert isinstance(ask, AskOver)
    assert ask.context.splitlines()[-1] == "and 40 more"
