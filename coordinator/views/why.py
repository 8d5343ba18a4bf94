"""Why a prompt runs, waits or can't run: every reason by code, and all of it in a sentence."""

from collections.abc import Iterable, Iterator, Sequence

from coordinator.errors import UsageError
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.budget_pause import paused_by
from coordinator.model.graph import SATISFIED
from coordinator.model.limits import holds, limits
from coordinator.model.loop_state import held_by_questions, resumes_at, retry_at
from coordinator.model.problem import Problem
from coordinator.model.queue import Place, lineup, live_attempts
from coordinator.model.snapshot import AgentState, LoopState, Snapshot
from coordinator.model.step import Step, StepState
from coordinator.model.text import age, clip, plain
from coordinator.views.prompt_row import Facts, blocked_word, closed_cycles, failed_word, limit_words, names

if TYPE_CHECKING:
    from coordinator.model.pipeline import Position

_QUOTE = 80
"""Columns that a question gets, of which there may be many."""
_REASON = 400
"""Columns that the prompt's own reason gets: what went wrong and what to do about it, whole unless it is a novel."""
_WAITS = "waits for "
_WORDS = {
    StepState.PENDING: "not started",
    StepState.DISPATCHED: "starting",
    StepState.RUNNING: "running",
    StepState.CHANGE_OPEN: "in review",
    StepState.FAILED: "failed",
    StepState.BLOCKED: "blocked",
    StepState.MERGED: "merged",
    StepState.SKIPPED: "cancelled",
}
_DEPENDENCY_CODES = {StepState.FAILED: "dependency-failed", StepState.BLOCKED: "dependency-blocked"}


@dataclass(frozen=True, slots=True)
class Because:
    """One reason. `code` is stable, `subject` is `prompt:7`, `question:12`, `loop` or a path."""

    code: str
    message: str
    """A clause that can follow "prompt 07 …": `waits for 03 (running)`; of what lies behind, `01 failed`."""
    subject: str
    behind: bool = False
    """Further up the graph than a direct dependency."""


@dataclass(frozen=True, slots=True)
class Why:
    """All there is to say about when one prompt starts."""

    number: int
    ready: bool
    """Nothing is missing but an agent, and a loop that starts one."""
    because: tuple[Because, ...]
    """What is closest first; then what ultimately holds it, further up the graph."""
    holds: tuple[int, ...] = ()
    """Prompts that wait for it directly."""
    beyond: int = 0
    """How many more wait for those."""


def why(snapshot: Snapshot, number: int, now: float | None = None, through: "Position | None" = None) -> Why:
    """Explain one prompt; `now` in Unix seconds lets a back-off be told in seconds.

    `through`: where its pipeline stood at the end, of one that the snapshot knows no more since all of it is merged.

    Raises UsageError for a number that no file has, readable or not.
    """
    if number not in snapshot.prompts:
        return _unreadable(snapshot, number)
    steps, graph = snapshot.steps, snapshot.graph
    holds = tuple(n for n in graph.dependents[number] if not steps[n].satisfied and n != number)
    all_behind = [n for n in graph.descendants(number) if not steps[n].satisfied]
    step = steps[number]
    if step.state is StepState.PENDING:
        waits = tuple(_waits(snapshot, number))
        ready = not waits
        because = waits or tuple(_starts(snapshot, number, now))
    else:
        ready, because = False, (_itself(snapshot, step, now, snapshot.pipelines.get(number) or through),)
    if step.state in SATISFIED:
        return Why(number, ready, because)
    return Why(number, ready, because, holds, len(all_behind) - len(holds))


def sentence(why: Why) -> str:
    """All of it for people.

    Such as `Ready. Starts when one of 3 agents is free. Holds back 07 and, after it, 1 more.`
    """
    near = [b.message for b in why.because if not b.behind]
    behind = [b.message for b in why.because if b.behind]
    waits = [message.removeprefix(_WAITS) for message in near if message.startswith(_WAITS)]
    parts = (["ready"] if near else ["ready", "starts at once"]) if why.ready else []
    if waits:
        further = f", behind {_it(waits)} {_listed(behind, 3)}" if behind else ""
        parts.append(_WAITS + _listed(waits, 4) + further)
    parts += [message for message in near if not message.startswith(_WAITS)]
    if why.holds:
        more = f" and, after {_it(why.holds)}, {why.beyond} more" if why.beyond else ""
        parts.append(f"holds back {names(why.holds, 4)}{more}")
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def _waits(snapshot: Snapshot, number: int) -> Iterator[Because]:
    """What is missing before a pending prompt may start at all."""
    graph, cycles = snapshot.graph, closed_cycles(snapshot)
    for cycle in cycles:
        if number in cycle:
            yield Because("cycle", f"waits for itself ({_path(cycle)})", f"prompt:{number}")
    for missing in graph.dangling.get(number, ()):
        yield _missing(snapshot, missing, _WAITS)
    knot = {n for cycle in cycles if number in cycle for n in cycle}
    direct = [d for d in graph.dependencies[number] if not snapshot.steps[d].satisfied and d not in knot]
    for dependency in direct:
        step = snapshot.steps[dependency]
        code = "dependency-elsewhere" if step.elsewhere else _DEPENDENCY_CODES.get(step.state, "waits-for")
        yield Because(code, f"waits for {dependency:02d} ({_word(snapshot, step)})", f"prompt:{dependency}")
    yield from _behind(snapshot, number, direct)
    for question in snapshot.open_questions:
        held = held_by_questions([question], graph)
        if held is None or number in held:
            text = clip(plain(question.text), _QUOTE)
            yield Because("question-open", f"waits for your answer to “{text}”", f"question:{question.seq}")


def _word(snapshot: Snapshot, step: Step) -> str:
    paused = (agent.prompt for agent in snapshot.agents if agent.state is AgentState.PAUSED)
    if step.elsewhere:
        return f"{step.elsewhere}: merge it there, or take {step.number:02d} off its dependencies"
    return "paused" if step.state.live and step.number in paused else _WORDS[step.state]


def _behind(snapshot: Snapshot, number: int, direct: Iterable[int]) -> Iterator[Because]:
    """Where the waiting ends, further up: what failed, is blocked, missing or in a cycle; else what is under way."""
    graph, steps = snapshot.graph, snapshot.steps
    near, above = set(direct), _unmet(snapshot, direct)
    under_way = []
    for other in (n for n in graph.order if n in above and n != number):
        step, subject = steps[other], f"prompt:{other}"
        if step.state is StepState.PENDING:
            for missing in graph.dangling.get(other, ()):
                yield _missing(snapshot, missing, "", behind=True)
        elif other not in near:
            code = _DEPENDENCY_CODES.get(step.state)
            if code:
                yield Because(code, f"{other:02d} {_WORDS[step.state]}", subject, behind=True)
            else:
                under_way.append(Because("waits-for", f"{other:02d} {_WORDS[step.state]}", subject, behind=True))
    for cycle in closed_cycles(snapshot):
        if number not in cycle and not above.isdisjoint(cycle):
            yield Because("cycle", f"the cycle {_path(cycle)}", f"prompt:{cycle[0]}", behind=True)
    yield from under_way


def _unmet(snapshot: Snapshot, start: Iterable[int]) -> set[int]:
    """These prompts, and all that they wait for in turn; what has ended hides what is above it."""
    found: set[int] = set()
    todo = list(start)
    while todo:
        number = todo.pop()
        if number not in found and snapshot.steps[number].state not in SATISFIED:
            found.add(number)
            todo.extend(snapshot.graph.dependencies[number])
    return found


def _starts(snapshot: Snapshot, number: int, now: float | None) -> Iterator[Because]:
    """What a ready prompt still has to see: a loop that starts something, a free agent, and a place to work in."""
    loop = snapshot.loop
    if loop.state is LoopState.STOPPED:
        yield Because("loop-stopped", f"starts when the loop runs: {plain(loop.reason)}", "loop")
    elif loop.state is LoopState.PAUSED:
        yield Because("loop-paused", "starts when the loop goes on: it is paused", "loop")
    elif loop.state is LoopState.HALTED:
        yield Because("halted", f"starts when the plan is no longer halted: {plain(loop.reason)}", "loop")
    again = resumes_at(snapshot.steps[number], snapshot.settings)
    held_by = holds(snapshot, number, now, limits(snapshot, now)) if now is not None else None
    if held_by is not None and now is not None:
        yield Because("limit", limit_words(*held_by, now), f"agent:{held_by[0]}")
    elif now is not None and again is not None and again > now:
        reason = clip(plain(snapshot.steps[number].reason), _REASON)
        yield Because("interrupted", f"goes on in {age(again - now)}: {reason}", f"prompt:{number}")
    place = next((p for p in lineup(snapshot, now) if p.number == number), None)
    if place is not None and place.waits and place.limit is None:
        yield _turn(snapshot, place)


def _turn(snapshot: Snapshot, place: Place) -> Because:
    """Whom a prompt waits for that could start but for agents and folders."""
    subject = f"prompt:{place.holders[0]}" if len(place.holders) == 1 else "loop"
    if place.waits == "folder":
        who = names(place.holders, 3)
        return Because("folder", f"starts after {who}, in the project's own folder: one agent at a time", subject)
    if not live_attempts(snapshot).isdisjoint(place.holders):
        most = snapshot.loop.max_parallel
        agents = "the one agent" if most == 1 else f"one of {most} agents"
        return Because("capacity", f"starts when {agents} is free", subject)
    verb = "comes" if len(place.holders) == 1 else "come"
    return Because("capacity", f"starts after {names(place.holders, 3)}, which {verb} first", subject)


def _piped(snapshot: Snapshot, step: Step, position: "Position", fact: str) -> Because:
    """Where a prompt stands that agents at several stations work on."""
    from coordinator.views.turn_words import where_it_stands

    asked = position.asked if position.waits else None
    question = next((q for q in snapshot.open_questions if asked is not None and q.id == asked.id), None)
    if question is not None:
        return Because("question-open", where_it_stands(position), f"question:{question.seq}")
    running = f"{_WORDS[step.state]}: {fact}" if fact else _WORDS[step.state]
    return Because("running", f"{running}; {where_it_stands(position)}", f"prompt:{step.number}")


def _went(position: "Position | None") -> str:
    """How the pipeline of a prompt went that is merged; empty where it had none."""
    if position is None or position.broken:
        return ""
    from coordinator.views.turn_words import how_it_went

    return f" by {how_it_went(position)}"


def _itself(snapshot: Snapshot, step: Step, now: float | None, position: "Position | None") -> Because:
    """Why a prompt that is not pending isn't."""
    subject, attempt = f"prompt:{step.number}", step.attempt
    fact = Facts(snapshot).of(step.number, now or 0.0).text
    colon = f": {clip(plain(step.reason), _REASON)}" if step.reason else ""
    match step.state:
        case StepState.MERGED:
            return Because("merged", "merged" + _went(position), subject)
        case StepState.SKIPPED:
            return Because("cancelled", "cancelled; it will not run", subject)
        case StepState.DISPATCHED | StepState.RUNNING if (by := paused_by(snapshot.questions, step.number)) is not None:
            text = clip(plain(by.text), _QUOTE)
            return Because("paused", f"{fact}; answer “{text}”", f"question:{by.seq}")
        case StepState.DISPATCHED | StepState.RUNNING if attempt is not None and attempt.receipt is not None:
            said = f"it handed off ({attempt.receipt.outcome}), but its process has not ended"
            return Because(
                "handed-off", f"{said}; `coord kill {step.number}` ends it, `coord attach` shows it", subject
            )
        case StepState.RUNNING if attempt is not None and attempt.pipeline and position is not None:
            return _piped(snapshot, step, position, fact if now is not None else "")
        case StepState.DISPATCHED | StepState.RUNNING:
            if any(agent.prompt == step.number and agent.setting_up for agent in snapshot.agents):
                return Because("setting-up", fact if now is not None else "setting up", subject)
            return Because(
                "running", f"{_WORDS[step.state]}: {fact}" if now is not None else _WORDS[step.state], subject
            )
        case StepState.CHANGE_OPEN:
            return Because("change-open", "its change is open" + colon, subject)
        case StepState.BLOCKED if attempt is not None and attempt.held:
            return Because("held", f"{blocked_word(step)}{colon}; restart it to go on", subject)
        case StepState.BLOCKED:
            return Because("blocked", f"blocked{colon}; edit, restart or cancel it", subject)
    due = retry_at(step, snapshot.prompts[step.number], snapshot.settings)
    text = failed_word(step) + colon
    if due is None:
        return Because("failed", f"{text}; restart, edit, patch or cancel it", subject)
    return Because("backoff", f"{text}; tries again {_when(snapshot, step.number, due, now)}", subject)


def _when(snapshot: Snapshot, number: int, due: float, now: float | None) -> str:
    """When a failed prompt is tried again."""
    held = held_by_questions(snapshot.questions, snapshot.graph)
    if held is None or number in held:
        return "after an answer"
    if now is None:
        return "by itself"
    return "now" if due <= now else f"in {age(due - now)}"


def _unreadable(snapshot: Snapshot, number: int) -> Why:
    found = _file_problems(snapshot, number)
    if not found:
        raise UsageError(f"there is no prompt {number}", "`coord graph` shows those that there are.")
    because = [
        Because("file-problem", f"its file can't be used: {p.message} ({p.path}:{p.line})", p.path) for p in found
    ]
    return Why(number, False, tuple(because))


def _missing(snapshot: Snapshot, number: int, verb: str, *, behind: bool = False) -> Because:
    for problem in _file_problems(snapshot, number):
        message = f"{verb}{number:02d} (its file can't be used: {problem.message})"
        return Because("dependency-missing", message, problem.path, behind)
    return Because("dependency-missing", f"{verb}{number:02d} (missing)", f"prompt:{number}", behind)


def _file_problems(snapshot: Snapshot, number: int) -> list[Problem]:
    """What is wrong with the file of a number that no readable prompt has."""
    return [p for p in snapshot.problems if p.numbers[:1] == (number,) and number not in snapshot.prompts]


def _path(cycle: Iterable[int]) -> str:
    return " → ".join(f"{number:02d}" for number in cycle)


def _it(things: Sequence[object]) -> str:
    return "it" if len(things) == 1 else "them"


def _listed(parts: list[str], limit: int) -> str:
    if len(parts) > limit:
        parts = [*parts[:limit], f"{len(parts) - limit} more"]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
