"""Kill and restart: end an attempt for good, and say what becomes of its step."""

from coordinator.errors import Refused
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Literal
from coordinator.model.plan import Kill, Plan, StartAfresh
from coordinator.model.prompt import PromptStatus
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Step, StepState
from coordinator.services.inputs import about
from coordinator.services.planning import PlanBuilder, in_flight, known, refuse_done, refuse_lost

Then = Literal["requeue", "fail", "hold"]
_STATUS = {"requeue": PromptStatus.PENDING, "fail": PromptStatus.FAILED, "hold": PromptStatus.BLOCKED}
_SENTENCE = {
    "requeue": "starts again when it is its turn",
    "fail": "counts as failed",
    "hold": "is held until restarted",
}


@dataclass(frozen=True, slots=True)
class KillRequest:
    number: int = field(metadata=about("The prompt whose agent is ended.", metavar="N|AGENT"))
    then: Then = field(
        default="hold",
        metadata=about(
            "What becomes of the prompt.",
            flags={
                "requeue": "The loop starts it again by itself.",
                "fail": "The step counts as failed, and halts the plan.",
                "hold": "It waits until you restart it (the default).",
            },
            choices=(
                ("hold", "hold until restarted", "h"),
                ("requeue", "queue again", "q"),
                ("fail", "count as failed", "f"),
            ),
        ),
    )
    reason: str = field(
        default="",
        metadata=about("Why; goes to the log and the prompt.", prose=True, hint="why; the next attempt reads it"),
    )
    who: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class RestartRequest:
    number: int = field(metadata=about("The prompt to run again.", metavar="N|AGENT"))
    reason: str = field(
        default="",
        metadata=about(
            "What the next attempt should know; goes into the prompt.",
            prose=True,
            hint="what the next attempt should know; goes into the prompt",
        ),
    )
    fresh: bool = field(
        default=False,
        metadata=about(
            "From the base, not from the commits and files of the attempt before.",
            label="From",
            choices=(("no", "what the last attempt left", "l"), ("yes", "the base, afresh", "b")),
        ),
    )
    who: str = ""
    at: str = ""


def plan_kill(snapshot: Snapshot, request: KillRequest) -> Plan:
    """Plan to end the live attempt of a prompt; refused when there is none."""
    prompt = known(snapshot, request.number)
    step = snapshot.steps[request.number]
    if not step.state.live or step.attempt is None:
        merged = step.state is StepState.MERGED
        way = "put it right: coord patch --fixes" if merged else "run it again: coord restart"
        raise Refused(f"prompt {prompt.label} has no running agent ({step.state.value})", f"to {way} {request.number}")
    builder = PlanBuilder(snapshot, "kill")
    _end(builder, step, request.then, request.reason)
    builder.steer(request.number, request.reason, request.who, request.at)
    return builder.build(
        f"kill {step.attempt.agent}; prompt {prompt.label} {_SENTENCE[request.then]}", reason=request.reason
    )


def plan_restart(snapshot: Snapshot, request: RestartRequest) -> Plan:
    """Plan a new attempt: a live one is ended first, a failed, blocked or held one is queued again.

    Refused for done prompts, and for pending ones that nothing holds: the loop starts those by itself.
    """
    prompt = known(snapshot, request.number)
    refuse_done(snapshot, request.number, "run again")
    step = snapshot.steps[request.number]
    builder = PlanBuilder(snapshot, "restart")
    if in_flight(step):
        _end(builder, step, "requeue", request.reason or "restarted by the engineer", fresh=request.fresh)
        what = f"end {step.attempt.agent if step.attempt else 'the attempt'} and start prompt {prompt.label} again"
    elif step.state is StepState.PENDING:
        raise Refused(f"prompt {prompt.label} is waiting for its turn already", f"see `coord why {request.number}`")
    else:
        refuse_lost(prompt)
        _set_status(builder, request.number, PromptStatus.PENDING)
        what = f"queue prompt {prompt.label} again, attempt {prompt.attempts + 1}"
        if request.fresh and step.attempt is not None:
            builder.effects.append(StartAfresh(request.number, step.attempt.attempt))
    what += ", afresh from the base" if request.fresh else ""
    builder.steer(request.number, request.reason, request.who, request.at)
    return builder.build(what, reason=request.reason)


def _end(builder: PlanBuilder, step: Step, then: Then, reason: str, *, fresh: bool = False) -> None:
    assert step.attempt is not None
    builder.effects.append(Kill(step.number, step.attempt.attempt, then, reason, fresh))
    left = "stays in its worktree only" if fresh else "stays in its worktree, where the next attempt goes on"
    builder.invalidates.append(f"what {step.attempt.agent} has not committed {left}")
    _set_status(builder, step.number, _STATUS[then], attempts=step.attempt.attempt)


def _set_status(builder: PlanBuilder, number: int, status: PromptStatus, attempts: int | None = None) -> None:
    prompt = builder.prompts[number]
    count = max(prompt.attempts, attempts or 0)
    builder.set_values(number, {"status": status.value, "attempts": count}, status=status, attempts=count)
