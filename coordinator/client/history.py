"""What happened in a project, and what people put on record: the log, read and written in somebody's name."""

import os
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from coordinator.eventlog.filters import Filter
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.event import Actor, Draft, Event
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coordinator.eventlog.store import EventLog
    from coordinator.eventlog.time_travel import Film
    from coordinator.model.attachment import Attachment
    from coordinator.model.caller import Caller
    from coordinator.model.feedback import Feedback
    from coordinator.model.intent import Version
    from coordinator.model.known_milestone import KnownMilestone
    from coordinator.model.plan import Plan
    from coordinator.model.run import RunReport
    from coordinator.model.snapshot import Milestone, Question, Snapshot
    from coordinator.observe.log_audit import Proof
    from coordinator.views.milestone_page import MilestonePage, Revision
    from coordinator.views.round_page import RoundPage
    from coordinator.views.runs import RunPage

_PAGE = 200
"""Events of a kind on the milestone's page."""
_MOST = 1000
"""Events of a page of those that are read to the end."""


class History:
    """One project's log, for a caller of any thread. Raises CoordError, and nothing else on purpose."""

    def __init__(self, project: Project, *, required: bool = False, caller: "Caller | None" = None) -> None:
        """`required`: a log that isn't there yet is a CoordError at the first use, instead of an empty one.

        `caller`: who writes, where it isn't this process itself.
        """
        self._project = project
        self._caller = caller
        self._required = required

    @cached_property
    def _log(self) -> "EventLog":
        return self._project.log(required=self._required)

    def __enter__(self) -> "History":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if "_log" in self.__dict__:
            self._log.close()

    # ── events

    def head(self) -> int:
        """Sequence number of the newest event; 0 before the first."""
        return self._log.head()

    def select(
        self,
        *,
        kinds: tuple[str, ...] = (),
        actor: str = "",
        subject: str = "",
        text: str = "",
        until: int | None = None,
    ) -> "Selection":
        """The events for which all of this holds."""
        return Selection(self._project, self._log, Filter(kinds, actor, subject, text, until))

    def append(self, draft: Draft) -> Event:
        """Append an event as whoever runs this process. Refused when they may not write it."""
        from coordinator.eventlog.identity import who

        (event,) = self._log.append([draft], who(), run=self._run())
        return event

    def proof(self) -> "Proof":
        """The hash chain, computed again and held against what receipts and merge commits know of it."""
        from coordinator.observe.log_audit import prove

        return prove(self._project.layout)

    def questions(self) -> "tuple[Question, ...]":
        """All questions: open ones first, each group in the order of asking."""
        from coordinator.eventlog.questions import questions

        return questions(self._log)

    def film(self) -> "Film":
        """The project as it was right after any event. Belongs to the thread that asks for it."""
        from coordinator.eventlog.time_travel import Film, earliest_prompts
        from coordinator.model.replay import Replay
        from coordinator.observe.observer import Observer

        observer = Observer(self._project.layout)
        now, config = observer.snapshot(), observer.config
        observer.close()
        begun = self.select(kinds=("milestone.created",)).after(0, 1)
        start = Replay(
            earliest_prompts(self._log, now.prompts.values()),
            project=now.project,
            title=str(begun[0].data.get("was") or "") if begun else now.milestone.title,
            settings=now.settings,
            max_parallel=config.max_parallel,
        )
        return Film(self._log, start)

    # ── the milestone

    def version(self, as_of: int | None = None) -> "Version | None":
        """The version of the intent in force now, or right after event `as_of`; None before the first."""
        from coordinator.eventlog.intents import newest_version

        return newest_version(self._log, as_of)

    def versions(self) -> "tuple[Version, ...]":
        """All versions of the intent, oldest first."""
        from coordinator.eventlog.intents import versions

        return versions(self._log)

    def milestone(self, snapshot: "Snapshot") -> "MilestonePage":
        """The milestone's page. Refused when its file can't be read."""
        from coordinator.formats.intent_text import MILESTONE, intent_of
        from coordinator.model.human_wait import waited_for_human
        from coordinator.views.milestone_page import MilestonePage
        from coordinator.views.status_json import counts

        document = snapshot.documents.get(MILESTONE)
        intent = intent_of(document)
        version = self.version()
        kinds = ("attachment.added", "artifact.produced", "decision.recorded")
        attachments, artifacts, decisions = (self.select(kinds=(kind,)).newest(_PAGE) for kind in kinds)
        now = time.time()
        return MilestonePage(
            milestone=snapshot.milestone,
            intent=intent,
            version=version.seq if version else None,
            recorded=version is not None and version.intent == intent,
            set_by=version.by if version else "",
            set_at=version.at if version else "",
            counts=counts(snapshot),
            waited=waited_for_human(snapshot, now),
            attachments=attachments,
            artifacts=artifacts,
            decisions=decisions,
            revisions=_revisions(self.versions()),
            document=document or b"",
            rounds=self._rounds(snapshot, now),
            now=now,
        )

    def _rounds(self, snapshot: "Snapshot", now: float) -> "RoundPage":
        """What there is of a milestone's iterations."""
        from coordinator.model.backlog import backlog, is_left
        from coordinator.observe.learnings import kept_learnings, noted_learnings
        from coordinator.storage.milestones import handover_of
        from coordinator.views.round_page import RoundPage

        layout, present = self._project.layout, snapshot.milestone
        begun = self.select(kinds=("milestone.created",)).newest(1)
        since = begun[0].seq if begun else 0
        said = [self.select(kinds=(kind,)).newest(_PAGE) for kind in ("verdict.given", "planner.decided")]
        verdicts, planned = (tuple(event for event in events if event.seq > since) for events in said)
        findings = self._project.findings.read().items
        children = [prompt for _, prompt in sorted(snapshot.prompts.items()) if not is_left(prompt)]
        known = self.milestones(snapshot) if layout.milestones.is_dir() or snapshot.round is not None else ()
        runs = self.runs(snapshot, now) if snapshot.round is not None else ()
        return RoundPage(
            round=snapshot.round,
            findings=self._own(findings, present) if findings else (),
            children=tuple((prompt, snapshot.steps[prompt.number]) for prompt in children),
            verdicts=verdicts,
            planned=planned,
            kept=kept_learnings(layout),
            noted=noted_learnings(self._log),
            runs=tuple(report for report in runs if report.run.id in known[0].runs) if known else runs,
            handover=handover_of(layout, present.id),
            left=sum(map(len, backlog(snapshot, findings).values())),
            earlier=known[1:],
        )

    def handover(self, milestone: str) -> str:
        """The hand-over page of a milestone, by its id; empty where there is none. Untrusted text."""
        from coordinator.storage.milestones import read_handover

        return read_handover(self._project.layout, milestone)

    def _own(self, findings: "tuple[Feedback, ...]", present: "Milestone") -> "tuple[Feedback, ...]":
        from coordinator.model.feedback import own_findings
        from coordinator.observe.other_milestones import other_milestones

        return own_findings(findings, other_milestones(self._project.layout, self._log, present))

    def milestones(self, snapshot: "Snapshot") -> "tuple[KnownMilestone, ...]":
        """Every milestone of the project, the present one first, then the newest of the earlier ones."""
        from coordinator.observe.milestones import known_milestones

        return known_milestones(self._project.layout, self._log, snapshot, time.time())

    def plan_intent(self, snapshot: "Snapshot", document: bytes) -> "Plan":
        """The plan that makes a version of the intent of this document."""
        from coordinator.services.intent import SetIntent, plan_intent

        version = self.version()
        return plan_intent(snapshot, SetIntent(document=document, logged=version.intent if version else None))

    def set_milestone(self, status: str, reason: str, *, before: str) -> Event:
        """Call the milestone `open` or `done`. Refused for agents, and when it is that already."""
        from coordinator.apply.records import set_milestone

        actor = self._writer()
        return set_milestone(self._project.layout, self._log, actor, status, reason, before=before)

    # ── runs

    def runs(self, snapshot: "Snapshot", now: float) -> "tuple[RunReport, ...]":
        """Every run, the newest first; `now` in Unix seconds."""
        from coordinator.client.chat_files import ChatFiles
        from coordinator.lazy.dataclass import replace
        from coordinator.observe.runs import report_runs

        found, talked = report_runs(self._project.layout, self._log, snapshot, now), ChatFiles(self._project).in_runs()
        return tuple(replace(one, talked=talked[one.run.id]) if one.run.id in talked else one for one in found)

    def run(self, snapshot: "Snapshot", name: str, now: float) -> "RunPage":
        """The page of a run, by its id or number. Refused when there is none."""
        from coordinator.errors import Refused
        from coordinator.observe.runs import report_attempts
        from coordinator.views.runs import RunPage

        wanted = name if name.startswith("run-") else f"run-{name}"
        report = next((one for one in self.runs(snapshot, now) if one.run.id == wanted), None)
        if report is None:
            raise Refused(f"there is no run {name}", "`coord runs` lists them")
        return RunPage(report, report_attempts(self._project.layout, report.run))

    # ── records

    def decide(self, text: str, subject: str = "milestone", *, request: str = "") -> Event:
        """Record a decision. UsageError for an empty one."""
        from coordinator.apply.records import decide

        actor = self._writer()
        return decide(self._log, actor, text, subject=subject, run=self._run(), request=request)

    def assume(self, draft: Draft, *, request: str = "") -> Event:
        """Record a question with the answer that is taken for now."""
        from coordinator.apply.records import assume

        actor = self._writer()
        return assume(self._log, actor, draft, run=self._run(), request=request)

    def attach(
        self, ref: str, *, title: str = "", kind: str = "", subject: str = "milestone"
    ) -> "tuple[Event, Attachment, bool]":
        """Attach something: the event, what it was taken for; False when it was attached before."""
        from coordinator.apply.records import attach

        layout, actor = self._project.layout, self._writer()
        return attach(layout, self._log, actor, ref, title=title, kind=kind, subject=subject, run=self._run())

    def produced(
        self, path: str, *, title: str = "", subject: str = "milestone", request: str = ""
    ) -> tuple[Event, Mapping[str, object]]:
        """Record that a file was made: the event, and what it tells of the file. CoordError when there is none."""
        from coordinator.apply.records import produced

        layout, actor = self._project.layout, self._writer()
        where = Path(path) if self._caller is None else Path(self._caller.folder, path)
        told = {"title": title, "subject": subject, "request": request}
        return produced(layout, self._log, actor, where, run=self._run(), **told)

    def _writer(self) -> Actor:
        """Who writes here. Refused in a project that nobody here trusts."""
        from coordinator.eventlog.identity import who
        from coordinator.observe.trust import require_known

        actor = who() if self._caller is None else who(self._caller.environ, self._caller.pid)
        require_known(self._project.layout, actor)
        return actor

    def _run(self) -> str | None:
        """The run that the caller belongs to, as an agent does."""
        return os.environ.get("COORD_RUN") if self._caller is None else self._caller.run


class Selection:
    """Some of the events of a log, oldest first."""

    def __init__(self, project: Project, log: "EventLog", where: Filter) -> None:
        self._project = project
        self._log = log
        self._where = where

    def newest(self, limit: int) -> tuple[Event, ...]:
        return self._log.tail(limit, self._where)

    def before(self, seq: int, limit: int) -> tuple[Event, ...]:
        """The last ones before an event."""
        return self._log.before(seq, limit, self._where)

    def after(self, seq: int, limit: int) -> tuple[Event, ...]:
        """The first ones after an event."""
        return self._log.since(seq, limit, self._where)

    def every(self, since: int = 0) -> Iterator[Event]:
        """All of them after an event."""
        while batch := self.after(since, _MOST):
            yield from batch
            since = batch[-1].seq

    def follow(self, since: int) -> "Iterator[Sequence[Event]]":
        """Those after an event, then whatever comes, in batches; ends only with the process."""
        from coordinator.eventlog.follow import follow

        return follow(self._project.layout.events_db, since=since, where=self._where)


def _revisions(found: "Sequence[Version]") -> "tuple[Revision, ...]":
    from coordinator.model.intent import Intent, differences
    from coordinator.views.milestone_page import Revision

    before = [Intent(), *(version.intent for version in found)]
    return tuple(
        Revision(version.seq, version.at, version.by, differences(last, version.intent))
        for last, version in zip(before, found, strict=False)
    )
