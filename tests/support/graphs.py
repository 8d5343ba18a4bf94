"""Graphs for tests: short ways to write prompts and snapshots, and strategies that make any graph there can be."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from coordinator.model.graph import Graph
from coordinator.model.loop_state import judge
from coordinator.model.prompt import Priority, Prompt
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Agent, AgentState, Milestone, Question, Snapshot
from coordinator.model.step import Attempt, StepState, derive_step
from coordinator.model.work import prompt_work


def prompt(number: int, *dependencies: int, **values: Any) -> Prompt:
    """`prompt(7, 2, 9)`: 07 depends on 02 and 09."""
    title = values.pop("title", f"Task {number}")
    return Prompt(number, title, f".coord/prompts/{number:02d}.prompt.md", dependencies=dependencies, **values)


def by_number(*prompts: Prompt) -> Mapping[int, Prompt]:
    return {p.number: p for p in prompts}


@st.composite
def any_prompts(draw: st.DrawFn, largest: int = 14) -> list[Prompt]:
    """Everything a folder can state: cycles, self-dependencies, missing and repeated numbers, gaps."""
    numbers = draw(st.lists(st.integers(1, largest), unique=True, max_size=largest))
    some = st.lists(st.integers(1, largest + 1), max_size=4)
    return [prompt(n, *draw(some), priority=draw(st.sampled_from(Priority))) for n in numbers]


@st.composite
def sound_prompts(draw: st.DrawFn, largest: int = 30) -> list[Prompt]:
    """Prompts whose dependencies exist and make no cycle; numbers say nothing about the order."""
    numbers = draw(st.permutations(range(1, draw(st.integers(0, largest)) + 1)))
    made: list[Prompt] = []
    for at, number in enumerate(numbers):
        before = draw(st.lists(st.sampled_from(numbers[:at]), max_size=4, unique=True)) if at else []
        made.append(prompt(number, *before, priority=draw(st.sampled_from(Priority))))
    return made


NOW = 1_790_000_000.0
"""Unix seconds: the moment at which the snapshots of these tests are looked at."""


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def attempt(number: int, state: StepState, *, ago: float = 133, count: int = 1, **values: Any) -> Attempt:
    """The `count`-th attempt, in `state`, claimed `ago` seconds before NOW."""
    values = {"started": iso(NOW - ago), "runtime": "claude", **values}
    return Attempt(prompt_work(number), count, "run-1", 1, state, iso(NOW - ago), **values)


def agent(number: int, state: AgentState, runtime: str = "claude") -> Agent:
    return Agent(f"executor-{number:02d}-1", "executor", number, 1, runtime, state, "hook", NOW, iso(NOW - 60))


def question(text: str, number: int = 1, **values: Any) -> Question:
    return Question(f"q{number}", 40 + number, text, f"executor-{number:02d}-1", f"prompt:{number}", **values)


def snapshot(
    *prompts: Prompt,
    attempts: Iterable[Attempt] = (),
    questions: tuple[Question, ...] = (),
    settings: Settings | None = None,
    asked: str = "running",
    alive: bool = True,
    max_parallel: int = 3,
    **values: Any,
) -> Snapshot:
    """A project with these prompts and their last attempts, judged by the real rules."""
    by, last = by_number(*prompts), {a.prompt: a for a in attempts}
    steps = {n: derive_step(p, last.get(n)) for n, p in by.items()}
    graph, settings = Graph.of(prompts), settings or Settings()
    loop = judge(
        graph=graph,
        prompts=by,
        steps=steps,
        questions=questions,
        settings=settings,
        asked=asked,
        alive=alive,
        max_parallel=max_parallel,
    )
    return Snapshot(
        "bucket", Milestone("M"), loop, graph, by, steps, "run-1", settings=settings, questions=questions, **values
    )
