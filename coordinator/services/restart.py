"""Kill and restart: end an attempt for good, and say what becomes of its step."""

from coordinator.errors import Refused
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Literal
from coordinator.model.plan import Kill, Plan, StartAfresh
from coordinator.model.prompt import PromptStatus
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, Step, StepState
from coordinator.model.text import plain
from coordinator.services.inputs import about
from coordinator.services.planning import PlanBuilder, in_flight, known, refuse_done, refuse_lost

Then = Literal["requeue", "fail", "hold"]
_STATUS = {"requeue": PromptStatus.PENDING, "fail": PromptStatus.FAILED, "hold": PromptStatus.BLOCKED}
_SENTENCE = {
    "requeue": "starts again when it is its turn",
    "fail": "counts as failed",
    "hold": "is held until restarted",
}

_OF_TURNS = {
    "requeue": "is taken by another agent",
    "fail": "counts as failed, and its pipeline asks what comes next",
    "hold": "is over, and its pipeline asks what comes next",
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
    agent: str = ""
    """That of a flow or of a turn of a pipeline, which is ended then; `number` says nothing."""


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
    agent: str = ""
    """That of a flow or of a turn of a pipeline, which is started again then; `number` says nothing."""


def plan_kill(snapshot: Snapshot, request: KillRequest) -> Plan:
    """Plan to end the live attempt of a prompt, or at a flow; refused when there is none."""
    builder = PlanBuilder(snapshot, "kill")
    return builder.build(add_kill(builder, request), reason=request.reason)


def add_kill(builder: PlanBuilder, request: KillRequest) -> str:
    """Put what ends a live attempt into a plan, and say what that is; Refused as `plan_kill` is."""
    if request.agent:
        return _kill_one(builder, request)
    snapshot = builder.snapshot
    prompt = known(snapshot, request.number)
    step = snapshot.steps[request.number]
    if not step.state.live or step.attempt is None:
        merged = step.state is StepState.MERGED
        way = "put it right: coord patch --fixes" if merged else "run it again: coord restart"
        raise Refused(f"prompt {prompt.label} has no running agent ({step.state.value})", f"to {way} {request.number}")
    _end(builder, step, request.then, request.reason)
    builder.steer(request.number, request.reason, request.who, request.at)
    whom = f"the agents of pipeline {step.attempt.pipeline}" if step.attempt.pipeline else step.attempt.agent
    return f"kill {whom}; prompt {prompt.label} {_SENTENCE[request.then]}"


def plan_restart(snapshot: Snapshot, request: RestartRequest) -> Plan:
    """Plan a new attempt: a live one is ended first, a failed, blocked or held one is queued again.

    Refused for done prompts, and for pending ones that nothing holds: the loop starts those by itself.
    """
    builder = PlanBuilder(snapshot, "restart")
    return builder.build(add_restart(builder, request), reason=request.reason)


def add_restart(builder: PlanBuilder, request: RestartRequest) -> str:
    """Put a new attempt into a plan, and say what that is; Refused as `plan_restart` is."""
    if request.agent:
        return _restart_one(builder, request)
    snapshot = builder.snapshot
    prompt = known(snapshot, request.number)
    refuse_done(snapshot, request.number, "run again")
    step = snapshot.steps[request.number]
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
    return what


def _kill_one(builder: PlanBuilder, request: KillRequest) -> str:
    attempt = _attempt_of(builder.snapshot, request.agent)
    if not attempt.state.live:
        raise Refused(
            f"{attempt.agent} is not running ({_state(attempt)})", f"to run it again: coord restart {attempt.agent}"
        )
    builder.effects.append(Kill(0, attempt.attempt, request.then, request.reason, flow=attempt.work))
    builder.invalidates.append(f"what {attempt.agent} has not handed in is lost")
    if request.reason.strip():
        builder.align(None, request.reason, request.who, request.at)
    becomes = _OF_TURNS[request.then] if attempt.work.stage else _SENTENCE[request.then]
    return f"kill {attempt.agent}; the {attempt.work.label} {becomes}"


def _restart_one(builder: PlanBuilder, request: RestartRequest) -> str:
    snapshot = builder.snapshot
    attempt = _attempt_of(snapshot, request.agent)
    if attempt.work.stage and not attempt.state.live:
        _refuse_over(snapshot, attempt)
    if attempt.state is StepState.MERGED:
        way = "what it came to stands; the next iteration has one of its own"
        raise Refused(f"{attempt.agent} has handed in what it came to", way)
    if attempt.state is StepState.PENDING:
        raise Refused(
            f"the {attempt.work.label} is waiting for its turn already", "`coord status` tells what it waits for"
        )
    why = request.reason or "restarted by the engineer"
    builder.effects.append(Kill(0, attempt.attempt, "requeue", why, flow=attempt.work))
    if attempt.state.live:
        builder.invalidates.append(f"what {attempt.agent} has not handed in is lost")
    if request.reason.strip():
        builder.align(None, request.reason, request.who, request.at)
    ending = f"end {attempt.agent} and start" if attempt.state.live else "start"
    return f"{ending} the {attempt.work.label} again"


def _refuse_over(snapshot: Snapshot, attempt: Attempt) -> None:
    """A turn that is over is not started again by itself: its pipeline goes on, or asks."""
    position, number = snapshot.pipelines.get(attempt.prompt), attempt.prompt
    if position is not None and position.waits and position.asked is not None and position.asked.turn:
        question = next((q for q in snapshot.questions if q.id == position.asked.id), None)
        if position.asked.turn == attempt.work.path and question is not None:
            raise Refused(f"{attempt.agent} has ended, and its pipeline asks", f"coord answer {question.seq} retry")
    way = f"to begin the whole pipeline again: coord restart {number}"
    raise Refused(f"{attempt.agent} has ended ({_state(attempt)}), and its pipeline goes on", way)


def _attempt_of(snapshot: Snapshot, agent: str) -> Attempt:
    known = {attempt.agent: attempt for attempt in (*snapshot.flows.values(), *snapshot.stages.values())}
    if agent in known:
        return known[agent]
    there = ", ".join(sorted(known)) or "none"
    raise Refused(f"{plain(agent)} is no agent of this run", f"those without a prompt's number are: {there}")


def _state(attempt: Attempt) -> str:
    return "over" if attempt.state is StepState.MERGED else attempt.state.value


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
