"""Names of the milestones that are not the present one."""

from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.model.milestone_names import MilestoneNames
from coordinator.model.snapshot import Milestone
from coordinator.storage.milestones import earlier_names
from coordinator.storage.paths import Layout

_MOST = 10_000


def other_milestones(layout: Layout, log: EventLog, present: Milestone) -> frozenset[str]:
    """Ids of every milestone that the log or a file knows, but those of the present one."""
    names = MilestoneNames()
    for event in log.tail(_MOST, Filter(kinds=("milestone.created",))):
        names.feed(event)
    return names.others((present.id, present.title), earlier_names(layout))
