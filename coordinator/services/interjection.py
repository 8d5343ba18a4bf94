"""Interjection: a new prompt between others. Nothing is renumbered; what runs after it gains one dependency."""

from collections.abc import Sequence

from coordinator.errors import Refused
from coordinator.formats.prompt_body import body_for
from coordinator.formats.prompt_text import new_prompt
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Literal
from coordinator.model.graph import Graph
from coordinator.model.plan import Kill, Plan
from coordinator.model.prompt import Priority
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.services.inputs import about
from coordinator.services.planning import (
    PlanBuilder,
    check_body,
    check_title,
    in_flight,
    is_done,
    is_ended,
    known,
    numbers_text,
    patch_type,
)


class NeedsChoice(Refused):
    """A run-before prompt is in progress: the engineer has to say what becomes of it."""

    def __init__(self, number: int, agent: str) -> None:
        super().__init__(
            f"prompt {number:02d} is in progress ({agent})",
            "choose: --running finish (it goes on as it is; what follows it waits for the new prompt) "
            "or --running kill (it is stopped and queued behind the new prompt)",
        )
        self.number = number


PRIORITY = about(
    "Which of the prompts that are ready goes first.",
    command="",
    choices=(("high", "high", "h"), ("medium", "medium", "m"), ("low", "low", "l")),
)
RUNNING = about(
    "What becomes of a prompt that is in progress.",
    label="It runs",
    choices=(("finish", "let it finish", "f"), ("kill", "kill it, queue it behind", "k")),
)


@dataclass(frozen=True, slots=True)
class Interjection:
    """What the engineer asks for."""

    title: str = field(metadata=about("What is to be done, in a few words.", hint="what is to be done, in a few words"))
    after: tuple[int, ...] = field(
        default=(), metadata=about("Run after these prompts.", label="Run after", hint="nothing: it is ready at once")
    )
    before: tuple[int, ...] = field(
        default=(), metadata=about("Run before these prompts.", label="Run before", hint="nothing waits for it")
    )
    fixes: tuple[int, ...] = field(
        default=(),
        metadata=about(
            "It corrects the work of these: a user-patch.", option="patches", hint="nothing: it is new work"
        ),
    )
    body: str = field(
        default="",
        metadata=about(
            "The prompt's body in Markdown; tasks and criteria are made of the title without one.",
            command="The prompt's body; - for standard input.",
            file=True,
            hint="made of the title",
        ),
    )
    """Empty: tasks and criteria made of the title."""
    priority: Priority = field(default=Priority.MEDIUM, metadata=PRIORITY)
    running: Literal["finish", "kill"] | None = field(default=None, metadata=RUNNING)
    """What becomes of a run-before prompt in progress."""
    reason: str = field(
        default="",
        metadata=about("Why; goes to the log and the alignment document.", hint="for the log and the agents"),
    )
    who: str = ""
    at: str = ""
    """UTC, ISO 8601."""


def plan_interjection(snapshot: Snapshot, request: Interjection, *, service: str = "interject") -> Plan:
    """Plan a new prompt after and before others.

    Refused: a number that is not there, a cycle (which is shown), a run-before prompt that is done or cancelled, a
    body without acceptance criteria where they are demanded. `NeedsChoice` when a run-before prompt is in progress.
    """
    title = check_title(request.title)
    body = request.body if request.body.strip() else body_for(title)
    check_body(snapshot, body)
    for number in (*request.after, *request.before, *request.fixes):
        known(snapshot, number)
    for number in request.before:
        _refuse_ended(snapshot, number)
    builder = PlanBuilder(snapshot, service)
    before = _resolve_running(snapshot, request, builder)
    _refuse_cycle(snapshot, request.after, before)
    number = builder.next_number()
    kind = patch_type(request.fixes)
    prompt, content = new_prompt(
        path=builder.new_path(number, kind, title),
        number=number,
        title=title,
        type=kind,
        dependencies=request.after,
        priority=request.priority,
        patches_prompts=request.fixes,
        body=body,
        created_by=request.who,
    )
    builder.create(prompt, content)
    for other in before:
        gained = (*builder.prompts[other].dependencies, number)
        builder.set_values(other, {"dependencies": list(gained)}, dependencies=gained)
    for other in dict.fromkeys((*before, *request.fixes)):
        builder.steer(other, request.reason, request.who, request.at)
    _warn(snapshot, request, builder)
    return builder.build(_summary(number, title, request.after, before, request.fixes), reason=request.reason)


def _refuse_ended(snapshot: Snapshot, number: int) -> None:
    if is_done(snapshot, number):
        waiting = [d for d in snapshot.graph.dependents.get(number, ()) if not is_done(snapshot, d)]
        nearest = f"run it before {numbers_text(waiting)} instead" if waiting else f"run it after {number:02d} instead"
        raise Refused(f"prompt {number:02d} is done: nothing can run before it any more", nearest)
    if is_ended(snapshot, number):
        raise Refused(f"prompt {number:02d} is cancelled: it never runs", "leave it out")


def _resolve_running(snapshot: Snapshot, request: Interjection, builder: PlanBuilder) -> tuple[int, ...]:
    """The prompts that gain the dependency, once the ones in progress are let finish or killed."""
    result: list[int] = []
    for number in request.before:
        step = snapshot.steps[number]
        if not in_flight(step) or step.attempt is None:
            result.append(number)
        elif request.running == "kill":
            builder.effects.append(Kill(number, step.attempt.attempt, "requeue", request.reason or "interjection"))
            builder.warnings.append(f"{step.attempt.agent} is killed; prompt {number:02d} starts again later")
            result.append(number)
        elif request.running == "finish":
            followers = [d for d in snapshot.graph.dependents.get(number, ()) if not in_flight(snapshot.steps[d])]
            followers = [d for d in followers if not is_ended(snapshot, d)]
            result.extend(followers)
            verb = "waits" if len(followers) == 1 else "wait"
            held = f"; {numbers_text(followers)} {verb} for the new prompt" if followers else ""
            builder.warnings.append(f"prompt {number:02d} finishes as it is{held}")
        else:
            raise NeedsChoice(number, step.attempt.agent)
    return tuple(dict.fromkeys(result))


def closed_cycle(graph: Graph, after: Sequence[int], before: Sequence[int]) -> tuple[int, ...]:
    """The prompts of a cycle that a new one between `after` and `before` would close, each waited for by the next.

    The first is one of `before` and the last one of `after`; empty where there is no such cycle.
    """
    new = max((*graph.nodes, *after, *before), default=0) + 1
    cycle = graph.would_cycle([*((earlier, new) for earlier in after), *((new, later) for later in before)])
    if cycle is None:
        return ()
    ring, at = cycle[:-1], cycle.index(new)
    return tuple(reversed((*ring[at + 1 :], *ring[:at])))


def _refuse_cycle(snapshot: Snapshot, after: Sequence[int], before: Sequence[int]) -> None:
    path = closed_cycle(snapshot.graph, after, before)
    if path:
        drawn = " → ".join(f"{n:02d}" for n in path)
        raise Refused(
            f"that is a cycle: {drawn} → new → {path[0]:02d}",
            f"leave {path[-1]:02d} out of run-after, or {path[0]:02d} out of run-before",
        )


def _warn(snapshot: Snapshot, request: Interjection, builder: PlanBuilder) -> None:
    for number in request.after:
        if snapshot.steps[number].state is StepState.SKIPPED:
            builder.warnings.append(f"prompt {number:02d} is cancelled: there is nothing to wait for")
        elif snapshot.steps[number].state is StepState.FAILED:
            builder.warnings.append(f"prompt {number:02d} failed: the new prompt waits until it is merged")


def _summary(number: int, title: str, after: Sequence[int], before: Sequence[int], fixes: Sequence[int]) -> str:
    parts = [f"{number:02d} {title}"]
    if after:
        parts.append(f"after {numbers_text(after)}")
    if before:
        parts.append(f"before {numbers_text(before)}")
    if fixes:
        parts.append(f"patches {numbers_text(fixes)}")
    return ", ".join(parts)
