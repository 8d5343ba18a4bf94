"""Several at once: one plan that permits, tells, kills, restarts, pauses, ranks or cancels all that are chosen.

What can't be done for one is said in the plan, and the others go on; it is refused when it can be done for none.
"""

from collections.abc import Callable, Iterable, Mapping

from coordinator.errors import Refused, UsageError
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Literal
from coordinator.model.plan import Permit, Plan, Steer
from coordinator.model.prompt import Priority, PromptStatus
from coordinator.model.selecting import select, wishes
from coordinator.model.snapshot import Agent, AgentState, Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import amount, plain
from coordinator.services.cancel import Cancel, add_cancel, warn_followers
from coordinator.services.inputs import about
from coordinator.services.planning import PlanBuilder, known, refuse_done, refuse_in_flight
from coordinator.services.restart import KillRequest, RestartRequest, Then, add_kill, add_restart

Do = Literal["permit", "tell", "kill", "restart", "pause", "priority", "cancel"]
_NAMED = 12
"""How many are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Many:
    """Something to do to several at once: to those named, and to those that a filter means."""

    do: Do = field(metadata=about("What to do with all of them.", argument=True, metavar="DO"))
    numbers: tuple[int, ...] = field(
        default=(), metadata=about("These prompts.", option="on", metavar="NUMBERS", label="Prompts")
    )
    where: str = field(
        default="",
        metadata=about(
            "All that fit a filter, such as status:failed title:auth.",
            metavar="FILTER",
            label="Where",
            hint="status:failed title:auth",
        ),
    )
    agents: tuple[str, ...] = field(
        default=(), metadata=about("Agents that work on no prompt, by their names.", option="agent", metavar="AGENT")
    )
    text: str = field(
        default="",
        metadata=about(
            "What agents are told, or why it is done.",
            prose=True,
            label="Words",
            hint="why; or the words for the agents",
        ),
    )
    answer: Literal["allow", "deny"] = field(
        default="allow",
        metadata=about(
            "What those that ask leave are answered.",
            choices=(("allow", "allow it, this once", "a"), ("deny", "deny it", "d")),
        ),
    )
    then: Then = field(
        default="hold",
        metadata=about(
            "What becomes of prompts whose agents are killed.",
            label="Then",
            choices=(
                ("hold", "hold until restarted", "h"),
                ("requeue", "queue again", "q"),
                ("fail", "count as failed", "f"),
            ),
        ),
    )
    fresh: bool = field(
        default=False,
        metadata=about(
            "Restart from the base, not from what the attempts before left.",
            label="From",
            choices=(("no", "what the last attempt left", "l"), ("yes", "the base, afresh", "b")),
        ),
    )
    priority: Priority = field(default=Priority.HIGH, metadata=about("Which priority they get."))
    kill_running: bool = field(default=False, metadata=about("When cancelling, end agents that are at it."))
    who: str = ""
    at: str = ""


def plan_many(snapshot: Snapshot, request: Many) -> Plan:
    """Plan the same for all that are chosen. Refused when it can be done for none, UsageError for no choice at all."""
    if not (request.numbers or request.where.strip() or request.agents):
        raise UsageError("nothing is chosen", "name prompts, or give a filter such as status:failed")
    numbers, agents = _chosen(snapshot, request)
    builder = PlanBuilder(snapshot, "many")
    if request.do in ("permit", "tell"):
        summary = _OF_AGENTS[request.do](builder, request, _living(snapshot, numbers, agents))
    else:
        summary = _each(builder, request, numbers, agents)
    words = request.text if request.do != "tell" else ""
    return builder.build(summary, reason=words, more={"do": request.do})


def _chosen(snapshot: Snapshot, request: Many) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Numbers and names of agents, each once."""
    for number in request.numbers:
        known(snapshot, number)
    there = {agent.id for agent in snapshot.agents}
    unknown = next((name for name in request.agents if name not in there), None)
    if unknown is not None:
        raise Refused(f"there is no agent {plain(unknown)}", "`coord agents` lists them")
    if not request.where.strip():
        return tuple(dict.fromkeys(request.numbers)), tuple(dict.fromkeys(request.agents))
    found = select(snapshot, request.where)
    if request.do in ("permit", "tell"):  # each agent by itself: of two at one prompt only one may fit
        return request.numbers, tuple(dict.fromkeys((*request.agents, *(agent.id for agent in found.agents))))
    loose = (agent.id for agent in found.agents if agent.prompt is None)
    return tuple(dict.fromkeys((*request.numbers, *found.numbers))), tuple(dict.fromkeys((*request.agents, *loose)))


def _living(snapshot: Snapshot, numbers: Iterable[int], names: Iterable[str]) -> tuple[Agent, ...]:
    wanted, named = frozenset(numbers), frozenset(names)
    alive = (agent for agent in snapshot.agents if not agent.state.ended)
    return tuple(agent for agent in alive if agent.id in named or agent.prompt in wanted)


# ── what is done to agents


def _permit(builder: PlanBuilder, request: Many, agents: tuple[Agent, ...]) -> str:
    """Answer those that ask; one group for each thing that is asked."""
    groups, allow = wishes(agents), request.answer == "allow"
    said = []
    for group in groups:
        for agent in group:
            assert agent.work is not None, "an adopted window is no agent of the snapshot's own"
            builder.effects.append(Permit(agent.work, agent.attempt, allow, agent.doing, "" if allow else request.text))
        said.append(f"{len(group)} × {plain(group[0].doing) or 'something that its CLI does not tell'}")
    if not groups:
        raise Refused("none of them asks for permission", "`coord agents` tells who does")
    builder.warnings += said if len(said) > 1 else []
    count = amount(sum(map(len, groups)), "agent")
    return f"{request.answer} {count}: {said[0].partition(' × ')[2]}" if len(said) == 1 else f"{request.answer} {count}"


def _tell(builder: PlanBuilder, request: Many, agents: tuple[Agent, ...]) -> str:
    """Send all that can take it the same words."""
    if not request.text.strip():
        raise UsageError("there is nothing to send", "say what the agents should know")
    told, left = [], []
    for agent in agents:
        deaf = _DEAF.get(agent.state)
        if deaf or agent.work is None:
            left.append(f"{agent.at or agent.id} {deaf}")
            continue
        flow = agent.work if agent.work.kind != "prompt" else None
        builder.effects.append(Steer(0 if flow else agent.prompt or 0, agent.attempt, request.text, flow, True))
        told.append(agent.at or agent.id)
    if not told:
        raise Refused("none of them can be told anything now", "`coord agents` tells how each is")
    _leave_out(builder, left)
    return f"tell {_named(told)}"


_DEAF = {
    AgentState.PERMISSION: "asks for permission",
    AgentState.PAUSED: "is paused",
    AgentState.STARTING: "is starting",
}
"""States in which an agent takes no message."""
_OF_AGENTS: Mapping[str, Callable[[PlanBuilder, Many, tuple[Agent, ...]], str]] = {"permit": _permit, "tell": _tell}


# ── what is done to prompts


def _each(builder: PlanBuilder, request: Many, numbers: tuple[int, ...], names: tuple[str, ...]) -> str:
    """Do it for each prompt and agent by itself, and leave out those for which it is refused."""
    done, left, why = [], [], []
    for number, name in [*((number, "") for number in numbers), *((0, name) for name in names)]:
        label = name or f"{number:02d}"
        try:
            _ADDING[request.do](builder, request, number, name)
            done.append(label)
        except Refused as refused:
            left.append(f"{label} {_short(refused.message, label)}")
            why.append(refused)
    if not done:
        raise why[0] if len(why) == 1 else Refused(f"it can be done for none of them: {_named(left)}", _remedy(why))
    if request.do == "cancel":
        warn_followers(builder, tuple(int(label) for label in done))
    _leave_out(builder, left)
    return f"{_VERBS[request.do].format(then=_THEN[request.then], priority=request.priority.value)} {_named(done)}"


def _cancel(builder: PlanBuilder, request: Many, number: int, name: str) -> None:
    _prompts_only(name)
    add_cancel(builder, Cancel(number, request.text, request.kill_running, request.who, request.at))


def _kill(builder: PlanBuilder, request: Many, number: int, name: str) -> None:
    add_kill(builder, KillRequest(number, request.then, request.text, request.who, request.at, name))


def _restart(builder: PlanBuilder, request: Many, number: int, name: str) -> None:
    add_restart(builder, RestartRequest(number, request.text, request.fresh, request.who, request.at, name))


def _pause(builder: PlanBuilder, request: Many, number: int, name: str) -> None:
    """Start nothing for it until it is restarted; what an agent is at already goes on."""
    _prompts_only(name)
    prompt = known(builder.snapshot, number)
    refuse_done(builder.snapshot, number, "held")
    step = builder.snapshot.steps[number]
    refuse_in_flight(prompt, step, f"to end it and hold its prompt: coord kill {number}")
    if step.state is not StepState.PENDING:
        raise Refused(f"prompt {prompt.label} is {_STANDS[step.state]}", f"see `coord why {number}`")
    builder.set_values(number, {"status": PromptStatus.BLOCKED.value}, status=PromptStatus.BLOCKED)
    builder.steer(number, request.text, request.who, request.at)


def _rank(builder: PlanBuilder, request: Many, number: int, name: str) -> None:
    _prompts_only(name)
    prompt = known(builder.snapshot, number)
    refuse_done(builder.snapshot, number, "changed")
    if prompt.priority is request.priority:
        raise Refused(
            f"prompt {prompt.label} has priority {request.priority.value} already", "nothing is to be changed"
        )
    builder.set_values(number, {"priority": request.priority.value}, priority=request.priority)
    builder.steer(number, request.text, request.who, request.at)


_ADDING: Mapping[str, Callable[[PlanBuilder, Many, int, str], None]] = {
    "cancel": _cancel,
    "kill": _kill,
    "restart": _restart,
    "pause": _pause,
    "priority": _rank,
}
_VERBS = {
    "cancel": "cancel",
    "kill": "kill, and {then},",
    "restart": "run again",
    "pause": "hold until restarted:",
    "priority": "priority {priority} for",
}
_THEN = {"hold": "hold", "requeue": "queue again", "fail": "count as failed"}
_STANDS = {StepState.FAILED: "failed", StepState.BLOCKED: "held already", StepState.SKIPPED: "cancelled"}


# ── words


def _prompts_only(name: str) -> None:
    if name:
        raise Refused(f"{name} works on no prompt", "this is done to prompts only")


def _short(message: str, label: str) -> str:
    """What a refusal says of a prompt, without its number."""
    return message.removeprefix(f"prompt {label} ").removeprefix("the change of ").partition(", and")[0]


def _remedy(why: list[Refused]) -> str:
    return why[0].remedy or "look at them one by one"


def _leave_out(builder: PlanBuilder, left: list[str]) -> None:
    if left:
        builder.warnings.append(f"left out: {_named(left)}")


def _named(labels: list[str]) -> str:
    shown = ", ".join(labels[:_NAMED])
    return shown + (f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else "")
