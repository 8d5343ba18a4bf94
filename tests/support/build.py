"""Values for tests, each made in one way: prompts, attempts, agents, questions, events, changes, and snapshots of them.

Whatever is not said is plain: pending, nothing handed off, claimed at NOW. Snapshots are judged by the real rules.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from coordinator.formats.prompt_names import render_new
from coordinator.lazy.dataclass import replace
from coordinator.model.change import Change, Commit
from coordinator.model.event import Event
from coordinator.model.graph import Graph
from coordinator.model.loop_state import judge
from coordinator.model.prompt import Priority, Prompt
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Agent, AgentState, Milestone, Question, Snapshot
from coordinator.model.step import Attempt, Exit, Receipt, Step, StepState, derive_step
from coordinator.model.work import prompt_work

NOW = 1_800_000_000.0
"""Unix seconds: the moment at which what is built here is looked at."""
AT = "2027-01-15T08:00:00Z"
"""NOW as a text."""
BODY = "## Tasks\n\n- do it\n\n## Acceptance Criteria\n\n- it is done\n"


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


# ── prompts


def prompt(number: int, *dependencies: int, **values: Any) -> Prompt:
    """`prompt(7, 2, 9)`: 07 depends on 02 and 09."""
    title, path = f"Prompt {number}", f".coord/prompts/{number:02d}-planned-x.prompt.md"
    return replace(Prompt(number, title, path, dependencies=dependencies), **values)


def written(made: Prompt) -> Prompt:
    """The same prompt with the bytes of a file that says all of it."""
    source = render_new(
        number=made.number,
        title=made.title,
        body=BODY,
        type=made.type,
        status=made.status,
        dependencies=made.dependencies,
        priority=made.priority,
        patches_prompts=made.patches_prompts,
    )
    return replace(made, source=source)


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


# ── attempts, agents, questions


def attempt(number: int, state: StepState, count: int = 1, *, ago: float = 0, **values: Any) -> Attempt:
    """The `count`-th attempt, in `state`, claimed and come into it `ago` seconds before NOW."""
    at, name = iso(NOW - ago), f"executor-{number:02d}-{count}"
    made = Attempt(prompt_work(number), count, "run-1", 1, state, at, at, name, runtime="claude", window=f"@{number}")
    return replace(made, **values)


def ended(number: int, status: int = 0, outcome: str | None = "done", count: int = 1, **values: Any) -> Attempt:
    """A running attempt whose process is gone."""
    receipt = None if outcome is None else Receipt(outcome, "did it", f"executor-{number:02d}-{count}", AT)
    return attempt(number, StepState.RUNNING, count, exit=Exit(status, AT), receipt=receipt, **values)


def agent(of: Attempt | int, state: AgentState, **values: Any) -> Agent:
    """The agent of an attempt, or of the first one of a prompt."""
    made = of if isinstance(of, Attempt) else attempt(of, StepState.RUNNING, ago=60)
    found = Agent(made.agent, made.role, made.prompt, made.attempt, made.runtime, state, "hook", NOW, made.started)
    return replace(found, **values)


def question(number: int | None = None, text: str = "Which?", **values: Any) -> Question:
    """A question of a prompt's agent; without a number it is about the milestone."""
    subject, asker = "milestone" if number is None else f"prompt:{number}", f"executor-{number or 1:02d}-1"
    return Question(f"q{number or 0}", 40 + (number or 0), text, asker, subject, **values)


# ── events


def change(number: int, *commits: Commit, **values: Any) -> Change:
    """What the branch of a prompt's first attempt holds, parted from the base branch where that is now."""
    tip = commits[-1].sha if commits else "a" * 40
    made = Change(f"coord/{number:02d}-1", "main", tip, "a" * 40, "a" * 40, commits)
    return replace(made, **values)


def event_id(seq: int) -> str:
    return f"0195f000-0000-7000-8000-{seq:012d}"


def event(kind: str, subject: str, who: str, seq: int = 1, at: str = AT, **data: object) -> Event:
    """An event of the loop, of an agent (its name has a dash) or of a person; `data` is what it tells."""
    actor = "system" if who in ("loop", "gate") else "agent" if "-" in who else "human"
    return Event(seq, event_id(seq), at, "run-1", 1, actor, who, kind, subject, data, "0" * 64, "f" * 64)


# ── snapshots


def snapshot(
    prompts: Iterable[Prompt] = (),
    attempts: Iterable[Attempt] = (),
    *,
    questions: Iterable[Question] = (),
    settings: Settings | None = None,
    steps: Mapping[int, Step] | None = None,
    asked: str = "running",
    alive: bool = True,
    max_parallel: int = 3,
    milestone: str = "open",
    unreadable: int = 0,
    **values: Any,
) -> Snapshot:
    """A project with these prompts and their last attempts. `steps`: what the rules would not say of them."""
    by, last, settings = by_number(*prompts), {a.prompt: a for a in attempts}, settings or Settings()
    graph, all_asked = Graph.of(by.values()), tuple(questions)
    derived = {n: derive_step(p, last.get(n)) for n, p in by.items()} | dict(steps or {})
    loop = judge(
        graph=graph,
        prompts=by,
        steps=derived,
        questions=all_asked,
        settings=settings,
        asked=asked,
        alive=alive,
        max_parallel=max_parallel,
        unreadable=unreadable,
        turn=values.get("round") if milestone != "done" else None,
    )
    values = {"unusable": unreadable, **values}
    made = Snapshot("bucket", Milestone("M", milestone), loop, graph, by, derived, settings=settings)
    return replace(made, questions=all_asked, **values)


def world(prompts: Iterable[Prompt], attempts: Iterable[Attempt] = (), **values: Any) -> Snapshot:
    """A project in which what agents did is merged at once, and two may work at the same time."""
    own = {"settings": Settings(gate="auto"), "max_parallel": 2}
    values = {key: value for key, value in values.items() if value is not None}
    return snapshot(prompts, attempts, **{**own, **values})
