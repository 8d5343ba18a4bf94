"""What agents may not do, whatever they say they are."""

from coordinator.errors import Refused
from coordinator.eventlog.identity import who
from coordinator.eventlog.store import EventLog
from coordinator.model.event import SYSTEM, Actor, ActorKind, Draft
from coordinator.storage.paths import Layout


def humans_only(layout: Layout, doing: str) -> Actor:
    """The human that runs this command. Raises Refused for an agent, and logs that it tried."""
    actor = who()
    if actor.kind is not ActorKind.HUMAN:
        data = {"actor": actor.name, "actor_kind": actor.kind.value, "role": actor.role, "reason": f"tried to {doing}"}
        with EventLog.open(layout.events_db, create=True) as log:
            log.append([Draft("access.denied", f"agent:{actor.name}", data)], SYSTEM)
        raise Refused(f"{actor.name} may not {doing}: only a human may", "ask the engineer: coord ask TEXT --wait")
    return actor
