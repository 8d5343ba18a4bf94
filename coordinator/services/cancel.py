"""Cancel: a prompt that is not going to be run. Its number stays used; what depends on it no longer waits for it."""

from coordinator.errors import Refused
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.plan import Kill, Plan, Record
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.services.inputs import about
from coordinator.services.planning import (
    PlanBuilder,
    in_flight,
    known,
    numbers_text,
    refuse_done,
    refuse_in_flight,
    waiting_dependents,
)


@dataclass(frozen=True, slots=True)
class Cancel:
    number: int = field(metadata=about("The prompt that is not to be run.", metavar="N"))
    reason: str = field(default="", metadata=about("Why; goes to the log and the prompt.", prose=True))
    kill_running: bool = field(default=False, metadata=about("If an agent is at it, kill the agent."))
    who: str = ""
    at: str = ""


def plan_cancel(snapshot: Snapshot, request: Cancel) -> Plan:
    """Plan to cancel a prompt. Refused: a done or cancelled one; one in progress without `kill_running`."""
    builder = PlanBuilder(snapshot, "cancel")
    prompt = add_cancel(builder, request)
    warn_followers(builder, (request.number,))
    return builder.build(f"cancel {prompt.label} {prompt.title}", reason=request.reason)


def add_cancel(builder: PlanBuilder, request: Cancel) -> Prompt:
    """Put what cancels a prompt into a plan; Refused as `plan_cancel` is, and then nothing of it is in there."""
    snapshot = builder.snapshot
    prompt = known(snapshot, request.number)
    refuse_done(snapshot, request.number, "cancelled")
    step = snapshot.steps[request.number]
    if step.state is StepState.SKIPPED:
        remedy = f"to run it after all: coord edit {request.number} --set status=pending"
        raise Refused(f"prompt {prompt.label} is cancelled already", remedy)
    if in_flight(step) and step.attempt is not None:
        if not request.kill_running:
            refuse_in_flight(prompt, step, f"--kill-running ends it too; or first: coord kill {request.number}")
        builder.effects.append(Kill(request.number, step.attempt.attempt, "hold", request.reason or "cancelled"))
    builder.set_values(request.number, {"status": "cancelled"}, status=PromptStatus.CANCELLED)
    data = {"reason": request.reason, "attempt": builder.attempts_of(request.number)}
    builder.effects.append(Record("prompt.cancelled", f"prompt:{request.number}", data))
    builder.steer(request.number, request.reason, request.who, request.at)
    return prompt


def warn_followers(builder: PlanBuilder, cancelled: tuple[int, ...]) -> None:
    """Say who no longer waits for what a plan cancels."""
    followers = waiting_dependents(builder.snapshot, cancelled)
    if followers:
        verb = "waits" if len(followers) == 1 else "wait"
        whom = f"prompt {cancelled[0]:02d}" if len(cancelled) == 1 else "those"
        builder.warnings.append(f"{numbers_text(followers)} no longer {verb} for {whom}")
