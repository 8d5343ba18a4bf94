"""What the loop is doing and why, judged from what is on disk: one rule set for loop, commands and screen."""

from collections.abc import Iterable, Mapping, Sequence

from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.clock import timestamp
from coordinator.model.graph import Graph
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.settings import Settings, backoff
from coordinator.model.snapshot import Agent, AgentState, Loop, LoopState, Question
from coordinator.model.step import Attempt, Step, StepState
from coordinator.model.text import amount

if TYPE_CHECKING:
    from coordinator.model.round import Round

_PIPELINE = "pipeline:"
"""How `about` of a question begins that a pipeline asks, as in `coordinator.model.pipeline`, which few load."""
_ENDED = (StepState.MERGED, StepState.SKIPPED)


def retry_at(step: Step, prompt: Prompt, settings: Settings) -> float | None:
    """Unix seconds when a failed step may be tried again by itself; None when only a human may."""
    attempt = step.attempt
    if step.state is not StepState.FAILED or attempt is None or attempt.held:
        return None
    counted = attempt.attempt - attempt.interruptions
    if counted >= settings.max_attempts or prompt.status is PromptStatus.DONE or prompt.lost:
        return None
    return timestamp(attempt.since) + backoff(settings, counted)


def resumes_at(step: Step, settings: Settings) -> float | None:
    """Unix seconds when a prompt whose last attempt was interrupted starts again by itself; None for any other.

    At once after the first time; a prompt that it happens to again and again waits longer each time. After a limit of
    its model service when that ends.
    """
    return None if step.state is not StepState.PENDING or step.attempt is None else again_at(step.attempt, settings)


def again_at(attempt: Attempt, settings: Settings) -> float | None:
    """The same for the last attempt itself, also one at a flow, that is in the line again; None: it was not cut off."""
    if not attempt.interrupted:
        return None
    if attempt.limits:
        from coordinator.model.limits import starts_again

        return starts_again(attempt, settings)
    wait = backoff(settings, attempt.interruptions - 1) if attempt.interruptions > 1 else 0.0
    return timestamp(attempt.since) + wait


def is_shared(prompt: Prompt, settings: Settings) -> bool:
    """Its agent works in the project's own folder: beside no other such agent, and with nothing to review or undo."""
    return prompt.isolation == "shared" or settings.isolation == "shared"


def next_retry(
    prompts: Mapping[int, Prompt],
    steps: Mapping[int, Step],
    settings: Settings,
    agents: Sequence[Agent] = (),
    flows: Iterable[Attempt] = (),
) -> float:
    """Unix seconds of the earliest automatic retry, and of the earliest that goes on; 0.0 when there is none."""
    times = [resumes_at(step, settings) for step in steps.values()]
    ended = [attempt for attempt in flows if not attempt.state.live]
    times += [again_at(attempt, settings) for attempt in ended if attempt.state is StepState.PENDING]
    if any(agent.state is AgentState.RATE_LIMITED for agent in agents):
        from coordinator.model.limits import limited_until

        attempts = [step.attempt for step in steps.values() if step.attempt is not None]
        times += limited_until((*attempts, *flows), agents, settings)
    if settings.max_attempts > 1:
        times += [retry_at(step, prompts[number], settings) for number, step in steps.items()]
    return min((at for at in times if at is not None), default=0.0)


def held_by_questions(questions: Iterable[Question], graph: Graph) -> frozenset[int] | None:
    """Prompts that open questions hold back; None: all of them."""
    held: set[int] = set()
    for question in questions:
        if not question.holds:
            continue
        number = subject_number(question.subject)
        if not question.only_dependents or number is None:
            return None
        held |= graph.descendants(number)
    return frozenset(held)


def subject_number(subject: str) -> int | None:
    """7 for `prompt:7`; None for anything else."""
    kind, _, rest = subject.partition(":")
    return int(rest) if kind == "prompt" and rest.isascii() and rest.isdigit() else None


def startable(
    graph: Graph, prompts: Mapping[int, Prompt], steps: Mapping[int, Step], questions: Sequence[Question]
) -> tuple[int, ...]:
    """Pending prompts whose dependencies have ended and that no open question holds, in the order they would start."""
    held = held_by_questions(questions, graph)
    if held is None:
        return ()
    able = [
        number
        for number, step in steps.items()
        if step.state is StepState.PENDING and number not in held and dependencies_ended(number, graph, steps)
    ]
    return tuple(sorted(able, key=lambda n: (prompts[n].priority.rank, n)))


def dependencies_ended(number: int, graph: Graph, steps: Mapping[int, Step]) -> bool:
    """Everything that the prompt depends on is there and merged or cancelled."""
    if graph.dangling.get(number):
        return False
    return all(steps[d].satisfied for d in graph.dependencies.get(number, ()) if d in steps)


def judge(
    *,
    graph: Graph,
    prompts: Mapping[int, Prompt],
    steps: Mapping[int, Step],
    questions: Sequence[Question],
    settings: Settings,
    asked: str,
    alive: bool,
    max_parallel: int,
    unreadable: int = 0,
    turn: "Round | None" = None,
) -> Loop:
    """Tell the loop's state with a sentence of why; `unreadable` counts prompt files that could not be used.

    `turn`: the present iteration of a milestone that iterates and is not done yet.
    """
    planned = turn is not None and settings.on_failure == "plan"
    halted_by = tuple(
        n
        for n in graph.order
        if steps[n].state is StepState.FAILED
        and not planned
        and not steps[n].unprepared
        and retry_at(steps[n], prompts[n], settings) is None
    )
    state, reason = _state(graph, prompts, steps, questions, settings, asked, alive, halted_by, unreadable, turn)
    return Loop(state, reason, max_parallel, alive=alive, asked=asked, halted_by=halted_by)


def _state(
    graph: Graph,
    prompts: Mapping[int, Prompt],
    steps: Mapping[int, Step],
    questions: Sequence[Question],
    settings: Settings,
    asked: str,
    alive: bool,
    halted_by: tuple[int, ...],
    unreadable: int,
    turn: "Round | None",
) -> tuple[LoopState, str]:
    left = [s for s in steps.values() if s.state not in _ENDED]
    if not left and not unreadable and turn is None:
        if not steps:
            return LoopState.IDLE, "there are no prompts yet"
        return LoopState.FINISHED, "every prompt is merged or cancelled"
    if not alive:
        return LoopState.STOPPED, "no loop is running"
    if asked == "stopped":
        return LoopState.STOPPED, "asked to stop; running agents finish"
    if asked == "paused":
        return LoopState.PAUSED, "running agents finish, nothing new starts"
    if halted_by:
        return LoopState.HALTED, f"{_numbers(halted_by)} failed; restart, edit, patch or cancel to go on"
    open_questions = [q for q in questions if q.holds]
    if held_by_questions(open_questions, graph) is None:
        return LoopState.WAITING, f"waits for an answer to: {open_questions[0].text}"
    state, reason = _busy_or_stuck(graph, prompts, steps, questions, settings, left, unreadable)
    if turn is None or state is not LoopState.STUCK:
        return state, reason
    return _in_turn(turn, bool(left), reason, next((q for q in questions if q.open), None))


def _in_turn(turn: "Round", left: bool, reason: str, question: Question | None) -> tuple[LoopState, str]:
    """What an iteration does where no prompt could start; `reason`: why none could. `question`: an open one."""
    if question is not None and turn.phase != "decided":
        return LoopState.WAITING, f"waits for an answer to: {question.text}"
    match turn.phase:
        case "planning":
            return LoopState.RUNNING, f"the Planner says what comes next: iteration {turn.number}"
        case "feedback":
            return LoopState.RUNNING, f"Verifier and specialists look at the work of iteration {turn.number}"
        case "decided":
            return LoopState.STUCK, turn.ending or reason
        case _:
            return (LoopState.STUCK, reason) if left else (LoopState.RUNNING, "no prompt is left")


def _busy_or_stuck(
    graph: Graph,
    prompts: Mapping[int, Prompt],
    steps: Mapping[int, Step],
    questions: Sequence[Question],
    settings: Settings,
    left: list[Step],
    unreadable: int,
) -> tuple[LoopState, str]:
    live = [s.number for s in left if s.state.live]
    if live:
        return _busy(live, questions)
    if any(s.state is StepState.CHANGE_OPEN for s in left):
        return LoopState.RUNNING, "a change is open"
    able = startable(graph, prompts, steps, questions)
    waiting = [a for n in able if (a := steps[n].attempt) is not None and a.interrupted and a.limits]
    if waiting and settings.go_on:
        return LoopState.RUNNING, f"waits for the limit of {waiting[0].runtime} to end"
    if able:
        return LoopState.RUNNING, "about to start the next prompt"
    if any(retry_at(s, prompts[s.number], settings) is not None for s in left):
        return LoopState.RUNNING, "waits to try a failed prompt again"
    if any(q.holds for q in questions):
        return LoopState.WAITING, "what is left waits for an answer"
    unprepared = [s.number for s in left if s.unprepared]
    if unprepared:
        return LoopState.STUCK, f"{_numbers(unprepared)} could not be set up, and nothing else can start: coord why"
    failed = [s.number for s in left if s.state is StepState.FAILED]
    if failed:
        return LoopState.STUCK, f"{_numbers(failed)} failed and nothing else can start"
    blocked = [s.number for s in left if s.state is StepState.BLOCKED]
    if blocked:
        return LoopState.STUCK, f"{_numbers(blocked)} blocked and nothing else can start"
    away = [s.number for s in steps.values() if s.elsewhere]
    if away:
        return LoopState.STUCK, f"what is left waits for {_numbers(away)}, merged into another branch: coord validate"
    if unreadable:
        return LoopState.STUCK, f"nothing can start; {amount(unreadable, 'prompt file')} can't be used: coord validate"
    return LoopState.STUCK, "no prompt that is left can ever start; see coord why"


def _busy(live: Sequence[int], questions: Sequence[Question]) -> tuple[LoopState, str]:
    """Prompts under way; of those whose pipelines wait for an answer, what they ask."""
    asked = {n: q for q in questions if q.open and q.about.startswith(_PIPELINE) and (n := subject_number(q.subject))}
    waiting = {number: asked[number] for number in live if number in asked}
    at_work = [number for number in live if number not in waiting]
    said = [f"{_numbers(at_work)} running"] if at_work else []
    if waiting:
        first, *others = sorted(waiting)
        said.append(f"waits for an answer to: {waiting[first].text}")
        said += [f"so {'do' if len(others) > 1 else 'does'} {_numbers(others)}"] if others else []
    return (LoopState.RUNNING if at_work else LoopState.WAITING), "; ".join(said)


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(f"{n:02d}" for n in sorted(numbers))
