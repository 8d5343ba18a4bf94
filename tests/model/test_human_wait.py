"""How long work waited for a human: folded from events, overlaps counted once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import NOW, attempt, event, event_id, iso, prompt, snapshot

from coordinator.lazy.dataclass import replace
from coordinator.model.event import Event
from coordinator.model.human_wait import Waited, waited, waited_for_human, waits_now
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Review, Span
from coordinator.model.step import StepState
from coordinator.model.work_times import KINDS, Waiting, union


def at(seconds: float, kind: str, subject: str, seq: int = 1, who: str = "loop", **data: object) -> Event:
    return event(kind, subject, who, seq, iso(NOW + seconds), **data)


def folded(*events: Event) -> Waiting:
    waiting = Waiting()
    for one in events:
        waiting.feed(one)
    return waiting


def test_questions_permissions_and_reviews_count_from_when_they_came_to_when_they_were_answered() -> None:
    told = folded(
        at(0, "question.asked", "prompt:1", 1, "executor-01-1", text="Which?"),
        at(10, "question.answered", "prompt:1", 2, "ada", question=event_id(1), answer="a"),
        at(20, "agent.status", "agent:executor-02-1", 3, state="permission", prompt=2),
        at(25, "permission.answered", "agent:executor-02-1", 4, "ada", allowed=True),
        at(26, "agent.status", "agent:executor-02-1", 5, state="working", prompt=2),
        at(40, "change.approved", "prompt:1", 6, "ada", opened=iso(NOW + 30)),
    )
    assert waited(told.spans(), NOW + 100) == Waited(25, 10, 5, 10)


def test_what_is_open_lasts_until_now_and_what_overlaps_counts_once() -> None:
    told = folded(
        at(0, "question.asked", "prompt:1", 1, text="Which?"),
        at(5, "run.asked", "run:run-1", 2, text="Budget?"),
        at(8, "agent.status", "agent:executor-02-1", 3, state="permission", prompt=2),
    )
    assert waited(told.spans(), NOW + 20) == Waited(20, 20, 12, 0)
    assert waited(told.spans(), NOW + 20, NOW + 10) == Waited(10, 10, 10, 0)


@pytest.mark.parametrize("end", ["agent.exited", "agent.killed", "agent.lost", "agent.status"])
def test_an_agent_that_is_gone_or_goes_on_asks_for_nothing_any_more(end: str) -> None:
    subject = "agent:executor-02-1"
    told = folded(at(0, "agent.status", subject, 1, state="permission", prompt=2), at(7, end, subject, 2, state="idle"))
    assert waited(told.spans(), NOW + 100).permissions == 7


def test_the_first_sign_of_one_wish_and_the_first_answer_of_one_question_count() -> None:
    told = folded(
        at(0, "agent.status", "agent:a", 1, state="permission"),
        at(3, "agent.status", "agent:a", 2, state="permission"),
        at(4, "agent.status", "agent:a", 3, state="working"),
        at(5, "question.asked", "milestone", 4, text="?"),
        at(6, "question.answered", "milestone", 5, question=event_id(4)),
        at(9, "question.answered", "milestone", 6, question=event_id(4)),
    )
    assert waited(told.spans(), NOW + 100) == Waited(5, 1, 4, 0)


def test_a_verdict_of_old_that_does_not_say_when_the_change_was_opened_counts_for_nothing() -> None:
    for opened in (None, "", "garbage", 7, iso(NOW + 60)):
        told = folded(at(40, "change.rejected", "prompt:1", 1, "ada", opened=opened))
        assert told.spans() == ()


def test_another_milestone_begins_at_nothing_but_what_is_open_stays() -> None:
    told = folded(
        at(0, "agent.status", "agent:a", 1, state="permission"),
        at(3, "agent.status", "agent:a", 2, state="working"),
        at(4, "question.asked", "milestone", 3, text="?"),
        at(5, "milestone.created", "milestone", 4, "ada"),
    )
    assert waited(told.spans(), NOW + 10) == Waited(6, 6, 0, 0)


def test_a_change_waits_until_a_verdict_but_for_the_gate_that_asks_nobody() -> None:
    open_change = attempt(1, StepState.CHANGE_OPEN, ago=30)
    seen = snapshot([prompt(1)], [open_change])
    assert waited_for_human(seen, NOW) == Waited(30, 0, 0, 30)
    assert waits_now(seen)
    approved = replace(seen, reviews={1: Review(1, 1, True, "c", "ada")})
    auto = snapshot([prompt(1)], [open_change], settings=Settings(gate="auto"))
    assert waited_for_human(approved, NOW) == waited_for_human(auto, NOW) == Waited()
    assert not waits_now(approved)
    earlier = replace(seen, reviews={1: Review(1, 0, False, "c", "ada")}, waits=(Span("reviews", NOW - 40, NOW - 20),))
    assert waited_for_human(earlier, NOW).reviews == 40


def test_words_name_what_it_was() -> None:
    assert Waited(125, 65, 0, 60).words == "waited 2m05 for a human (questions 1m05, reviews 1m00)"
    assert Waited(0.4, 0.4).words == ""
    assert Waited(1.23456, 1.2).to_json() == {"total": 1.2, "questions": 1.2, "permissions": 0, "reviews": 0}


SPANS = st.lists(
    st.builds(
        lambda kind, start, length: Span(kind, start, None if length is None else start + length),
        st.sampled_from(KINDS),
        st.integers(0, 50).map(float),
        st.none() | st.integers(0, 20),
    ),
    max_size=12,
)


@given(SPANS, st.integers(0, 80), st.integers(0, 80))
def test_every_moment_counts_once_in_all_and_once_in_its_kind(spans: list[Span], since: int, now: int) -> None:
    def moments(kinds: tuple[str, ...]) -> int:
        inside = [s for s in spans if s.kind in kinds]
        return sum(any(s.start <= m < (now if s.end is None else s.end) for s in inside) for m in range(since, now))

    told = waited(spans, now, since)
    assert told == Waited(moments(KINDS), *(moments((kind,)) for kind in KINDS))


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9))))
def test_a_union_is_no_more_than_its_parts_and_no_less_than_the_longest(pairs: list[tuple[float, float]]) -> None:
    lengths = [max(0, end - start) for start, end in pairs]
    assert max(lengths, default=0) - 1e-9 <= union(pairs) <= sum(lengths) + 1e-9


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=8), st.integers(0, 80), st.integers(0, 80))
def test_an_agent_was_held_by_its_own_waits_alone(asked: list[tuple[int, int]], start: int, end: int) -> None:
    happened = [(begin, "question.asked", n) for n, (begin, _) in enumerate(asked)]
    happened += [(begin + length + 1, "question.answered", n) for n, (begin, length) in enumerate(asked)]
    waiting = Waiting()
    for moment, kind, n in sorted(happened):
        data = {"question": event_id(2 * n + 1)} if kind.endswith("answered") else {"text": "?"}
        waiting.feed(at(moment, kind, f"prompt:{n % 2 + 1}", 2 * n + 1, **data))
    own = [(begin, begin + length + 1) for n, (begin, length) in enumerate(asked) if n % 2 == 0]
    held = sum(any(a <= m < b for a, b in own) for m in range(start, end))
    assert waiting.held(1, NOW + start, NOW + end) == held
