"""A task for a pipeline: one new prompt that several agents work on, one after the other."""

from coordinator.errors import Refused, UsageError
from coordinator.formats.prompt_body import body_for
from coordinator.formats.prompt_text import new_prompt
from coordinator.formats.stage_plan import as_body, read
from coordinator.lazy.dataclass import dataclass
from coordinator.model.pipeline import STAGED
from coordinator.model.plan import Plan
from coordinator.model.prompt import Priority, PromptType
from coordinator.model.snapshot import Snapshot
from coordinator.model.staged_phases import IMPLEMENT, PLAN, SKIP, STAGES, TEST
from coordinator.model.text import amount
from coordinator.services.planning import PlanBuilder, check_body, check_title, known

SERVICE = "pipeline"


@dataclass(frozen=True, slots=True)
class Piped:
    """What is asked for."""

    task: str
    pipeline: str
    kind: str
    """Of that pipeline."""
    body: str = ""
    """Of the prompt; empty: made of the task."""
    plan: bytes = b""
    """A plan file that is there already; empty: the stage PLAN makes one."""
    plan_name: str = ""
    stage: str = ""
    """The stage to begin with; empty: the first one."""
    no_test: bool = False
    after: tuple[int, ...] = ()
    who: str = ""


def plan_piped(snapshot: Snapshot, request: Piped) -> Plan:
    """Plan the prompt. UsageError for what the pipeline has no use for, and for a plan that can't be read as one."""
    title = check_title(request.task)
    for number in request.after:
        known(snapshot, number)
    skipped = _skipped(request)
    body = request.body if request.body.strip() else body_for(title)
    builder = PlanBuilder(snapshot, SERVICE)
    said = ""
    if request.plan:
        found = read(request.plan, request.plan_name)
        if not found.tasks:
            wrong = next(problem for problem in found.problems if not problem.warning)
            raise UsageError(f"{wrong.path}, line {wrong.line}: {wrong.message}", wrong.remedy)
        builder.warnings += [f"{one.path}, line {one.line}: {one.message}" for one in found.problems]
        body = as_body(body, request.plan.decode())
        said = f", by a plan of {amount(len(found.tasks), 'task')}"
    check_body(snapshot, body)
    number = builder.next_number()
    prompt, content = new_prompt(
        path=builder.new_path(number, PromptType.PLANNED, title),
        number=number,
        title=title,
        type=PromptType.PLANNED,
        dependencies=request.after,
        priority=Priority.MEDIUM,
        patches_prompts=(),
        body=body,
        created_by=request.who,
        more={"pipeline": request.pipeline, **({SKIP: list(skipped)} if skipped else {})},
    )
    builder.create(prompt, content)
    left = f", without {' and '.join(skipped)}" if skipped else ""
    return builder.build(f"{number:02d} {title}: pipeline {request.pipeline}{said}{left}")


def _skipped(request: Piped) -> tuple[str, ...]:
    """The stages that are left out."""
    special = [word for word, is_given in _special(request) if is_given]
    if request.kind != STAGED and special:
        raise UsageError(f"{special[0]}: `{request.pipeline}` has no stages", "leave it out, or take --pipeline staged")
    if request.stage and request.stage not in STAGES:
        raise UsageError(f"there is no stage `{request.stage}`", f"one of {', '.join(STAGES)}")
    skipped = list(STAGES[: STAGES.index(request.stage)]) if request.stage else []
    if request.plan and PLAN not in skipped:
        skipped.append(PLAN)
    if request.no_test:
        if request.stage == TEST:
            raise UsageError("--stage TEST and --no-test at once", "say one of them")
        skipped.append(TEST)
    if request.stage == IMPLEMENT and not request.plan:
        raise Refused("IMPLEMENT works by a plan, and the stage that makes one is left out", "bring one: --plan FILE")
    return tuple(stage for stage in STAGES if stage in skipped)


def _special(request: Piped) -> tuple[tuple[str, bool], ...]:
    return ("--stage", bool(request.stage)), ("--plan", bool(request.plan)), ("--no-test", request.no_test)
