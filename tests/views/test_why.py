"""Why a prompt waits: the codes that programs read, and the sentence that people read."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import build
from support.build import NOW, agent, any_prompts, prompt, question, snapshot

from coordinator.errors import UsageError
from coordinator.lazy.dataclass import replace
from coordinator.loop.actions import Dispatch
from coordinator.loop.rules import step
from coordinator.model.loop_state import startable
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.settings import Settings
from coordinator.model.snapshot import AgentState, Snapshot
from coordinator.model.step import StepState
from coordinator.model.work import prompt_work
from coordinator.views.prompt_row import Facts, Tone
from coordinator.views.why import sentence, why

attempt = partial(build.attempt, ago=133)


def codes(shot: Snapshot, number: int) -> list[tuple[str, str]]:
    return [(b.code, b.subject) for b in why(shot, number).because]


def said(shot: Snapshot, number: int) -> str:
    return sentence(why(shot, number, NOW))


def test_a_ready_prompt_with_a_free_agent_starts_at_once() -> None:
    shot = snapshot([prompt(1), prompt(2, 1), prompt(3, 2)])
    answer = why(shot, 1)
    assert answer.ready
    assert answer.because == ()
    assert said(shot, 1) == "Ready. Starts at once. Holds back 02 and, after it, 1 more."


def test_a_ready_prompt_waits_for_a_free_agent() -> None:
    running = [attempt(n, StepState.RUNNING) for n in (1, 2, 3)]
    shot = snapshot([*(prompt(n) for n in range(1, 5)), prompt(7, 4)], attempts=running)
    assert codes(shot, 4) == [("capacity", "loop")]
    assert said(shot, 4) == "Ready. Starts when one of 3 agents is free. Holds back 07."


def test_a_ready_prompt_waits_for_those_in_front_of_it() -> None:
    shot = snapshot([prompt(1), prompt(2)], max_parallel=1)
    assert said(shot, 2) == "Ready. Starts after 01, which comes first."


def test_capacity_names_the_prompt_that_has_it_where_it_is_one() -> None:
    busy = snapshot([prompt(1), prompt(2)], attempts=[attempt(1, StepState.RUNNING)], max_parallel=1)
    assert codes(busy, 2) == [("capacity", "prompt:1")]
    assert said(busy, 2) == "Ready. Starts when the one agent is free."
    assert codes(snapshot([prompt(1), prompt(2), prompt(3)], max_parallel=2), 3) == [("capacity", "loop")]


def test_the_project_s_folder_has_one_agent_at_a_time_and_the_others_say_whom_they_wait_for() -> None:
    shared, at_work = Settings(isolation="shared"), [attempt(1, StepState.RUNNING)]
    shot = snapshot([prompt(1), prompt(2), prompt(3)], attempts=at_work, settings=shared)
    assert codes(shot, 2) == [("folder", "prompt:1")]
    assert said(shot, 3) == "Ready. Starts after 01, in the project's own folder: one agent at a time."
    assert Facts(shot).of(2, NOW) == ("after 01, same folder", Tone.WAITING)


def test_what_is_in_front_takes_the_folder_and_what_needs_none_of_it_is_next() -> None:
    shot = snapshot([prompt(1, isolation="shared"), prompt(2, isolation="shared"), prompt(3)])
    assert codes(shot, 2) == [("folder", "prompt:1")]
    assert codes(shot, 3) == []
    busy = snapshot(shot.prompts.values(), attempts=[attempt(1, StepState.RUNNING)])
    assert [Facts(busy).of(n, NOW).text for n in (2, 3)] == ["after 01, same folder", "next"]


def test_an_agent_whose_prompt_cannot_be_read_may_be_in_the_folder() -> None:
    shot = snapshot([prompt(2, isolation="shared"), prompt(3)], agents=(agent(1, AgentState.WORKING),))
    assert codes(shot, 2) == [("folder", "prompt:1")]
    assert codes(shot, 3) == []


@pytest.mark.parametrize(
    ("asked", "alive", "code"),
    [("paused", True, "loop-paused"), ("stopped", True, "loop-stopped"), ("running", False, "loop-stopped")],
)
def test_a_ready_prompt_waits_for_the_loop(asked: str, alive: bool, code: str) -> None:
    assert ("loop", code) in [(s, c) for c, s in codes(snapshot([prompt(1)], asked=asked, alive=alive), 1)]


def test_a_pause_is_told_once_and_in_words() -> None:
    shot = snapshot([prompt(1)], asked="paused")
    assert said(shot, 1) == "Ready. Starts when the loop goes on: it is paused."
    assert "paused" not in shot.loop.reason


def test_a_failed_prompt_halts_the_ready_ones() -> None:
    shot = snapshot([prompt(1, status=PromptStatus.FAILED), prompt(2)])
    assert codes(shot, 2) == [("halted", "loop")]
    assert "01 failed" in said(shot, 2)
    assert codes(shot, 1) == [("failed", "prompt:1")]
    assert said(shot, 1).startswith("Failed: the file says failed; restart, edit, patch or cancel it.")


def test_direct_dependencies_come_with_their_states() -> None:
    live = [attempt(3, StepState.RUNNING), attempt(4, StepState.CHANGE_OPEN)]
    shot = snapshot([prompt(3), prompt(4), prompt(5, 3, 4)], attempts=live)
    assert codes(shot, 5) == [("waits-for", "prompt:3"), ("waits-for", "prompt:4")]
    assert said(shot, 5) == "Waits for 03 (running) and 04 (in review)."
    assert not why(shot, 5).ready


def test_what_failed_far_up_is_told_behind_the_direct_dependency() -> None:
    shot = snapshot([prompt(1, status=PromptStatus.FAILED), prompt(2, 1), prompt(3, 2), prompt(4, 3)])
    assert codes(shot, 4) == [("waits-for", "prompt:3"), ("dependency-failed", "prompt:1")]
    assert said(shot, 4) == "Waits for 03 (not started), behind it 01 failed."
    assert codes(shot, 2) == [("dependency-failed", "prompt:1")]


def test_what_is_missing_or_unreadable_is_told_near_and_far() -> None:
    broken = Problem(".coord/prompts/08-x.prompt.md", 3, "bad-yaml", "a tab in the indentation", "use spaces", (8,))
    shot = snapshot([prompt(1, 99), prompt(2, 8), prompt(3, 1)], problems=(broken,))
    assert codes(shot, 1) == [("dependency-missing", "prompt:99")]
    assert said(shot, 1).startswith("Waits for 99 (missing).")
    assert codes(shot, 2) == [("dependency-missing", ".coord/prompts/08-x.prompt.md")]
    assert "a tab in the indentation" in said(shot, 2)
    assert said(shot, 3) == "Waits for 01 (not started), behind it 99 (missing)."


def test_a_file_that_cannot_be_read_has_a_why_and_a_number_nobody_has_has_none() -> None:
    broken = Problem("p/08.prompt.md", 3, "bad-yaml", "a tab in the indentation", "use spaces", (8,))
    dangling = Problem("p/01.prompt.md", 0, "dangling", "prompt 01 depends on 99", "…", (1, 99))
    shot = snapshot([prompt(1, 99)], problems=(broken, dangling))
    assert codes(shot, 8) == [("file-problem", "p/08.prompt.md")]
    assert said(shot, 8) == "Its file can't be used: a tab in the indentation (p/08.prompt.md:3)."
    with pytest.raises(UsageError, match="there is no prompt 99"):
        why(shot, 99)


def test_cycles_are_told_to_their_members_and_to_those_behind() -> None:
    shot = snapshot([prompt(1, 2), prompt(2, 1), prompt(3, 1), prompt(4, 4)])
    assert said(shot, 2).startswith("Waits for itself (01 → 02 → 01).")
    assert codes(shot, 2) == [("cycle", "prompt:2")]
    assert said(shot, 3) == "Waits for 01 (not started), behind it the cycle 01 → 02 → 01."
    assert codes(shot, 4) == [("cycle", "prompt:4")]


def test_a_member_of_a_cycle_is_told_of_it_once() -> None:
    shot = snapshot([prompt(1, 2), prompt(2, 1, 3), prompt(3, 1)])
    assert codes(shot, 2) == [("cycle", "prompt:2"), ("waits-for", "prompt:3")]


def test_a_cycle_with_an_ended_member_holds_nobody() -> None:
    shot = snapshot([prompt(1, 2), prompt(2, 1, status=PromptStatus.DONE), prompt(3, 2)])
    assert why(shot, 1).ready
    assert why(shot, 3).ready
    assert Facts(shot).of(1, NOW).text == "next"


def test_open_questions_are_quoted_where_they_hold() -> None:
    asked = question(1, "Which Redis?\x1b[2J")
    shot = snapshot([prompt(1), prompt(2)], attempts=[attempt(1, StepState.RUNNING)], questions=(asked,))
    assert codes(shot, 2) == [("question-open", "question:41")]
    assert said(shot, 2) == "Waits for your answer to “Which Redis?·[2J”."
    only = question(1, "Which Redis?", only_dependents=True)
    shot = snapshot([prompt(1), prompt(2), prompt(3, 1)], attempts=[attempt(1, StepState.RUNNING)], questions=(only,))
    assert why(shot, 2).ready
    assert codes(shot, 3) == [("waits-for", "prompt:1"), ("question-open", "question:41")]


@pytest.mark.parametrize(
    ("state", "more", "code", "start"),
    [
        (StepState.RUNNING, {}, "running", "Running: claude 2m13."),
        (
            StepState.CHANGE_OPEN,
            {"reason": "your edits are in the way"},
            "change-open",
            "Its change is open: your edits",
        ),
        (StepState.BLOCKED, {"held": True, "reason": "killed"}, "held", "Held: killed; restart it to go on."),
        (StepState.BLOCKED, {"reason": "needs a key"}, "blocked", "Blocked: needs a key; edit"),
        (StepState.FAILED, {"reason": "exit 1"}, "failed", "Failed, attempt 1: exit 1; restart"),
    ],
)
def test_a_prompt_that_is_not_pending_tells_its_own_state(
    state: StepState, more: dict[str, object], code: str, start: str
) -> None:
    waiting = prompt(1, status=PromptStatus.IN_PROGRESS, attempts=1)
    shot = snapshot([waiting], attempts=[attempt(1, state, **more)])
    assert codes(shot, 1) == [(code, "prompt:1")]
    assert said(shot, 1).startswith(start)


def test_the_reason_of_a_failure_is_told_whole_for_it_ends_with_what_to_do() -> None:
    reason = "git rev-parse: not a git repository (or any of the parent directories): .git; `git init` one"
    waiting = prompt(1, status=PromptStatus.IN_PROGRESS, attempts=1)
    shot = snapshot([waiting], attempts=[attempt(1, StepState.FAILED, reason=reason)])
    assert reason in said(shot, 1)
    endless = snapshot([waiting], attempts=[attempt(1, StepState.FAILED, reason="x" * 5000)])
    assert len(said(endless, 1)) < 500


def test_a_back_off_tells_when_it_ends() -> None:
    waiting = prompt(1, status=PromptStatus.IN_PROGRESS, attempts=1)
    shot = snapshot([waiting], attempts=[attempt(1, StepState.FAILED, ago=3)], settings=Settings(max_attempts=2))
    assert codes(shot, 1) == [("backoff", "prompt:1")]
    assert said(shot, 1) == "Failed, attempt 1; tries again in 7s."


def test_a_prompt_that_is_interrupted_again_and_again_tells_when_it_goes_on() -> None:
    values = {"interrupted": True, "interruptions": 2, "reason": "interrupted: the loop went down"}
    shot = snapshot([prompt(1)], attempts=[attempt(1, StepState.PENDING, ago=3, **values)])
    assert said(shot, 1) == "Ready. Goes on in 7s: interrupted: the loop went down."
    assert Facts(shot).of(1, NOW).text == "interrupted · goes on in 7s"
    assert [action for action in step(shot, NOW) if isinstance(action, Dispatch)] == []
    assert why(shot, 1, NOW + 8).because == ()
    assert [action for action in step(shot, NOW + 8) if isinstance(action, Dispatch)] == [Dispatch(prompt_work(1), 2)]


def test_a_back_off_that_is_over_waits_for_nothing_or_for_an_answer() -> None:
    waiting = prompt(1, status=PromptStatus.IN_PROGRESS, attempts=1)
    failed, twice = [attempt(1, StepState.FAILED, ago=3000)], Settings(max_attempts=2)
    assert said(snapshot([waiting], attempts=failed, settings=twice), 1) == "Failed, attempt 1; tries again now."
    asked = snapshot([waiting, prompt(2)], attempts=failed, settings=twice, questions=(question(1, "Which?"),))
    assert said(asked, 1) == "Failed, attempt 1; tries again after an answer."


def test_what_has_ended_holds_nothing_back() -> None:
    shot = snapshot([prompt(1, status=PromptStatus.DONE), prompt(2, status=PromptStatus.CANCELLED), prompt(3, 1, 2)])
    assert said(shot, 1) == "Merged."
    assert said(shot, 2) == "Cancelled; it will not run."
    assert said(shot, 3) == "Ready. Starts at once."


@given(any_prompts(), st.data())
def test_why_says_free_to_go_of_exactly_what_the_loop_starts(prompts: list[Prompt], data: st.DataObject) -> None:
    places = st.sampled_from(("worktree", "shared"))
    states = st.sampled_from((None, StepState.RUNNING, StepState.CHANGE_OPEN, StepState.FAILED))
    attempts = []
    for at, one in enumerate(prompts):
        prompts[at] = replace(one, isolation=data.draw(places))
        state = data.draw(states)
        if state is not None:
            prompts[at] = replace(prompts[at], status=PromptStatus.IN_PROGRESS, attempts=1)
            branch = "" if prompts[at].isolation == "shared" else "b"
            attempts.append(attempt(one.number, state, branch=branch, pid=7))
    rules = Settings(max_attempts=data.draw(st.integers(1, 2)))
    shot = snapshot(prompts, attempts=attempts, settings=rules, max_parallel=data.draw(st.integers(1, 4)))
    started = {action.number for action in step(shot, NOW) if isinstance(action, Dispatch)}
    pending = {n for n, current in shot.steps.items() if current.state is StepState.PENDING}
    assert started & pending == {n for n in pending if why(shot, n, NOW).ready and not why(shot, n, NOW).because}


@given(any_prompts(), st.data())
def test_why_agrees_with_what_the_loop_would_start_and_is_never_silent(
    prompts: list[Prompt], data: st.DataObject
) -> None:
    some = [replace(p, status=data.draw(st.sampled_from(PromptStatus))) for p in prompts]
    asks = data.draw(st.booleans()) and some
    questions = (question(some[0].number, "?", only_dependents=data.draw(st.booleans())),) if asks else ()
    shot = snapshot(some, questions=questions)
    able = startable(shot.graph, shot.prompts, shot.steps, shot.questions)
    for p in some:
        answer = why(shot, p.number, NOW)
        assert answer.ready == (p.number in able)
        assert answer.ready or answer.because
        assert sentence(answer).endswith(".")
        assert Facts(shot).of(p.number, NOW).text or p.status is PromptStatus.DONE
