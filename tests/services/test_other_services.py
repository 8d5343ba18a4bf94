"""Quick patch, edit, surgery, kill and restart: what each plans and what it refuses."""

import pytest
from support.build import attempt
from support.onpaper import Paper

from coordinator.errors import Refused, UsageError
from coordinator.model.plan import Kill, Record, Steer
from coordinator.model.prompt import PromptStatus, PromptType
from coordinator.model.step import StepState
from coordinator.services.cancel import Cancel, plan_cancel
from coordinator.services.edit import Edit, plan_edit
from coordinator.services.quick_patch import QuickPatch, plan_patch
from coordinator.services.restart import KillRequest, RestartRequest, plan_kill, plan_restart
from coordinator.services.surgery import Surgery, emergent, plan_surgery


def test_a_quick_patch_runs_after_what_it_fixes_and_carries_the_engineers_words() -> None:
    paper = Paper().add(1, status="done").add(2, 1)
    request = QuickPatch(
        "Survive clock steps", (1,), "it went back", "use monotonic", ("line 12",), before_dependents=True
    )
    paper.apply(plan_patch(paper.snapshot(), request))
    patch = paper.prompts()[3]
    assert (patch.type, patch.patches_prompts, patch.dependencies) == (PromptType.USER_PATCH, (1,), (1,))
    text = patch.source.decode()
    for words in ("it went back", "use monotonic", "line 12", "## Acceptance Criteria"):
        assert words in text
    assert paper.prompts()[2].dependencies == (1, 3)


def test_a_quick_patch_is_placed_before_dependents_only_if_asked() -> None:
    paper = Paper().add(1, status="done").add(2, 1)
    paper.apply(plan_patch(paper.snapshot(), QuickPatch("x", (1,))))
    assert paper.prompts()[2].dependencies == (1,)


def test_a_quick_patch_without_a_prompt_to_fix_is_refused() -> None:
    with pytest.raises(UsageError, match="names the prompt"):
        plan_patch(Paper().add(1).snapshot(), QuickPatch("x", ()))


def test_an_edit_changes_only_the_value_that_was_named() -> None:
    paper = Paper().add(1)
    before = paper.prompts()[1].source
    paper.apply(plan_edit(paper.snapshot(), Edit(1, {"priority": "high"})))
    assert paper.prompts()[1].source == before.replace(b"priority: medium", b"priority: high")


def test_an_edit_of_a_misspelled_key_is_refused_and_of_an_own_one_is_not() -> None:
    paper = Paper().add(1)
    with pytest.raises(UsageError, match="no key `prioritty`") as refused:
        plan_edit(paper.snapshot(), Edit(1, {"prioritty": "high"}))
    assert refused.value.remedy == "did you mean `priority`?"
    paper.apply(plan_edit(paper.snapshot(), Edit(1, {"estimate": "3 days"})))
    assert paper.prompts()[1].extra == {"estimate": "3 days"}


def test_an_edit_is_recorded_with_what_it_really_changed() -> None:
    def recorded(request: Edit) -> object:
        plan = plan_edit(paper.snapshot(), request)
        return next(e.data["changed"] for e in plan.effects if isinstance(e, Record))

    paper = Paper().add(1)
    source = paper.prompts()[1].source
    assert recorded(Edit(1, {"priority": "high"})) == ["priority"]
    assert recorded(Edit(1, body="## Tasks\n- another\n")) == ["body"]
    assert recorded(Edit(1, {"title": "T"}, body="## Tasks\n- another\n")) == ["title", "body"]
    whole = source.replace(b"priority: medium\n", b"") + b"- one more\n"
    assert recorded(Edit(1, source=whole)) == ["priority", "body"]
    failed = Paper().add(1, status="failed", attempts=1)
    plan = plan_restart(failed.snapshot(), RestartRequest(1))
    assert [e.data["changed"] for e in plan.effects if isinstance(e, Record)] == [["status"]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"number": "9"}, "keeps its number"),
        ({"priority": "urgent"}, "would not be readable"),
        ({"dependencies": "9"}, "no prompt 09"),
        ({"dependencies": "2"}, "cycle"),
        ({"dependencies": "1"}, "cycle"),
    ],
)
def test_an_edit_is_refused_before_anything_is_saved(values: dict[str, str], message: str) -> None:
    with pytest.raises(Refused, match=message):
        plan_edit(Paper().add(1).add(2, 1).snapshot(), Edit(1, values))


def test_a_cycle_made_by_an_edit_is_refused_with_what_to_do() -> None:
    with pytest.raises(Refused, match="that is a cycle: ") as refusal:
        plan_edit(Paper().add(1).add(2, 1).add(3, 2).snapshot(), Edit(2, {"dependencies": "1, 3"}))
    assert refusal.value.remedy == "leave one of these dependencies out"


def test_cancelling_may_be_an_edit_of_the_status() -> None:
    paper = Paper().add(1).add(2, 1)
    paper.apply(plan_edit(paper.snapshot(), Edit(2, {"status": "cancelled"})))
    assert paper.prompts()[2].status is PromptStatus.CANCELLED


def test_done_prompts_are_immutable_and_a_patch_is_offered() -> None:
    with pytest.raises(Refused, match="never edited") as refusal:
        plan_edit(Paper().add(1, status="done").snapshot(), Edit(1, {"title": "x"}))
    assert "coord patch --fixes 1" in refusal.value.remedy


def test_a_whole_file_with_another_number_is_refused() -> None:
    paper = Paper().add(1)
    source = paper.prompts()[1].source.replace(b"number: 1", b"number: 2")
    with pytest.raises(Refused):
        plan_edit(paper.snapshot(), Edit(1, source=source))


def running() -> Paper:
    return Paper().add(1, status="in_progress", attempts=1).attempt(attempt(1, StepState.RUNNING))


def test_an_edit_of_a_running_prompt_demands_a_choice_and_says_what_it_invalidates() -> None:
    with pytest.raises(Refused, match="is running"):
        plan_edit(running().snapshot(), Edit(1, {"title": "New"}))
    plan = plan_edit(running().snapshot(), Edit(1, {"title": "New"}, running="steer"))
    assert any(isinstance(effect, Steer) and "New" in effect.text for effect in plan.effects)
    assert plan.invalidates == ("executor-01-1 already works from prompt 01 as it was",)
    plan = plan_edit(running().snapshot(), Edit(1, {"title": "New"}, running="restart"))
    assert Kill(1, 1, "requeue", "the prompt was edited") in plan.effects
    paper = running()
    plan = plan_edit(paper.snapshot(), Edit(1, {"title": "New"}, running="finish"))
    assert plan.warnings == ("executor-01-1 finishes with the old text",)
    paper.apply(plan)
    assert paper.prompts()[1].title == "New"


def test_any_prompt_can_be_marked_as_user_patch_with_the_engineers_sections() -> None:
    paper = Paper().add(1, status="done").add(2, 1)
    request = Edit(2, mark_user_patch=(1,), went_wrong="lost writes", feedback="fsync", issues=("a", "b"))
    paper.apply(plan_edit(paper.snapshot(), request))
    marked = paper.prompts()[2]
    assert (marked.type, marked.patches_prompts) == (PromptType.USER_PATCH, (1,))
    for words in (b"## What Went Wrong", b"lost writes", b"## Engineer Feedback", b"## Specific Issues\n\n- a\n- b"):
        assert words in marked.source


def laboratory() -> Paper:
    paper = Paper().add(1, status="done").add(2, 1, type="emergent", hypothesis="faster in C")
    paper.add(3, 1, type="emergent", status="done", commits=["abc1234"]).add(4, 2, 3)
    return paper


def test_surgery_shows_every_emergent_prompt_with_its_hypothesis_and_dependents() -> None:
    first, second = emergent(laboratory().snapshot())
    assert {first.number, second.number} == {2, 3}
    card = first if first.number == 2 else second
    assert (card.hypothesis, card.stands, card.dependents) == ("faster in C", "holds back", (4,))
    landed = second if card is first else first
    assert landed.stands == "comes before"


def test_eliminating_pending_work_cancels_it_and_done_work_gets_a_reversion_patch() -> None:
    paper = laboratory()
    paper.apply(plan_surgery(paper.snapshot(), Surgery(eliminate=(2, 3), rationale="too much")))
    prompts = paper.prompts()
    assert prompts[2].status is PromptStatus.CANCELLED
    assert prompts[3].status is PromptStatus.DONE
    patch = prompts[5]
    assert (patch.type, patch.dependencies, patch.patches_prompts) == (PromptType.USER_PATCH, (3,), (3,))
    assert b"abc1234" in patch.source
    assert prompts[4].dependencies == (2, 3, 5)


def test_improving_creates_a_patch_and_keeping_only_records_the_decision() -> None:
    paper = laboratory()
    plan = plan_surgery(paper.snapshot(), Surgery(keep=(2,), improve={3: "less copying"}, rationale="worth it"))
    paper.apply(plan)
    assert b"less copying" in paper.prompts()[5].source
    assert paper.prompts()[2].status is PromptStatus.PENDING
    assert any(getattr(effect, "kind", "") == "decision.recorded" for effect in plan.effects)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Surgery(), "no verdict"),
        (Surgery(keep=(2,), eliminate=(2,)), "two verdicts"),
        (Surgery(keep=(1,)), "not emergent"),
    ],
)
def test_surgery_refuses_what_is_no_verdict(request_: Surgery, message: str) -> None:
    with pytest.raises((Refused, UsageError), match=message):
        plan_surgery(laboratory().snapshot(), request_)


def test_eliminating_running_work_demands_that_its_agent_may_be_killed() -> None:
    paper = laboratory().attempt(attempt(2, StepState.RUNNING))
    with pytest.raises(Refused, match="in progress"):
        plan_surgery(paper.snapshot(), Surgery(eliminate=(2,)))
    plan = plan_surgery(paper.snapshot(), Surgery(eliminate=(2,), kill_running=True))
    assert any(isinstance(effect, Kill) for effect in plan.effects)


def test_what_waits_for_its_review_is_not_called_in_progress() -> None:
    opened = laboratory().attempt(attempt(2, StepState.CHANGE_OPEN)).snapshot()
    for plan in (lambda: plan_surgery(opened, Surgery(eliminate=(2,))), lambda: plan_cancel(opened, Cancel(2))):
        with pytest.raises(Refused, match="change of prompt 02 is open") as refused:
            plan()
        assert "coord review 2" in refused.value.remedy


@pytest.mark.parametrize(("then", "status"), [("requeue", "pending"), ("fail", "failed"), ("hold", "blocked")])
def test_kill_says_what_becomes_of_the_step(then: str, status: str) -> None:
    paper = running()
    plan = plan_kill(paper.snapshot(), KillRequest(1, then))  # type: ignore[arg-type]
    assert plan.invalidates == (
        "what executor-01-1 has not committed stays in its worktree, where the next attempt goes on",
    )
    assert Kill(1, 1, then, "") in plan.effects  # type: ignore[arg-type]
    paper.apply(plan)
    assert paper.prompts()[1].status.value == status


def test_kill_without_a_running_agent_is_refused_and_restart_offered() -> None:
    with pytest.raises(Refused, match="no running agent") as refusal:
        plan_kill(Paper().add(1).snapshot(), KillRequest(1))
    assert "coord restart 1" in refusal.value.remedy
    with pytest.raises(Refused, match="no running agent") as refusal:
        plan_kill(Paper().add(1, status="done").snapshot(), KillRequest(1))
    assert "coord patch --fixes 1" in refusal.value.remedy


def test_restart_queues_a_failed_prompt_again_and_ends_a_running_one_first() -> None:
    paper = Paper().add(1, status="failed", attempts=2)
    paper.apply(plan_restart(paper.snapshot(), RestartRequest(1, "use the other API")))
    assert paper.prompts()[1].status is PromptStatus.PENDING
    assert b"use the other API" in paper.prompts()[1].source
    assert any(isinstance(e, Kill) for e in plan_restart(running().snapshot(), RestartRequest(1)).effects)


def test_restart_is_refused_for_done_and_for_waiting_prompts() -> None:
    with pytest.raises(Refused, match="done"):
        plan_restart(Paper().add(1, status="done").snapshot(), RestartRequest(1))
    with pytest.raises(Refused, match="waiting for its turn"):
        plan_restart(Paper().add(1).snapshot(), RestartRequest(1))


def test_cancelling_lets_dependents_go_on_and_demands_a_word_for_a_running_agent() -> None:
    paper = Paper().add(1).add(2, 1)
    plan = plan_cancel(paper.snapshot(), Cancel(1, "not needed"))
    assert plan.warnings == ("02 no longer waits for prompt 01",)
    paper.apply(plan)
    assert paper.prompts()[1].status is PromptStatus.CANCELLED
    with pytest.raises(Refused, match="cancelled already"):
        plan_cancel(paper.snapshot(), Cancel(1))
    with pytest.raises(Refused, match="in progress"):
        plan_cancel(running().snapshot(), Cancel(1))
    assert any(isinstance(e, Kill) for e in plan_cancel(running().snapshot(), Cancel(1, kill_running=True)).effects)
