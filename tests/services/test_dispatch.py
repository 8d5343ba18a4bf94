"""Pause and resume as plans: what is asked of the loop, alone and beside other steps; applied, logged, taken back."""

import json
from pathlib import Path

import pytest
from support.build import AT, snapshot
from support.steering import plain_project

from coordinator.apply.plans import apply
from coordinator.apply.undo import plan_undo
from coordinator.errors import Refused
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.conversation import ProposedStep
from coordinator.model.event import Actor, ActorKind
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.observe.observer import Observer
from coordinator.services.dispatch import LOOP, PauseRequest, ResumeRequest, plan_pause, plan_resume
from coordinator.services.proposals import plan_proposal
from coordinator.storage.paths import Layout

ADA = Actor(ActorKind.HUMAN, "ada")
PAUSE = ProposedStep("pause", {"reason": "three are to be thought over"})
EDIT = ProposedStep("edit", {"number": 2, "values": {"priority": "high"}})
CANCEL = ProposedStep("cancel", {"number": 3})


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return plain_project(tmp_path / "p", {1: (), 2: (1,), 3: ()})


def look(layout: Layout) -> Snapshot:
    observer = Observer(layout)
    try:
        return observer.snapshot()
    finally:
        observer.close()


def proposed(layout: Layout, *steps: ProposedStep) -> Plan:
    return plan_proposal(look(layout), steps, who="ada", at=AT, proposer="coordinator (m)")


def test_a_plan_of_several_pauses_edits_and_cancels_as_one_and_is_taken_back_as_one(layout: Layout) -> None:
    prompts = {path: path.read_bytes() for path in layout.prompts.iterdir()}
    plan = proposed(layout, PAUSE, EDIT, CANCEL)
    assert plan.summary.startswith("3 steps: pause dispatch")
    apply(layout, plan, ADA)
    asked = json.loads(layout.loop_json.read_text())
    assert (asked["state"], asked["by"], asked["reason"]) == ("paused", "ada", "three are to be thought over")
    after = look(layout)
    assert (after.loop.asked, after.prompts[2].priority.value, after.prompts[3].status.value) == (
        "paused",
        "high",
        "cancelled",
    )
    with EventLog.open(layout.events_db) as log:
        (event,) = log.tail(9, Filter(kinds=("plan.applied",)))
    assert (event.actor, event.actor_kind, event.data["proposer"]) == ("ada", ActorKind.HUMAN, "coordinator (m)")
    apply(layout, plan_undo(layout, look(layout)), ADA)
    assert look(layout).loop.asked == "running"
    assert {path: path.read_bytes() for path in layout.prompts.iterdir()} == prompts


def test_how_many_may_work_at_once_stays(layout: Layout) -> None:
    layout.loop_json.write_text('{"max_parallel": 3, "by": "bob", "reason": "old", "state": "running"}')
    apply(layout, proposed(layout, PAUSE), ADA)
    apply(layout, proposed(layout, ProposedStep("resume")), ADA)
    asked = json.loads(layout.loop_json.read_text())
    assert (asked["max_parallel"], asked["state"], asked["by"], asked["reason"]) == (3, "running", "ada", "")


def test_a_pause_of_what_was_paused_meanwhile_is_planned_again(layout: Layout) -> None:
    plan = proposed(layout, PAUSE, EDIT)
    layout.loop_json.write_text('{"state": "stopped"}')
    with pytest.raises(Refused, match="changed since"):
        apply(layout, plan, ADA)
    assert look(layout).prompts[2].priority.value == "medium"


def test_what_is_so_already_is_refused(layout: Layout) -> None:
    with pytest.raises(Refused, match="running already"):
        plan_resume(look(layout), ResumeRequest())
    apply(layout, plan_pause(look(layout), PauseRequest(who="ada", at=AT)), ADA)
    with pytest.raises(Refused, match="paused already"):
        proposed(layout, EDIT, PAUSE)


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"[" * 9000, b'{"state": 7}'])
def test_what_can_not_be_read_is_written_anew(content: bytes) -> None:
    here = replace(snapshot(()), documents={LOOP: content})
    for plan in (plan_pause(here, PauseRequest()), plan_resume(here, ResumeRequest())):
        assert json.loads(plan.edits[0].content)["state"] in ("paused", "running")


def test_a_stuck_milestone_is_not_reopened_by_a_proposal(layout: Layout) -> None:
    layout.milestone.write_text("---\ntitle: A milestone\nstatus: stuck\n---\n")
    layout.loop_json.write_text('{"state": "paused"}')
    with pytest.raises(Refused, match="stuck"):
        proposed(layout, ProposedStep("resume"))


def test_only_a_step_that_pauses_or_resumes_touches_what_is_asked_of_the_loop(layout: Layout) -> None:
    assert LOOP in {edit.path for edit in proposed(layout, PAUSE, EDIT).edits}
    assert LOOP not in {edit.path for edit in proposed(layout, EDIT, CANCEL).edits}
