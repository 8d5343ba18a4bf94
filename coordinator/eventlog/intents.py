"""The versions of the intent that the log holds."""

from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Event
from coordinator.model.intent import Version, from_data

_MOST = 10_000


def newest_version(log: EventLog, as_of: int | None = None) -> Version | None:
    """The version in force at the end of the log, or right after event `as_of`; None before the first."""
    found = log.tail(1, Filter(kinds=("intent.set",), as_of=as_of))
    return _version(found[0]) if found else None


def versions(log: EventLog) -> tuple[Version, ...]:
    """All versions, oldest first."""
    return tuple(map(_version, log.tail(_MOST, Filter(kinds=("intent.set",)))))


def _version(event: Event) -> Version:
    return Version(event.seq, event.ts, event.actor, from_data(event.data))
