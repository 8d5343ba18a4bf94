"""Emergent surgery: all emergent prompts side by side, each kept, improved or eliminated."""

from collections.abc import Mapping

from coordinator.errors import Refused, UsageError
from coordinator.formats.alignment import summaries
from coordinator.formats.prompt_body import section
from coordinator.formats.prompt_text import new_prompt
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.emergent import Emergent as Emergent
from coordinator.model.plan import ALIGNMENT, Kill, Plan, Record
from coordinator.model.prompt import Priority, Prompt, PromptStatus, PromptType
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.services.inputs import about
from coordinator.services.planning import (
    PlanBuilder,
    in_flight,
    is_done,
    known,
    numbers_text,
    refuse_in_flight,
    waiting_dependents,
)


@dataclass(frozen=True, slots=True)
class Surgery:
    """The engineer's verdicts; a prompt stands in at most one of them."""

    keep: tuple[int, ...] = field(default=(), metadata=about("Keep these as they are."))
    improve: Mapping[int, str] = field(
        default_factory=dict,
        metadata=about(
            "Prompts to follow up with an improvement patch, each with what to improve; may be empty.",
            command="Follow these up with an improvement patch.",
        ),
    )
    """Prompt → what to improve; empty text: see the rationale."""
    eliminate: tuple[int, ...] = field(default=(), metadata=about("Cancel these; done ones get a reversion patch."))
    rationale: str = field(
        default="",
        metadata=about(
            "Why; goes to the prompts and the alignment document.",
            prose=True,
            hint="why; goes to the prompts and the alignment document",
        ),
    )
    kill_running: bool = field(default=False, metadata=about("Eliminating a prompt in progress kills its agent."))
    who: str = ""
    at: str = ""


def emergent(snapshot: Snapshot) -> tuple[Emergent, ...]:
    """All emergent prompts in execution order, cancelled ones last."""
    found = [snapshot.prompts[n] for n in snapshot.graph.order if snapshot.prompts[n].type is PromptType.EMERGENT]
    found.sort(key=lambda p: p.status is PromptStatus.CANCELLED)
    alignment = snapshot.documents.get(ALIGNMENT, b"")
    return tuple(_card(snapshot, prompt, alignment) for prompt in found)


def _card(snapshot: Snapshot, prompt: Prompt, alignment: bytes) -> Emergent:
    step = snapshot.steps[prompt.number]
    receipt = step.attempt.receipt if step.attempt is not None else None
    text = prompt.source.decode("utf-8", "replace")
    return Emergent(
        number=prompt.number,
        title=prompt.title,
        state=step.state,
        hypothesis=prompt.hypothesis or section(text, "Hypothesis"),
        approach=section(text, "Approach") or section(text, "Tasks"),
        result=receipt.summary if receipt is not None else section(text, "Result"),
        commits=prompt.commits,
        alignment=tuple(summaries(alignment, prompt.number)),
        dependents=snapshot.graph.dependents.get(prompt.number, ()),
    )


def plan_surgery(snapshot: Snapshot, request: Surgery) -> Plan:
    """Plan all verdicts as one.

    Refused: a prompt that is not emergent or stands in two verdicts; eliminating one in progress without
    `kill_running`. Eliminating pending work cancels it; eliminating done work makes a reversion patch.
    """
    _check(snapshot, request)
    builder = PlanBuilder(snapshot, "surgery")
    for number in request.keep:
        builder.effects.append(Record("decision.recorded", f"prompt:{number}", {"text": f"keep: {request.rationale}"}))
    for number, what in request.improve.items():
        _improve(builder, number, what or request.rationale, request)
    for number in request.eliminate:
        _eliminate(builder, number, request)
    for number in (*request.keep, *request.improve, *request.eliminate):
        builder.steer(number, _words(request, number), request.who, request.at)
    return builder.build(_summary(request), reason=request.rationale)


def _check(snapshot: Snapshot, request: Surgery) -> None:
    verdicts = [*request.keep, *request.improve, *request.eliminate]
    if not verdicts:
        raise UsageError("no verdict given", "--keep N, --improve N or --eliminate N; each may be repeated")
    for number in verdicts:
        prompt = known(snapshot, number)
        if verdicts.count(number) > 1:
            raise UsageError(f"prompt {prompt.label} stands in two verdicts", "decide on one of them")
        if prompt.type is not PromptType.EMERGENT:
            remedy = f"for other prompts: coord patch --fixes {number}, or coord edit {number} --set status=cancelled"
            raise Refused(f"prompt {prompt.label} is {prompt.type.value}, not emergent", remedy)
        if number in request.eliminate and snapshot.steps[number].state is StepState.SKIPPED:
            raise Refused(f"prompt {prompt.label} is cancelled already", "leave it out")
        step = snapshot.steps[number]
        if number in request.eliminate and not request.kill_running:
            refuse_in_flight(prompt, step, f"--kill-running ends it too; or first: coord kill {number}")


def _improve(builder: PlanBuilder, number: int, what: str, request: Surgery) -> None:
    prompt = builder.prompts[number]
    body = f"## What To Improve\n\n{what.strip() or 'See the rationale in the alignment document.'}\n\n"
    if prompt.hypothesis:
        body += f"## Hypothesis It Tests\n\n{prompt.hypothesis}\n\n"
    body += f"## Tasks\n\n- Improve the work of prompt {prompt.label} as described above, tests first.\n\n"
    body += "## Acceptance Criteria\n\n- What is described above is shown by a test.\n- All other tests still pass.\n"
    _follow_up(builder, prompt, f"Improve: {prompt.title}", body, Priority.MEDIUM, request)


def _eliminate(builder: PlanBuilder, number: int, request: Surgery) -> None:
    snapshot, prompt = builder.snapshot, builder.prompts[number]
    if is_done(snapshot, number):
        commits = "".join(f"- {commit}\n" for commit in prompt.commits) or "- none recorded: find them in the history\n"
        body = f"## What To Revert\n\nThe work of prompt {prompt.label}, {prompt.title}:\n\n{commits}\n"
        body += "## Tasks\n\n- Revert these commits with `git revert`, newest first; keep later work intact.\n\n"
        body += "## Acceptance Criteria\n\n- Nothing of that work is left.\n- All other tests still pass.\n"
        _follow_up(builder, prompt, f"Revert: {prompt.title}", body, Priority.HIGH, request)
        return
    step = snapshot.steps[number]
    if in_flight(step) and step.attempt is not None:
        builder.effects.append(Kill(number, step.attempt.attempt, "hold", "eliminated"))
    builder.set_values(number, {"status": "cancelled"}, status=PromptStatus.CANCELLED)
    data = {"reason": request.rationale, "attempt": builder.attempts_of(number)}
    builder.effects.append(Record("prompt.cancelled", f"prompt:{number}", data))
    followers = waiting_dependents(snapshot, (number,))
    if followers:
        verb = "waits" if len(followers) == 1 else "wait"
        builder.warnings.append(f"{numbers_text(followers)} no longer {verb} for prompt {prompt.label}")


def _follow_up(
    builder: PlanBuilder, prompt: Prompt, title: str, body: str, priority: Priority, request: Surgery
) -> None:
    """Add a user-patch after `prompt`; what still waits for it waits for the patch too."""
    number = builder.next_number()
    new, content = new_prompt(
        path=builder.new_path(number, PromptType.USER_PATCH, title),
        number=number,
        title=title,
        type=PromptType.USER_PATCH,
        dependencies=(prompt.number,),
        priority=priority,
        patches_prompts=(prompt.number,),
        body=body,
        created_by=request.who,
    )
    builder.create(new, content)
    for follower in waiting_dependents(builder.snapshot, (prompt.number,)):
        if follower in request.eliminate:
            continue
        gained = (*builder.prompts[follower].dependencies, new.number)
        builder.set_values(follower, {"dependencies": list(gained)}, dependencies=gained)


def _words(request: Surgery, number: int) -> str:
    verdict = "kept" if number in request.keep else "to improve" if number in request.improve else "eliminated"
    extra = request.improve.get(number, "")
    return ": ".join(part for part in (verdict, request.rationale, extra) if part.strip())


def _summary(request: Surgery) -> str:
    parts = [
        f"{verb} {numbers_text(numbers)}"
        for verb, numbers in (
            ("keep", request.keep),
            ("improve", tuple(request.improve)),
            ("eliminate", request.eliminate),
        )
        if numbers
    ]
    return "surgery: " + ", ".join(parts)
