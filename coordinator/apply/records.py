"""What is put on record beside plans: decisions, and what else belongs to the work."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from coordinator.apply.requests import once, request_id
from coordinator.errors import Refused, UsageError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.identity import who
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.attachment import Attachment, attachment
from coordinator.model.caller import Caller
from coordinator.model.event import Actor, Draft, Event, may_write
from coordinator.observe.trust import require_known
from coordinator.storage.documents import write_status
from coordinator.storage.fingerprints import examine_file
from coordinator.storage.paths import Layout

_MOST = 10_000
"""Attachments of a subject that are looked through for the same one."""


@contextmanager
def recorder(layout: Layout, caller: Caller | None = None) -> Iterator[tuple[EventLog, Actor]]:
    """The log, and who writes on it here: the caller, or this process. Refused in a project that nobody here trusts."""
    actor = who(os.environ, os.getpid()) if caller is None else who(caller.environ, caller.pid)
    require_known(layout, actor)
    with EventLog.open(layout.events_db) as log:
        yield log, actor


def decide(
    log: EventLog, actor: Actor, text: str, *, subject: str = "milestone", run: str | None = None, request: str = ""
) -> Event:
    """Record a decision. UsageError for an empty one; Refused when the actor may not."""
    if not text.strip():
        raise UsageError("the decision is empty", "say what was decided, and why")
    draft = Draft("decision.recorded", subject, {"text": text}, request_id(actor, run, "decide", request))
    return once(log, draft, actor, run, same=("text",))


def assume(log: EventLog, actor: Actor, draft: Draft, *, run: str | None = None, request: str = "") -> Event:
    """Record a question with the answer that is taken for now. Refused when the actor may not."""
    draft = replace(draft, id=request_id(actor, run, "assume", request))
    return once(log, draft, actor, run, same=("text", "default"))


def attach(
    layout: Layout,
    log: EventLog,
    actor: Actor,
    ref: str,
    *,
    title: str = "",
    kind: str = "",
    subject: str = "milestone",
    run: str | None = None,
) -> tuple[Event, Attachment, bool]:
    """Attach a reference, once: the event, what it was taken for, and whether it is new.

    UsageError for a reference that is none, CoordError for a file that can't be read.
    """
    found, data = _examined(layout, ref, title, kind)
    where = Filter(kinds=("attachment.added",), subject=subject)
    for event in log.tail(_MOST, where):
        if (event.data.get("type"), event.data.get("ref")) == (found.kind, found.ref):
            return event, found, False
    (event,) = log.append([Draft("attachment.added", subject, data)], actor, run)
    return event, found, True


def produced(
    layout: Layout,
    log: EventLog,
    actor: Actor,
    path: Path,
    *,
    title: str = "",
    subject: str = "milestone",
    run: str | None = None,
    request: str = "",
) -> tuple[Event, Mapping[str, object]]:
    """Record that a file was made: the event, and what it tells of the file. CoordError when there is none."""
    data = examine_file(layout, path).to_data()
    if title.strip():
        data["title"] = " ".join(title.split())
    draft = Draft("artifact.produced", subject, data, request_id(actor, run, "artifact", request))
    event = once(log, draft, actor, run, same=("path",))
    return event, event.data if request else data


def set_milestone(layout: Layout, log: EventLog, actor: Actor, status: str, reason: str, *, before: str) -> Event:
    """Call the milestone `open` or `done`. Refused for agents, and when it is that already."""
    draft = Draft("milestone.status", "milestone", {"status": status} | ({"reason": reason} if reason else {}))
    if status == before and may_write(actor, draft.kind):
        raise Refused(f"the milestone is {status} already", "`coord milestone` shows it")
    (event,) = log.append([draft], actor)
    write_status(layout, status)
    return event


def _examined(layout: Layout, ref: str, title: str, kind: str) -> tuple[Attachment, dict[str, object]]:
    """The reference and what goes on the log; a file has to exist."""
    is_file = kind in ("", "file") and Path(ref).is_file()
    found = attachment(ref, title=title, kind=kind, is_file=is_file)
    if found.kind == "file":
        produced = examine_file(layout, Path(ref))
        found = Attachment("file", produced.path, found.title)
        return found, found.to_data() | {"digest": f"sha256:{produced.digest}", "size": produced.size}
    return found, found.to_data()
