"""Limits of model services: all go on when one ends, none before; and nobody starts into one."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import AT, NOW, agent, attempt, iso, prompt, world

from coordinator.lazy.dataclass import replace
from coordinator.loop.actions import Dispatch, Expire, Nudge
from coordinator.loop.rules import next_due, step
from coordinator.model.limits import BY_ITSELF, MOST, NEW_ROUND, limits, tells_at
from coordinator.model.loop_state import next_retry, resumes_at
from coordinator.model.prompt import PromptStatus
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Agent, AgentState, LoopState, Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work
from coordinator.views.prompt_row import Facts
from coordinator.views.why import sentence, why

BUSY, LIMITED = PromptStatus.IN_PROGRESS, AgentState.RATE_LIMITED
FIVE_HOURS = 5 * 3600.0
AUTO = Settings(gate="auto")


def limited(of: Attempt, **values: object) -> Agent:
    """An agent in a window that stands at a limit since NOW."""
    return agent(of, LIMITED, hears=True, **values)


def cut(number: int, **values: object) -> Attempt:
    """An attempt that a limit ended at NOW."""
    own = {"interrupted": True, "interruptions": 1, "limits": 1, "since": AT}
    return attempt(number, StepState.PENDING, **(own | values))


def running(number: int, **values: object) -> Attempt:
    return attempt(number, StepState.RUNNING, ago=60, **values)


def moments(snapshot: Snapshot, until: float) -> Iterator[float]:
    """Each moment at which the loop wakes by itself."""
    at = NOW
    while (due := next_due(snapshot, at)) is not None and due <= until:
        yield due
        at = due


@given(
    seconds=st.floats(1, FIVE_HOURS),
    in_windows=st.integers(0, 20),
    itself=st.lists(st.booleans(), min_size=20, max_size=20),
    fresh=st.integers(0, 3),
)
def test_of_twenty_agents_at_a_limit_all_go_on_when_it_ends_and_none_before(
    seconds: float, in_windows: int, itself: Sequence[bool], fresh: int
) -> None:
    end = NOW + seconds
    lived = [running(n) for n in range(1, in_windows + 1)]
    ended = [cut(n, limit_ends=end) for n in range(in_windows + 1, 21)]
    prompts = [prompt(n, status=BUSY if n <= in_windows else PromptStatus.PENDING, attempts=1) for n in range(1, 21)]
    prompts += [prompt(n) for n in range(21, 21 + fresh)]
    agents = tuple(limited(a, resets_at=end, retries=r) for a, r in zip(lived, itself, strict=False))
    made = world(prompts, [*lived, *ended], agents=agents, max_parallel=20 + fresh)
    for at in (NOW, NOW + seconds / 2, *moments(made, end - 0.001)):
        assert not [action for action in step(made, at) if isinstance(action, Dispatch | Nudge)], at
    wakes = list(moments(made, end + 5))
    assert wakes[0] == end
    done = [action for action in step(made, end) if isinstance(action, Dispatch | Nudge)]
    told = {action.number for action in done if isinstance(action, Nudge)}
    assert told == {a.prompt for a, r in zip(lived, itself, strict=False) if not r}
    assert {action.number for action in done if isinstance(action, Dispatch)} == set(range(in_windows + 1, 21 + fresh))
    later = {action.number for action in step(made, end + BY_ITSELF) if isinstance(action, Nudge)}
    assert later == {a.prompt for a in lived}  # those that said that they go on by themselves, and did not


@given(
    met=st.lists(
        st.tuples(st.floats(-3600, 3600), st.none() | st.floats(-3600, 7200), st.integers(0, MOST + 2), st.booleans()),
        max_size=6,
    ),
    at=st.floats(0, 10_000),
    go_on=st.booleans(),
)
def test_whoever_is_to_be_told_is_told_in_the_end_and_no_moment_is_slept_through(
    met: list[tuple[float, float | None, int, bool]], at: float, go_on: bool
) -> None:
    attempts, agents = [], []
    for n, (since, end, count, retries) in enumerate(met, 1):
        attempts.append(running(n, nudges=count, nudged=NOW + since - 1 if count else 0.0))
        resets_at = None if end is None else NOW + end
        agents.append(limited(attempts[-1], observed_at=NOW + since, resets_at=resets_at, retries=retries))
    settings = replace(AUTO, go_on=go_on)
    made = world([prompt(a.prompt, status=BUSY, attempts=1) for a in attempts], attempts, settings=settings)
    made = replace(made, agents=tuple(agents))
    told = {action.number for action in step(made, NOW + at) if isinstance(action, Nudge)}
    for one, known in zip(attempts, agents, strict=True):
        due = tells_at(known, one, settings)
        assert (due is None) is (not go_on or one.nudges >= MOST)
        assert (one.prompt in told) is (due is not None and due <= NOW + at)
        if due is not None and due > NOW + at:
            wakes = next_due(made, NOW + at)
            assert wakes is not None
            assert wakes <= due
            assert 0 < next_retry(made.prompts, made.steps, settings, agents) <= due


def test_a_limit_of_which_nobody_told_the_end_is_tried_again_after_a_back_off_that_doubles() -> None:
    pauses, now, told = [], NOW, running(1)
    for _ in range(7):
        due = tells_at(limited(told, observed_at=now + 1), told, AUTO)
        assert due is not None
        pauses.append(due - now)
        now = due
        told = replace(told, nudges=told.nudges + 1, nudged=now)
    assert pauses == [11.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]
    rested = limited(told, observed_at=now + NEW_ROUND + 1)
    assert tells_at(rested, told, AUTO) == now + NEW_ROUND + 11  # it worked meanwhile: the first in a row again


def test_what_a_screen_goes_on_showing_is_no_new_limit() -> None:
    """It is noted again every few minutes: that puts nothing off, nor does it begin to count anew after the last."""
    told = running(1, nudges=6, nudged=NOW)
    assert tells_at(limited(told, observed_at=NOW + 280), told, AUTO) == NOW + 300
    spent = replace(told, nudges=MOST)
    assert tells_at(limited(spent, observed_at=NOW + 2 * NEW_ROUND), spent, AUTO) is None


def test_nobody_is_told_who_takes_no_messages_or_has_handed_off_or_where_that_is_not_wanted() -> None:
    one = running(1)
    known = limited(one, resets_at=NOW + 1)
    assert tells_at(known, one, AUTO) == NOW + 1
    assert tells_at(replace(known, hears=False), one, AUTO) is None
    assert tells_at(known, one, replace(AUTO, headless=True)) is None
    assert tells_at(known, one, replace(AUTO, go_on=False)) is None
    assert tells_at(replace(known, state=AgentState.WAITING), one, AUTO) is None


def test_only_the_runtime_whose_limit_it_is_starts_nobody_and_the_queue_says_why() -> None:
    one = running(1)
    prompts = [prompt(1, status=BUSY, attempts=1), prompt(2, agent="claude"), prompt(3, agent="codex")]
    made = world(prompts, [one], agents=(limited(one, resets_at=NOW + FIVE_HOURS),), max_parallel=3)
    assert [a.number for a in step(made, NOW) if isinstance(a, Dispatch)] == [3]
    (because,) = why(made, 2, NOW).because
    assert (because.code, because.subject) == ("limit", "agent:claude")
    assert because.message.startswith("limit of claude until ")
    assert "Limit of claude until " in sentence(why(made, 2, NOW))
    assert Facts(made).of(2, NOW).text.startswith("limit of claude until ")
    assert Facts(made).of(3, NOW).text == "ready"
    off = replace(made, settings=replace(made.settings, go_on=False))
    assert [a.number for a in step(off, NOW) if isinstance(a, Dispatch)] == [2, 3]


def test_a_limit_without_an_end_holds_until_somebody_works_again() -> None:
    one, two = cut(1, runtime="claude"), running(2)
    prompts = [prompt(1, attempts=1), prompt(2, status=BUSY, attempts=1), prompt(3, agent="claude")]
    made = world(prompts, [one, two], max_parallel=3)
    assert [a.number for a in step(made, NOW) if isinstance(a, Dispatch)] == []
    assert Facts(made).of(3, NOW).text == "limit of claude, tries again in 10s"
    assert Facts(made).of(1, NOW).text == "limit of claude, tries again in 10s"
    works = replace(made, agents=(agent(two, AgentState.WORKING, observed_at=NOW + 1),))
    assert [a.number for a in step(works, NOW + 2) if isinstance(a, Dispatch)] == [3]
    assert [a.number for a in step(made, NOW + 10) if isinstance(a, Dispatch)] == [1, 3]


def test_of_several_ends_that_were_told_the_last_counts_and_of_several_tries_the_first() -> None:
    told = [running(n) for n in (1, 2)]
    agents = tuple(limited(a, resets_at=NOW + 100 * a.prompt) for a in told)
    made = world([prompt(n, status=BUSY, attempts=1) for n in (1, 2, 3)], told, agents=agents)
    assert limits(made, NOW)["claude"].until == NOW + 200
    guessed = [cut(1, since=iso(NOW - 5)), cut(2, limits=4)]
    again = world([prompt(n, attempts=1) for n in (1, 2)], guessed)
    assert (limits(again, NOW)["claude"].until, limits(again, NOW)["claude"].told) == (NOW + 5, False)


def test_whoever_is_ended_by_limits_again_and_again_waits_longer_each_time() -> None:
    settings = Settings(retry_backoff=10.0)
    for limits_met, told, wait in ((1, 0.0, 10.0), (2, 0.0, 20.0), (9, 0.0, 300.0), (1, 2.0, 2.0), (3, 2.0, 20.0)):
        one = cut(1, limits=limits_met, limit_ends=NOW + told if told else 0.0)
        made = world([prompt(1, attempts=1)], [one])
        assert resumes_at(made.steps[1], settings) == NOW + wait, (limits_met, told)
        assert made.loop.state is LoopState.RUNNING
        assert made.loop.reason == "waits for the limit of claude to end"


@pytest.mark.parametrize("go_on", [True, False])
def test_time_that_an_agent_stands_at_a_limit_is_not_counted_against_it(go_on: bool) -> None:
    one = attempt(1, StepState.RUNNING, ago=120)
    known = limited(one, resets_at=NOW + 60)
    made = world([prompt(1, status=BUSY, attempts=1, timeout=60.0)], [one], agents=(known,))
    made = replace(made, settings=replace(made.settings, go_on=go_on))
    assert step(made, NOW) == (() if go_on else (Expire(prompt_work(1), 1, 60.0),))
    told = replace(one, nudges=1, nudged=NOW + 61)
    works = world([prompt(1, status=BUSY, attempts=1, timeout=60.0)], [told], agents=(agent(told, AgentState.WORKING),))
    assert (step(works, NOW + 120), len(step(works, NOW + 121))) == ((), 1)
