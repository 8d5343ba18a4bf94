"""Everything that is, at one moment: the only thing the loop, the commands and the screen look at."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from coordinator.lazy.dataclass import dataclass, field, replace
from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple
from coordinator.model.agent import Agent as Agent
from coordinator.model.agent import AgentState as AgentState
from coordinator.model.graph import Graph
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.settings import Budget, Settings
from coordinator.model.step import Attempt, Step, StepState
from coordinator.model.text import amount
from coordinator.model.trust import Ask, ask_about
from coordinator.model.usage import NOTHING, Spent
from coordinator.model.work import WorkId, turn_work

if TYPE_CHECKING:
    from coordinator.model.checks import Checks
    from coordinator.model.pipeline import Position
    from coordinator.model.round import Round


class LoopState(StrEnum):
    """What the loop is doing. Only `running` starts new work."""

    RUNNING = "running"
    PAUSED = "paused"
    """A human asked it to wait; running agents finish."""
    WAITING = "waiting"
    """An open question holds it."""
    HALTED = "halted"
    """A failed step holds it."""
    STUCK = "stuck"
    """Prompts are left, and none of them can ever start."""
    IDLE = "idle"
    """Nothing to run."""
    FINISHED = "finished"
    """Every prompt is merged or cancelled."""
    STOPPED = "stopped"
    """No loop process."""


COMMAND = "witness:"
"""How `about` of a question begins that asks whether an agent's words may run as a command: it holds nothing up."""


@dataclass(frozen=True, slots=True)
class Question:
    """A `question.asked` event and, once a human gave it, its answer; or a `question.assumed`, which takes one."""

    id: str
    """Id of the event that asked."""
    seq: int
    text: str
    asker: str
    subject: str
    """`prompt:7` or `milestone`."""
    options: tuple[str, ...] = ()
    asked: str = ""
    """UTC, ISO 8601."""
    answer: str | None = None
    answered: str = ""
    """UTC, ISO 8601; empty while it is open."""
    default: str | None = None
    """What the asker suggests; it is never taken without a human."""
    only_dependents: bool = False
    """Holds back the asker's dependents instead of everything."""
    context: str = ""
    """What the asker wants known before it is answered; lines of untrusted text."""
    about: str = ""
    """What the loop itself asks about, such as a budget; empty for what others ask."""
    assumed: bool = False
    """Its asker took the default for the answer and went on."""
    risk: str = ""
    """What it costs if that was wrong."""

    @property
    def open(self) -> bool:
        return self.answer is None

    @property
    def holds(self) -> bool:
        """Work waits for its answer."""
        return self.open and not self.about.startswith(COMMAND)

    @property
    def taken(self) -> bool:
        """Nobody but its asker has answered it: a human may overrule that."""
        return self.assumed and not self.answered

    def to_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "seq": self.seq,
            "text": self.text,
            "context": self.context,
            "asker": self.asker,
            "subject": self.subject,
            "options": list(self.options),
            "default": self.default,
            "only_dependents": self.only_dependents,
            "asked": self.asked,
            "answer": self.answer,
            "answered": self.answered or None,
            "assumed": self.assumed,
            "risk": self.risk,
        }


@dataclass(frozen=True, slots=True)
class Review:
    """A human's verdict on one attempt's change: the newest `change.approved` or `change.rejected` of its prompt."""

    prompt: int
    attempt: int
    approved: bool
    commit: str
    """Head of the branch that was looked at; a branch that moved since is not approved."""
    by: str
    note: str = ""
    seq: int = 0
    landed: str = ""
    """Commit of the base branch that it landed as, as a human said: nothing is left to merge."""


@dataclass(frozen=True, slots=True)
class Milestone:
    title: str
    status: str = "open"
    """`open`, `done` or `stuck`."""
    id: str = ""
    """Names it among the project's milestones; empty: its file gives it none yet."""
    iterate: bool = False
    """Planner, Executors and feedback take turns until it is done or stuck."""
    budget: Budget | None = None
    """Of each of its runs, in the place of the one of the settings; None: as the settings say."""
    planner_plans: str = ""
    """Which of its Planners' plans a human confirms, in the place of what the settings say; empty: as they say."""

    @property
    def name(self) -> str:
        """What feedback and backlog call it: its id, or its title where it has none."""
        return self.id or self.title

    def over(self, settings: Settings) -> Settings:
        """The settings that hold for it."""
        return replace(
            settings,
            run_budget=settings.run_budget if self.budget is None else self.budget,
            planner_plans=self.planner_plans or settings.planner_plans,
        )


@dataclass(frozen=True, slots=True)
class Loop:
    """What is asked of the loop, and what it does."""

    state: LoopState
    reason: str
    """A sentence that says why, for people."""
    max_parallel: int
    alive: bool = False
    """A loop process holds the lock."""
    asked: str = "running"
    """`running`, `paused` or `stopped`: the content of `loop.json`."""
    halted_by: tuple[int, ...] = ()
    """Failed prompts that hold the plan."""


class Span(NamedTuple):
    """A time in which something waited for a human. Unix seconds."""

    kind: str
    """`questions`, `permissions` or `reviews`."""
    start: float
    end: float | None = None
    """None: it still does."""
    prompt: int | None = None


class Sample(NamedTuple):
    """What a finished attempt took. What nobody told is None."""

    runtime: str
    model: str
    """Empty: its CLI's own choice."""
    tokens: int | None
    cost_usd: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The project at one moment. Built by `coordinator.observe.observer`, read by everything above it."""

    project: str
    milestone: Milestone
    loop: Loop
    graph: Graph
    prompts: Mapping[int, Prompt]
    """By number; files with problems are absent."""
    steps: Mapping[int, Step]
    run: str | None = None
    """`run-3`."""
    iteration: int = 0
    agents: tuple[Agent, ...] = ()
    adopted: tuple[Agent, ...] = ()
    """Those in windows that coord did not open: only looked at, and no part of any rule."""
    questions: tuple[Question, ...] = ()
    """Open ones first, each group by sequence."""
    reviews: Mapping[int, Review] = field(default_factory=dict)
    """By prompt: the newest verdict on a change of it."""
    problems: tuple[Problem, ...] = ()
    head: int = 0
    """Sequence number of the newest event."""
    highest_number: int = 0
    """Highest prompt number ever used, deleted ones included."""
    settings: Settings = field(default_factory=Settings)
    documents: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Content of the small files that services plan for: `.coord/alignment.md`, `.coord/loop.json`, …"""
    fingerprints: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Path → SHA-256 of everything in `documents`."""
    spent: Mapping[int, Spent] = field(default_factory=dict)
    """By prompt: what its attempts in this run used, without the time of those under way."""
    talked: Spent = NOTHING
    """What this user's conversation with the coordinator used in this run, where somebody looked; not its agents'."""
    used: Mapping[int, Spent] = field(default_factory=dict)
    """By prompt: what all of its attempts used, over all runs, without the time of those under way."""
    untrusted: Ask | None = None
    """Why nothing of the project runs before a human said so."""
    direct: Mapping[str, str] = field(default_factory=dict)
    """Path → digest of files that were changed past coord while agents were at work, and that a human should see."""
    due: float = 0.0
    """Unix seconds when time alone changes what is ready (a retry's back-off ends); 0: never."""
    unfinished: bool = False
    """A plan is only partly in the files, and can't be finished now: nothing may start before it is."""

    waits: tuple[Span, ...] = ()
    """What waited for a human in this milestone, and waits; without the changes that are open."""
    samples: tuple[Sample, ...] = ()
    """What the newest finished attempts took, oldest first."""
    unusable: int = 0
    """Prompt files that can't be used."""
    elsewhere: Mapping[int, int] = field(default_factory=dict)
    """By number: the highest attempt of other prompts of that number, which are those of other branches' folders."""
    round: "Round | None" = None
    """The present iteration; None where the milestone does not iterate."""
    checks: "Checks | None" = None
    """What merged prompts named to show their acceptance criteria; None where none did."""
    flows: Mapping[WorkId, Attempt] = field(default_factory=dict)
    """The last attempt at each flow of this run's iterations, whatever became of it."""
    flow_counts: Mapping[str, int] = field(default_factory=dict)
    """By flow: the highest attempt of any run; the next one is one more."""
    flows_spent: Mapping[WorkId, Spent] = field(default_factory=dict)
    """What the attempts at each flow of this run used, without the time of those under way."""
    stages: Mapping[WorkId, Attempt] = field(default_factory=dict)
    """Every turn of the last attempt of each prompt with a pipeline, also those that ended; none of what is cleared up
    after its merge."""
    pipelines: "Mapping[int, Position]" = field(default_factory=dict)
    """By prompt: where the pipeline of that attempt stands."""

    @property
    def standing(self) -> str:
        """The milestone's status, with what is left to do where it is done: `done, 2 new prompts`."""
        if self.milestone.status != "done":
            return self.milestone.status
        new = sum(s.state is not StepState.MERGED and not self.prompts[n].status.ended for n, s in self.steps.items())
        return f"done, {amount(new, 'new prompt')}" if new else "done"

    def attempt_of(self, work: WorkId) -> Attempt | None:
        """The last attempt at a piece of work; None before the first."""
        if work.kind == "flow":
            return self.flows.get(work)
        if work.kind == "stage":
            return self.stages.get(work)
        step = self.steps.get(work.number)
        return step.attempt if step is not None and step.attempt is not None and step.attempt.work == work else None

    @property
    def live_flows(self) -> tuple[Attempt, ...]:
        """The attempts at flows that have not ended."""
        return tuple(attempt for attempt in self.flows.values() if attempt.state.live)

    @property
    def last_attempts(self) -> Iterator[Attempt]:
        """The last attempt at everything that was ever started: prompts, then flows, then turns of pipelines."""
        yield from (step.attempt for step in self.steps.values() if step.attempt is not None)
        yield from self.flows.values()
        yield from self.stages.values()

    def turns_of(self, number: int) -> tuple[Attempt, ...]:
        """The turns of a prompt's pipeline that an agent was given, in the order of its record."""
        position = self.pipelines.get(number)
        works = (turn_work(number, turn.path) for turn in position.turns) if position is not None else ()
        return tuple(attempt for work in works if (attempt := self.stages.get(work)) is not None)

    def of_agent(self, agent: Agent) -> Attempt | None:
        """The attempt that an agent works on, if that is the last one at its work."""
        attempt = self.attempt_of(agent.work) if agent.work is not None else None
        return attempt if attempt is not None and attempt.agent == agent.id else None

    @property
    def asks(self) -> Ask | None:
        """What a human is to look at, and to take for theirs or not."""
        return self.untrusted or ask_about(self.direct)

    @property
    def everybody(self) -> tuple[Agent, ...]:
        """Our agents, then the adopted ones."""
        return (*self.agents, *self.adopted)

    @property
    def open_changes(self) -> tuple[int, ...]:
        """Prompts whose change waits at the gate, in the order of the plan."""
        return tuple(n for n in self.graph.order if self.steps[n].state is StepState.CHANGE_OPEN)

    @property
    def open_questions(self) -> tuple[Question, ...]:
        return tuple(q for q in self.questions if q.open)
