"""Writing the hand-over page when a milestone ends: done, or stuck."""

import time

from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.formats.intent_text import MILESTONE, intent_of
from coordinator.lazy.dataclass import replace
from coordinator.model.backlog import backlog
from coordinator.model.clock import iso
from coordinator.model.snapshot import Snapshot
from coordinator.observe.milestones import runs_of
from coordinator.observe.runs import report_runs
from coordinator.storage.feedback import read_findings
from coordinator.storage.milestones import write_page
from coordinator.storage.paths import Layout
from coordinator.views.handover import Handover, handover

_DECISIONS = 50
"""Of the Planners: the newest."""


def write_handover(
    layout: Layout, log: EventLog, snapshot: Snapshot, status: str, reason: str, *, remedy: str = ""
) -> str:
    """Write the page of the present milestone, which is `done` or `stuck` by now; its path, relative to the root.

    Written again whenever it ends again. Raises OSError and CoordError where it can't be written.
    """
    now = time.time()
    ended = replace(snapshot, milestone=replace(snapshot.milestone, status=status))
    findings = read_findings(layout).items
    since = log.tail(1, Filter(kinds=("milestone.created",)))
    decided = log.tail(_DECISIONS, Filter(kinds=("planner.decided",)))
    page = Handover(
        ended,
        intent_of(snapshot.documents.get(MILESTONE)),
        status,
        reason,
        remedy,
        iso(now),
        tuple(runs_of(snapshot.milestone, report_runs(layout, log, snapshot, now))),
        backlog(ended, findings),
        tuple(event for event in decided if not since or event.seq > since[0].seq),
    )
    return write_page(layout, snapshot.milestone.id, handover(page))
