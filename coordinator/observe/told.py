"""Gathers what an agent is told, from the milestone, the alignment document, the log and the flows, as they are now."""

from collections.abc import Iterator
from pathlib import Path

from coordinator.agents.brief import Artifact, Before, Brief, Child, Chosen, Existing, StationBrief, Told, parts_told
from coordinator.agents.brief_roles import parts_for
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.formats.alignment import engineers_words
from coordinator.formats.frontmatter import split
from coordinator.formats.intent_text import read_intent
from coordinator.formats.learnings import read_learnings
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.lazy.typing import Any
from coordinator.model.event import ActorKind, Event
from coordinator.model.flow import FILES
from coordinator.model.intent import PLACEHOLDER, Intent
from coordinator.model.learning import Given, pick
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.review_comment import Said
from coordinator.model.round import PLANNER, VERIFIER
from coordinator.model.saying import Saying, chosen, without_told
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import WorkId, flow_work
from coordinator.observe.learnings import noted_learnings, text_of_learnings
from coordinator.observe.review_said import said_of
from coordinator.secrets.redaction import redact
from coordinator.services.questions import steering
from coordinator.storage.flows import find_flow, read_flows
from coordinator.storage.paths import Layout
from coordinator.storage.records import BadRecord, decode, read_json

CONTEXT = "context"
"""The folder of an attempt that holds the whole of what it was told a part of."""
EXISTING = "existing.json"
"""In it: what there was of the work of the attempt before."""
_READ = 2_000
"""Events of a kind that are looked through: the newest."""
_ARTIFACTS = 20


@dataclass(frozen=True, slots=True)
class About:
    """What somebody is told about."""

    prompt: Prompt | None = None
    """None: the milestone as a whole."""
    role: str = "executor"
    attempt: Attempt | None = None
    last: Attempt | None = None
    """The attempt before that one."""
    existing: Existing | None = None
    flow: str = ""
    """The flow of an iteration that it is about, where nobody was started for it; of a station its flow."""
    station: StationBrief | None = None


def told(brief: Brief) -> tuple[Told, ...]:
    """What an agent is told, part by part, without secrets."""
    return tuple(replace(part, text=redact(part.text)) for part in parts_told(brief, parts_for(brief)))


def gather(layout: Layout, log: EventLog, snapshot: Snapshot, about: About) -> Brief:
    """All that an agent may be told about its work."""
    prompt, attempt = about.prompt, about.attempt
    number = prompt.number if prompt is not None else None
    line = _line(snapshot, prompt)
    body = body_of(prompt) if prompt is not None else ""
    document = snapshot.documents.get(layout.rel(layout.alignment), b"")
    said = [*_answers(snapshot), *_told(log, "note.added"), *_steered(snapshot, document)]
    said.sort(key=lambda saying: saying.at)
    stands = (body, about.last.reason if about.last is not None else "")
    milestone, free = _milestone(snapshot.documents.get(layout.rel(layout.milestone), b""))
    before, earlier = _before(snapshot, number)
    return Brief(
        work=_work(about, snapshot),
        attempt=attempt,
        role=about.role,
        flow=_instructions(layout, about),
        station=about.station,
        milestone=snapshot.milestone.title,
        intent=milestone,
        free=free,
        prompt=prompt,
        body=body,
        decisions=Chosen(*chosen(_told(log, "decision.recorded"), line)),
        words=Chosen(*chosen(without_told(said, *stands), line)),
        before=before,
        earlier=earlier,
        last=about.last,
        existing=about.existing,
        base_branch=attempt.base_branch if attempt is not None else "",
        artifacts=tuple(_artifacts(layout, log, line)),
        learnings=learnings_for(layout, prompt, body, before),
        **_of_a_round(layout, log, snapshot, about),
        review=_unanswered(log, number),
        context=str(_context(layout, attempt)) if attempt is not None else "",
        places=_places(layout, prompt, attempt),
    )


def _unanswered(log: EventLog, number: int | None) -> tuple[Said, ...]:
    return tuple(one for one in said_of(log, number) if one.open) if number is not None else ()


def _instructions(layout: Layout, about: About) -> str:
    if about.station is not None:
        flow = find_flow(layout, about.flow)
        return flow.body.strip() + "\n" if flow is not None else ""
    return flow_of(layout, about.role, about.attempt.work.flow if about.attempt is not None else about.flow)


def body_of(prompt: Prompt) -> str:
    """The prompt file below its frontmatter."""
    return _body(prompt.source, prompt.path)


def flow_of(layout: Layout, role: str, name: str = "") -> str:
    """A role's instructions, and behind them those of the flow of this name, which is one of many of the role."""
    flows = read_flows(layout)
    general = flows.find(role) if role in FILES else None
    own = flows.find(name) if name and name != role else None
    parts = [flow.body.strip() for flow in (general, own) if flow is not None and flow.role == role]
    return "\n\n".join(parts) + "\n" if parts else ""


def learnings_for(layout: Layout, prompt: Prompt | None, body: str, before: tuple[Before, ...]) -> Given:
    """The learnings of the project that fit a piece of work, with the file that they stand in."""
    source = text_of_learnings(layout)
    texts = () if prompt is None else (prompt.title, body, prompt.type.value, *prompt.skills, prompt.agent or "")
    files = [name for one in before if one.receipt is not None for name in one.receipt.files]
    return replace(pick(read_learnings(source), texts, files), source=source.encode())


def existing_of(layout: Layout, attempt: Attempt) -> Existing | None:
    """What there was of the work before an attempt when it was started."""
    try:
        values = read_json(str(_context(layout, attempt) / EXISTING))
        return None if values is None else decode(Existing, values)
    except BadRecord:
        return None


def _context(layout: Layout, attempt: Attempt) -> Path:
    return layout.attempt(attempt.run, attempt.work, attempt.attempt) / CONTEXT


def _work(about: About, snapshot: Snapshot) -> WorkId | None:
    if about.attempt is not None:
        return about.attempt.work
    if about.prompt is not None:
        return WorkId(about.prompt.number)
    named = about.flow or (about.role if about.role in (PLANNER, VERIFIER) else "")
    return flow_work(max(1, snapshot.iteration), named) if named else None


def _of_a_round(layout: Layout, log: EventLog, snapshot: Snapshot, about: About) -> dict[str, Any]:
    """What only those are told who look at the milestone as a whole."""
    if about.prompt is not None:
        return {}
    document = snapshot.documents.get(layout.rel(layout.milestone), b"")
    return {
        "spec": _body(document, layout.milestone.name),
        "round": snapshot.round,
        "children": tuple(_child(snapshot, number) for number in sorted(snapshot.prompts)),
        "noted": noted_learnings(log) if about.role == PLANNER else (),
    }


def _child(snapshot: Snapshot, number: int) -> Child:
    step = snapshot.steps[number]
    attempt = step.attempt
    receipt, since = (attempt.receipt, attempt.since) if attempt is not None else (None, "")
    ended = step.state in (StepState.MERGED, StepState.SKIPPED)
    return Child(snapshot.prompts[number], step.state.value, step.reason, receipt, since, ended)


def _places(layout: Layout, prompt: Prompt | None, attempt: Attempt | None) -> dict[str, str]:
    """Where the whole of it can be read: as of its start, for whoever was started."""
    own = {"prompt": str(layout.root / prompt.path)} if prompt is not None else {}
    if attempt is None:
        files = {"milestone": layout.milestone, "alignment": layout.alignment, "learnings": layout.learnings}
        return own | {name: str(path) for name, path in files.items()}
    folder = _context(layout, attempt)
    return own | {name: str(folder / f"{name}.md") for name in ("milestone", "alignment", "learnings")}


def _line(snapshot: Snapshot, prompt: Prompt | None) -> frozenset[int]:
    """A prompt, all that it builds on, and what it patches."""
    if prompt is None:
        return frozenset()
    number = prompt.number
    before = snapshot.graph.ancestors(number) if number in snapshot.prompts else frozenset(prompt.dependencies)
    return frozenset((number, *before, *prompt.patches_prompts))


def _milestone(document: bytes) -> tuple[Intent, str]:
    """The intent; or else what the file says, where nothing in it can be read as one."""
    body = _body(document, "milestone.md")
    found = read_intent(body)
    return found, "" if found != Intent() or body.strip() == PLACEHOLDER or "## " in body else body.strip()


def _before(snapshot: Snapshot, number: int | None) -> tuple[tuple[Before, ...], tuple[Before, ...]]:
    """Direct dependencies; and those before them, the nearest first."""
    needs = snapshot.graph.dependencies
    direct = [n for n in needs.get(number, ()) if n in snapshot.prompts] if number is not None else []
    seen = {*direct, number}
    nearest, earlier = list(direct), list[int]()
    while nearest:
        nearest = sorted({d for n in nearest for d in needs.get(n, ())} - seen)
        seen.update(nearest)
        earlier += [n for n in nearest if n in snapshot.prompts]
    return tuple(_of(snapshot, n) for n in direct), tuple(_of(snapshot, n) for n in earlier)


def _of(snapshot: Snapshot, number: int) -> Before:
    attempt = snapshot.steps[number].attempt
    return Before(snapshot.prompts[number], attempt.receipt if attempt is not None else None)


def _told(log: EventLog, kind: str) -> Iterator[Saying]:
    """What events of a kind say, oldest first."""
    for event in log.tail(_READ, Filter(kinds=(kind,))):
        text = str(event.data.get("text") or "").strip()
        human = event.actor_kind == ActorKind.HUMAN
        if text and (human or kind != "note.added"):
            yield Saying(text, event.actor, event.ts, event.prompt, human)


def _answers(snapshot: Snapshot) -> Iterator[Saying]:
    for question in snapshot.questions:
        number = _number(question.subject)
        if question.taken:
            assumed = f"{question.text} {question.answer} (assumed, until somebody says otherwise)"
            yield Saying(assumed, question.asker, question.asked, number, human=False)
        elif question.answer is not None and not question.about:
            yield Saying(question.answer, question.asker, question.answered, number, human=True, to=question.text)


def _steered(snapshot: Snapshot, document: bytes) -> Iterator[Saying]:
    """The engineer's words of the alignment document, but for answers, which are told as such."""
    answers = tuple(steering(q, q.answer) for q in snapshot.questions if q.answered and q.answer and not q.about)
    return iter(without_told(engineers_words(document), *answers))


def _number(subject: str) -> int | None:
    head, _, number = subject.partition(":")
    return int(number) if head == "prompt" and number.isascii() and number.isdigit() else None


def _artifacts(layout: Layout, log: EventLog, line: frozenset[int]) -> Iterator[Artifact]:
    for kind, name in (("artifact.produced", "path"), ("attachment.added", "ref")):
        events = {str(e.data.get(name) or ""): e for e in log.tail(_READ, Filter(kinds=(kind,))) if _concerns(e, line)}
        for ref, event in list(events.items())[-_ARTIFACTS:]:
            there = (layout.root / ref).is_file() if name == "path" else None
            if ref:
                yield Artifact(ref, str(event.data.get("title") or ""), event.actor, event.prompt, there)


def _concerns(event: Event, line: frozenset[int]) -> bool:
    return event.prompt is None or event.prompt in line


def _body(document: bytes, name: str) -> str:
    sections = split(document, name)
    return "" if isinstance(sections, Problem) else sections.text[sections.body :]
