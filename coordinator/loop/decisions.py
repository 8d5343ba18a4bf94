"""What becomes of a Planner's decision: it is carried out as one plan, or refused in a human's words."""

from coordinator.apply import initiative
from coordinator.apply.hand_ins import note_refusal
from coordinator.errors import CoordError
from coordinator.loop.actions import ApplyDecision, RefuseDecision
from coordinator.loop.context import Context
from coordinator.model.event import Event
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.storage.attempts import load_attempt


def carry_out(context: Context, snapshot: Snapshot, action: ApplyDecision) -> None:
    """Apply the plan of the decision; why it can't be is noted for the next Planner."""
    event, attempt = _decided(context, action)
    initiative.carry_out(context.layout, context.log, event, attempt)


def refuse(context: Context, snapshot: Snapshot, action: RefuseDecision) -> None:
    """Note a human's refusal for the next Planner."""
    event, attempt = _decided(context, action)
    note_refusal(context.log, attempt, (f"the engineer refuses it: {action.reason}",), decision=event.seq)


def _decided(context: Context, action: ApplyDecision | RefuseDecision) -> tuple[Event, Attempt]:
    """The event of a decision, and the attempt that decided. CoordError where they are gone."""
    event = context.log.get(action.seq)
    if event is None or event.kind != initiative.DECIDED or event.run is None:
        raise CoordError(f"event {action.seq} is no decision", "look at `coord log --kind planner.decided`")
    attempt = load_attempt(context.layout, event.run, action.work, action.attempt)[0]
    if attempt is None:
        raise CoordError(f"the attempt that decided with event {action.seq} is gone", "look at `coord runs`")
    return event, attempt
