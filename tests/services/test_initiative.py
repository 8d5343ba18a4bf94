"""A Planner's plan: taken as a whole, or refused with every reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import any_prompts, attempt
from support.onpaper import Paper

from coordinator.formats.feedback_text import read, render
from coordinator.lazy.dataclass import replace
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.graph import Graph
from coordinator.model.plan import Record
from coordinator.model.prompt import Priority, PromptStatus, PromptType
from coordinator.model.round import Phase, Round, Unexplained
from coordinator.model.settings import Settings
from coordinator.model.step import StepState
from coordinator.services.initiative import LEARNINGS, Initiative, PlanRefused, plan_initiative

BODY = "## Tasks\n\n- do it\n\n## Acceptance Criteria\n\n- it is done\n"
CONTINUE = {"decision": "CONTINUE", "reason": "on we go"}


def finding(number: int, priority: Priority = Priority.HIGH, **values: Any) -> Feedback:
    item = Feedback(number, f"Finding number {number}", priority, **values)
    path = f".coord/feedback/{number:03d}-x.md"
    found = read(render(item), path, number)
    assert isinstance(found, Feedback)
    return found


def request(findings: tuple[Feedback, ...] = (), there: bytes | None = None, **given_: Any) -> Initiative:
    return Initiative({**CONTINUE, **given_}, findings, there, "planner-2-1", 77)


def new(title: str, **values: Any) -> dict[str, Any]:
    return {"title": title, "body": BODY, **values}


def reasons(paper: Paper, asked: Initiative) -> str:
    with pytest.raises(PlanRefused) as refusal:
        plan_initiative(paper.snapshot(), asked)
    assert "mend all of that" in refusal.value.remedy
    return "\n".join(refusal.value.reasons)


def kinds(effects: Any) -> list[tuple[str, str]]:
    return [(effect.kind, effect.subject) for effect in effects if isinstance(effect, Record)]


def test_a_pipeline_that_there_is_none_of_is_refused_with_those_that_there_are() -> None:
    paper = Paper().add(1).add(2)
    prompts, edits = [new("One", pipeline="biuld")], [{"number": 1, "set": {"pipeline": "nonesuch"}}]
    asked = replace(request(prompts=prompts, edits=edits), pipelines=["build", "staged"])
    said = reasons(paper, asked)
    assert "there is no pipeline `biuld`, one of direct, build, staged" in said
    assert "there is no pipeline `nonesuch`" in said
    good = request(prompts=[new("One", pipeline="build")], edits=[{"number": 1, "set": {"pipeline": "direct"}}])
    assert (
        reasons(paper, replace(good, pipelines=[])) == "new prompt `One`: there is no pipeline `build`, one of direct"
    )


def test_one_plan_makes_edits_cancels_resolves_and_curates() -> None:
    paper = Paper().add(1, status="done").add(2, 1).add(3, 2).add(4)
    asked = request(
        (finding(5), finding(6, Priority.LOW)),
        b"old\n",
        intent="Close the hole.",
        prompts=[
            new("Refuse negative costs", key="refuse", priority="high", resolves=[5], dependencies=["helper", 2]),
            new("A helper", key="helper", parent=2, agent="codex", model="big", type="review-fix"),
        ],
        edits=[
            {"number": 3, "set": {"dependencies": [2, "refuse"], "priority": "low", "body": "## Tasks\n\n- other\n"}}
        ],
        cancel=[4],
        feedback=[{"number": 6, "status": "backlog", "reason": "not now"}],
        learnings="- Use the fake clock. #time\n- Start small.",
    )
    plan = plan_initiative(paper.snapshot(), asked)
    assert plan.order_after == (1, 2, 6, 5, 3)
    assert (plan.decision, plan.number, plan.reason) == (77, 5, "on we go")
    assert plan.summary == "CONTINUE: 2 new prompts, 1 edit, 1 cancellation, 2 findings, learnings; Close the hole."
    assert kinds(plan.effects) == [
        ("prompt.created", "prompt:5"),
        ("prompt.created", "prompt:6"),
        ("prompt.edited", "prompt:3"),
        ("prompt.edited", "prompt:4"),
        ("prompt.cancelled", "prompt:4"),
        ("feedback.planned", "feedback:5"),
        ("feedback.planned", "feedback:6"),
        ("learning.curated", "milestone"),
    ]
    edits = {edit.path: edit for edit in plan.edits}
    assert edits[LEARNINGS].content == b"- Use the fake clock. #time\n- Start small.\n"
    files = {path: edit.content for path, edit in edits.items() if "/feedback/" in path}
    judged = {n: read(files[f".coord/feedback/{n:03d}-x.md"], "", n) for n in (5, 6)}
    assert judged[5] == replace(finding(5), status=FeedbackStatus.PLANNED, prompts=(5,))
    assert judged[6] == replace(finding(6, Priority.LOW), status=FeedbackStatus.BACKLOG, reason="not now")
    for path in [path for path in edits if "/prompts/" not in path]:
        plan = replace(plan, edits=tuple(edit for edit in plan.edits if edit.path != path))
    paper.apply(plan)
    after = paper.prompts()
    assert after[5].dependencies == (6, 2)
    assert (after[5].priority, after[5].created_by, after[5].type) == (Priority.HIGH, "planner-2-1", PromptType.PLANNED)
    assert (after[6].parent, after[6].agent, after[6].model) == (2, "codex", "big")
    assert after[6].type is PromptType.REVIEW_FIX
    assert (after[3].dependencies, after[3].priority) == ((2, 5), Priority.LOW)
    assert after[3].source.endswith(b"---\n\n## Tasks\n\n- other\n")
    assert after[4].status is PromptStatus.CANCELLED


def test_every_reason_is_told_at_once() -> None:
    paper = Paper(settings=Settings(max_prompts=2)).add(1, status="done").add(2).add(3, status="cancelled")
    paper.attempt(attempt(2, StepState.RUNNING))
    said = reasons(
        paper,
        request(
            (finding(1, status=FeedbackStatus.WAIVED, reason="x"), finding(2)),
            prompts=[
                new("One", key="a", dependencies=["b"], resolves=[1, 9]),
                new("Two", key="b", dependencies=["a", "c", 44]),
                new("Three", key="a"),
                new("Four", key="7", agent="no such agent!", parent=50),
                new("Five", key="five", model="--yolo"),
            ],
            edits=[
                {"number": 1, "set": {"title": "other"}},
                {"number": 2, "set": {"title": "other"}},
                {"number": 2, "set": {"status": "done"}},
                {"number": 60, "set": {"title": "other"}},
            ],
            cancel=[1, 3, 61],
            feedback=[{"number": 2, "status": "backlog"}],
        ),
    )
    for reason in (
        "5 new prompts are more than one plan may have: 2 (max_prompts)",
        "new prompt `a`: its key is another one's too",
        "new prompt `7`: a key that is a number would be taken for a prompt",
        "new prompt `b`: it depends on `c`, 44, which is neither a prompt nor a key of this plan",
        "new prompt `7`: there is no prompt 50",
        "new prompt `five`: the new prompt would not be readable: model: `--yolo` is no name of a model",
        "edit of 01: it is done, and done work is never edited",
        "edit of 02: it is edited twice",
        "edit of 02: prompt 02 is in progress (executor-02-1)",
        "edit of 60: there is no prompt 60",
        "cancelling 01: it is done, and done work is never cancelled",
        "cancelling 03: it is cancelled",
        "cancelling 61: there is no prompt 61",
        "finding 001: a human waived it",
        "finding 009: there is none of that number",
        "finding 002: it is high: only a human puts that off",
    ):
        assert reason in said


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (
            {"prompts": [new("A", key="a", dependencies=["b"]), new("B", key="b", dependencies=["a"])]},
            "that is a cycle: ",
        ),
        ({"edits": [{"number": 2, "set": {"dependencies": [3]}}]}, "that is a cycle: "),
        ({"edits": [{"number": 2, "set": {"model": "--yolo"}}]}, "`--yolo` is no name of a model"),
        ({"edits": [{"number": 2, "set": {"number": 9}}]}, "`number` is not for a Planner to set"),
        (
            {"edits": [{"number": 2, "set": {"validation_suites": []}}]},
            "`validation_suites` is not for a Planner to set",
        ),
        ({"edits": [{"number": 2, "set": {"trivial": "true"}}]}, "`trivial` is not for a Planner to set"),
        ({"edits": [{"number": 2, "set": {"status": "done"}}]}, "its status is not for a Planner to say"),
        ({"edits": [{"number": 2, "set": {"status": "pending"}}]}, "it is pending, and runs by itself"),
        ({"edits": [{"number": 2, "set": {"priority": "urgent"}}]}, "it would not be readable"),
        ({"edits": [{"number": 2, "set": {"title": "Prompt 2"}}]}, "it already says that"),
        ({"edits": [{"number": 2, "set": {"dependencies": ["x"]}}]}, "it depends on `x`, which is neither"),
        ({"edits": [{"number": 2, "set": {"title": "T"}}], "cancel": [2]}, "it is edited by the same plan"),
        ({"prompts": [new(" ")]}, "the title is empty"),
        ({"prompts": [new("A", pipeline="no/such")]}, "would not be readable"),
        ({"feedback": [{"number": 1, "status": "planned"}]}, "no prompt of this plan has it in `resolves`"),
        ({"feedback": [{"number": 1, "status": "planned"}] * 2}, "a finding is named twice"),
        ({"cancel": [2, 3]}, "CONTINUE leaves nothing to be done"),
        ({"decision": "STUCK"}, "STUCK needs a `blocker`"),
        ({"decision": "STUCK", "blocker": "a key", "prompts": [new("A")]}, "STUCK goes with no new prompts"),
        (
            {"decision": "DONE", "edits": [{"number": 2, "set": {"title": "T"}}], "cancel": [3]},
            "DONE goes with no edits nor",
        ),
    ],
)
def test_what_a_planner_may_not_do(asked: dict[str, Any], why: str) -> None:
    assert why in reasons(Paper().add(1, status="done").add(2).add(3, 2), request((finding(1),), **asked))


def test_what_landed_before_does_not_make_a_finding_that_was_opened_again_planned() -> None:
    paper = Paper().add(1, status="done").add(2, status="cancelled").add(3)
    again = {"feedback": [{"number": 5, "status": "planned"}]}
    said = reasons(paper, request((finding(5, prompts=(1, 2, 99)),), **again))
    assert "finding 005: no prompt of this plan has it in `resolves`" in said
    cancelled = reasons(paper.add(4), request((finding(5, prompts=(1, 3)),), cancel=[3], **again))
    assert "finding 005: no prompt of this plan has it in `resolves`" in cancelled


def test_a_prompt_that_is_yet_to_come_makes_a_finding_planned_and_is_the_newest_of_its_prompts() -> None:
    paper = Paper().add(1, status="done").add(2)
    asked = request((finding(5, prompts=(2, 1)),), feedback=[{"number": 5, "status": "planned"}])
    (edit,) = plan_initiative(paper.snapshot(), asked).edits
    judged = read(edit.content, "", 5)
    assert isinstance(judged, Feedback)
    assert (judged.status, judged.prompts) == (FeedbackStatus.PLANNED, (1, 2))


@pytest.mark.parametrize(
    ("made", "humans"),
    [
        ({"created_by": "ada"}, True),
        ({"type": "user-patch", "patches_prompts": (1,)}, True),
        ({"type": "user-patch", "patches_prompts": (1,), "created_by": "planner-1-1"}, False),
        ({"created_by": "executor-07-2"}, False),
        ({"created_by": "planner"}, False),
        ({}, False),
    ],
)
def test_what_a_human_asked_for_is_neither_given_up_nor_made_another_task(made: dict[str, Any], humans: bool) -> None:
    paper = Paper().add(1, status="done").add(2, **made).add(3)

    def taken(**asked: Any) -> bool:
        try:
            return bool(plan_initiative(paper.snapshot(), request(**asked)).edits)
        except PlanRefused as refusal:
            return "a human asked for it" not in str(refusal)

    def edit(key: str, value: Any) -> dict[str, Any]:
        return {"edits": [{"number": 2, "set": {key: value}}]}

    assert taken(cancel=[2]) is not humans
    assert taken(**edit("body", "## Tasks\n\n- nothing\n")) is not humans
    assert taken(**edit("title", "Nothing")) is not humans
    assert taken(**edit("priority", "high"))
    assert taken(**edit("dependencies", [3]))


def test_what_a_human_asked_for_and_failed_may_be_told_better_and_is_still_not_given_up() -> None:
    paper = Paper().add(1, created_by="ada", status="failed", attempts=1).attempt(attempt(1, StepState.FAILED)).add(2)
    edits = [{"number": 1, "set": {"body": "## Tasks\n\n- do it so\n", "status": "pending"}}]
    assert plan_initiative(paper.snapshot(), request(edits=edits)).edits
    assert "a human asked for it" in reasons(paper, request(cancel=[1]))


def test_criteria_are_demanded_where_the_project_does() -> None:
    paper = Paper(settings=Settings(require_criteria=True)).add(1)
    assert "demands acceptance criteria" in reasons(paper, request(prompts=[{"title": "A", "body": "just do it"}]))


def test_what_failed_may_run_again_unless_a_human_holds_it() -> None:
    paper = Paper().add(1, status="failed", attempts=1).attempt(attempt(1, StepState.FAILED))
    asked = request(edits=[{"number": 1, "set": {"status": "pending"}}])
    paper.apply(plan_initiative(paper.snapshot(), asked))
    assert paper.snapshot().steps[1].state is StepState.PENDING
    held = Paper().add(1, status="failed", attempts=1).attempt(attempt(1, StepState.FAILED, held=True))
    assert "it is held until a human lets it go on" in reasons(held, asked)


def test_learnings_that_say_the_same_change_nothing() -> None:
    paper = Paper().add(1)
    assert plan_initiative(paper.snapshot(), request(there=b"- a\n")).edits == ()
    same = Initiative({**CONTINUE, "learnings": "- a\n"}, (), b"- a\n")
    assert plan_initiative(paper.snapshot(), same).effects == ()


NUMBERS = st.integers(1, 16)
NAMES = st.sampled_from(["a", "b", "c", "nobody"])


@st.composite
def initiatives(draw: st.DrawFn) -> dict[str, Any]:
    """Whatever a Planner may come upon."""
    some = st.lists(NUMBERS | NAMES, max_size=3)
    made = [new(f"New {i}", key=draw(NAMES), dependencies=draw(some)) for i in range(draw(st.integers(0, 3)))]
    changes = st.fixed_dictionaries(
        {"title": st.sampled_from(["T", "U"])},
        optional={"dependencies": some, "status": st.sampled_from(["done", "pending"]), "priority": st.just("high")},
    )
    edits = [{"number": draw(NUMBERS), "set": draw(changes)} for _ in range(draw(st.integers(0, 2)))]
    return {"prompts": made, "edits": edits, "cancel": draw(st.lists(NUMBERS, max_size=2))}


@given(prompts=any_prompts(), asked=initiatives(), data=st.data())
def test_no_plan_touches_what_is_done_or_at_work_nor_closes_a_cycle(
    prompts: Any, asked: dict[str, Any], data: st.DataObject
) -> None:
    paper = Paper()
    for prompt in prompts:
        status = data.draw(st.sampled_from(["pending", "done", "cancelled", "failed"]))
        paper.add(prompt.number, *prompt.dependencies, status=status)
        if status == "pending" and data.draw(st.booleans()):
            paper.attempt(
                attempt(prompt.number, data.draw(st.sampled_from([StepState.RUNNING, StepState.CHANGE_OPEN])))
            )
    before = paper.snapshot()
    try:
        plan = plan_initiative(before, request(**asked))
    except PlanRefused:
        return
    fixed = [n for n, step in before.steps.items() if step.state in (StepState.MERGED, StepState.SKIPPED)]
    fixed += [n for n, step in before.steps.items() if step.state.under_way]
    touched = {edit.path for edit in plan.edits}
    assert not touched & {before.prompts[number].path for number in fixed}
    paper.apply(plan)
    after = paper.snapshot()
    old = {frozenset(cycle) for cycle in before.graph.cycles}
    assert {frozenset(cycle) for cycle in Graph.of(after.prompts.values()).cycles} <= old
    assert set(before.prompts) <= set(after.prompts)
    new_ones = set(after.prompts) - set(before.prompts)
    assert all(d in after.prompts for number in new_ones for d in after.prompts[number].dependencies)


def failed_twice() -> Paper:
    """Prompt 2 failed twice in the same way, and nobody looks into it."""
    paper = Paper().add(1, status="done").add(2, 1, status="failed").add(3, 1)
    paper.round = Round(3, Phase.PLANNING, unexplained=(Unexplained("no compiler is there", (2,)),))
    return paper


AGAIN: dict[str, Any] = {"number": 2, "set": {"status": "pending"}}
WHY = (
    "02 failed twice in the same way (no compiler is there): before anything else, plan one prompt of `type: emergent`"
)


@pytest.mark.parametrize(
    "given_",
    [
        {"edits": [AGAIN]},
        {"cancel": [2]},
        {"prompts": [new("The same once more", key="a")]},
        {"prompts": [new("Mend it", type="review-fix")], "edits": [AGAIN]},
    ],
)
def test_what_failed_twice_is_looked_into_before_anything_is_planned(given_: dict[str, Any]) -> None:
    assert WHY in reasons(failed_twice(), request(**given_))


def test_what_is_tried_again_waits_for_the_prompt_that_finds_out_why() -> None:
    paper, why = failed_twice(), new("Find out why", key="why", type="emergent")
    assert plan_initiative(paper.snapshot(), request(prompts=[why])).number == 4
    assert "02 failed twice in the same way: have it depend" in reasons(paper, request(prompts=[why], edits=[AGAIN]))
    waits = {"number": 2, "set": {"status": "pending", "dependencies": [1, "why"]}}
    paper.apply(plan_initiative(paper.snapshot(), request(prompts=[why], edits=[waits])))
    assert paper.prompts()[2].dependencies == (1, 4)
    between = new("Mend it", key="mend", dependencies=["why"])
    waits = {"number": 2, "set": {"status": "pending", "dependencies": ["mend"]}}
    assert plan_initiative(failed_twice().snapshot(), request(prompts=[why, between], edits=[waits])).number == 4


def test_stuck_needs_no_look_into_what_failed() -> None:
    asked = request(decision="STUCK", blocker="a compiler is needed")
    assert plan_initiative(failed_twice().snapshot(), asked).edits == ()


@given(data=st.data())
def test_no_plan_tries_a_third_time_what_nobody_has_looked_into(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 5))
    paper = Paper()
    for number in range(1, count + 1):
        paper.add(number, status=data.draw(st.sampled_from(["failed", "pending"])))
    failed = [number for number, prompt in paper.prompts().items() if prompt.status is PromptStatus.FAILED]
    alike = data.draw(st.lists(st.sampled_from(failed), unique=True)) if failed else []
    paper.round = Round(3, Phase.PLANNING, unexplained=(Unexplained("it broke", tuple(alike)),) if alike else ())
    keys = ["a", "b"][: data.draw(st.integers(0, 2))]
    types = {key: data.draw(st.sampled_from(["emergent", "planned"])) for key in keys}
    needs = st.lists(st.sampled_from([*keys, *range(1, count + 1)]), unique=True, max_size=3)
    again = data.draw(st.lists(st.sampled_from(failed), unique=True)) if failed else []
    asked = request(
        prompts=[new(key, key=key, type=types[key], dependencies=data.draw(needs)) for key in keys],
        edits=[{"number": n, "set": {"status": "pending", "dependencies": data.draw(needs)}} for n in again],
    )
    try:
        paper.apply(plan_initiative(paper.snapshot(), asked))
    except PlanRefused:
        return
    prompts = paper.prompts()
    looks = {n for n, prompt in prompts.items() if n > count and prompt.type is PromptType.EMERGENT}
    assert looks or not alike
    graph = Graph.of(prompts.values())
    assert all(looks & graph.ancestors(number) for number in {*alike} & {*again})
