"""Carries out what a Planner decided: the same plan and the same apply as any, once, whoever is killed meanwhile."""

from collections.abc import Mapping
from contextlib import closing

from coordinator.apply.hand_ins import note_refusal
from coordinator.apply.plans import apply, planning
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.lazy.typing import Any
from coordinator.model.event import Actor, ActorKind, Event
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.observe.finishing import recover
from coordinator.observe.observer import Observer
from coordinator.services.initiative import Initiative, PlanRefused, plan_initiative
from coordinator.storage.documents import LIMIT
from coordinator.storage.feedback import read_findings
from coordinator.storage.files import read_limited
from coordinator.storage.paths import Layout
from coordinator.storage.pipelines import read_pipelines

DECIDED = "planner.decided"
_MOST = 10_000
"""Plans of one Planner that are looked through for that of a decision."""


def plan_of(
    layout: Layout, snapshot: Snapshot, given: Mapping[str, Any], who: str, decision: int | None = None
) -> Plan:
    """The plan of what a Planner hands in, as things are now. Raises PlanRefused."""
    try:
        learnings: bytes | None = read_limited(layout.learnings, LIMIT)
    except FileNotFoundError:
        learnings = None
    findings, pipelines = read_findings(layout).items, [one.name for one in read_pipelines(layout).items]
    return plan_initiative(snapshot, Initiative(given, findings, learnings, who, decision, pipelines))


def plan_of_decision(layout: Layout, snapshot: Snapshot, event: Event) -> Plan:
    """The plan of a decision that is on the log. Raises PlanRefused where the world has moved on."""
    return plan_of(layout, snapshot, event.data, event.actor, event.seq)


def carry_out(layout: Layout, log: EventLog, event: Event, attempt: Attempt) -> None:
    """Apply the plan of a decision in the Planner's name, or note why that can't be.

    Done once: a plan that was applied before is left alone, one that a kill cut off is finished. StalePlan where
    something changes at this very moment; then it is to be done again.
    """
    with planning(layout):
        recover(layout)
        if applied(log, event) is not None:
            return
        with closing(Observer(layout)) as observer:
            snapshot = observer.snapshot()
        try:
            plan = plan_of_decision(layout, snapshot, event)
        except PlanRefused as refusal:
            note_refusal(log, attempt, refusal.reasons, decision=event.seq)
            return
        apply(layout, plan, Actor(ActorKind.AGENT, event.actor, "planner"))


def applied(log: EventLog, decision: Event) -> Event | None:
    """The event of the plan that a decision became; None: it was not applied."""
    plans = log.tail(_MOST, Filter(kinds=("plan.applied",), actor=decision.actor))
    return next((event for event in plans if event.data.get("decision") == decision.seq), None)
