"""What was learned in a project: what is kept of it, and what was noted since that was put in order."""

from coordinator.errors import CoordError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.formats.learnings import read_learnings
from coordinator.model.event import Event
from coordinator.model.learning import Learning, Noted
from coordinator.storage.files import read_limited
from coordinator.storage.paths import Layout

_LIMIT = 256 * 1024
"""Bytes of learnings that are read."""
_MOST = 2_000
"""Notes that are looked through: the newest."""


def text_of_learnings(layout: Layout) -> str:
    """`learnings.md` whole; empty where it can't be read."""
    try:
        return read_limited(layout.learnings, _LIMIT).decode("utf-8", "replace")
    except (OSError, CoordError):
        return ""


def kept_learnings(layout: Layout) -> tuple[Learning, ...]:
    """Those of `learnings.md`, in its order."""
    return read_learnings(text_of_learnings(layout))


def noted_learnings(log: EventLog) -> tuple[Noted, ...]:
    """What was noted since learnings were curated last, oldest first."""
    curated = log.tail(1, Filter(kinds=("learning.curated",)))
    since = curated[0].seq if curated else 0
    events = log.tail(_MOST, Filter(kinds=("learning.noted",)))
    return tuple(_noted(event) for event in events if event.seq > since)


def _noted(event: Event) -> Noted:
    paths, tags = (_names(event.data.get(key)) for key in ("paths", "tags"))
    return Noted(str(event.data.get("text") or ""), event.actor, event.ts, event.seq, paths, tags)


def _names(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
