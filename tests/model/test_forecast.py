"""The forecast: what is left, the chain that decides, and an estimate that agrees with a simulation by hand."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.build import NOW, attempt, prompt, world

from coordinator.lazy.dataclass import replace
from coordinator.model.forecast import forecast, rough
from coordinator.model.prompt import PromptStatus
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, Exit, StepState


def at(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW + seconds))


def merged(number: int, took: float, ago: float = 5000) -> Attempt:
    return attempt(number, StepState.MERGED, started=at(-ago), since=at(-ago + took), exit=Exit(0, at(-ago + took)))


def plan(edges: dict[int, tuple[int, ...]], attempts: list[Attempt], parallel: int = 2) -> Snapshot:
    done = {a.prompt for a in attempts if a.state is StepState.MERGED}
    prompts = [prompt(n, *needs, **({"status": PromptStatus.DONE} if n in done else {})) for n, needs in edges.items()]
    return world(prompts, attempts, max_parallel=parallel)


def test_the_longest_chain_and_the_time_of_all_of_it() -> None:
    snapshot = plan({1: (), 2: (1,), 3: (2,), 4: (3,), 5: (1,)}, [merged(1, 600)])
    made = forecast(snapshot, NOW)
    assert made.critical_path == (2, 3, 4)
    assert (made.left, made.stuck, made.samples) == (4, 0, 1)
    assert made.seconds == pytest.approx(1800)
    assert made.words == "about 30 min left"
    alone = replace(snapshot, loop=replace(snapshot.loop, max_parallel=1))
    assert forecast(alone, NOW).seconds == pytest.approx(2400)


def test_what_runs_has_less_left_and_what_runs_long_still_has_some() -> None:
    half = attempt(2, StepState.RUNNING, started=at(-300))
    late = attempt(3, StepState.RUNNING, started=at(-9000))
    assert forecast(plan({1: (), 2: ()}, [merged(1, 600), half]), NOW).seconds == pytest.approx(300)
    assert forecast(plan({1: (), 3: ()}, [merged(1, 600), late]), NOW).seconds == pytest.approx(60)


def test_before_anything_is_merged_the_chain_is_told_and_no_time() -> None:
    made = forecast(plan({1: (), 2: (1,), 3: ()}, []), NOW)
    assert made.critical_path == (1, 2)
    assert made.seconds is None
    assert made.words == ""


def test_what_can_not_go_on_is_not_waited_for_and_is_told() -> None:
    failed = attempt(2, StepState.FAILED)
    snapshot = plan({1: (), 2: (), 3: (2,), 4: (), 5: (6,), 6: (5,), 7: (9,)}, [merged(1, 60), failed])
    made = forecast(snapshot, NOW)
    assert (made.left, made.stuck) == (1, 5)
    assert made.critical_path == (4,)


def test_when_all_is_merged_nothing_is_left() -> None:
    made = forecast(plan({1: ()}, [merged(1, 60)]), NOW)
    assert (made.left, made.critical_path, made.seconds, made.words) == (0, (), 0.0, "")


def test_one_odd_duration_does_not_count() -> None:
    attempts = [merged(1, 60), merged(2, 60), merged(3, 86_000, ago=86_400)]
    assert forecast(plan({1: (), 2: (), 3: (), 4: ()}, attempts), NOW).seconds == pytest.approx(60)


@settings(max_examples=150, deadline=None)
@given(st.integers(2, 12), st.integers(1, 4), st.data())
def test_the_estimate_lies_between_the_chain_and_one_after_the_other(
    count: int, parallel: int, data: st.DataObject
) -> None:
    edges: dict[int, tuple[int, ...]] = {1: ()}
    for number in range(2, count + 2):
        edges[number] = tuple(sorted(data.draw(st.sets(st.integers(1, number - 1), max_size=3))))
    made = forecast(plan(edges, [merged(1, 100)], parallel), NOW)
    assert made.seconds is not None
    assert 100 * len(made.critical_path) - 1 <= made.seconds <= 100 * count + 1
    assert made.seconds >= 100 * count / parallel - 1
    chain = made.critical_path
    assert all(before in edges[after] for before, after in pairwise(chain))


def test_ten_thousand_prompts_are_forecast_in_a_moment() -> None:
    edges = {n: (n - 10,) if n > 10 else () for n in range(1, 10_001)}
    snapshot = plan(edges, [merged(1, 60)])
    began = time.process_time()
    assert forecast(snapshot, NOW).left == 9_999
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 min"), (700, "12 min"), (2400, "40 min"), (9000, "2 h"), (400_000, "5 d")]
)
def test_durations_are_said_no_more_exactly_than_they_are_known(seconds: float, words: str) -> None:
    assert rough(seconds) == words
