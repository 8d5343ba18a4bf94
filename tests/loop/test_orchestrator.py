"""The rules of the loop, case by case and for any world at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import AT, NOW, agent, attempt, ended, prompt, question, world

from coordinator.lazy.dataclass import replace
from coordinator.loop.actions import (
    Action,
    CloseMilestone,
    Dispatch,
    Expire,
    FinishKill,
    Mark,
    Merge,
    Resume,
    Return,
    Settle,
    Tidy,
)
from coordinator.loop.rules import next_due, step
from coordinator.loop.rules.outcome import outcome
from coordinator.model.prompt import Priority, PromptStatus
from coordinator.model.queue import live_attempts
from coordinator.model.settings import Settings, backoff
from coordinator.model.snapshot import AgentState, LoopState, Review, Snapshot
from coordinator.model.step import StepState
from coordinator.model.work import prompt_work

DONE, FAILED, CANCELLED = PromptStatus.DONE, PromptStatus.FAILED, PromptStatus.CANCELLED
BUSY = PromptStatus.IN_PROGRESS
RUNNING, OPEN = StepState.RUNNING, StepState.CHANGE_OPEN
REVIEWED = Settings(gate="review")
RETRYING = Settings(gate="auto", max_attempts=3, retry_backoff=10)


def busy(number: int, *dependencies: int, **values: object):  # type: ignore[no-untyped-def]
    return prompt(number, *dependencies, status=BUSY, attempts=1, **values)


def running(number: int, **values: object):  # type: ignore[no-untyped-def]
    return attempt(number, RUNNING, **values)


APPROVED = Review(1, 1, approved=True, commit="abc", by="ada")
REJECTED = Review(1, 1, approved=False, commit="abc", by="ada", note="too slow")

CASES: dict[str, tuple[Snapshot, tuple[Action, ...]]] = {
    "a pending prompt is dispatched": (world([prompt(1)]), (Dispatch(prompt_work(1), 1),)),
    "a prompt waits for its dependency": (world([prompt(1), prompt(2, 1)]), (Dispatch(prompt_work(1), 1),)),
    "a done dependency lets it start": (world([prompt(1, status=DONE), prompt(2, 1)]), (Dispatch(prompt_work(2), 1),)),
    "a cancelled dependency lets it start": (
        world([prompt(1, status=CANCELLED), prompt(2, 1)]),
        (Dispatch(prompt_work(2), 1),),
    ),
    "a merged attempt counts before its file says done": (
        world([busy(1), prompt(2, 1)], [attempt(1, StepState.MERGED, commits=("c1",), window="")]),
        (Dispatch(prompt_work(2), 1), Mark(1, DONE, 1, ("c1",))),
    ),
    "priority goes before number": (
        world([prompt(1), prompt(2, priority=Priority.HIGH), prompt(3, priority=Priority.LOW)]),
        (Dispatch(prompt_work(2), 1), Dispatch(prompt_work(1), 1)),
    ),
    "at capacity nothing starts": (world([busy(1), prompt(2)], [running(1)], max_parallel=1), ()),
    "a cancelled prompt whose agent runs on holds capacity": (
        world([replace(busy(1), status=CANCELLED), prompt(2)], [running(1)], max_parallel=1),
        (),
    ),
    "an agent whose prompt file is unreadable holds capacity": (
        world([prompt(2)], agents=[agent(running(1), AgentState.WORKING)], max_parallel=1),
        (),
    ),
    "paused: nothing starts": (world([prompt(1)], asked="paused"), ()),
    "stopped: nothing starts": (world([prompt(1)], asked="stopped"), ()),
    "paused: what runs is still settled": (
        world([busy(1), prompt(2)], [ended(1)], asked="paused"),
        (Settle(prompt_work(1), 1),),
    ),
    "an open question holds everything": (world([prompt(1)], questions=[question()]), ()),
    "an answered question holds nothing": (
        world([prompt(1)], questions=[question(answer="yes")]),
        (Dispatch(prompt_work(1), 1),),
    ),
    "a narrow question holds the dependents only": (
        world(
            [busy(1), prompt(2, 1, status=BUSY), prompt(3)],
            [running(1)],
            questions=[question(1, only_dependents=True)],
        ),
        (Dispatch(prompt_work(3), 1),),
    ),
    "a failed step halts the plan": (
        world([prompt(1, status=FAILED, attempts=1), prompt(2)], [attempt(1, StepState.FAILED)]),
        (),
    ),
    "a failed file without an attempt halts too": (world([prompt(1, status=FAILED), prompt(2)]), ()),
    "halted: what runs is still settled": (
        world([prompt(1, status=FAILED, attempts=1), busy(2), prompt(3)], [attempt(1, StepState.FAILED), ended(2)]),
        (Settle(prompt_work(2), 1),),
    ),
    "a restarted prompt gets the next attempt": (
        world([prompt(1, attempts=1)], [attempt(1, StepState.FAILED)]),
        (Dispatch(prompt_work(1), 2),),
    ),
    "attempts whose directories are gone are counted on": (
        world([prompt(1, attempts=4)]),
        (Dispatch(prompt_work(1), 5),),
    ),
    "a held step waits for a human": (
        world([prompt(1, status=PromptStatus.BLOCKED, attempts=1)], [attempt(1, StepState.BLOCKED, held=True)]),
        (),
    ),
    "a held step goes on once its file says pending": (
        world([prompt(1, attempts=1)], [attempt(1, StepState.BLOCKED, held=True)]),
        (Dispatch(prompt_work(1), 2),),
    ),
    "a blocked step holds up nobody else": (
        world([prompt(1, status=PromptStatus.BLOCKED, attempts=1), prompt(2)], [attempt(1, StepState.BLOCKED)]),
        (Dispatch(prompt_work(2), 1),),
    ),
    "a retry waits for its back-off": (
        world([prompt(1, status=FAILED, attempts=1)], [attempt(1, StepState.FAILED)], settings=RETRYING),
        (),
    ),
    "a retry that waits holds up nobody": (
        world([prompt(1, status=FAILED, attempts=1), prompt(2)], [attempt(1, StepState.FAILED)], settings=RETRYING),
        (Dispatch(prompt_work(2), 1),),
    ),
    "a due retry is dispatched": (
        world(
            [prompt(1, status=FAILED, attempts=1)],
            [attempt(1, StepState.FAILED, since="2027-01-15T07:59:50Z")],
            settings=RETRYING,
        ),
        (Dispatch(prompt_work(1), 2),),
    ),
    "after the last attempt it halts": (
        world(
            [prompt(1, status=FAILED, attempts=3), prompt(2)],
            [attempt(1, StepState.FAILED, 3, since="2027-01-15T01:00:00Z")],
            settings=RETRYING,
        ),
        (),
    ),
    "an agent that has ended is settled": (world([busy(1)], [ended(1)]), (Settle(prompt_work(1), 1),)),
    "an agent that died before it was seen is settled": (
        world(
            [busy(1)],
            [
                ended(
                    1,
                    127,
                    None,
                )
            ],
        ),
        (Settle(prompt_work(1), 1),),
    ),
    "a lost agent is settled": (
        world([busy(1)], [running(1)], agents=[agent(running(1), AgentState.LOST)]),
        (Settle(prompt_work(1), 1),),
    ),
    "a lost agent of an earlier attempt means nothing": (
        world([prompt(1, status=BUSY, attempts=2)], [running(1, count=2)], agents=[agent(running(1), AgentState.LOST)]),
        (),
    ),
    "a claim that nobody finished is resumed": (
        world([prompt(1)], [attempt(1, StepState.DISPATCHED)]),
        (Resume(prompt_work(1), 1), Mark(1, BUSY, 1)),
    ),
    "an attempt over its time is ended": (
        world([busy(1, timeout=60.0)], [running(1, started="2027-01-15T07:58:59Z")]),
        (Expire(prompt_work(1), 1, 60.0),),
    ),
    "an attempt within its time goes on": (world([busy(1, timeout=60.0)], [running(1)]), ()),
    "a kill is finished before anything else": (
        world([busy(1)], [ended(1, 143, None, kill="hold")]),
        (FinishKill(prompt_work(1), 1),),
    ),
    "a kill of an open change is finished": (
        world([busy(1)], [attempt(1, OPEN, kill="requeue")]),
        (FinishKill(prompt_work(1), 1),),
    ),
    "auto: an open change goes to the gate": (world([busy(1)], [attempt(1, OPEN)]), (Merge(prompt_work(1), 1),)),
    "review: an open change waits": (world([busy(1)], [attempt(1, OPEN)], settings=REVIEWED), ()),
    "review: an approved change is merged": (
        world([busy(1)], [attempt(1, OPEN)], settings=REVIEWED, reviews={1: APPROVED}),
        (Merge(prompt_work(1), 1, "abc"),),
    ),
    "review: a rejected change goes back": (
        world([busy(1)], [attempt(1, OPEN)], settings=REVIEWED, reviews={1: REJECTED}),
        (Return(prompt_work(1), 1, "too slow"),),
    ),
    "a verdict on an earlier attempt means nothing": (
        world([prompt(1, status=BUSY, attempts=2)], [attempt(1, OPEN, 2)], settings=REVIEWED, reviews={1: APPROVED}),
        (),
    ),
    "a change of a cancelled prompt is not merged": (
        world([prompt(1, status=CANCELLED, attempts=1), prompt(2)], [attempt(1, OPEN)]),
        (Dispatch(prompt_work(2), 1),),
    ),
    "a merged attempt is tidied": (
        world([prompt(1, status=DONE, attempts=1), prompt(2)], [attempt(1, StepState.MERGED)]),
        (Dispatch(prompt_work(2), 1), Tidy(prompt_work(1), 1)),
    ),
    "a file that lags behind a failure is marked": (
        world([busy(1)], [attempt(1, StepState.FAILED)]),
        (Mark(1, FAILED, 1),),
    ),
    "a returned step starts again at once": (
        world([busy(1)], [attempt(1, StepState.PENDING, continues=True, reason="conflict")]),
        (Dispatch(prompt_work(1), 2),),
    ),
    "what a human writes into a running prompt's file is left alone": (
        world([prompt(1, status=PromptStatus.PENDING, attempts=1)], [running(1)]),
        (),
    ),
    "nothing to run, something running: wait": (world([busy(1)], [running(1)]), ()),
    "all merged: the milestone is closed": (world([prompt(1, status=DONE)]), (CloseMilestone(),)),
    "closed once only": (world([prompt(1, status=DONE)], milestone="done"), ()),
    "unreadable files keep the milestone open": (world([prompt(1, status=DONE)], unreadable=1), ()),
    "no prompts at all: nothing": (world([]), ()),
    "a cycle never starts": (world([prompt(1, 2), prompt(2, 1)]), ()),
    "a missing dependency holds": (world([prompt(2, 1)]), ()),
}


def test_the_pause_before_a_retry_doubles_up_to_a_limit_and_there_are_only_so_many() -> None:
    rules = Settings(gate="auto", max_attempts=12)
    assert [backoff(rules, n) for n in (1, 2, 3, 5, 6, 7, 40)] == [10, 20, 40, 160, 300, 300, 300]
    for count in range(1, 13):
        failed = attempt(1, StepState.FAILED, count)
        snapshot = world([prompt(1, status=BUSY, attempts=count)], [failed], settings=rules)
        due = next_due(snapshot, NOW)
        assert due == (NOW + backoff(rules, count) if count < 12 else None)
        if due is not None:
            assert step(snapshot, due - 0.1) == (Mark(1, PromptStatus.FAILED, count),)
            assert Dispatch(prompt_work(1), count + 1) in step(snapshot, due)
        else:
            assert not [a for a in step(snapshot, NOW + 1e6) if isinstance(a, Dispatch)]
            assert snapshot.loop.state is LoopState.HALTED


@pytest.mark.parametrize("case", CASES)
def test_what_is_to_be_done(case: str) -> None:
    snapshot, expected = CASES[case]
    assert step(snapshot, NOW) == expected


@pytest.mark.parametrize(
    ("snapshot", "state"),
    [
        (world([prompt(1, status=DONE)]), "finished"),
        (world([]), "idle"),
        (world([prompt(1, 1)]), "stuck"),
        (world([prompt(1, 2), prompt(2, 1), prompt(3, status=DONE)]), "stuck"),
        (world([prompt(1, status=DONE)], unreadable=1), "stuck"),
        (world([prompt(1, status=FAILED), prompt(2)]), "halted"),
        (world([prompt(1, status=FAILED), busy(2)], [running(2)]), None),
        (world([prompt(1)], questions=[question()]), None),
        (world([prompt(1)], asked="paused"), None),
        (world([busy(1)], [attempt(1, OPEN)], settings=REVIEWED), None),
        (world([prompt(1, status=PromptStatus.BLOCKED)]), "stuck"),
    ],
)
def test_when_nothing_is_left_to_wait_for(snapshot: Snapshot, state: str | None) -> None:
    ended_as = outcome(snapshot)
    assert (ended_as.state if ended_as else None) == state
    assert ended_as is None or (ended_as.exit_code == 0) == (state in ("finished", "idle"))
    assert ended_as is None or ended_as.reason


def test_time_alone_wakes_the_loop_for_retries_and_timeouts() -> None:
    failed = world([prompt(1, status=FAILED, attempts=2)], [attempt(1, StepState.FAILED, 2)], settings=RETRYING)
    assert next_due(failed, NOW) == NOW + 20
    assert next_due(world([busy(1, timeout=60.0)], [running(1)]), NOW) == NOW + 60
    assert next_due(world([busy(1)], [running(1)], settings=Settings(timeout=5.0)), NOW) == NOW + 5
    assert next_due(world([prompt(1)]), NOW) is None


STATES = st.sampled_from([s for s in StepState if s is not StepState.SKIPPED])


@st.composite
def worlds(draw: st.DrawFn) -> Snapshot:
    """Any world: cycles, gaps and dangling dependencies, files and attempts that contradict each other."""
    numbers = draw(st.lists(st.integers(1, 8), unique=True, max_size=7))
    prompts, attempts, agents = [], [], []
    for number in numbers:
        made = prompt(
            number,
            *draw(st.lists(st.integers(1, 9), max_size=3)),
            status=draw(st.sampled_from(PromptStatus)),
            priority=draw(st.sampled_from(Priority)),
            attempts=draw(st.integers(0, 3)),
            timeout=draw(st.none() | st.sampled_from([1.0, 1e6])),
        )
        prompts.append(made)
        if draw(st.booleans()):
            maker = draw(st.sampled_from([attempt, ended]))
            values = {"held": draw(st.booleans()), "kill": draw(st.sampled_from(["", "", "hold"]))}
            count = draw(st.integers(1, 3))
            last = (
                ended(number, count=count, **values)
                if maker is ended
                else attempt(number, draw(STATES), count, **values)
            )
            attempts.append(last)
            if draw(st.booleans()):
                agents.append(agent(last, draw(st.sampled_from(AgentState))))
    questions = draw(
        st.lists(st.builds(question, st.none() | st.integers(1, 9), only_dependents=st.booleans()), max_size=1)
    )
    return world(
        prompts,
        attempts,
        agents=agents,
        questions=questions,
        settings=Settings(gate=draw(st.sampled_from(["auto", "review"])), max_attempts=draw(st.integers(1, 3))),
        asked=draw(st.sampled_from(["running", "running", "paused", "stopped"])),
        max_parallel=draw(st.integers(1, 3)),
    )


def numbers_of(actions: tuple[Action, ...], kind: type) -> list[int]:
    return [a.number for a in actions if isinstance(a, kind)]  # type: ignore[union-attr]


@given(worlds())
def test_in_any_world_only_ready_prompts_start_within_capacity_and_once(snapshot: Snapshot) -> None:
    actions = step(snapshot, NOW + 1000)
    started = numbers_of(actions, Dispatch)
    live = live_attempts(snapshot)
    assert len(started) + len(live) <= max(snapshot.loop.max_parallel, len(live))
    assert len(set(started)) == len(started)
    assert not set(started) & live
    for number in started:
        current = snapshot.steps[number]
        assert current.state in (StepState.PENDING, StepState.FAILED)
        for before in snapshot.prompts[number].dependencies:
            assert snapshot.steps[before].state in (StepState.MERGED, StepState.SKIPPED)
    if started:
        assert snapshot.loop.asked == "running"
        assert not snapshot.loop.halted_by
        assert not any(q.open and not q.only_dependents for q in snapshot.questions)


@given(worlds())
def test_in_any_world_an_attempt_gets_at_most_one_decision(snapshot: Snapshot) -> None:
    actions = step(snapshot, NOW + 1000)
    decisions = [
        (a.number, a.attempt) for a in actions if isinstance(a, (Resume, Settle, Expire, FinishKill, Merge, Return))
    ]
    assert len(set(decisions)) == len(decisions)
    assert len(set(actions)) == len(actions)
    for number in numbers_of(actions, Merge):
        assert snapshot.steps[number].state is StepState.CHANGE_OPEN
    for action in actions:
        if isinstance(action, Dispatch):
            last = snapshot.steps[action.number].attempt
            assert last is None or action.attempt > last.attempt


@given(worlds())
def test_in_any_world_done_work_is_never_touched(snapshot: Snapshot) -> None:
    files = snapshot.prompts
    done = {n for n, s in snapshot.steps.items() if s.state is StepState.MERGED and files[n].status is DONE}
    actions = step(snapshot, NOW)
    assert not done & set(numbers_of(actions, Dispatch) + numbers_of(actions, Mark) + numbers_of(actions, Merge))


@given(worlds())
def test_an_all_blocked_world_is_never_finished(snapshot: Snapshot) -> None:
    left = [s for s in snapshot.steps.values() if s.state not in (StepState.MERGED, StepState.SKIPPED)]
    ended_as = outcome(snapshot)
    if left:
        assert snapshot.loop.state is not LoopState.FINISHED
        assert ended_as is None or ended_as.exit_code == 1
        assert CloseMilestone() not in step(snapshot, NOW)


def test_the_worlds_clock_reads_now() -> None:
    from coordinator.model.clock import timestamp

    assert timestamp(AT) == NOW
