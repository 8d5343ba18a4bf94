"""Events with weight: an attempt's routine in one line, all else in full, and nothing lost or out of order."""

from hypothesis import given
from hypothesis import strategies as st
from support import build

from coordinator.model.event import Event
from coordinator.views.event_lines import ROUTINE, EventLine, gathered, in_full, told

KINDS = (*sorted(ROUTINE), "decision.recorded", "step.failed", "question.asked", "question.answered", "handoff.given")


def event(seq: int, kind: str, number: int, attempt: int = 1, who: str = "loop", **data: object) -> Event:
    agent = f"executor-{number:02d}-{attempt}"
    if kind.startswith("agent."):
        return build.event(kind, f"agent:{agent}", who, seq, prompt=number, attempt=attempt, **data)
    return build.event(kind, f"prompt:{number}", who, seq, attempt=attempt, **data)


def way(first: int, number: int, attempt: int = 1) -> list[Event]:
    kinds = ("step.dispatched", "agent.started", "step.running", "agent.exited", "step.change_open")
    return [event(first + place, kind, number, attempt) for place, kind in enumerate(kinds)]


events = st.lists(
    st.builds(
        lambda kind, number, attempt, who, status: (kind, number, attempt, who, status),
        st.sampled_from(KINDS),
        st.integers(1, 4),
        st.integers(1, 3),
        st.sampled_from(("loop", "ada", "executor-01-1")),
        st.sampled_from((None, 0, 3)),
    ),
    max_size=60,
).map(
    lambda rows: [
        event(seq, kind, number, attempt, who, status=status)
        for seq, (kind, number, attempt, who, status) in enumerate(rows, 1)
    ]
)


def seqs(lines: list[EventLine]) -> list[tuple[int, ...]]:
    return [tuple(one.seq for one in line.events) for line in lines]


@given(events)
def test_no_event_is_lost_and_the_order_is_kept(log: list[Event]) -> None:
    lines = gathered(log)
    assert sorted(seq for line in seqs(lines) for seq in line) == [one.seq for one in log]
    assert all(list(line) == sorted(line) for line in seqs(lines))
    newest = [line.newest.seq for line in lines]
    assert newest == sorted(newest)
    assert [line.events for line in in_full(log)] == [(one,) for one in log]


@given(events)
def test_what_is_no_routine_stands_in_full(log: list[Event]) -> None:
    for line in gathered(log):
        if len(line.events) > 1:
            assert {one.kind for one in line.events} <= ROUTINE
            assert len({(one.data["attempt"], one.data.get("prompt", one.prompt)) for one in line.events}) == 1
            assert all(one.actor_kind == "system" for one in line.events)


@given(events, st.integers(0, 60))
def test_a_line_is_rewritten_as_its_attempt_goes_on(log: list[Event], cut: int) -> None:
    before, after = gathered(log[:cut]), gathered(log)
    kept = {line.events[0].seq: line for line in after}
    for line in before:
        assert kept[line.events[0].seq].events[: len(line.events)] == line.events


def test_an_attempt_is_one_line_with_its_way_behind_the_newest() -> None:
    decision = event(3, "decision.recorded", 4, who="executor-04-1", text="WAL")
    first, second, *rest = way(1, 4)
    log = [first, second, decision, *(event(one.seq + 1, one.kind, 4) for one in rest)]
    lines = gathered(log)
    assert seqs(lines) == [(3,), (1, 2, 4, 5, 6)]
    assert lines[1].before == "dispatched, started, running, exited"


def test_attempts_runs_and_agents_are_told_apart() -> None:
    lines = gathered([*way(1, 4), *way(6, 5), *way(11, 4, 2)])
    assert [len(line.events) for line in lines] == [5, 5, 5]


def test_what_somebody_has_to_see_is_no_routine() -> None:
    loud = [
        event(2, "agent.exited", 4, status=3),
        event(3, "agent.status", 4, stuck="idle"),
        event(4, "agent.status", 4, state="permission"),
        event(5, "agent.told", 4, who="ada", text="use WAL"),
    ]
    lines = gathered([event(1, "agent.started", 4), *loud, event(6, "agent.exited", 4, status=0)])
    assert seqs(lines) == [(2,), (3,), (4,), (5,), (1, 6)]


def test_a_step_that_names_no_attempt_is_one_of_the_last_that_was_told_of() -> None:
    dispatched = event(1, "step.dispatched", 4, 2)
    opened = build.event("step.change_open", "prompt:4", "loop", 2)
    assert seqs(gathered([dispatched, opened])) == [(1, 2)]


def test_steps_of_the_way_are_told_without_whose_they_are() -> None:
    assert told(event(1, "agent.started", 4, runtime="codex")) == "started (codex)"
    assert told(event(1, "step.change_open", 4, commits=3)) == "change-open 3 commits"
