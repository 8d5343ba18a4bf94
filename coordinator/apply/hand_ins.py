"""What the agents of an iteration say beside their hand-off: verdicts, decisions, learnings. Each is an event."""

from collections.abc import Mapping

from coordinator.apply.steps import attempt_lock, event_id, reread
from coordinator.errors import Refused
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.identity import who
from coordinator.eventlog.store import EventLog
from coordinator.lazy.typing import Any
from coordinator.model.caller import Caller
from coordinator.model.event import SYSTEM, Actor, ActorKind, Draft, Event, may_write, who_may
from coordinator.model.step import Attempt
from coordinator.observe.trust import require_known
from coordinator.secrets.redaction import redact_data
from coordinator.storage.attempts import load_attempt
from coordinator.storage.files import sha256
from coordinator.storage.paths import Layout

REFUSED = "iteration.refused"
"""What a Planner decided was not taken, or could not be carried out: told to the next one."""
MOST_LEARNINGS, MOST_FINDINGS = 50, 200
"""Learnings, and findings, of one attempt."""
_REASONS = 50
"""Reasons of a refusal that the log keeps."""


def own_attempt(layout: Layout, log: EventLog, caller: Caller, kind: str, **data: object) -> tuple[Attempt, Actor]:
    """The attempt that a process is the agent of, and who that is: one that may write events of this kind and data.

    Raises Refused for people, for agents of another role (which the log tells then), and after the attempt's end.
    """
    actor = who(caller.environ, caller.pid)
    require_known(layout, actor)
    if actor.kind is not ActorKind.AGENT:
        raise Refused(
            f"only an agent hands that in: {who_may(kind)} may write {kind}", "people have commands of their own"
        )
    work, run, count = caller.work, caller.run, caller.attempt
    if not may_write(actor, kind, data):
        log.append([Draft(kind, caller.subject, data)], actor, run)  # refuses, and logs that it did
    attempt = load_attempt(layout, run, work, count)[0] if work is not None and run and count else None
    if attempt is None or attempt.agent != actor.name or attempt.role != actor.role:
        raise Refused(
            f"{actor.name} has no attempt in {layout.root}", "only an agent that the loop started may speak so"
        )
    return attempt, actor


def said_before(log: EventLog, attempt: Attempt, kind: str) -> Event | None:
    """What an attempt has said already of what it says but once."""
    return log.get(event_id(attempt, kind))


def say_once(
    layout: Layout, log: EventLog, attempt: Attempt, actor: Actor, kind: str, said: Mapping[str, Any]
) -> Event:
    """Put on the log what an attempt says but once: the event, also where the same was said before.

    Refused when something else was, and when the attempt has ended.
    """
    data = {"agent": actor.name, "attempt": attempt.attempt, "iteration": attempt.work.iteration, **said}
    draft = Draft(kind, attempt.work.subject, data, event_id(attempt, kind))
    with attempt_lock(layout, attempt):
        event = said_before(log, attempt, kind)
        if event is None:
            refuse_ended(reread(layout, attempt))
            (event,) = log.append([draft], actor, attempt.run)
    if _words(event.data) != _words(redact_data(data)):
        raise Refused(
            f"{actor.name} has said something else already: event {event.seq}", "that stands; hand off, and exit"
        )
    return event


def learn(layout: Layout, log: EventLog, caller: Caller, said: Mapping[str, Any]) -> Event:
    """Note a learning; the same words of an attempt are one."""
    kind = "learning.noted"
    attempt, actor = own_attempt(layout, log, caller, kind)
    id_ = event_id(attempt, f"{kind}/{sha256(str(said['text']).strip().encode('utf-8', 'replace'))}")
    there = log.get(id_)
    if there is not None:
        return there
    refuse_ended(reread(layout, attempt))
    refuse_many(log, kind, actor, MOST_LEARNINGS)
    data = {**said, "text": str(said["text"]).strip(), "attempt": attempt.attempt}
    (event,) = log.append([Draft(kind, attempt.work.subject, data, id_)], actor, attempt.run)
    return event


def note_refusal(
    log: EventLog, attempt: Attempt, reasons: tuple[str, ...], *, decision: int | None = None, said: str = ""
) -> Event:
    """Note why what a Planner decided came to nothing, once for the same reasons.

    `decision`: the number of the event that it decided with; None: it was not taken.
    """
    name = f"{REFUSED}/{decision or sha256('/'.join((said, *reasons)).encode('utf-8', 'replace'))}"
    data: dict[str, object] = {"attempt": attempt.attempt, "agent": attempt.agent, "reasons": list(reasons[:_REASONS])}
    if decision is not None:
        data["decision"] = decision
    (event,) = log.append([Draft(REFUSED, attempt.work.subject, data, event_id(attempt, name))], SYSTEM, attempt.run)
    return event


def refuse_ended(attempt: Attempt) -> None:
    """Refused for an attempt that nobody works on any more."""
    if not attempt.state.live or attempt.exit is not None:
        raise Refused(f"the attempt of {attempt.agent} has ended: {attempt.state.value}", "there is nothing to hand in")


def refuse_many(log: EventLog, kind: str, actor: Actor, most: int) -> None:
    """Refused for an agent that has written as many events of a kind as it may."""
    if len(log.tail(most, Filter(kinds=(kind,), actor=actor.name))) >= most:
        raise Refused(f"{actor.name} has handed in {most} already", "keep to what matters most")


def _words(data: object) -> object:
    """What was said, as JSON has it."""
    import json

    return json.loads(json.dumps(data, default=str))
