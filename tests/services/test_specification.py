"""A specification continues a milestone, changes it, or begins one; what the one before left is its backlog."""

from typing import Any

import pytest
from support.build import attempt, prompt, question, snapshot, written

from coordinator.errors import Refused, UsageError
from coordinator.formats.feedback_text import render
from coordinator.formats.frontmatter import Frontmatter, parse
from coordinator.formats.intent_text import MILESTONE, intent_of
from coordinator.formats.spec_text import read_spec
from coordinator.lazy.dataclass import replace
from coordinator.model.backlog import backlog
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.intent import PLACEHOLDER, Intent
from coordinator.model.plan import Plan, Record
from coordinator.model.prompt import Priority, PromptStatus, PromptType
from coordinator.model.snapshot import Milestone, Snapshot
from coordinator.model.spec import Likeness
from coordinator.model.step import StepState
from coordinator.model.work import flow_work
from coordinator.services.backlog import TakeOver, plan_take
from coordinator.services.specification import RunSpec, plan_run, standing

TEXT = "# Primes\n\nPrint primes.\n\n## Acceptance Criteria\n\n- 2 is printed\n- 4 is not\n\n## Notes\n\nWhatever.\n"
OTHER = "# Sorting\n\nSort a list.\n\n## Done when\n\n- [3, 1] becomes [1, 3]\n"


def ask(text: str = TEXT, **values: Any) -> RunSpec:
    return RunSpec(read_spec(text.encode(), "spec.md"), **values)


def having(document: bytes | None, *prompts: Any, status: str = "open", **values: Any) -> Snapshot:
    made = snapshot(map(written, prompts), values.pop("attempts", ()), milestone=status, **values)
    if document is None:
        return made
    front = parse(document, "")
    assert isinstance(front, Frontmatter)
    milestone = Milestone(str(front.values["title"]), status, str(front.values.get("id", "")))
    return replace(made, documents={MILESTONE: document}, milestone=milestone)


def content(plan: Plan, path: str = MILESTONE) -> bytes:
    return next(edit.content for edit in plan.edits if edit.path == path)


def front(document: bytes) -> dict[str, Any]:
    found = parse(document, "")
    assert isinstance(found, Frontmatter)
    return dict(found.values)


def kinds(plan: Plan) -> list[str]:
    return [effect.kind for effect in plan.effects if isinstance(effect, Record)]


def begun(**values: Any) -> bytes:
    """The file of a milestone made of TEXT."""
    return content(plan_run(having(None), ask(**values)))


def test_the_first_specification_makes_the_milestone_and_is_kept_whole() -> None:
    plan = plan_run(having(None), ask(budget="5"))
    document = content(plan)
    assert front(document) == {"title": "Primes", "id": "M1", "status": "open", "iterate": "true", "budget": "5"}
    assert document.decode().endswith(TEXT)
    assert intent_of(document) == Intent("Print primes.", criteria=("2 is printed", "4 is not"))
    assert kinds(plan) == ["milestone.created", "intent.set"]
    assert plan.to_json(applied=False)["likeness"] == "other"
    assert [c["id"] for c in plan.more["milestone"]["criteria"]] == ["SC-1", "SC-2"]  # type: ignore[index]


def test_a_milestone_that_nobody_filled_in_becomes_it_with_the_prompts_that_are_there() -> None:
    empty = f"---\ntitle: First milestone\nstatus: open\nowner: ann\n---\n## Goal\n\n{PLACEHOLDER}\n".encode()
    plan = plan_run(having(empty, prompt(1)), ask())
    assert [edit.path for edit in plan.edits] == [MILESTONE]
    assert front(content(plan))["owner"] == "ann"
    assert front(content(plan))["id"] == "M1"


def test_the_identical_text_continues_its_milestone_and_changes_nothing() -> None:
    plan = plan_run(having(begun(), prompt(1)), ask(logged=intent_of(begun())))
    assert not plan.edits
    assert not plan.effects
    assert plan.summary == "M1 Primes goes on"


def test_the_identical_text_leaves_what_was_edited_by_hand() -> None:
    document = begun().replace(b"- 4 is not", b"- 4 is not, nor 6", 1)
    found = standing(having(document), ask())
    assert (found.likeness, found.intent.criteria[1]) == (Likeness.IDENTICAL, "4 is not, nor 6")
    assert not plan_run(having(document), ask()).edits


def test_a_stuck_milestone_is_opened_again_by_the_same_text_and_a_done_one_by_another_word() -> None:
    document = begun().replace(b"status: open", b"status: stuck")
    plan = plan_run(having(document, status="stuck"), ask(logged=intent_of(document)))
    assert front(content(plan))["status"] == "open"
    assert kinds(plan) == ["milestone.status"]
    document = begun().replace(b"status: open", b"status: done")
    assert not plan_run(having(document, status="done"), ask(logged=intent_of(document))).edits
    plan = plan_run(having(document, status="done"), ask(TEXT + "More.\n", logged=intent_of(document)))
    assert front(content(plan))["status"] == "open"
    assert kinds(plan) == ["milestone.status", "intent.set"]


def test_a_similar_text_updates_it_and_is_the_source_of_truth() -> None:
    text = TEXT.replace("- 4 is not\n", "- 4 is not\n- 5 is\n").replace("Whatever.", "Another word.")
    plan = plan_run(having(begun(), prompt(1)), ask(text))
    document = content(plan)
    assert intent_of(document).criteria == ("2 is printed", "4 is not", "5 is")
    assert document.decode().endswith(text)
    assert b"Whatever." not in document
    assert kinds(plan) == ["intent.set"]
    assert plan.summary == "M1 Primes: its specification changes: success criteria: 1 added"
    assert "+- 5 is" in plan.edits[0].diff


def test_what_was_answered_stays_while_the_text_says_nothing_else() -> None:
    bare = "# Primes\n\nPrint primes.\n"
    first = content(plan_run(having(None), ask(bare, answers=Intent(criteria=("2 is printed",)))))
    found = standing(having(first), ask(bare + "\nFast.\n"))
    assert (found.likeness, found.intent.criteria) == (Likeness.SIMILAR, ("2 is printed",))


def test_another_text_begins_a_milestone_and_what_is_unfinished_stays_as_backlog() -> None:
    first = begun()
    prompts = (prompt(1, status=PromptStatus.DONE), prompt(2), prompt(3, 2, status=PromptStatus.FAILED))
    item = Feedback(4, "Slow on large lists", milestone="M1", path=".coord/feedback/004-slow.md")
    item = replace(item, document=render(item))
    plan = plan_run(having(first, *prompts, status="open"), ask(OTHER, findings=(item,), used=("M1",)))
    assert front(content(plan))["id"] == "M2"
    assert content(plan, ".coord/milestones/M1.md") == first
    for number in (2, 3):
        values = front(content(plan, f".coord/prompts/{number:02d}-planned-x.prompt.md"))
        assert (values["status"], values["backlog"]) == ("cancelled", "M1")
    assert front(content(plan, item.path))["status"] == "backlog"
    assert not any("/01-" in edit.path for edit in plan.edits)
    assert kinds(plan)[:2] == ["milestone.created", "intent.set"]
    assert kinds(plan).count("prompt.cancelled") == 2
    assert plan.summary == "M2 Sorting: a new milestone with 1 criterion; Primes is set aside"


def test_a_milestone_without_an_id_gets_one_when_it_is_set_aside() -> None:
    by_hand = b"---\ntitle: By hand\nstatus: open\n---\n## Goal\n\nWin.\n"
    planned = Feedback(3, "slow", status=FeedbackStatus.PLANNED, milestone="As it was called", path="f3.md")
    other = Feedback(4, "wrong", status=FeedbackStatus.WAIVED, milestone="M7", path="f4.md")
    items = tuple(replace(item, document=render(item)) for item in (planned, other))
    plan = plan_run(having(by_hand, status="done"), ask(findings=items, used=("M0", "M7")))
    assert front(content(plan))["id"] == "M9"
    assert front(content(plan, "f3.md"))["milestone"] == "M8"
    assert [edit.path for edit in plan.edits if edit.path.startswith("f")] == ["f3.md"]
    plan = plan_run(having(by_hand, status="done"), ask())
    assert front(content(plan))["id"] == "M2"
    assert front(content(plan, ".coord/milestones/M1.md")) == {"title": "By hand", "status": "done", "id": "M1"}
    told = next(effect for effect in plan.effects if isinstance(effect, Record))
    assert told.data["before"] == {"id": "M1", "title": "By hand", "status": "done"}


def test_nothing_is_set_aside_while_it_is_worked_on() -> None:
    made = having(begun(), prompt(1), attempts=[attempt(1, StepState.RUNNING)])
    with pytest.raises(Refused, match="while prompt 01 is under way"):
        plan_run(made, ask(OTHER))


def test_nothing_is_set_aside_while_a_planner_is_at_work_and_a_changed_text_names_who_read_the_old_one() -> None:
    work = flow_work(1, "planner")
    planner = attempt(1, StepState.RUNNING, work=work, agent="planner-1-1")
    made = replace(having(begun()), flows={work: planner})
    with pytest.raises(Refused, match="while planner-1-1 is at work"):
        plan_run(made, ask(OTHER))
    assert plan_run(made, ask(TEXT + "More.\n")).invalidates == ("planner-1-1 goes on with the text as it was",)
    assert not plan_run(made, ask(TEXT)).invalidates


def test_an_open_question_is_named_since_it_holds_the_new_milestone_too() -> None:
    plan = plan_run(having(begun(), questions=[question()]), ask(OTHER))
    assert plan.warnings == ("question 40 is open still, and holds the new milestone too: coord answer",)


def test_the_text_of_an_earlier_milestone_goes_on_with_what_it_had_left() -> None:
    first = begun()
    second = content(plan_run(having(first), ask(OTHER, used=("M1",))))
    left = replace(prompt(2), status=PromptStatus.CANCELLED, extra={"backlog": "M1"})
    made = having(second, prompt(1, status=PromptStatus.DONE))
    source = written(left)
    source = replace(source, source=source.source.replace(b"---\n", b"---\nbacklog: M1\n", 1), extra={"backlog": "M1"})
    made = replace(
        made,
        prompts={**made.prompts, 2: source},
        steps={**made.steps, 2: replace(made.steps[1], number=2, state=StepState.SKIPPED)},
    )
    plan = plan_run(made, ask(earlier={"M1": first}, used=("M1", "M2")))
    assert content(plan) == first
    assert content(plan, ".coord/milestones/M2.md") == second
    values = front(content(plan, ".coord/prompts/02-planned-x.prompt.md"))
    assert (values["status"], values["backlog"]) == ("pending", "")
    assert kinds(plan)[0] == "milestone.created"


def test_ids_are_never_given_twice() -> None:
    assert standing(having(begun()), ask(OTHER, used=("M1", "M7"))).id == "M8"


@pytest.mark.parametrize("text", ["# Primes\n\nPrint primes.\n", "Print primes."])
def test_a_specification_that_does_not_tell_when_it_is_done_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(UsageError, match="nothing in the specification tells when it is done") as caught:
        plan_run(having(None), ask(text))
    assert "--criterion" in caught.value.remedy


# ── the backlog


def found(number: int, title: str, **values: Any) -> Feedback:
    made = Feedback(number, title, status=FeedbackStatus.BACKLOG, path=f".coord/feedback/{number:03d}-x.md", **values)
    return replace(made, document=render(made))


def left(number: int, *dependencies: int, **values: Any) -> Any:
    return prompt(number, *dependencies, status=PromptStatus.CANCELLED, extra={"backlog": "M1"}, **values)


def kept(*prompts: Any) -> Snapshot:
    made = having(begun(), *prompts)
    return replace(
        made, prompts={n: replace(made.prompts[n], extra=p.extra) for n, p in zip(made.prompts, prompts, strict=True)}
    )


ITEMS = (
    found(1, "A caller can read another's key", category="security", priority=Priority.HIGH, issue="No check."),
    found(2, "Crash on an empty list", priority=Priority.LOW),
    found(3, "README says nothing of it", category="docs"),
    found(4, "Names differ", category="code quality"),
    found(5, "Something else"),
    Feedback(6, "Open still"),
)


def test_what_is_left_is_told_in_at_most_five_groups_the_most_urgent_first() -> None:
    groups = backlog(kept(left(1, title="Add a flag"), left(2, type=PromptType.USER_PATCH), prompt(3)), ITEMS)
    assert {group: [item.name for item in items] for group, items in groups.items()} == {
        "features": ["1"],
        "bugs": ["f1", "2", "f2"],
        "refactoring": ["f4"],
        "documentation": ["f3"],
        "rest": ["f5"],
    }


def test_open_findings_of_a_milestone_that_is_done_are_left() -> None:
    groups = backlog(having(begun(), status="done"), ITEMS)
    assert "f6" in [item.name for item in groups["rest"]]


def test_a_prompt_of_the_backlog_is_taken_over_and_says_what_it_does_not_wait_for() -> None:
    plan = plan_take(kept(left(1), left(2, 1)), TakeOver(("2",)))
    assert front(content(plan, ".coord/prompts/02-planned-x.prompt.md"))["status"] == "pending"
    assert plan.warnings == ("prompt 02 does not wait for 01, left in the backlog: take it too?",)
    assert not plan_take(kept(left(1), left(2, 1)), TakeOver(("2", "01"))).warnings


def test_a_finding_becomes_a_prompt_and_a_group_of_findings_one() -> None:
    plan = plan_take(kept(left(1)), TakeOver(("f5", "bugs"), ITEMS, "ann"))
    made = [p for p in plan.prompts_after if p.number > 1]
    assert [(p.number, p.title, p.priority) for p in made] == [
        (2, "Something else", "medium"),
        (3, "Bugs of the backlog: 2 findings", "high"),
    ]
    assert b"> No check." in made[1].source
    for number, prompts in ((1, ("3",)), (2, ("3",)), (5, ("2",))):
        values = front(content(plan, f".coord/feedback/{number:03d}-x.md"))
        assert (values["status"], values["prompts"]) == ("planned", prompts)
    assert kinds(plan).count("feedback.planned") == 3


@pytest.mark.parametrize("name", ["9", "f9", "nonsense", "f6"])
def test_what_is_not_in_the_backlog_is_refused_with_what_is(name: str) -> None:
    with pytest.raises(Refused, match="in the backlog") as caught:
        plan_take(kept(left(1)), TakeOver((name,), ITEMS))
    assert "features, bugs" in caught.value.remedy
