"""What a prompt takes, judged by the attempts that finished before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import NOW, event, iso, prompt, snapshot

from coordinator.model.expectation import LEAST, Estimate, expect, expectations, short
from coordinator.model.snapshot import Sample
from coordinator.model.work_times import MOST, Samples, Waiting


def samples(count: int, runtime: str = "claude", model: str = "", scale: float = 1) -> list[Sample]:
    return [Sample(runtime, model, int(n * 1000 * scale), n / 10 * scale, n * 60 * scale) for n in range(1, count + 1)]


def test_half_and_nine_of_ten_of_what_attempts_took() -> None:
    told = expect(samples(10), "claude")
    assert (told.samples, told.basis) == (10, "claude")
    assert (told.tokens, told.cost_usd, told.seconds) == (Estimate(5000, 9000), Estimate(0.5, 0.9), Estimate(300, 540))
    assert told.words == (
        "takes about 5 min, 5k tokens, $0.50; nine of ten within 9 min, 9k tokens, $0.90 (10 attempts of claude)"
    )
    assert told.to_json() == {
        "samples": 10,
        "basis": "claude",
        "tokens": {"p50": 5000, "p90": 9000},
        "cost_usd": {"p50": 0.5, "p90": 0.9},
        "minutes": {"p50": 5, "p90": 9},
    }


def test_too_few_are_said_to_be_too_few() -> None:
    told = expect(samples(LEAST - 1), "claude")
    assert not told.told
    assert told.words == "too few attempts finished to tell what it takes (4 of 5)"
    assert told.to_json()["minutes"] is None


def test_its_own_model_tells_first_then_its_cli_then_all() -> None:
    known = [*samples(5, "claude", "opus", 10), *samples(5, "claude"), *samples(9, "codex", "", 100)]
    assert expect(known, "claude", "opus").basis == "claude, opus"
    assert expect(known, "claude", "opus").seconds == Estimate(1800, 3000)
    assert expect(known, "claude", "haiku").basis == "claude"
    assert expect(known, "claude", "haiku").samples == 10
    assert expect(known, "gemini").basis == ""
    assert expect(known, "gemini").samples == 19


def test_what_only_few_told_is_left_out() -> None:
    silent = [Sample("scripted", "", None, None, 60.0)] * 6
    told = expect(silent, "scripted")
    assert (told.tokens, told.cost_usd, told.seconds) == (None, None, Estimate(60, 60))
    assert told.words == "takes about 1 min; nine of ten within 1 min (6 attempts of scripted)"


def fed(*events: object) -> tuple[Sample, ...]:
    waiting, found = Waiting(), Samples()
    for one in events:
        waiting.feed(one)  # type: ignore[arg-type]
        found.feed(one, waiting)  # type: ignore[arg-type]
    assert found.newest() is found.newest()
    return found.newest()


def test_what_an_attempt_waited_for_a_human_it_did_not_work() -> None:
    asked = event("question.asked", "prompt:1", "executor-01-1", 1, iso(NOW - 80), text="?")
    answered = event("question.answered", "prompt:1", "ada", 2, iso(NOW - 50), question=asked.id)
    took = {"prompt": 1, "seconds": 100.0, "outcome": "done", "runtime": "claude", "model": "opus", "tokens": 7}
    end = event("agent.exited", "agent:executor-01-1", "loop", 3, iso(NOW), **took)
    assert fed(asked, answered, end) == (Sample("claude", "opus", 7, None, 70.0),)


@pytest.mark.parametrize("data", [{}, {"seconds": 5.0}, {"outcome": "done"}, {"outcome": "done", "seconds": "x"}])
def test_an_attempt_that_did_not_finish_or_tells_nothing_is_none(data: dict[str, object]) -> None:
    assert fed(event("agent.exited", "agent:a", "loop", 1, iso(NOW), **data)) == ()


def test_only_the_newest_are_kept() -> None:
    ends = [
        event("agent.exited", "agent:a", "loop", n, iso(NOW + n), seconds=float(n), outcome="done")
        for n in range(1, MOST + 50)
    ]
    assert [one.seconds for one in fed(*ends)] == [float(n) for n in range(50, MOST + 50)]


def test_only_prompts_that_wait_to_be_started_are_told_of() -> None:
    seen = snapshot([prompt(1), prompt(2, agent="codex")], samples=tuple(samples(5, "codex")))
    assert expectations(seen)[2].basis == "codex"
    assert expectations(seen)[1].basis == ""


@given(st.lists(st.builds(Sample, st.sampled_from(["a", "b"]), st.sampled_from(["", "m"]), *[st.integers(0, 99)] * 3)))
def test_estimates_are_among_what_was_told_and_as_many_are_below_as_they_say(known: list[Sample]) -> None:
    told = expect(known, "a", "m")
    if len(known) < LEAST:
        assert not told.told
        return
    assert told.tokens is not None
    pool = {"": known, "a": [s for s in known if s.runtime == "a"]}
    pool["a, m"] = [s for s in pool["a"] if s.model == "m"]
    values = [s.tokens for s in pool[told.basis] if s.tokens is not None]
    assert told.samples == len(values)
    for part, value in ((0.5, told.tokens.p50), (0.9, told.tokens.p90)):
        assert value in values
        assert sum(v <= value for v in values) >= part * len(values)
        assert sum(v < value for v in values) < part * len(values)


def test_numbers_are_no_more_exact_than_an_estimate_is() -> None:
    assert [short(n) for n in (0, 840, 999, 40_400, 999_499, 999_500, 12_340_000)] == [
        *("0", "840", "999", "40k", "999k", "1.0M", "12.3M"),
    ]
