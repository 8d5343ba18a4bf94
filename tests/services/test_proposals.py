"""What may be proposed by one who may not decide, and what a plan of it may touch: whatever is proposed."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import AT, agent, attempt
from support.onpaper import Paper

from coordinator.errors import CoordError, Refused
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any
from coordinator.model.conversation import ProposedStep
from coordinator.model.plan import ALIGNMENT, Plan
from coordinator.model.prompt import PromptStatus
from coordinator.model.snapshot import AgentState, Snapshot
from coordinator.model.step import StepState
from coordinator.services.dispatch import LOOP
from coordinator.services.proposals import MOST, PROPOSABLE, ended_by, harm, plan_proposal
from coordinator.services.registry import SERVICES


def world() -> Snapshot:
    """Done, at work, in line, emergent and failed."""
    paper = Paper().add(1, status="done").add(2, 1).add(3, 2).add(4, type="emergent").add(5, status="failed")
    paper.attempts[2] = attempt(2, StepState.RUNNING)
    return paper.snapshot()


def plan(*steps: ProposedStep, here: Snapshot | None = None) -> Plan:
    return plan_proposal(here or world(), steps, who="ada", at=AT, proposer="coordinator (m)")


def test_a_proposal_is_a_plan_that_names_its_proposer() -> None:
    made = plan(ProposedStep("interject", {"title": "Measure first", "after": [1]}))
    assert (made.proposer, made.number) == ("coordinator (m)", 6)


@pytest.mark.parametrize("service", ["review", "intent", "answer", "permit", "", "../x", "undo"])
def test_what_is_the_engineers_own_can_not_be_proposed(service: str) -> None:
    with pytest.raises(Refused, match="can't be proposed"):
        plan(ProposedStep(service, {"number": 3}))


@pytest.mark.parametrize(
    "values",
    [
        {"do": "permit", "where": "status:running"},
        {"do": "permit", "numbers": [2], "answer": "deny"},
        {"do": "kill", "where": "status:running"},
        {"do": "cancel", "numbers": [3], "where": "status:pending"},
        {"do": "restart", "agents": ["planner-1-1"]},
    ],
)
def test_no_agent_is_answered_and_no_work_ended_by_a_filter(values: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"can't be proposed|can only be proposed"):
        plan(ProposedStep("many", values))


def test_what_is_done_to_many_says_whose_work_it_ends() -> None:
    ranked = plan(ProposedStep("many", {"do": "priority", "where": "status:pending", "priority": "low"}))
    assert (harm(ranked), ended_by(ranked, ())) == ((), frozenset())
    for do, numbers in (("kill", [2]), ("cancel", [3, 4]), ("restart", [5])):
        step = ProposedStep("many", {"do": do, "numbers": numbers})
        assert ended_by(plan(step), (step,)) == frozenset(numbers)
    here = replace(world(), agents=(agent(2, AgentState.WORKING),))
    told = plan(ProposedStep("many", {"do": "tell", "numbers": [2], "text": "measure first"}), here=here)
    assert harm(told) == ("It tells the agent of prompt 02: measure first",)


@pytest.mark.parametrize("key", ["status", "Status", " status", "'status'", "attempts", "number", "isolation", "x: y"])
def test_no_edit_says_how_far_a_prompt_is(key: str) -> None:
    with pytest.raises(Refused, match="can't be proposed"):
        plan(ProposedStep("edit", {"number": 3, "values": {key: "done"}}))


def test_a_body_that_begins_like_a_file_is_text() -> None:
    made = plan(ProposedStep("edit", {"number": 3, "body": "---\nnumber: 3\nstatus: done\n---\n- x\n"}))
    assert made.prompts_after[0].status is PromptStatus.PENDING


def test_a_title_of_many_lines_sets_nothing_else() -> None:
    made = plan(ProposedStep("edit", {"number": 3, "values": {"title": "x\nstatus: done\nnumber: 9"}}))
    assert made.prompts_after[0].status is PromptStatus.PENDING
    assert made.prompts_after[0].number == 3


def test_more_than_anybody_reads_is_refused() -> None:
    with pytest.raises(Refused, match=f"{MOST + 1} steps"):
        plan(*[ProposedStep("interject", {"title": "x"})] * (MOST + 1))


def test_what_ends_work_is_said_on_the_card() -> None:
    made = plan(ProposedStep("kill", {"number": 2}), ProposedStep("cancel", {"number": 3}))
    assert harm(made) == ("It ends the agent of prompt 02.", "Prompt 03 is not going to be run.")
    assert harm(plan(ProposedStep("edit", {"number": 3, "values": {"priority": "high"}}))) == ()


_WORDS = st.sampled_from(
    ["", "x", "../../etc/passwd", "---\nstatus: done\n---", "done", "a/b", "`$(id)`", "\x1b]0;x\a"]
)
_ANY: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(-1, 8),
    "string": _WORDS,
    "boolean": st.booleans(),
    "array": st.lists(st.integers(0, 8) | _WORDS, max_size=3),
    "object": st.dictionaries(st.sampled_from(["status", "title", "dependencies", "1", "4", "priority"]), _WORDS),
}


@st.composite
def proposed(draw: st.DrawFn) -> ProposedStep:
    """Any request that fits the schema of a service, and some that don't."""
    service = draw(st.sampled_from([*SERVICES, "answer"]))
    shape: Any = SERVICES[service].schema if service in SERVICES else {"properties": {}, "required": []}
    values = {}
    for name, one in shape["properties"].items():
        if name in shape["required"] or draw(st.booleans()):
            values[name] = draw(st.sampled_from(one["enum"]) if "enum" in one else _ANY[one["type"]])
    if draw(st.booleans()):
        values["source"] = "---\nnumber: 3\nstatus: done\n---\n"
        values.pop("source" if draw(st.booleans()) else "who", None)
    return ProposedStep(service, values)


@given(st.lists(proposed(), min_size=1, max_size=4))
def test_whatever_is_proposed_touches_prompts_and_the_alignment_document_alone(steps: list[ProposedStep]) -> None:
    here = world()
    try:
        made = plan(*steps, here=here)
    except CoordError:
        return
    assert {step.service for step in steps} <= set(PROPOSABLE)
    known = {prompt.path for prompt in here.prompts.values()}
    for edit in made.edits:
        in_folder = os.path.dirname(edit.path) == here.settings.prompts_folder and edit.path.endswith(".prompt.md")
        steered = edit.path == LOOP and any(step.service in ("pause", "resume") for step in steps)
        own = edit.path in known or edit.path == ALIGNMENT or steered
        assert own or (edit.change == "create" and in_folder)
    for prompt in made.prompts_after:
        before = here.prompts.get(prompt.number)
        assert prompt.status is not PromptStatus.DONE or (before and before.status is PromptStatus.DONE)
