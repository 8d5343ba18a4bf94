"""What agents with a role hand in beside their end, each looked at with all that there is."""

from contextlib import contextmanager

from coordinator.errors import CoordError, Refused
from coordinator.lazy.typing import TYPE_CHECKING, Any
from coordinator.model.caller import Caller
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coordinator.eventlog.store import EventLog
    from coordinator.model.event import Actor, Event
    from coordinator.model.plan import Plan
    from coordinator.model.snapshot import Question, Snapshot
    from coordinator.model.step import Attempt


@contextmanager
def speaking(project: Project, caller: Caller, kind: str) -> "Iterator[tuple[EventLog, Attempt, Actor]]":
    """The log, and the attempt that a caller is the agent of. Refused for all who may not write events of this kind."""
    from coordinator.apply.hand_ins import own_attempt
    from coordinator.eventlog.store import EventLog

    with EventLog.open(project.layout.events_db) as log:
        yield log, *own_attempt(project.layout, log, caller, kind)


def require_own(project: Project, caller: Caller, kind: str) -> None:
    """Refused for whoever is not the agent of a live attempt, of a role that may write events of this kind."""
    from coordinator.apply.hand_ins import refuse_ended

    with speaking(project, caller, kind) as (_, attempt, _actor):
        refuse_ended(attempt)


def give_verdict(project: Project, caller: Caller, given: "dict[str, Any]") -> "Event":
    """Record what a Verifier says of the milestone. Refused when it contradicts itself, and for anybody else."""
    from coordinator.apply.hand_ins import say_once
    from coordinator.client.look import look
    from coordinator.services.verdict import against_verdict

    kind = "verdict.given"
    with speaking(project, caller, kind) as (log, attempt, actor):
        round_ = look(project).round
        reasons = against_verdict(round_.criteria if round_ is not None else (), given)
        if reasons:
            raise Refused(f"the verdict can't be taken: {'; '.join(reasons)}", "correct that, and hand it in again")
        return say_once(project.layout, log, attempt, actor, kind, {**given, "commit": attempt.base})


def decide(project: Project, caller: Caller, given: "dict[str, Any]") -> "tuple[Event, Plan | None]":
    """Record what a Planner decides, and what it would do as things are now; the loop carries it out.

    PlanRefused with every reason against it, which the log keeps for the next Planner; then nothing is decided. No plan
    for what was decided before: it is what stands.
    """
    from coordinator.apply.hand_ins import note_refusal, refuse_ended, said_before, say_once
    from coordinator.apply.initiative import plan_of
    from coordinator.client.look import look
    from coordinator.services.initiative import PlanRefused

    kind = "planner.decided"
    with speaking(project, caller, kind) as (log, attempt, actor):
        if said_before(log, attempt, kind) is not None:
            return say_once(project.layout, log, attempt, actor, kind, given), None
        refuse_ended(attempt)
        try:
            plan = plan_of(project.layout, look(project), given, actor.name)
        except PlanRefused as refusal:
            note_refusal(log, attempt, refusal.reasons)
            raise
        return say_once(project.layout, log, attempt, actor, kind, given), plan


def report_phase(project: Project, caller: Caller, given: "dict[str, Any]") -> "Event":
    """Record what a phase of a staged prompt has come to. Refused for another phase than its own, and for tasks."""
    from coordinator.apply.hand_ins import say_once
    from coordinator.model.staged_phases import place_of
    from coordinator.model.staged_report import REPORTED, wrong_with

    with speaking(project, caller, REPORTED) as (log, attempt, actor):
        place = place_of(attempt.work.path)
        if place is None or not place.reports:
            raise Refused(f"{attempt.work.label} has nothing to report so", "hand off: coord agent done --summary TEXT")
        if wrong := wrong_with(given, place.phase):
            raise Refused(f"the report can't be taken: {wrong}", "correct that, and hand it in again")
        return say_once(project.layout, log, attempt, actor, REPORTED, given)


def plan_decided(project: Project, snapshot: "Snapshot", question: "Question") -> "Plan":
    """The plan of the decision that a question is about. Refused when it can't be applied as things are now."""
    from coordinator.apply.initiative import plan_of_decision
    from coordinator.eventlog.store import EventLog
    from coordinator.model.decisions import decision_of

    seq = decision_of(question)
    with EventLog.open(project.layout.events_db) as log:
        event = log.get(seq) if seq is not None else None
    if event is None or event.kind != "planner.decided":
        raise Refused(f"question {question.seq} is about no decision", "`coord questions` shows it")
    return plan_of_decision(project.layout, snapshot, event)


def add_subtask(project: Project, caller: Caller, given: "dict[str, Any]") -> "tuple[int, bool]":
    """Make a child of the caller's own prompt: its number, and whether it is new."""
    from coordinator.apply.hand_ins import own_attempt, refuse_ended
    from coordinator.apply.plans import apply, planning
    from coordinator.client.look import look
    from coordinator.eventlog.store import EventLog
    from coordinator.model.prompt import Priority
    from coordinator.services.subtask import Subtask, made_before, plan_subtask

    work = caller.work
    parent = work.number if work is not None else 0
    with EventLog.open(project.layout.events_db) as log:
        attempt, actor = own_attempt(project.layout, log, caller, "prompt.created", parent=parent)
    if work is None or work.kind != "prompt" or attempt.role != "executor":
        raise Refused(f"{actor.name} has no prompt of its own", "a Planner plans prompts: coord agent plan --json -")
    with planning(project.layout):
        snapshot = look(project)
        given = {**given, "priority": Priority(given.get("priority") or Priority.MEDIUM)}
        request = Subtask(attempt.prompt, who=actor.name, **given)
        there = made_before(snapshot, request)
        if there is not None:
            return there.number, False
        refuse_ended(attempt)
        plan = plan_subtask(snapshot, request)
        apply(project.layout, plan, actor)
    if plan.number is None:
        raise CoordError("no number was taken", "try again")
    return plan.number, True
