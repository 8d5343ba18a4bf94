"""Plans that were applied, kept with what they replaced: enough to take one back while nothing was built on it."""

import os
from collections.abc import Iterator, Mapping
from itertools import islice

from coordinator.errors import CoordError, Refused
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.formats.prompt_text import parse_prompt
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Any
from coordinator.model.event import Event
from coordinator.model.ids import is_uuid7, uuid7
from coordinator.model.plan import FileEdit, Kill, PastPlan, Permit, Plan, Record, Steer
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import plain
from coordinator.model.textdiff import unified_diff
from coordinator.secrets.redaction import redact
from coordinator.storage.files import read_limited, sha256
from coordinator.storage.paths import Layout
from coordinator.storage.records import BadRecord, read_json, write_json

LIMIT = 1 << 30
"""Bytes of one plan."""
_RECENT = 1000
"""Applied plans that are looked through for the newest."""
SHOWN = 50
"""Applied plans that are listed: the newest."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """One file of an applied plan."""

    path: str
    before: bytes | None
    """None: there was no such file."""
    after: str | None
    """SHA-256 of what the plan made of it; None: it deleted the file."""


@dataclass(frozen=True, slots=True)
class Archived:
    """An applied plan, as far as taking it back needs it."""

    id: str
    service: str
    summary: str
    files: tuple[Replaced, ...]
    created: tuple[int, ...]
    """Prompts that it made."""
    lasting: str = ""
    """What of it can't be taken back; empty when everything can."""


def keep(layout: Layout, plan: Plan) -> None:
    """Archive a plan with the present versions of its files, before it is applied."""
    files = [
        {
            "path": edit.path,
            "before": None if edit.before is None else _encode(_current(layout, edit.path)),
            "after": None if edit.change == "delete" else sha256(edit.content),
        }
        for edit in plan.edits
    ]
    values = {
        "id": plan.id,
        "service": plan.service,
        "summary": redact(plan.summary),
        "files": files,
        "created": list(created_prompts(plan)),
        "lasting": _lasting(plan),
    }
    write_json(layout.plans / f"{plan.id}.json", values)


def drop(layout: Layout, plan_id: str) -> None:
    """Forget a plan that was not applied after all."""
    (layout.plans / f"{plan_id}.json").unlink(missing_ok=True)


def load(layout: Layout, plan_id: str) -> Archived:
    """An applied plan. Raises Refused when there is none of that id, CoordError when its record can't be read."""
    if not is_uuid7(plan_id):
        raise Refused(f"`{plain(plan_id)}` is no id of a plan", "`coord undo --list` shows them")
    try:
        values = read_json(str(layout.plans / f"{plan_id}.json"), limit=LIMIT)
        if values is None:
            raise Refused(f"there is no plan {plan_id} here", "`coord undo --list` shows them")
        return _decode(values)
    except (BadRecord, KeyError, TypeError, ValueError) as error:
        raise CoordError(
            f"the record of plan {plan_id} can't be read: {error}", "take its edits back by hand"
        ) from None


def created_prompts(plan: Plan) -> tuple[int, ...]:
    """Numbers of the prompts that a plan makes."""
    subjects = [e.subject for e in plan.effects if isinstance(e, Record) and e.kind == "prompt.created"]
    return tuple(int(subject.removeprefix("prompt:")) for subject in subjects)


def plan_undo(layout: Layout, snapshot: Snapshot, plan_id: str | None = None, own: str | None = None) -> Plan:
    """The plan that takes back an applied one, by default the newest that was not taken back.

    `own`: by default only plans of this actor's are looked through; those of others are taken back by id.

    Raises Refused when there is none, when something was built on it, or when it can't be taken back.
    """
    return undo_of(load(layout, plan_id or _newest(layout, own)), snapshot, layout)


def past_plans(layout: Layout, snapshot: Snapshot, most: int = SHOWN) -> tuple[PastPlan, ...]:
    """The plans that were applied and not taken back, newest first, each with what speaks against taking it back."""
    return tuple(_past(layout, snapshot, event) for event in islice(_standing(layout), most))


def _past(layout: Layout, snapshot: Snapshot, event: Event) -> PastPlan:
    plan_id, summary, refusal = str(event.data.get("plan")), str(event.data.get("summary") or ""), ""
    try:
        archived = load(layout, plan_id)
        summary, refusal = archived.summary, archived.lasting
        if not refusal:
            undo_of(archived, snapshot, layout)
    except CoordError as error:
        refusal = error.message
    return PastPlan(plan_id, event.seq, event.ts, event.actor, plain(summary), refusal)


def _standing(layout: Layout) -> Iterator[Event]:
    """The events of applied plans that were not taken back, newest first."""
    with EventLog(layout.events_db, missing_ok=True) as log:
        events = log.tail(_RECENT, Filter(kinds=("plan.applied", "plan.undone")))
    undone = {str(event.data.get("undoes")) for event in events}
    for event in reversed(events):
        if event.kind == "plan.applied" and str(event.data.get("plan")) not in undone:
            yield event


def _newest(layout: Layout, own: str | None) -> str:
    others = ""
    for event in _standing(layout):
        plan_id = str(event.data.get("plan"))
        if own is None or event.actor == own:
            return plan_id
        others = others or f"the newest is of {plain(event.actor)}: coord undo {plan_id}"
    whose = " of yours" if others else ""
    raise Refused(f"there is no plan{whose} to take back", others or "`coord undo --list` shows what can be")


def undo_of(archived: Archived, snapshot: Snapshot, layout: Layout) -> Plan:
    """The plan that takes an applied one back. Refused when something was built on it, or it can't be taken back."""
    if archived.lasting:
        raise Refused(
            f"`{plain(archived.summary)}` can't be taken back: {archived.lasting}",
            "plan what is to be instead, or choose an earlier one: `coord undo --list` shows them",
        )
    from coordinator.services.planning import not_started

    for number in archived.created:
        step = snapshot.steps.get(number)
        if step is not None and (step.attempt is not None or step.state is StepState.MERGED):
            raise Refused(f"prompt {number:02d} has been started since", "cancel or patch it instead")
    edits = tuple(_reverse(layout, file) for file in archived.files)
    here = {prompt.path for prompt in snapshot.prompts.values()}
    read = [parse_prompt(edit.content, edit.path, here) for edit in edits if edit.path in here and edit.content]
    return Plan(
        id=uuid7(),
        service="undo",
        summary=f"take back: {archived.summary}",
        edits=edits,
        effects=_intent_again(archived),
        undoes=archived.id,
        reads=not_started(snapshot, archived.created),
        order_before=snapshot.graph.order,
        order_after=tuple(n for n in snapshot.graph.order if n not in archived.created),
        prompts_after=tuple(prompt for prompt in read if isinstance(prompt, Prompt)),
    )


def _intent_again(archived: Archived) -> tuple[Record, ...]:
    """The milestone and its intent as they were, the intent as a version of its own: the log tells what is in force."""
    if archived.service not in ("intent", "run"):
        return ()
    from coordinator.formats.intent_text import MILESTONE, MILESTONES
    from coordinator.services.intent import version

    documents = [file.before for file in archived.files if file.path == MILESTONE and file.before is not None]
    again = [version(before, "taken back") for before in documents]
    if any(file.path.startswith(f"{MILESTONES}/") for file in archived.files):
        from coordinator.services.specification import begun_again

        again[:0] = map(begun_again, documents)
    return tuple(again)


def _reverse(layout: Layout, file: Replaced) -> FileEdit:
    current = _current(layout, file.path)
    digest = None if current is None else sha256(current)
    if digest != file.after:
        raise Refused(f"{plain(file.path)} has changed since", "edit it by hand; what came later would be lost")
    diff = unified_diff(file.path, current or b"", file.before or b"")
    if file.before is None:
        return FileEdit(file.path, "delete", b"", digest, diff)
    return FileEdit(file.path, "create" if digest is None else "modify", file.before, digest, diff)


def _lasting(plan: Plan) -> str:
    if any(isinstance(effect, Kill) for effect in plan.effects):
        return "it ended an agent"
    if any(isinstance(effect, Steer) for effect in plan.effects):
        return "it told an agent something"
    if any(isinstance(effect, Permit) for effect in plan.effects):
        return "it answered an agent"
    if any(isinstance(effect, Record) and effect.kind.startswith("change.") for effect in plan.effects):
        return "the loop acts on a verdict at once"
    return "it takes back another one" if plan.undoes else ""


def _current(layout: Layout, path: str) -> bytes | None:
    try:
        return read_limited(os.path.join(layout.root, path), LIMIT)
    except FileNotFoundError:
        return None


def _encode(data: bytes | None) -> str | None:
    import base64

    return None if data is None else base64.b64encode(data).decode()


def _decode(values: Mapping[str, Any]) -> Archived:
    import base64

    files = tuple(
        Replaced(
            str(file["path"]),
            None if file["before"] is None else base64.b64decode(file["before"], validate=True),
            file["after"],
        )
        for file in values["files"]
    )
    created = tuple(int(number) for number in values["created"])
    return Archived(
        values["id"], values["service"], values["summary"], files, created, str(values.get("lasting") or "")
    )
