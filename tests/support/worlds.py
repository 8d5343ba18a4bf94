"""Snapshots made by hand, judged by the same rules as real ones."""

from collections.abc import Iterable, Mapping

from coordinator.lazy.dataclass import replace
from coordinator.model.graph import Graph
from coordinator.model.loop_state import judge
from coordinator.model.prompt import Prompt
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Agent, AgentState, Milestone, Question, Review, Snapshot
from coordinator.model.step import Attempt, Exit, Receipt, StepState, derive_step
from coordinator.model.work import prompt_work

NOW = 1_800_000_000.0
AT = "2027-01-15T08:00:00Z"
"""NOW as a text."""


def prompt(number: int, *dependencies: int, **values: object) -> Prompt:
    path = f".coord/prompts/{number:02d}-planned-x.prompt.md"
    made = Prompt(number, f"Prompt {number}", path, dependencies=dependencies)
    return replace(made, **values)  # type: ignore[arg-type]


def attempt(number: int, state: StepState, count: int = 1, **values: object) -> Attempt:
    made = Attempt(
        prompt_work(number), count, "run-1", 1, state, AT, AT, f"executor-{number:02d}-{count}", window=f"@{number}"
    )
    return replace(made, **values)  # type: ignore[arg-type]


def ended(number: int, status: int = 0, outcome: str | None = "done", count: int = 1, **values: object) -> Attempt:
    """A running attempt whose process is gone."""
    receipt = None if outcome is None else Receipt(outcome, "did it", f"executor-{number:02d}-{count}", AT)
    return attempt(number, StepState.RUNNING, count, exit=Exit(status, AT), receipt=receipt, **values)


def agent(made: Attempt, state: AgentState) -> Agent:
    return Agent(made.agent, made.role, made.prompt, made.attempt, made.runtime, state, "window", NOW, AT)


def question(number: int | None = None, *, only_dependents: bool = False, answer: str | None = None) -> Question:
    subject = "milestone" if number is None else f"prompt:{number}"
    return Question("id", 1, "Which?", "executor-01-1", subject, answer=answer, only_dependents=only_dependents)


def world(
    prompts: Iterable[Prompt],
    attempts: Iterable[Attempt] = (),
    *,
    agents: Iterable[Agent] = (),
    questions: Iterable[Question] = (),
    reviews: Mapping[int, Review] | None = None,
    settings: Settings | None = None,
    asked: str = "running",
    max_parallel: int = 2,
    milestone: str = "open",
    unreadable: int = 0,
) -> Snapshot:
    """A snapshot of these prompts with their last attempts."""
    rules = settings or Settings(gate="auto")
    by_number = {p.number: p for p in prompts}
    last = {a.prompt: a for a in attempts}
    graph = Graph.of(by_number.values())
    steps = {n: derive_step(p, last.get(n)) for n, p in by_number.items()}
    asked_questions = tuple(questions)
    loop = judge(
        graph=graph,
        prompts=by_number,
        steps=steps,
        questions=asked_questions,
        settings=rules,
        asked=asked,
        alive=True,
        max_parallel=max_parallel,
        unreadable=unreadable,
    )
    return Snapshot(
        project="test",
        milestone=Milestone("M", milestone),
        loop=loop,
        graph=graph,
        prompts=by_number,
        steps=steps,
        agents=tuple(agents),
        questions=asked_questions,
        reviews=reviews or {},
        settings=rules,
    )
