"""What people do with a project besides plans: read its log, answer questions, ask something of the loop.

Beside the waist: `observe` tells what is, `apply` makes plans come true, and this passes on a human's word.
"""

import os
from typing import TYPE_CHECKING

from coordinator.errors import CoordError, Refused
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, Draft, Event, may_write
from coordinator.model.snapshot import Snapshot
from coordinator.storage.documents import write_status
from coordinator.storage.paths import Layout
from coordinator.views.status_json import counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coordinator.eventlog.intents import Version
    from coordinator.eventlog.time_travel import Film
    from coordinator.model.plan import Plan
    from coordinator.views.milestone_page import MilestonePage, Revision

_PAGE = 200
"""Events of a kind on the milestone's page."""


class Desk:
    """One project's log and its loop, for a caller of any thread. Raises CoordError, and nothing else on purpose."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._log = EventLog(layout.events_db, missing_ok=True)

    def events(
        self,
        *,
        kinds: tuple[str, ...] = (),
        actor: str = "",
        subject: str = "",
        text: str = "",
        before: int | None = None,
        after: int | None = None,
        limit: int,
    ) -> tuple[Event, ...]:
        """A page of the log, oldest first.

        The first `limit` events after `after`; else the last ones before `before`; else the newest.
        """
        where = Filter(kinds=kinds, actor=actor, subject=subject, text=text)
        if after is not None:
            return self._log.since(after, limit, where)
        if before is not None:
            return self._log.before(before, limit, where)
        return self._log.tail(limit, where)

    def answer(self, question: str, text: str) -> str:
        """Answer a question by its id or number; returns the answer as it went on the log."""
        from coordinator.apply.plans import answer

        if self._log.head() == 0:
            raise CoordError("there is no question yet", "questions come from agents: `coord ask`")
        return str(answer(self.layout, question, text, self.actor()).data["answer"])

    def film(self) -> "Film":
        """The project as it was right after any event. Belongs to the thread that asks for it."""
        from coordinator.eventlog.time_travel import Film, earliest_prompts
        from coordinator.model.replay import Replay
        from coordinator.observe.observer import Observer
        from coordinator.storage.config import load_config

        observer = Observer(self.layout)
        now, config = observer.snapshot(), load_config(self.layout)
        observer.close()
        start = Replay(
            earliest_prompts(self._log, now.prompts.values()),
            project=now.project,
            title=now.milestone.title,
            settings=now.settings,
            max_parallel=config.max_parallel,
        )
        return Film(self._log, start)

    def milestone(self, snapshot: Snapshot) -> "MilestonePage":
        """The milestone's page. Refused when its file can't be read."""
        from coordinator.eventlog.intents import newest_version, versions
        from coordinator.model.intent import Intent
        from coordinator.services.intent import MILESTONE, intent_of
        from coordinator.views.milestone_page import MilestonePage

        document = snapshot.documents.get(MILESTONE)
        intent = Intent() if document is None else intent_of(document)
        version = newest_version(self._log)
        kinds = ("attachment.added", "artifact.produced", "decision.recorded")
        attachments, artifacts, decisions = (self._log.tail(_PAGE, Filter(kinds=(kind,))) for kind in kinds)
        return MilestonePage(
            milestone=snapshot.milestone,
            intent=intent,
            version=version.seq if version else None,
            recorded=version is not None and version.intent == intent,
            set_by=version.by if version else "",
            set_at=version.at if version else "",
            counts=counts(snapshot),
            attachments=attachments,
            artifacts=artifacts,
            decisions=decisions,
            revisions=_revisions(versions(self._log)),
            document=document or b"",
        )

    def plan_intent(self, snapshot: Snapshot, document: bytes) -> "Plan":
        """The plan that makes a version of the intent in this markdown; raises as `plan_intent` of the service."""
        from coordinator.eventlog.intents import newest_version
        from coordinator.services.intent import SetIntent, plan_intent

        version = newest_version(self._log)
        return plan_intent(snapshot, SetIntent(document=document, logged=version.intent if version else None))

    def decide(self, text: str) -> Event:
        """Record a decision about the milestone."""
        from coordinator.apply.records import decide

        return decide(self._log, self._writer(), text)

    def attach(self, ref: str) -> tuple[Event, bool]:
        """Attach something to the milestone; False when it was attached before."""
        from coordinator.apply.records import attach

        event, _, new = attach(self.layout, self._log, self._writer(), ref)
        return event, new

    def set_milestone(self, status: str, reason: str, *, before: str) -> Event:
        """Call the milestone `open` or `done`. Refused for agents, and when it is that already."""
        draft = Draft("milestone.status", "milestone", {"status": status} | ({"reason": reason} if reason else {}))
        actor = self._writer()
        if status == before and may_write(actor, draft.kind):
            raise Refused(f"the milestone is {status} already", "`coord milestone` shows it")
        (event,) = self._log.append([draft], actor)
        write_status(self.layout, status)
        return event

    def actor(self) -> Actor:
        """Who acts here, as the log will have it."""
        from coordinator.eventlog.identity import who

        return who(os.environ, os.getpid())

    def _writer(self) -> Actor:
        """The same, to write something. Refused in a project that nobody here trusts."""
        from coordinator.observe.trust import require_known

        actor = self.actor()
        require_known(self.layout, actor)
        return actor

    def start_loop(self) -> tuple[str, tuple[str, ...]]:
        """Start the loop in a tmux window and let it run, whatever it was asked before.

        Returns the window's id, and sentences about agents that can't be started; Refused when none can.
        """
        from coordinator.loop.control import check_start, start_loop

        unready = check_start(self.layout)
        self.set_loop("running")
        return start_loop(self.layout), unready

    def set_loop(self, state: str) -> None:
        """Ask the loop to be `running`, `paused` or `stopped`."""
        from coordinator.loop.control import set_loop

        set_loop(self.layout, state, self.actor())

    def close(self) -> None:
        self._log.close()


def _revisions(found: "Sequence[Version]") -> "tuple[Revision, ...]":
    from coordinator.model.intent import Intent, differences
    from coordinator.views.milestone_page import Revision

    before = [Intent(), *(version.intent for version in found)]
    return tuple(
        Revision(version.seq, version.at, version.by, differences(last, version.intent))
        for last, version in zip(before, found, strict=False)
    )
