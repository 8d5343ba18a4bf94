"""The milestones of a project: the present one, and those before it as they were when the next one began."""

from collections.abc import Iterable

from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.formats.intent_text import intent_of
from coordinator.formats.spec_text import has_spec, spec_of
from coordinator.model.intent import Intent
from coordinator.model.known_milestone import KnownMilestone
from coordinator.model.run import Run, RunReport
from coordinator.model.snapshot import Milestone, Snapshot
from coordinator.model.usage import total
from coordinator.observe.runs import report_runs
from coordinator.storage.documents import read_milestone
from coordinator.storage.milestones import earlier_milestones, read_handover
from coordinator.storage.paths import Layout


def known_milestones(layout: Layout, log: EventLog, snapshot: Snapshot, now: float) -> tuple[KnownMilestone, ...]:
    """The present milestone, then the earlier ones, the newest first; `now` in Unix seconds."""
    present, path = snapshot.milestone, layout.rel(layout.milestone)
    reports = report_runs(layout, log, snapshot, now)
    found = [_known(layout, present, path, snapshot.documents.get(path, b""), reports, earlier=False)]
    for name, data in reversed([*earlier_milestones(layout).items()]):
        shown = layout.rel(layout.milestones / f"{name}.md")
        milestone, _ = read_milestone(data, shown)
        if name != present.id:
            found.append(_known(layout, milestone, shown, data, reports, earlier=True))
    return tuple(found)


def runs_of(milestone: Milestone, reports: Iterable[RunReport]) -> list[RunReport]:
    """The runs of a milestone, oldest first. Those from before it had an id are told by its title."""
    return sorted((r for r in reports if _is_of(r.run, milestone)), key=lambda report: report.run.started)


def _is_of(run: Run, milestone: Milestone) -> bool:
    return run.milestone_id == milestone.id if run.milestone_id else run.milestone == milestone.title


def _known(
    layout: Layout, milestone: Milestone, path: str, data: bytes, reports: Iterable[RunReport], *, earlier: bool
) -> KnownMilestone:
    runs = runs_of(milestone, reports)
    try:
        intent = intent_of(data or None)
    except CoordError:
        intent = Intent()
    return KnownMilestone(
        milestone,
        path,
        earlier,
        intent,
        spec_of(data, milestone.title).text if has_spec(data) else "",
        read_handover(layout, milestone.id),
        tuple(report.run.id for report in runs),
        sum(report.run.iteration for report in runs),
        total(report.spent for report in runs),
    )
