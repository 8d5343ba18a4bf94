"""Steps changing their state: allowed ways only, logged once, a kill never forgotten."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from coordinator.apply.handoff_files import handed_off
from coordinator.apply.steps import (
    advance,
    agent_event,
    amend,
    claim,
    event_id,
    find_attempt,
    make_up,
    reread,
)
from coordinator.errors import CoordError, Refused, StalePlan
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.clock import utc_now
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.model.handoff import HAND_OFF, said_by
from coordinator.model.ids import is_uuid7
from coordinator.model.step import TRANSITIONS, Attempt, Receipt, StepState
from coordinator.model.work import WorkId, flow_work, prompt_work, stage_work, work_about
from coordinator.storage.paths import Layout
from coordinator.storage.runs import write_step

CLAIMED = Attempt(prompt_work(7), 1, "run-1", 1, StepState.DISPATCHED, utc_now(), utc_now(), "executor-07-1")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.coord.mkdir()
    claim(made, CLAIMED)
    return made


@pytest.fixture
def log(layout: Layout) -> Iterator[EventLog]:
    with EventLog.open(layout.events_db, create=True) as opened:
        yield opened


def kinds(log: EventLog) -> list[str]:
    return [event.kind for event in log.since(0)]


def test_an_attempt_is_claimed_once(layout: Layout) -> None:
    with pytest.raises(StalePlan):
        claim(layout, CLAIMED)


def test_a_transition_is_on_disk_and_on_the_log(layout: Layout, log: EventLog) -> None:
    made = advance(layout, log, CLAIMED, StepState.RUNNING, window="@1")
    assert reread(layout, CLAIMED) == made
    assert (made.state, made.window) == (StepState.RUNNING, "@1")
    assert kinds(log) == ["step.running"]


def test_the_same_transition_again_changes_nothing(layout: Layout, log: EventLog) -> None:
    first = advance(layout, log, CLAIMED, StepState.RUNNING, window="@1")
    assert advance(layout, log, CLAIMED, StepState.RUNNING, window="@2") == first
    assert kinds(log) == ["step.running"]


@pytest.mark.parametrize("state", [StepState.RUNNING, StepState.PENDING, StepState.FAILED])
def test_what_is_merged_stays_merged(layout: Layout, log: EventLog, state: StepState) -> None:
    advance(layout, log, CLAIMED, StepState.MERGED)
    with pytest.raises(Refused, match="is merged: it can't become"):
        advance(layout, log, CLAIMED, state)
    assert reread(layout, CLAIMED).state is StepState.MERGED
    assert kinds(log) == ["step.merged"]


@pytest.mark.parametrize("before", StepState)
@pytest.mark.parametrize("after", StepState)
def test_only_what_may_follow_can_be_written(
    layout: Layout, log: EventLog, before: StepState, after: StepState
) -> None:
    write_step(layout, replace(CLAIMED, state=before))
    if after is before or after in TRANSITIONS[before]:
        assert advance(layout, log, CLAIMED, after).state is after
        return
    with pytest.raises(Refused, match=f"is {before}: it can't become {after}"):
        advance(layout, log, CLAIMED, after)
    assert reread(layout, CLAIMED).state is before
    assert kinds(log) == []


def test_a_state_is_not_changed_in_passing(layout: Layout) -> None:
    with pytest.raises(ValueError):
        amend(layout, CLAIMED, state=StepState.MERGED)
    assert reread(layout, CLAIMED).state is StepState.DISPATCHED


def test_the_way_of_a_step_is_the_one_that_was_agreed() -> None:
    straight = [StepState(name) for name in ("pending", "dispatched", "running", "change-open", "merged")]
    assert all(after in TRANSITIONS[before] for before, after in pairwise(straight))
    assert TRANSITIONS[StepState.MERGED] == frozenset()
    assert all(StepState.DISPATCHED not in TRANSITIONS[state] for state in straight[1:])
    assert all(StepState.MERGED not in TRANSITIONS[state] for state in (StepState.FAILED, StepState.BLOCKED))


def test_a_kill_that_was_asked_for_meanwhile_is_not_overwritten(layout: Layout, log: EventLog) -> None:
    amend(layout, CLAIMED, kill="hold", reason="stop it")
    made = advance(layout, log, CLAIMED, StepState.RUNNING)
    assert (made.kill, made.reason) == ("hold", "stop it")


def test_an_event_that_a_killed_loop_did_not_log_is_made_up_for_once(layout: Layout, log: EventLog) -> None:
    advance(layout, log, CLAIMED, StepState.RUNNING)
    write_step(layout, replace(CLAIMED, state=StepState.CHANGE_OPEN, commits=("c1",)))  # killed right after step.json
    for _ in range(2):
        make_up(log, [reread(layout, CLAIMED)])
    assert kinds(log) == ["step.running", "step.dispatched", "step.change_open"]
    assert log.since(0)[-1].data["commits"] == ["c1"]


def test_ids_of_events_tell_attempts_and_kinds_apart() -> None:
    others = [
        event_id(CLAIMED, "step.running"),
        event_id(CLAIMED, "step.merged"),
        event_id(replace(CLAIMED, attempt=2), "step.running"),
        event_id(replace(CLAIMED, work=prompt_work(8)), "step.running"),
        event_id(replace(CLAIMED, started=""), "step.running"),
    ]
    assert len(set(others)) == len(others)
    assert all(map(is_uuid7, others))
    assert event_id(CLAIMED, "step.running") == others[0]


def test_the_id_of_an_event_is_the_one_that_earlier_versions_gave_it() -> None:
    at = "2027-01-15T08:00:00.000Z"
    made = replace(CLAIMED, since=at, started=at, state=StepState.RUNNING)
    assert event_id(made, "step.running") == "01a3185c-5000-7600-bbd4-7424565ff450"


@pytest.mark.parametrize("work", [prompt_work(7), flow_work(2, "planner"), stage_work(7, "IMPLEMENT", "P1", "T2")])
def test_an_attempt_at_any_work_has_its_own_place_and_its_own_events(
    layout: Layout, log: EventLog, work: WorkId
) -> None:
    made = replace(CLAIMED, work=work, attempt=3, agent="agent-3")
    claim(layout, made)
    with pytest.raises(StalePlan):
        claim(layout, made)
    advance(layout, log, made, StepState.RUNNING, before=[agent_event(made, "agent.started")])
    assert reread(layout, CLAIMED).state is StepState.DISPATCHED
    assert [getattr(found, "state", None) for found in (find_attempt(layout, work, n) for n in (2, 3))] == [
        *(None, StepState.RUNNING)
    ]
    assert (
        json.loads((layout.run("run-1") / work.directory(3) / "step.json").read_text()).items() >= work.record.items()
    )
    started, running = log.since(0)
    assert (started.subject, running.subject) == ("agent:agent-3", work.subject)
    assert started.data == {**work.record, "attempt": 3}
    assert work_about(running.subject) == work


@pytest.mark.parametrize("work", [prompt_work(7), flow_work(2, "planner"), stage_work(7, "IMPLEMENT", "P1", "T2")])
def test_what_an_attempt_at_any_work_hands_off_is_its_own(layout: Layout, log: EventLog, work: WorkId) -> None:
    made = replace(CLAIMED, work=work, agent="agent-3")
    receipt = Receipt("done", "did it", "agent-3", made.since)
    for about in (work, prompt_work(8), flow_work(3, "planner"), stage_work(7, "TEST")):
        actor = Actor(ActorKind.AGENT, "agent-3", "executor")
        log.append([Draft(HAND_OFF, about.subject, said_by(replace(receipt, summary=about.label), 1))], actor, "run-1")
    assert [given.summary for given in handed_off(log, made)] == [work.label]


def test_an_attempt_is_found_in_whichever_run_it_was(layout: Layout) -> None:
    claim(layout, replace(CLAIMED, run="run-2", attempt=2))
    assert [getattr(find_attempt(layout, prompt_work(7), n), "run", None) for n in (1, 2, 3)] == [
        "run-1",
        "run-2",
        None,
    ]


@pytest.mark.parametrize("content", [b"", b"{", b'{"state": "flying"}'])
def test_a_broken_record_is_an_error_that_names_it(layout: Layout, log: EventLog, content: bytes) -> None:
    path = layout.attempt("run-1", prompt_work(7), 1) / "step.json"
    path.write_bytes(content)
    with pytest.raises(CoordError, match=r"attempt-1/step\.json"):
        advance(layout, log, CLAIMED, StepState.RUNNING)
    assert path.read_bytes() == content
