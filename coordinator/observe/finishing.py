"""Whoever looks first finishes what killed processes left of a plan: files, events, and the way to take it back.

`recover` is the one entrance; `finish` is the same for those who look, and never raises. Both cost one look into an
empty folder where there is nothing to finish.
"""

import os
from collections.abc import Mapping, Sequence

from coordinator.errors import CoordError
from coordinator.lazy.typing import TYPE_CHECKING, Any, NamedTuple
from coordinator.model.problem import Problem
from coordinator.storage.paths import Layout

if TYPE_CHECKING:
    from coordinator.eventlog.store import EventLog
    from coordinator.storage.journal import Merged

PATIENCE = 0.25
"""Seconds in which a living process may come to the end of the plan that it applies."""
_UNFINISHED = (".json", ".placed")


class Finish(NamedTuple):
    """What came of a look for unfinished plans."""

    done: bool = False
    """Something was finished: whatever was read before is old."""
    problem: Problem | None = None
    """What stays unfinished, and why: nothing may start before it is whole."""


def is_pending(layout: Layout) -> bool:
    """A plan is being applied, or waits to be finished."""
    try:
        return any(name.endswith(_UNFINISHED) for name in os.listdir(layout.journal))
    except OSError:
        return False


def recover(layout: Layout, *, patience: float | None = None) -> list[str]:
    """Finish plans that killed processes left half applied, their events too; a sentence for each thing done.

    `patience`: seconds for which a living process that applies one is waited for; None: until it has ended. Raises
    CoordError where that is not enough, or where the project can't be written; Refused where nobody trusts the project:
    whoever wrote a journal chose which files it writes.
    """
    if not is_pending(layout):
        return []
    from coordinator.observe.trust import require_trust

    require_trust(layout)
    if not os.access(layout.journal, os.W_OK):
        raise CoordError("a plan is unfinished, and this user may not write here", "run `coord status` as its owner")
    from coordinator.eventlog.store import EventLog
    from coordinator.storage import journal

    with EventLog.open(layout.events_db, create=True) as log:
        return journal.recover(
            layout,
            lambda _, note: log_note(log, note),
            lambda plan_id, merged: tell_merged(layout, log, plan_id, merged),
            patience=patience,
        )


def finish(layout: Layout) -> Finish:
    """Finish what can be finished now."""
    if not is_pending(layout):
        return Finish()
    try:
        return Finish(bool(recover(layout, patience=PATIENCE)) or not is_pending(layout))
    except CoordError as error:
        place = layout.rel(layout.journal)
        return Finish(
            problem=Problem(place, 0, "unfinished-plan", f"a plan is unfinished: {error.message}", error.remedy)
        )


def log_note(log: "EventLog", note: Mapping[str, Any]) -> None:
    """Log the events that a journal carries. Raises BadRecord where it carries none."""
    from coordinator.model.event import Actor, ActorKind, Draft
    from coordinator.storage.records import BadRecord

    try:
        who = note["actor"]
        actor = Actor(ActorKind(who["kind"]), who["name"], who["role"], who.get("terminal") is not False)
        drafts = [Draft(d["kind"], d["subject"], d["data"], d["id"]) for d in note["drafts"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadRecord(f"it has no events: {error}") from None
    log.append(drafts, actor)


def tell_merged(layout: Layout, log: "EventLog", plan_id: str, merged: Sequence["Merged"]) -> None:
    """Keep for undo what really was replaced, and log which files lack something of the plan. May be repeated."""
    from coordinator.formats.prompt_schema import number_in_name
    from coordinator.model.event import SYSTEM, Draft
    from coordinator.storage.applied import amend
    from coordinator.storage.files import sha256

    amend(layout, plan_id, merged)
    drafts = []
    for one in merged:
        if one.lost:
            number = number_in_name(one.path.rpartition("/")[2])
            data = {"plan": plan_id, "files": [one.path], "reason": f"not all of the plan is in it: {one.lost}"}
            noise = sha256(f"{plan_id}/{one.path}".encode())
            id_ = f"{plan_id[:15]}{noise[:3]}-8{noise[3:6]}-{noise[6:18]}"
            drafts.append(Draft("conflict.detected", f"prompt:{number}" if number else "milestone", data, id_))
    log.append(drafts, SYSTEM)
