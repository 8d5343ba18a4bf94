"""Which prompts and agents a filter means: `status:failed title:auth`. Pure.

Words by blanks, all of which have to fit; `a,b` behind a key is either, `-` before a word is its contrary. A word
without a key stands in the number, the title or what its agent is at.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from coordinator.errors import UsageError
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import NamedTuple
from coordinator.model.graph import ready
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Agent, AgentState, Snapshot
from coordinator.model.step import Step, StepState

STATES: Mapping[str, tuple[StepState, ...]] = {
    "pending": (StepState.PENDING,),
    "running": (StepState.DISPATCHED, StepState.RUNNING),
    "review": (StepState.CHANGE_OPEN,),
    "done": (StepState.MERGED,),
    "failed": (StepState.FAILED,),
    "held": (StepState.BLOCKED,),
    "cancelled": (StepState.SKIPPED,),
    "waiting": (StepState.PENDING, StepState.BLOCKED),
    "open": (
        StepState.PENDING,
        StepState.DISPATCHED,
        StepState.RUNNING,
        StepState.CHANGE_OPEN,
        StepState.FAILED,
        StepState.BLOCKED,
    ),
    **{state.value: (state,) for state in StepState if state is not StepState.RUNNING},
}
"""What may stand behind `status:`; the loop's own words for states are understood too."""


class Candidate(NamedTuple):
    """What a filter is asked about: a prompt with who works on it, or an agent that works on none."""

    prompt: Prompt | None
    step: Step | None
    agents: tuple[Agent, ...]


Test = Callable[[Candidate], bool]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a filter means in a project as it is."""

    numbers: tuple[int, ...]
    """Prompts, in the order in which they run."""
    agents: tuple[Agent, ...]
    """Living agents that fit by themselves: each alone with its prompt, or with none."""


def select(snapshot: Snapshot, text: str) -> Choice:
    """The prompts and agents that a filter means; all for an empty one. UsageError for a key that there is none of."""
    tests = [_test(word, snapshot) for word in text.split()]
    alive: dict[int | None, list[Agent]] = {}
    for agent in snapshot.agents:
        if not agent.state.ended:
            alive.setdefault(agent.prompt, []).append(agent)
    numbers: list[int] = []
    agents: list[Agent] = []
    for number in snapshot.graph.order:
        own = tuple(alive.get(number, ()))
        candidate = Candidate(snapshot.prompts[number], snapshot.steps.get(number), own)
        if all(test(candidate) for test in tests):
            numbers.append(number)
        agents += (a for a in own if all(test(candidate._replace(agents=(a,))) for test in tests))
    agents += (a for a in alive.get(None, ()) if all(test(Candidate(None, None, (a,))) for test in tests))
    return Choice(tuple(numbers), tuple(agents))


def fitting(snapshot: Snapshot, text: str) -> Callable[[Agent], bool]:
    """Whether an agent, also one that has ended, fits a filter with its prompt. UsageError as `select` has it."""
    tests = [_test(word, snapshot) for word in text.split()]

    def fits(agent: Agent) -> bool:
        prompt = snapshot.prompts.get(agent.prompt) if agent.prompt is not None else None
        step = snapshot.steps.get(agent.prompt) if agent.prompt is not None else None
        return all(test(Candidate(prompt, step, (agent,))) for test in tests)

    return fits


def wish_of(agent: Agent) -> str:
    """What an agent asks leave for, equal for those that ask for the same; empty where that is not known whole."""
    wish = " ".join(agent.doing.split()) if agent.state is AgentState.PERMISSION else ""
    return "" if wish.endswith("…") else wish


def alike(agents: Iterable[Agent], agent: Agent) -> tuple[Agent, ...]:
    """Those that ask leave for the same as this one, itself first."""
    wish = wish_of(agent)
    others = (other for other in agents if wish and other.id != agent.id and wish_of(other) == wish)
    return (agent, *others)


def wishes(agents: Iterable[Agent]) -> tuple[tuple[Agent, ...], ...]:
    """Those that ask leave, in groups that ask for the same; the group of the first that asks first."""
    groups: dict[str, list[Agent]] = {}
    for agent in agents:
        if agent.state is AgentState.PERMISSION:
            groups.setdefault(wish_of(agent) or f"\0{agent.id}", []).append(agent)
    return tuple(tuple(group) for group in groups.values())


def branch(snapshot: Snapshot, number: int) -> tuple[int, ...]:
    """A prompt and all that waits for it, in the order in which they run."""
    below = snapshot.graph.descendants(number) | {number}
    return tuple(n for n in snapshot.graph.order if n in below)


# ── words


def _test(word: str, snapshot: Snapshot) -> Test:
    if word.startswith("-") and len(word) > 1:
        test = _test(word[1:], snapshot)
        return lambda candidate: not test(candidate)
    key, colon, value = word.partition(":")
    if not colon or not key:
        return _free(word)
    make = _KEYS.get(key.casefold())
    if make is None:
        raise UsageError(f"no filter is called `{key}:`", f"there are {', '.join(f'{name}:' for name in _KEYS)}")
    tests = [make(each, snapshot) for each in value.split(",") if each] or [lambda _: True]
    return lambda candidate: any(test(candidate) for test in tests)


def _free(word: str) -> Test:
    wanted = word.casefold()

    def test(candidate: Candidate) -> bool:
        prompt = candidate.prompt
        if prompt is not None and (wanted in prompt.title.casefold() or wanted in prompt.label):
            return True
        return any(wanted in f"{a.id} {a.runtime} {a.words} {a.doing}".casefold() for a in candidate.agents)

    return test


def _status(value: str, snapshot: Snapshot) -> Test:
    states = STATES.get(value.casefold())
    if states is None:
        raise UsageError(f"no prompt is ever `{value}`", f"it is one of {', '.join(STATES)}")
    return lambda candidate: candidate.step is not None and candidate.step.state in states


def _is(value: str, snapshot: Snapshot) -> Test:
    match value.casefold():
        case "ready":
            free = frozenset(ready(snapshot.graph, snapshot.prompts, snapshot.steps))
            return lambda candidate: candidate.prompt is not None and candidate.prompt.number in free
        case "stuck":
            return lambda candidate: any(agent.stuck is not None for agent in candidate.agents)
        case "asking":
            asking = frozenset(question.asker for question in snapshot.open_questions)
            return lambda candidate: any(a.state.needs_human or a.id in asking for a in candidate.agents)
        case "working":
            return lambda candidate: any(agent.state.at_work for agent in candidate.agents)
        case "ended":
            return lambda candidate: any(agent.state.ended for agent in candidate.agents)
        case state if state in STATES:
            return _status(state, snapshot)
    raise UsageError(
        f"nothing is `is:{value}`", f"it is one of ready, stuck, asking, working, ended, {', '.join(STATES)}"
    )


def _asks(value: str, snapshot: Snapshot) -> Test:
    wanted = value.casefold()
    return lambda candidate: any(
        a.state is AgentState.PERMISSION and wanted in a.doing.casefold() for a in candidate.agents
    )


def _like(value: str, snapshot: Snapshot) -> Test:
    """Those that ask leave for the same as the agent of a prompt, or as the one of this name."""
    named = [a for a in snapshot.agents if value in (a.id, a.handle) or (value.isdecimal() and a.prompt == int(value))]
    asking = next((agent for agent in named if agent.state is AgentState.PERMISSION), None)
    if asking is None:
        raise UsageError(f"`{value}` asks for no permission", "`coord agents` tells who does, and for what")
    same = frozenset(agent.id for agent in alike(snapshot.agents, asking))
    return lambda candidate: any(agent.id in same for agent in candidate.agents)


def _after(value: str, snapshot: Snapshot) -> Test:
    return _in(snapshot.graph.descendants(_number(value)))


def _before(value: str, snapshot: Snapshot) -> Test:
    return _in(snapshot.graph.ancestors(_number(value)))


def _branch(value: str, snapshot: Snapshot) -> Test:
    return _in(frozenset(branch(snapshot, _number(value))))


def _numbers(value: str, snapshot: Snapshot) -> Test:
    first, dash, last = value.partition("-")
    low, high = _number(first), _number(last if dash else first)
    return lambda candidate: candidate.prompt is not None and low <= candidate.prompt.number <= high


def _in(numbers: frozenset[int]) -> Test:
    return lambda candidate: candidate.prompt is not None and candidate.prompt.number in numbers


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError(f"`{text}` is no prompt number", "for example after:7, number:3-9")
    return int(text)


def _of_prompt(read: Callable[[Prompt], Iterable[str]], *, whole: bool = False) -> Callable[[str, Snapshot], Test]:
    """A key that looks at a value of the prompt: equal to what is wanted, or with it in it."""

    def make(value: str, snapshot: Snapshot) -> Test:
        wanted = value.casefold()

        def test(candidate: Candidate) -> bool:
            if candidate.prompt is None:
                return False
            found = (text.casefold() for text in read(candidate.prompt))
            return any(wanted == text if whole else wanted in text for text in found)

        return test

    return make


def _agent(value: str, snapshot: Snapshot) -> Test:
    wanted = value.casefold()

    def names(candidate: Candidate) -> Iterator[str]:
        if candidate.prompt is not None:
            yield candidate.prompt.agent or snapshot.settings.runtime
        for agent in candidate.agents:
            yield from (agent.runtime, agent.id, agent.role, agent.flow)

    return lambda candidate: any(wanted in name.casefold() for name in names(candidate))


_KEYS: Mapping[str, Callable[[str, Snapshot], Test]] = {
    "status": _status,
    "is": _is,
    "title": _of_prompt(lambda prompt: (prompt.title,)),
    "type": _of_prompt(lambda prompt: (prompt.type.value,), whole=True),
    "priority": _of_prompt(lambda prompt: (prompt.priority.value,), whole=True),
    "agent": _agent,
    "model": _of_prompt(lambda prompt: (prompt.model or "",)),
    "skill": _of_prompt(lambda prompt: prompt.skills),
    "pipeline": _of_prompt(lambda prompt: (prompt.pipeline or "",)),
    "number": _numbers,
    "after": _after,
    "before": _before,
    "branch": _branch,
    "asks": _asks,
    "like": _like,
}
"""What may stand before a colon → what makes a test of what stands behind it."""
KEYS = tuple(_KEYS)
