"""Plan → effects: the one place where a service's plan becomes real, after a look whether the world is still the same.

Files and events go together: the journal carries the events, so that a kill at any moment leaves a plan applied and
logged, or not applied, once the next command or loop has looked. Agents are ended and told after that; a kill that is
cut off is finished by the loop, since `step.json` says that it was asked for.
"""

import json
from _thread import _local
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress

from coordinator.apply import undo
from coordinator.apply.steps import attempt_lock, find_attempt, reread
from coordinator.errors import CoordError, Refused, StalePlan
from coordinator.eventlog.questions import questions
from coordinator.eventlog.store import EventLog
from coordinator.formats.alignment import ALIGNMENT_START, add_steering
from coordinator.lazy.dataclass import asdict, dataclass, replace
from coordinator.lazy.typing import TypeVar
from coordinator.model.budget_pause import all_wanted
from coordinator.model.clock import utc_now
from coordinator.model.event import SYSTEM, Actor, ActorKind, Draft, Event, may_write
from coordinator.model.ids import uuid7
from coordinator.model.loop_state import subject_number
from coordinator.model.plan import FileEdit, Kill, Permit, Plan, Record, StartAfresh, Steer
from coordinator.model.step import Attempt
from coordinator.model.text import plain
from coordinator.model.work import WorkId, prompt_work
from coordinator.observe.finishing import log_note, recover, tell_merged
from coordinator.observe.project import Project
from coordinator.observe.trust import require_known, require_trust
from coordinator.secrets.redaction import redact, redact_data, suspects
from coordinator.services import questions as service
from coordinator.services.planning import file_edit
from coordinator.storage import journal
from coordinator.storage.documents import LIMIT as DOCUMENT_LIMIT
from coordinator.storage.documents import examine_milestone
from coordinator.storage.files import Lock, digest_of, failure, read_limited, sha256
from coordinator.storage.paths import Layout
from coordinator.storage.prompt_numbers import claim_number, highest_named, keep_highest

_STEP_LIMIT = 4 * 1024 * 1024
_TRIES = 20
_here = _local()  # threading's own, without the rest of it

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a plan."""

    plan: Plan
    notes: tuple[str, ...] = ()
    """Sentences for people: an editor's version that was kept aside, a text that could not be delivered."""


@contextmanager
def planning(layout: Layout) -> Iterator[None]:
    """Keep other plans from being applied, from the snapshot that one is made for until it is.

    Raises Refused in a project that nobody here trusts.
    """
    if getattr(_here, "planning", False):
        yield
        return
    require_known(layout)
    with Lock(layout.coord / "plan.lock"):
        _here.planning = True
        try:
            yield
        finally:
            _here.planning = False


def apply(layout: Layout, plan: Plan, actor: Actor) -> Applied:
    """Make a plan real: all of its files and events or none, then what it does to agents.

    Raises StalePlan when the world is no longer the one that was planned for, Refused when the actor may not, and then
    nothing was done. A CoordError that names an agent which would not end comes after the rest was applied.
    """
    drafts = _drafts(plan)
    if all(may_write(actor, draft.kind, draft.data) for draft in drafts):
        require_trust(layout)
    with planning(layout), EventLog.open(layout.events_db, create=True) as log:
        _refuse_what_actor_may_not(log, drafts, actor)
        _refuse_piecemeal(layout, log, plan, drafts[0], actor)
        _check_versions(layout, plan)
        _check_steers(layout, plan)
        with ExitStack() as stack:
            kills = [_prepare_kill(layout, stack, kill, actor) for kill in _of(plan, Kill)]
            marks = [_prepare_fresh(layout, stack, one) for one in _of(plan, StartAfresh)]
            whole = replace(plan, edits=(*plan.edits, *(edit for _, edit in kills), *marks))
            _claim_numbers(layout, plan)
            kept = _place(layout, log, whole, drafts, actor)
    notes = [*kept, *_permit(layout, plan, actor), *_steer(layout, plan, actor)]
    _end_agents(layout, [attempt for attempt, _ in kills])
    return Applied(plan, tuple(notes))


def answer(layout: Layout, which: str, text: str, actor: Actor) -> Event:
    """Answer a question: the event that lets the work go on and, in `alignment.md`, the engineer's words, or neither.

    Raises Refused when the actor may not or the question is answered, CoordError when there is none, UsageError for an
    empty answer.
    """
    if may_write(actor, "question.answered"):
        require_trust(layout)
    with planning(layout), EventLog.open(layout.events_db) as log:
        recover(layout)  # an answer that was cut off counts
        known = questions(log)
        question = service.find(known, which)
        _refuse_what_actor_may_not(
            log, [Draft("question.answered", question.subject, {"question": question.id})], actor
        )
        draft = replace(service.answer(known, which, text), id=uuid7())
        words = service.steering(question, str(draft.data["answer"]))
        note = {"actor": asdict(actor), "drafts": [redact_data(asdict(draft))]}
        for tries_left in reversed(range(_TRIES)):
            try:
                edit = _align(layout, subject_number(question.subject), words, actor)
                journal.apply_edits(
                    layout, draft.id, [edit], note=note, record=_recording(log), telling=_telling(layout, log)
                )
                break
            except StalePlan:  # an agent reports at this very moment
                if not tries_left:
                    raise
        event = log.get(draft.id)
        if question.about:
            _let_go_on(layout, log)
    assert event is not None, "it was appended"
    return event


def _let_go_on(layout: Layout, log: EventLog) -> None:
    """Let the agents go on that no question about a budget pauses any more, where no loop is there to do it."""
    from coordinator.apply.suspend import go_on
    from coordinator.observe.observer import Observer

    try:
        with closing(Observer(layout)) as observer:
            snapshot = observer.snapshot()
    except CoordError:  # the answer counts all the same: the next loop, which needs settings too, lets them go on
        return
    for one in () if snapshot.loop.alive else all_wanted(snapshot):
        if not one.paused:
            with suppress(CoordError):  # other users' processes are left to the next loop
                go_on(layout, log, one.attempt, one.about)


def _align(layout: Layout, number: int | None, words: str, actor: Actor) -> FileEdit:
    """The edit that puts the engineer's words into the alignment document."""
    try:
        before: bytes | None = read_limited(layout.alignment, DOCUMENT_LIMIT)
    except FileNotFoundError:
        before = None
    document = ALIGNMENT_START if before is None else before
    after = add_steering(document, number=number, text=words, who=actor.name, at=utc_now())
    return file_edit(layout.rel(layout.alignment), before, after)


# ── before anything is written


def _drafts(plan: Plan) -> list[Draft]:
    """The events of a plan, with ids of their own: logging them twice logs them once."""
    data: dict[str, object] = {
        "plan": plan.id,
        "service": plan.service,
        "summary": plan.summary,
        "paths": [edit.path for edit in plan.edits],
    }
    if plan.reason:
        data["reason"] = plan.reason
    if plan.number is not None:
        data["number"] = plan.number
    if plan.proposer:
        data["proposer"] = plan.proposer
    data |= {key: value for key in ("undoes", "decision", "parent") if (value := getattr(plan, key)) is not None}
    subject = "milestone" if plan.number is None else f"prompt:{plan.number}"
    whole = Draft("plan.applied" if plan.undoes is None else "plan.undone", subject, data, uuid7())
    records = [Draft(r.kind, r.subject, {**r.data, "plan": plan.id}, uuid7()) for r in _of(plan, Record)]
    return [whole, *records]


def _refuse_what_actor_may_not(log: EventLog, drafts: list[Draft], actor: Actor) -> None:
    for draft in reversed(drafts):  # what the plan does says more than that it is a plan
        if not may_write(actor, draft.kind, draft.data):
            log.append([draft], actor)  # refuses, and logs that it did


def _refuse_piecemeal(layout: Layout, log: EventLog, plan: Plan, draft: Draft, actor: Actor) -> None:
    """Refused, and logged, where a Planner of a milestone that iterates changes something beside its decision."""
    if actor.kind is not ActorKind.AGENT or actor.role != "planner" or plan.decision is not None:
        return
    if not examine_milestone(layout)[0].iterate:
        return
    reason = "a Planner decides once an iteration, with all that it takes as one plan"
    data = {"actor": actor.name, "actor_kind": actor.kind.value, "role": actor.role, "kind": draft.kind}
    log.append([Draft("access.denied", draft.subject, {**data, "reason": reason})], SYSTEM)
    raise Refused(reason, "hand in the whole of it: coord agent plan --json -")


def _check_versions(layout: Layout, plan: Plan) -> None:
    """StalePlan when a file is not the one that was planned for; the journal looks again at those that are edited.

    Before numbers are claimed: a plan that is made again is then the same one.
    """
    planned = {**plan.reads, **{edit.path: edit.before for edit in plan.edits}}
    stale = [plain(path) for path, digest in planned.items() if _digest(layout, path) != digest]
    if stale:
        raise StalePlan(f"changed since the plan was made: {', '.join(stale)}", "nothing was written; plan again")


def _digest(layout: Layout, path: str) -> str | None:
    try:
        return digest_of(layout.root / path)
    except OSError as error:
        raise failure("read", path, error) from error


def _claim_numbers(layout: Layout, plan: Plan) -> None:
    """Claim the numbers of new prompts, keep those of files. StalePlan when one was used meanwhile."""
    created = sorted(undo.created_prompts(plan))
    folders = Project(layout).config.prompt_folders
    if created:
        first, count = created[0], created[-1] - created[0] + 1
        if highest_named(layout, folders) >= first or claim_number(layout, first - 1, folders, count=count) != first:
            raise StalePlan(f"the number {first} was taken meanwhile", "nothing was written; plan again")
    keep_highest(layout, folders)


def _prepare_kill(layout: Layout, stack: ExitStack, kill: Kill, actor: Actor) -> tuple[Attempt, FileEdit]:
    """The edit of `step.json` that asks for the end of an attempt, with the attempt locked until it is in place."""
    from coordinator.apply.kill import ENDABLE, has_landed, starts_again

    attempt = _locked(layout, stack, kill.work, kill.attempt)
    if attempt.state not in ENDABLE and not (kill.then == "requeue" and starts_again(attempt)):
        raise StalePlan(
            f"attempt {kill.attempt} of {kill.work.label} is {attempt.state.value} by now",
            "nothing was written; plan again",
        )
    if has_landed(layout, attempt):
        raise StalePlan(
            f"the change of prompt {kill.prompt:02d} is merged by now, though its step does not say so yet",
            "nothing was written; the loop records it, also one that starts now",
        )
    changes = {"kill": kill.then, "reason": redact(kill.reason) or f"ended by {actor.name}"}
    return attempt, _step_edit(layout, attempt, changes | ({"fresh": True} if kill.fresh else {}))


def _prepare_fresh(layout: Layout, stack: ExitStack, one: StartAfresh) -> FileEdit:
    """The edit of `step.json` that lets nothing build on an attempt which has ended."""
    return _step_edit(layout, _locked(layout, stack, prompt_work(one.prompt), one.attempt), {"fresh": True})


def _locked(layout: Layout, stack: ExitStack, work: WorkId, count: int) -> Attempt:
    """The attempt as it is, locked until the plan is in place."""
    found = find_attempt(layout, work, count)
    if found is None:
        raise StalePlan(f"attempt {count} of {work.label} is gone", "look at `coord status`")
    stack.enter_context(attempt_lock(layout, found))
    return reread(layout, found)


def _step_edit(layout: Layout, attempt: Attempt, changes: Mapping[str, object]) -> FileEdit:
    path = layout.attempt(attempt.run, attempt.work, attempt.attempt) / "step.json"
    before = read_limited(path, _STEP_LIMIT)
    after = json.dumps(json.loads(before) | changes, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"
    return FileEdit(layout.rel(path), "modify", after, sha256(before))


# ── the files and their events


def _place(layout: Layout, log: EventLog, plan: Plan, drafts: list[Draft], actor: Actor) -> list[str]:
    undo.keep(layout, plan)
    note = {"actor": asdict(actor), "drafts": _redacted([asdict(draft) for draft in drafts])}
    try:
        return journal.apply_edits(
            layout,
            plan.id,
            plan.edits,
            note=note,
            reads=plan.reads,
            record=_recording(log),
            telling=_telling(layout, log),
        )
    except Refused:
        undo.drop(layout, plan.id)
        raise


def _redacted(drafts: list[dict[str, object]]) -> object:
    """Drafts without secrets; one look at the whole of them does for most."""
    return redact_data(drafts) if suspects(json.dumps(drafts, ensure_ascii=False)) else drafts


def _recording(log: EventLog) -> journal.Recorder:
    return lambda _, note: log_note(log, note)


def _telling(layout: Layout, log: EventLog) -> journal.Telling:
    return lambda plan_id, merged: tell_merged(layout, log, plan_id, merged)


# ── agents


def _check_steers(layout: Layout, plan: Plan) -> None:
    """Refused where an agent that the plan tells something could not be told it now; nothing was done then."""
    from coordinator.apply import messages

    for steer in _of(plan, Steer):
        if not steer.one_of_many:
            messages.check(layout, _told(layout, steer))


def _steer(layout: Layout, plan: Plan, actor: Actor) -> list[str]:
    """Tell running agents what the plan says; a sentence for each that could not be told after all."""
    from coordinator.apply import messages

    notes = []
    for steer in _of(plan, Steer):
        try:
            messages.tell(layout, _told(layout, steer), actor, steer.text, plan=plan.id)
        except CoordError as error:
            notes.append(f"the agent of {steer.work.label} was not told: {error.message}")
    return notes


def _permit(layout: Layout, plan: Plan, actor: Actor) -> list[str]:
    """Answer what agents ask leave for, each after a look at it; a sentence for each that got no answer."""
    asked = _of(plan, Permit)
    if not asked:
        return []
    from coordinator.apply.permissions import permit

    notes = []
    for one in asked:
        attempt = find_attempt(layout, one.work, one.attempt)
        try:
            if attempt is None:
                raise Refused(f"attempt {one.attempt} is gone", "look at `coord status`")
            permit(layout, attempt, actor, allow=one.allow, reason=one.reason, seen=one.doing, plan=plan.id)
        except CoordError as error:
            notes.append(f"{one.work.label} was not answered: {error.message}")
    return notes


def _told(layout: Layout, steer: Steer) -> Attempt:
    attempt = find_attempt(layout, steer.work, steer.attempt)
    if attempt is None:
        raise StalePlan(f"attempt {steer.attempt} of {steer.work.label} is gone", "look at `coord status`")
    return attempt


def _end_agents(layout: Layout, attempts: list[Attempt]) -> None:
    from coordinator.apply.kill import finish_kill

    with EventLog.open(layout.events_db) as log:
        errors = []
        for attempt in attempts:
            try:
                finish_kill(layout, log, attempt)
            except CoordError as error:
                errors.append(error)
    if errors:
        raise errors[0]


def _of(plan: Plan, kind: type[T]) -> list[T]:
    return [effect for effect in plan.effects if isinstance(effect, kind)]
