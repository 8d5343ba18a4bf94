"""Requests that may be made again: each is done once, by the id of its event."""

import json
from collections.abc import Iterable

from coordinator.errors import Refused
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, Draft, Event
from coordinator.model.ids import named_uuid7
from coordinator.secrets.redaction import redact_data
from coordinator.storage.files import sha256


def request_id(actor: Actor, run: str | None, verb: str, request: str) -> str:
    """The id of the event that a request makes, the same whenever it is made; empty where the call has none."""
    scope = [actor.kind.value, actor.name, run or "", verb, request]
    return named_uuid7(sha256(json.dumps(scope).encode("utf-8", "backslashreplace"))) if request else ""


def once(log: EventLog, draft: Draft, actor: Actor, run: str | None, *, same: Iterable[str]) -> Event:
    """Append an event, or find the one that the same request has made. Refused when that one says something else.

    `same`: keys of the data that a request can't be made again without.
    """
    (event,) = log.append([draft], actor, run)
    if draft.id:
        check_same(event, draft, same)
    return event


def check_same(event: Event, draft: Draft, same: Iterable[str]) -> None:
    """Refused when the event of a request says something else than the request does now."""
    said = json.loads(json.dumps(redact_data(dict(draft.data)), ensure_ascii=False, default=str))
    if any(event.data.get(key) != said.get(key) for key in same):
        raise Refused(
            f"this request was made before, and said something else: see event {event.seq}",
            "give another `request`, or none",
        )
