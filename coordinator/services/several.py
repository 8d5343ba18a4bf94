"""One plan of several services' requests, each planned on what the ones before it leave."""

from __future__ import annotations

from coordinator.errors import CoordError, Refused, UsageError
from coordinator.formats.digest import sha256
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.lazy.typing import TYPE_CHECKING, Protocol
from coordinator.model.ids import uuid7
from coordinator.model.plan import FileEdit, Kill, Plan
from coordinator.model.step import derive_step
from coordinator.model.text import amount
from coordinator.model.textdiff import unified_diff
from coordinator.services.registry import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from coordinator.model.snapshot import Snapshot

SERVICE = "several"


class Asked(Protocol):
    """What is asked of one service."""

    @property
    def service(self) -> str: ...

    @property
    def values(self) -> Mapping[str, object]:
        """As JSON has them."""


@dataclass(frozen=True, slots=True)
class Own:
    """What an engineer asks of a service, instead of what was proposed."""

    service: str
    planner: Callable[[Snapshot], Plan]


Step = Asked | Own


class StepRefused(Refused):
    """One of several can't be planned; `place` counts from 0."""

    def __init__(self, place: int, service: str, error: CoordError) -> None:
        super().__init__(f"step {place + 1} ({service}): {error.message}", error.remedy)
        self.place = place


def plan_several(snapshot: Snapshot, steps: Sequence[Step], *, who: str, at: str, proposer: str = "") -> Plan:
    """The plan of one request as its service makes it, or one of several; `at`: UTC, ISO 8601.

    Raises Refused and UsageError as the service does; StepRefused for one of several, and where two end one agent.
    """
    if not steps:
        raise UsageError("there is nothing to plan", "name at least one step")
    if len(steps) == 1:
        return replace(_plan(snapshot, steps[0], who, at), proposer=proposer)
    whole = _Whole(snapshot)
    for place, step in enumerate(steps):
        try:
            whole.add(_plan(whole.now, step, who, at))
        except CoordError as error:
            raise StepRefused(place, step.service, error) from None
    return whole.build(proposer)


def before_step(snapshot: Snapshot, steps: Sequence[Step], place: int, *, who: str, at: str) -> Snapshot:
    """The project as the steps before one leave it; as far as they can be planned."""
    whole = _Whole(snapshot)
    for step in steps[:place]:
        try:
            whole.add(_plan(whole.now, step, who, at))
        except CoordError:
            break
    return whole.now


def _plan(snapshot: Snapshot, step: Step, who: str, at: str) -> Plan:
    if isinstance(step, Own):
        return step.planner(snapshot)
    service = SERVICES.get(step.service)
    if service is None:
        raise UsageError(f"there is no service {step.service!r}", f"those there are: {', '.join(SERVICES)}")
    return service.plan(snapshot, service.ask(step.values, who=who, at=at))


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was before the first step, and as it is after the newest one."""

    before: bytes | None
    first: FileEdit
    last: FileEdit


class _Whole:
    """Plans added up."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.now = snapshot
        """The project as it would be after what was added."""
        self._start = snapshot
        self._plans: list[Plan] = []
        self._files: dict[str, _File] = {}

    def add(self, plan: Plan) -> None:
        ended = {(k.work, k.attempt) for p in self._plans for k in p.effects if isinstance(k, Kill)}
        for effect in plan.effects:
            if isinstance(effect, Kill) and (effect.work, effect.attempt) in ended:
                raise Refused(f"a step before it ends the agent of {effect.work.label}", "leave one of them out")
        sources = {prompt.path: prompt.source for prompt in self.now.prompts.values()} | dict(self.now.documents)
        for edit in plan.edits:
            known = self._files.get(edit.path)
            before = known.before if known is not None else None if edit.before is None else sources[edit.path]
            self._files[edit.path] = _File(before, known.first if known is not None else edit, edit)
        self._plans.append(plan)
        self.now = _after(self.now, plan)

    def build(self, proposer: str) -> Plan:
        plans = self._plans
        changed = {path: file for path, file in self._files.items() if file.last.content != file.before}
        edits = tuple(_joined(path, file) for path, file in changed.items())
        reads = {path: digest for plan in plans for path, digest in plan.reads.items() if path not in self._files}
        prompts = {prompt.number: prompt for plan in plans for prompt in plan.prompts_after}
        return Plan(
            id=uuid7(),
            service=SERVICE,
            summary=f"{amount(len(plans), 'step')}: {'; '.join(plan.summary for plan in plans)}",
            edits=edits,
            effects=tuple(effect for plan in plans for effect in plan.effects),
            order_before=plans[0].order_before,
            order_after=plans[-1].order_after,
            prompts_after=tuple(prompts.values()),
            invalidates=_once(text for plan in plans for text in plan.invalidates),
            warnings=_once(text for plan in plans for text in plan.warnings),
            reads=reads,
            number=next((plan.number for plan in plans if plan.number is not None), None),
            reason="\n".join(_once(plan.reason for plan in plans if plan.reason)),
            proposer=proposer,
        )


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _joined(path: str, file: _File) -> FileEdit:
    """One edit from what a file was at first to what it is in the end."""
    after = file.last.content
    return replace(
        file.last,
        change=file.first.change if file.last.change != "delete" else "delete",
        before=file.first.before,
        diff=unified_diff(path, file.before or b"", after),
    )


def _after(snapshot: Snapshot, plan: Plan) -> Snapshot:
    """The project as a plan leaves it, before anybody starts to work on it."""
    planned = {prompt.number: prompt for prompt in plan.prompts_after}
    ended = {effect.prompt for effect in plan.effects if isinstance(effect, Kill)}
    documents = {e.path: e.content for e in plan.edits if e.path in snapshot.documents or e.path.startswith(".coord/")}
    steps = dict(snapshot.steps)
    for number, prompt in planned.items():
        known = snapshot.prompts.get(number)
        if known is None or number in ended or known.status is not prompt.status:
            steps[number] = derive_step(prompt, None)
    return replace(
        snapshot,
        prompts={**snapshot.prompts, **planned},
        steps=steps,
        graph=snapshot.graph.with_prompt(*planned.values()) if planned else snapshot.graph,
        documents={**snapshot.documents, **documents},
        fingerprints={**snapshot.fingerprints, **{path: sha256(content) for path, content in documents.items()}},
        highest_number=max(snapshot.highest_number, *planned) if planned else snapshot.highest_number,
    )
