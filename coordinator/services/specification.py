"""A specification becomes the milestone: one that goes on, one that changes, or a new one that sets the present aside.

What a milestone leaves when another begins is its backlog: prompts that were not done, findings that were open. They
stay where they are, and say whose they were; nothing of them runs before somebody takes it over.
"""

from collections.abc import Iterator, Mapping

from coordinator.errors import Refused, UsageError
from coordinator.formats.digest import sha256
from coordinator.formats.frontmatter import parse, patch, split
from coordinator.formats.intent_text import MILESTONE, MILESTONES, intent_of, with_intent
from coordinator.formats.spec_text import has_spec, spec_of, with_spec
from coordinator.lazy.dataclass import dataclass, field, replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.backlog import BACKLOG, LEFT, is_left
from coordinator.model.criterion_numbers import numbered
from coordinator.model.feedback import Feedback, FeedbackStatus, own_findings
from coordinator.model.intent import Intent, checked, differences, summary
from coordinator.model.plan import FileEdit, Plan, Record
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.snapshot import Milestone, Snapshot
from coordinator.model.spec import Likeness, Spec, likeness, taken_over
from coordinator.model.step import Attempt
from coordinator.model.text import amount
from coordinator.services.intent import version
from coordinator.services.planning import PlanBuilder, check_title, file_edit, is_ended, numbers_text

SERVICE = "run"
_PARTS = ("goal", "non_goals", "constraints", "criteria")


@dataclass(frozen=True, slots=True)
class RunSpec:
    """What somebody hands in, and what has to be known of the project beside its snapshot."""

    spec: Spec
    answers: Intent = field(default_factory=Intent)
    """Parts that were asked for, in the place of what the specification says; empty ones were not."""
    budget: str = ""
    """US dollars that a run of it may cost, such as `2.50`, or `none`; empty: it stays as it is."""
    unasked: bool = False
    """Its Planners' plans need no human's word."""
    new: bool = False
    """It is a milestone of its own, whatever it is like."""
    origin: str = ""
    """The file of another tool that it was made of, relative to the project's root: it is attached."""
    earlier: Mapping[str, bytes] = field(default_factory=dict)
    """Files of earlier milestones, by id."""
    used: tuple[str, ...] = ()
    """Ids that were given ever."""
    findings: tuple[Feedback, ...] = ()
    logged: Intent | None = None
    """The newest version of the intent on the log."""


class Standing(NamedTuple):
    """What a specification is to this project."""

    likeness: Likeness
    id: str
    """Of the milestone that it is going to be."""
    document: bytes | None
    """The file that it goes on from; None: it begins one."""
    present: bool
    """It is, or becomes, the milestone that is there now: nothing is set aside."""
    intent: Intent
    """What is going to hold, not checked yet."""
    budget: str = ""
    """What a run of it may cost, as its file says already."""


def standing(snapshot: Snapshot, request: RunSpec) -> Standing:
    """Which milestone a specification continues, changes or begins. Refused when a file can't be taken apart."""
    present = snapshot.documents.get(MILESTONE)
    own = snapshot.milestone.id or _next_id(request)
    if present is None or (intent_of(present) == Intent() and not has_spec(present)):
        return Standing(Likeness.OTHER, own, present, True, _intent(request, None, Likeness.OTHER))
    known = [(own, present, snapshot.milestone.title)]
    known += [(name, document, _title(document)) for name, document in _newest_first(request.earlier) if name != own]
    for name, document, title in known if not request.new else ():
        found = likeness(request.spec, spec_of(document, title))
        if found is not Likeness.OTHER:
            budget = str(_values(document).get("budget") or "")
            return Standing(found, name, document, document is present, _intent(request, document, found), budget)
    begun = _next_id(replace(request, used=(*request.used, own)))
    return Standing(Likeness.OTHER, begun, None, False, _intent(request, None, Likeness.OTHER))


def plan_run(snapshot: Snapshot, request: RunSpec) -> Plan:
    """Plan that a specification is the milestone from now on. A plan without edits: it is, and nothing changes.

    UsageError where nothing tells when it is done; Refused while work is under way that a new milestone would set
    aside.
    """
    found = standing(snapshot, request)
    wanted = checked(found.intent)
    if not wanted.criteria:
        raise UsageError(
            "nothing in the specification tells when it is done",
            "add a section `## Acceptance Criteria`, or say it: --criterion TEXT, once for each",
        )
    title = check_title(request.spec.title)
    before = snapshot.documents.get(MILESTONE)
    after = _document(found, request, wanted, title, done=snapshot.milestone.status == "done")
    builder = PlanBuilder(snapshot, SERVICE)
    more = [] if after == before else [file_edit(MILESTONE, before, after)]
    if not found.present and before is not None:
        kept = _kept(snapshot, request)
        more.append(file_edit(f"{MILESTONES}/{kept[0]}.md", request.earlier.get(kept[0]), kept[1]))
        _set_aside(builder, snapshot, kept[0])
        more += _leave_findings(builder, request, kept[0], snapshot.milestone)
        more += _again(builder, request, found)
    elif more and found.likeness is Likeness.SIMILAR:
        at_work = [attempt.agent for attempt in (*_live(snapshot), *snapshot.live_flows)]
        builder.invalidates += [f"{agent} goes on with the text as it was" for agent in at_work]
    builder.effects[:0] = _records(snapshot, request, found, wanted, before, after)
    if request.origin and (more or builder.effects):
        builder.effects.append(Record("attachment.added", "milestone", {"type": "file", "ref": request.origin}))
    plan = builder.build(
        _summary(snapshot, request, found, wanted, title, unchanged=not more), more=_told(snapshot, found, title)
    )
    return replace(plan, edits=(*more, *plan.edits))


def begun_again(document: bytes) -> Record:
    """The event that a milestone which was set aside is the present one again."""
    told = {"id": str(_values(document).get("id") or ""), "title": _title(document), "again": True}
    return Record("milestone.created", "milestone", told)


# ── which milestone it is


def _newest_first(earlier: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    return sorted(earlier.items(), key=lambda item: (_number(item[0]), item[0]), reverse=True)


def _number(name: str) -> int:
    digits = name.removeprefix("M")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 9 else 0


def _next_id(request: RunSpec) -> str:
    return f"M{max(map(_number, (*request.used, *request.earlier)), default=0) + 1}"


def _title(document: bytes) -> str:
    title = _values(document).get("title", "")
    return title if isinstance(title, str) else ""


def _values(document: bytes) -> Mapping[str, object]:
    front = parse(document, "")
    return {} if isinstance(front, Problem) else front.values


def _intent(request: RunSpec, document: bytes | None, found: Likeness) -> Intent:
    """What holds: of an identical one what its file says now; then what was answered."""
    said = request.spec.intent
    if document is not None:
        before = spec_of(document, "").intent if has_spec(document) else Intent()
        present = intent_of(document)
        said = present if found is Likeness.IDENTICAL else taken_over(said, before, present)
    given = {part: getattr(request.answers, part) for part in _PARTS if getattr(request.answers, part)}
    whole = replace(said, **given)
    return whole if whole.goal else replace(whole, goal=request.spec.title)


# ── its file


def _document(found: Standing, request: RunSpec, wanted: Intent, title: str, *, done: bool) -> bytes:
    """What is going to stand in `milestone.md`. One that is done stays so while its text says nothing new."""
    source = found.document if found.document is not None else b"---\ntitle: T\n---\n"
    goes_on = found.likeness is Likeness.IDENTICAL and found.present
    status = "done" if goes_on and done else "open"
    values: dict[str, str | bool | float] = {"id": found.id, "status": status, "iterate": True}
    if found.likeness is not Likeness.IDENTICAL:
        values = {"title": title, **values}
    if request.budget:
        dollars = request.budget if request.budget == "none" else float(request.budget)
        values["budget"] = int(dollars) if isinstance(dollars, float) and dollars.is_integer() else dollars
    if request.unasked:
        values["planner_plans"] = "auto"
    source = patch(source, values)
    sections = split(source, MILESTONE)
    assert not isinstance(sections, Problem), "it was patched"
    head, body = sections.text[: sections.body], sections.text[sections.body :]
    if wanted != intent_of(source):
        body = with_intent(body, wanted)
    if found.likeness is not Likeness.IDENTICAL:
        body = with_spec(body, request.spec)
    return f"{head}{body}".encode()


def _kept(snapshot: Snapshot, request: RunSpec) -> tuple[str, bytes]:
    """The id of the milestone that gives way, and its file as it is now."""
    milestone = snapshot.milestone
    name = milestone.id or _next_id(request)
    return name, patch(snapshot.documents[MILESTONE], {"id": name, "status": milestone.status})


# ── what the one before leaves


def _set_aside(builder: PlanBuilder, snapshot: Snapshot, name: str) -> None:
    """Its prompts that are not done are not run, and say whose they were. Refused while one is worked on."""
    left = [number for number in snapshot.graph.order if not is_ended(snapshot, number)]
    busy = [number for number in left if snapshot.steps[number].state.under_way]
    if busy:
        verb = "is" if len(busy) == 1 else "are"
        raise Refused(
            f"another milestone would begin while prompt {numbers_text(busy)} {verb} under way",
            f"let it end or end it first: `coord pause`, `coord review`, `coord kill {busy[0]} --hold`",
        )
    flows = [attempt.agent for attempt in snapshot.live_flows]
    if flows:
        verb = "is" if len(flows) == 1 else "are"
        raise Refused(
            f"another milestone would begin while {', '.join(flows)} {verb} at work",
            f"let it end, or end it first: `coord pause`, then `coord kill {flows[0]}`",
        )
    for number in left:
        if builder.prompts[number].lost:
            continue
        values = {"status": PromptStatus.CANCELLED.value, BACKLOG: name}
        builder.set_values(number, values, status=PromptStatus.CANCELLED)
        data = {"reason": f"left as backlog of {name}", "attempt": builder.attempts_of(number)}
        builder.effects.append(Record("prompt.cancelled", f"prompt:{number}", data))
    for question in snapshot.open_questions:
        builder.warnings.append(f"question {question.seq} is open still, and holds the new milestone too: coord answer")


def _live(snapshot: Snapshot) -> Iterator[Attempt]:
    """Attempts at prompts that have an agent now."""
    attempts = (step.attempt for step in snapshot.steps.values() if step.state.live)
    return (attempt for attempt in attempts if attempt is not None)


def _leave_findings(builder: PlanBuilder, request: RunSpec, name: str, left: Milestone) -> list[FileEdit]:
    """What is open would keep the new milestone from being done, and is no matter of it; the rest says whose it is."""
    values = {"status": FeedbackStatus.BACKLOG.value, "milestone": name, "reason": LEFT}
    others = {*request.used, *request.earlier} - {name, left.id, left.title}
    mine = own_findings(request.findings, others)
    unnamed = [item for item in mine if not item.open and item.milestone != name]
    return [
        *(_judged(builder, item, FeedbackStatus.BACKLOG, values) for item in mine if item.open),
        *(file_edit(item.path, item.document, patch(item.document, {"milestone": name})) for item in unnamed),
    ]


def _again(builder: PlanBuilder, request: RunSpec, found: Standing) -> list[FileEdit]:
    """What an earlier milestone that goes on had left is its own again."""
    for prompt in [p for p in builder.prompts.values() if is_left(p) and p.extra.get(BACKLOG) == found.id]:
        take_over(builder, prompt)
    return [
        _judged(builder, item, FeedbackStatus.OPEN, {"status": FeedbackStatus.OPEN.value, "reason": ""})
        for item in request.findings
        if item.status is FeedbackStatus.BACKLOG and item.milestone == found.id and item.reason == LEFT
    ]


def take_over(builder: PlanBuilder, prompt: Prompt) -> None:
    """Let a prompt of the backlog run."""
    count = max(prompt.attempts, builder.attempts_of(prompt.number))
    values: dict[str, str | int] = {"status": PromptStatus.PENDING.value, BACKLOG: ""}
    if count != prompt.attempts:
        values["attempts"] = count
    builder.set_values(prompt.number, values, status=PromptStatus.PENDING, attempts=count)


def _judged(builder: PlanBuilder, item: Feedback, status: FeedbackStatus, values: Mapping[str, str]) -> FileEdit:
    data = {"title": item.title, "status": status.value, "reason": values.get("reason", "")}
    builder.effects.append(Record("feedback.planned", item.subject, data))
    return file_edit(item.path, item.document, patch(item.document, values))


# ── what is told of it


def _records(
    snapshot: Snapshot, request: RunSpec, found: Standing, wanted: Intent, before: bytes | None, after: bytes
) -> Iterator[Record]:
    now = snapshot.milestone
    if not found.present or now.id != found.id:
        told = {"id": found.id, "title": request.spec.title, "specification": sha256(request.spec.text.encode())}
        was: dict[str, object] = {} if before is None else {"was": now.title}
        if not found.present:
            was["before"] = {"id": now.id or _next_id(request), "title": now.title, "status": now.status}
        again = {"again": True} if found.document is not None and not found.present else {}
        yield Record("milestone.created", "milestone", {**told, **was, **again})
    elif now.status == "stuck" or (now.status == "done" and found.likeness is not Likeness.IDENTICAL):
        yield Record("milestone.status", "milestone", {"status": "open", "reason": _why_open(found, now.status)})
    if found.likeness is not Likeness.IDENTICAL or wanted != request.logged:
        yield version(after, _changes(snapshot, found, wanted))


def _why_open(found: Standing, was: str) -> str:
    why = "its specification changed" if found.likeness is Likeness.SIMILAR else "it was started again"
    return f"it was {was}; {why}"


def _changes(snapshot: Snapshot, found: Standing, wanted: Intent) -> str:
    before = Intent() if found.document is None else intent_of(found.document)
    if before == Intent():
        return "the first version"
    changes = differences(before, wanted)
    return summary(changes) if changes else "its words alone"


def _summary(
    snapshot: Snapshot, request: RunSpec, found: Standing, wanted: Intent, title: str, *, unchanged: bool
) -> str:
    name = f"{found.id} {title}"
    if unchanged:
        return f"{name} goes on"
    if found.present and found.likeness is Likeness.OTHER:
        return f"{name}: the specification of this milestone, with {_criteria(wanted)}"
    if found.present and found.likeness is Likeness.SIMILAR:
        return f"{name}: its specification changes: {_changes(snapshot, found, wanted)}"
    if found.present:
        return (
            f"{name} goes on, with other settings" if snapshot.milestone.status == "open" else f"{name} goes on again"
        )
    left = snapshot.milestone.title
    begun = (
        f"{name} goes on again" if found.document is not None else f"{name}: a new milestone with {_criteria(wanted)}"
    )
    return f"{begun}; {left} is set aside"


def _criteria(wanted: Intent) -> str:
    return amount(len(wanted.criteria), "criterion").replace("criterions", "criteria")


def _told(snapshot: Snapshot, found: Standing, title: str) -> dict[str, object]:
    """What else a program is told: a criterion keeps its number as long as its milestone goes on."""
    there = snapshot.round if found.present and found.likeness is not Likeness.OTHER else None
    known = {one.id: one.digest for one in there.criteria} if there is not None else {}
    criteria = [{"id": one.id, "text": one.text} for one in numbered(found.intent.criteria, known)]
    return {
        "milestone": {"id": found.id, "title": title, "new": found.document is None, "criteria": criteria},
        "likeness": found.likeness.value,
    }
