"""The phases of an iteration: what starts, when each ends, and that it always comes to a decision."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.build import AT, NOW, attempt, prompt, question, snapshot

from coordinator.lazy.dataclass import replace
from coordinator.model.feedback import Feedback
from coordinator.model.iteration import (
    PLANNER_TRIES,
    Move,
    flows_due,
    needs_word,
    next_move,
    times,
    to_apply,
)
from coordinator.model.prompt import Priority, Prompt, PromptStatus
from coordinator.model.round import Claim, Criterion, Decided, Decision, Phase, Round, Verdict, Witness
from coordinator.model.settings import Settings
from coordinator.model.snapshot import LoopState, Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.witnesses import about_command
from coordinator.model.work import WorkId, flow_work

BASE = "b" * 40
PLAN = Settings(gate="auto", on_failure="plan")
DONE = prompt(1, status=PromptStatus.DONE)
CRITERION = Criterion("SC-1", "It is fast")
VERDICT = Verdict("yes", "all", (), (Claim("SC-1", "met", "make test"),), 9, "verifier-1-1", 1, BASE)
WITNESS = Witness("SC-1", "make test", 0, BASE, "f" * 64, 10, AT)
PLANNING = Round(1, Phase.PLANNING, (CRITERION,), BASE, specialists=("security", "tests"))
EXECUTING = replace(PLANNING, phase=Phase.EXECUTING)
FEEDBACK = replace(PLANNING, phase=Phase.FEEDBACK)
ALL_SAID = frozenset({"flow:security/1", "flow:tests/1", "flow:verifier/1"})
SEEN = replace(FEEDBACK, verdict=VERDICT, witnesses={"SC-1": WITNESS}, spoken=ALL_SAID)


def decided(decision: Decision = Decision.CONTINUE, **values: Any) -> Decided:
    made = Decided(decision, "because", 20, "planner-1-1", 1, plan={"prompts": [{"title": "x"}]}, applied="p1")
    return replace(made, **values)


def flow(name: str, state: StepState, count: int = 1, iteration: int = 1, **values: Any) -> Attempt:
    work = flow_work(iteration, name)
    return replace(attempt(1, state, count), work=work, agent=f"{name}-{iteration}-{count}", **values)


def look(there: Round, *prompts: Prompt, flows: tuple[Attempt, ...] = (), **more: Any) -> Snapshot:
    more.setdefault("settings", PLAN)
    counts = {one.work.flow: one.attempt for one in flows}
    more["flow_counts"] = {name: max(a.attempt for a in flows if a.work.flow == name) for name in counts}
    own = [one for one in flows if one.work.iteration == there.number and not one.state.live]
    there = replace(there, tries={one.work.flow: one.attempt for one in own})
    return snapshot(prompts, round=there, flows={one.work: one for one in flows}, **more)


def names(found: Snapshot, now: float = NOW) -> list[str]:
    return [f"{start.work.flow}/{start.work.iteration}#{start.attempt}" for start in flows_due(found, now)]


# ── planning


def test_an_iteration_begins_with_its_planner() -> None:
    assert names(look(PLANNING)) == ["planner/1#1"]
    assert look(PLANNING).loop.state is LoopState.RUNNING
    assert next_move(look(PLANNING), NOW) is None


def test_attempts_of_a_flow_are_counted_over_all_iterations() -> None:
    found = look(replace(PLANNING, number=2), flows=(flow("planner", StepState.MERGED, 3),))
    assert names(found) == ["planner/2#4"]


@pytest.mark.parametrize("more", [{"asked": "paused"}, {"asked": "stopped"}, {"alive": False}, {"milestone": "done"}])
def test_nothing_starts_where_the_loop_is_not_to(more: dict[str, Any]) -> None:
    assert names(look(PLANNING, **more)) == []


def test_an_open_question_holds_flows_back() -> None:
    assert names(look(PLANNING, questions=[question()])) == []


def test_a_planner_at_work_is_waited_for() -> None:
    found = look(replace(PLANNING, decided=decided()), flows=(flow("planner", StepState.RUNNING),))
    assert (names(found), next_move(found, NOW)) == ([], None)


def test_a_plan_is_applied_before_work_begins() -> None:
    ended = (flow("planner", StepState.MERGED),)
    open_plan = look(replace(PLANNING, decided=decided(applied="")), flows=ended)
    assert to_apply(open_plan) is not None
    assert next_move(open_plan, NOW) is None
    applied = look(replace(PLANNING, decided=decided()), flows=ended)
    assert to_apply(applied) is None
    assert next_move(applied, NOW) == Move(1, Phase.EXECUTING, "because")


def test_a_plan_that_was_refused_is_made_anew() -> None:
    there = replace(PLANNING, decided=decided(applied="", refused=("a cycle",)), empty_plans=1)
    found = look(there, flows=(flow("planner", StepState.MERGED),))
    assert (to_apply(found), next_move(found, NOW)) == (None, None)
    assert names(found) == ["planner/1#2"]


def test_a_planner_without_a_result_is_asked_again_after_a_while_and_not_for_ever() -> None:
    failed = (flow("planner", StepState.FAILED, 2),)
    there = look(replace(PLANNING, empty_plans=2), flows=failed)
    assert names(there) == []
    assert list(times(there, NOW)) == [NOW + 20.0]
    assert names(there, NOW + 20) == ["planner/1#3"]
    last = look(replace(PLANNING, empty_plans=PLANNER_TRIES), flows=failed)
    move = next_move(last, NOW)
    assert move is not None
    assert (move.decision, names(last, NOW + 1e6)) == (Decision.STUCK, [])
    assert move.reason == "5 Planners in a row came to no result"
    refused = look(replace(PLANNING, empty_plans=PLANNER_TRIES, turned_away=("a cycle", "no prompt 7")), flows=failed)
    move = next_move(refused, NOW)
    assert move is not None
    assert move.reason.endswith("came to no result; the newest plan was refused: a cycle; no prompt 7")
    assert "coord resume" in move.remedy


def test_a_planner_that_says_stuck_tells_what_is_missing() -> None:
    there = replace(PLANNING, decided=decided(Decision.STUCK, blocker="no key for the API", plan={}, applied=""))
    move = next_move(look(there), NOW)
    assert move is not None
    assert (move.decision, move.reason) == (Decision.STUCK, "the Planner says: no key for the API")


def test_done_is_done_only_if_nothing_speaks_against_it() -> None:
    says = decided(Decision.DONE, plan={}, applied="")
    there = replace(SEEN, phase=Phase.PLANNING, number=2, decided=replace(says, iteration=2))
    move = next_move(look(there, DONE), NOW)
    assert move == Move(2, Phase.DECIDED, "because", Decision.DONE)
    refused = next_move(look(replace(there, feedback=(Feedback(7, "Leaks", Priority.HIGH),)), DONE), NOW)
    assert refused is not None
    assert refused.phase is Phase.EXECUTING
    assert "feedback 007" in refused.reason


@pytest.mark.parametrize(
    ("wanted", "plans", "asked"), [("first", 0, True), ("first", 1, False), ("all", 3, True), ("auto", 0, False)]
)
def test_the_settings_say_which_plans_a_human_confirms(wanted: str, plans: int, asked: bool) -> None:
    found = look(replace(PLANNING, plans=plans), settings=replace(PLAN, planner_plans=wanted))
    assert needs_word(found, decided()) is asked
    assert needs_word(found, decided(Decision.STUCK)) is False


def test_what_was_verified_before_the_base_moved_is_verified_again_before_anybody_plans() -> None:
    moved = replace(SEEN, phase=Phase.PLANNING, number=2, base="c" * 40)
    assert next_move(look(moved, DONE), NOW) == Move(2, Phase.FEEDBACK, "the base has moved since it was verified")
    assert next_move(look(moved, DONE, flows=(flow("planner", StepState.RUNNING, 1, 2),)), NOW) is None
    assert next_move(look(moved, DONE, prompt(2)), NOW) is None
    assert next_move(look(replace(moved, number=3), DONE), NOW) is None  # the Verifier of iteration 2 said nothing
    assert next_move(look(replace(moved, base=BASE), DONE), NOW) is None


# ── executing


def test_feedback_follows_when_no_prompt_is_left() -> None:
    assert next_move(look(EXECUTING, DONE), NOW) == Move(1, Phase.FEEDBACK, "no prompt is left")
    assert next_move(look(EXECUTING, DONE, prompt(2)), NOW) is None
    assert next_move(look(EXECUTING, DONE, unreadable=1), NOW) != Move(1, Phase.FEEDBACK, "no prompt is left")


def test_a_failure_halts_or_is_planned_for() -> None:
    failed = prompt(2, status=PromptStatus.FAILED)
    halted = look(EXECUTING, failed, settings=Settings())
    assert (halted.loop.state, next_move(halted, NOW)) == (LoopState.HALTED, None)
    move = next_move(look(EXECUTING, failed), NOW)
    assert move is not None
    assert (move.iteration, move.phase) == (2, Phase.PLANNING)
    assert "02 failed" in move.reason


def test_other_prompts_go_on_where_failures_are_planned_for() -> None:
    found = look(EXECUTING, prompt(2, status=PromptStatus.FAILED), prompt(3))
    assert (found.loop.state, found.loop.halted_by, next_move(found, NOW)) == (LoopState.RUNNING, (), None)


def test_what_blocks_everything_is_stuck_where_nobody_plans() -> None:
    move = next_move(look(EXECUTING, prompt(2, 9), settings=Settings()), NOW)
    assert move is not None
    assert move.decision is Decision.STUCK


def test_the_same_failure_for_the_third_time_is_stuck() -> None:
    failed = prompt(2, status=PromptStatus.FAILED)
    twice = replace(EXECUTING, failures=("no compiler", "other", "no compiler"))
    again = next_move(look(twice, failed), NOW)
    assert again is not None
    assert again.phase is Phase.PLANNING
    thrice = next_move(look(replace(twice, failures=("no compiler",) * 3), failed), NOW)
    assert thrice is not None
    assert thrice.decision is Decision.STUCK
    assert "no compiler" in thrice.reason


def test_the_last_iteration_is_not_followed_by_another() -> None:
    move = next_move(look(replace(SEEN, number=10, spoken=frozenset()), DONE, flows=_all_over(10)), NOW)
    assert move is not None
    assert move.decision is Decision.STUCK
    assert "10 iterations" in move.reason


def _all_over(iteration: int) -> tuple[Attempt, ...]:
    return tuple(flow(name, StepState.MERGED, 1, iteration) for name in ("security", "tests", "verifier"))


# ── feedback


def test_verifier_and_specialists_look_side_by_side_as_far_as_there_is_room() -> None:
    assert names(look(FEEDBACK, DONE)) == ["verifier/1#1", "security/1#1", "tests/1#1"]
    assert names(look(FEEDBACK, DONE, max_parallel=2)) == ["verifier/1#1", "security/1#1"]
    live = (flow("verifier", StepState.RUNNING),)
    assert names(look(FEEDBACK, DONE, flows=live, max_parallel=2)) == ["security/1#1"]


def test_feedback_ends_when_all_have_spoken_and_every_command_has_been_run() -> None:
    over = _all_over(1)
    assert next_move(look(SEEN, DONE, flows=over), NOW) == Move(
        2, Phase.PLANNING, "Verifier and specialists have spoken"
    )
    assert next_move(look(replace(SEEN, witnesses={}), DONE, flows=over), NOW) is None
    denied = question(about=about_command("make test"), answer="no")
    assert next_move(look(replace(SEEN, witnesses={}), DONE, flows=over, questions=[denied]), NOW) is not None


def test_a_verdict_on_another_base_is_given_again() -> None:
    moved = replace(SEEN, base="c" * 40)
    found = look(moved, DONE, flows=_all_over(1))
    assert (names(found), next_move(found, NOW)) == (["verifier/1#2"], None)


def test_flows_that_fail_are_tried_a_few_times_then_it_goes_on_without_them() -> None:
    over = (*_all_over(1)[1:], flow("security", StepState.FAILED, 2))
    found = look(replace(SEEN, spoken=frozenset()), DONE, flows=over)
    assert (names(found), names(found, NOW + 20)) == ([], ["security/1#3"])
    given_up = (*_all_over(1)[1:], flow("security", StepState.FAILED, 3))
    assert next_move(look(replace(SEEN, spoken=frozenset()), DONE, flows=given_up), NOW) is not None


def test_a_flow_that_a_human_holds_is_neither_started_nor_passed_over() -> None:
    held = (*_all_over(1)[1:], flow("security", StepState.FAILED, 1, held=True))
    found = look(replace(SEEN, spoken=frozenset()), DONE, flows=held)
    assert (names(found, NOW + 1e6), next_move(found, NOW + 1e6)) == ([], None)


def test_new_prompts_come_before_feedback() -> None:
    assert next_move(look(FEEDBACK, prompt(2)), NOW) == Move(1, Phase.EXECUTING, "there are new prompts")


# ── decided


def test_what_is_stuck_stays_so_until_a_human_opens_it() -> None:
    there = replace(FEEDBACK, phase=Phase.DECIDED, ending="no key for the API")
    stuck = look(there, DONE, milestone="stuck")
    assert (stuck.loop.state, stuck.loop.reason) == (LoopState.STUCK, "no key for the API")
    assert next_move(stuck, NOW) is None
    assert next_move(look(there, DONE), NOW) == Move(2, Phase.PLANNING, "a human lets it go on")


# ── it always ends


@st.composite
def _worlds(draw: st.DrawFn) -> Iterator[str]:
    """What agents and the world do next, one word a turn."""
    return iter(
        draw(st.lists(st.sampled_from(["good", "bad", "none", "refused", "done", "stuck"]), min_size=15, max_size=60))
    )


@settings(max_examples=150, deadline=None)
@given(_worlds())
def test_it_comes_to_done_or_stuck_in_bounded_time_whatever_agents_do(words: Iterator[str]) -> None:
    there = replace(PLANNING, max_iterations=4, specialists=("security",))
    flows: dict[WorkId, Attempt] = {}
    prompts: dict[int, Prompt] = {}
    now = NOW
    for _ in range(400):
        found = look(there, *prompts.values(), flows=tuple(flows.values()))
        move = next_move(found, now)
        if move is not None and move.decision is not None:
            assert move.decision is not Decision.DONE or _may_be_done(there, prompts)
            return
        if move is not None:
            if move.phase is Phase.EXECUTING and there.phase is Phase.PLANNING:
                prompts[len(prompts) + 1] = prompt(len(prompts) + 1)
            if move.iteration != there.number:
                there = replace(there, decided=None, spoken=frozenset())
            there = replace(there, number=move.iteration, phase=move.phase)
        elif starts := flows_due(found, now):
            for work, count in starts:
                there, flows[work] = _spoke(there, work, count, next(words, "none"))
        elif there.phase is Phase.EXECUTING:
            there = _worked(there, prompts, next(words, "bad"))
        else:
            now = min(times(found, now))
    raise AssertionError(f"no decision: {there}")


def _may_be_done(there: Round, prompts: dict[int, Prompt]) -> bool:
    ended = (PromptStatus.DONE, PromptStatus.CANCELLED)
    return all(one.status in ended for one in prompts.values()) and there.witnesses["SC-1"].exit == 0


def _worked(there: Round, prompts: dict[int, Prompt], word: str) -> Round:
    """The prompts that wait are worked on, with success or without."""
    status = PromptStatus.DONE if word == "good" else PromptStatus.FAILED
    waiting = [one for one in prompts.values() if one.status is PromptStatus.PENDING]
    prompts.update({one.number: replace(one, status=status) for one in waiting})
    more = ("it failed",) * (len(waiting) if word != "good" else 0)
    return replace(there, failures=(*there.failures, *more))


def _spoke(there: Round, work: WorkId, count: int, word: str) -> tuple[Round, Attempt]:
    ended = flow(work.flow, StepState.FAILED if word == "none" else StepState.MERGED, count, work.iteration)
    if word == "none":
        return replace(there, empty_plans=there.empty_plans + (work.flow == "planner")), ended
    spoken = there.spoken | {work.subject}
    if work.flow == "verifier":
        said = replace(VERDICT, met="yes" if word == "good" else "no")
        ran = replace(WITNESS, exit=0 if word == "good" else 1)
        return replace(there, spoken=spoken, verdict=said, witnesses={"SC-1": ran}), ended
    if work.flow != "planner":
        return replace(there, spoken=spoken), ended
    if word == "refused":
        return replace(there, decided=decided(refused=("no",)), empty_plans=there.empty_plans + 1), ended
    kind = {"done": Decision.DONE, "stuck": Decision.STUCK}.get(word, Decision.CONTINUE)
    return replace(there, decided=decided(kind), empty_plans=0), ended
