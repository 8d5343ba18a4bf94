"""Everything that is, at one moment: the only thing the loop, the commands and the screen look at."""

from collections.abc import Mapping
from enum import StrEnum

from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import NamedTuple
from coordinator.model.clock import iso
from coordinator.model.graph import Graph
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.settings import Settings
from coordinator.model.step import SETUP_LOG, Step, StepState
from coordinator.model.stuck import Stuck
from coordinator.model.text import amount
from coordinator.model.trust import Ask, ask_about
from coordinator.model.usage import Spent


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


class AgentState(StrEnum):
    STARTING = "starting"
    WORKING = "working"
    PERMISSION = "permission"
    WAITING = "waiting-for-input"
    INTERRUPTED = "interrupted"
    RATE_LIMITED = "rate-limited"
    IDLE = "idle"
    PAUSED = "paused"
    """Its processes are stopped, until a human says whether it may use more than its budget."""
    FINISHED = "finished"
    CRASHED = "crashed"
    LOST = "lost"
    UNKNOWN = "unknown"

    @property
    def needs_human(self) -> bool:
        return self in (AgentState.PERMISSION, AgentState.WAITING)

    @property
    def words(self) -> str:
        """For people."""
        return "paused: budget" if self is AgentState.PAUSED else self.value

    @property
    def ended(self) -> bool:
        return self in (AgentState.FINISHED, AgentState.CRASHED, AgentState.LOST)

    @property
    def at_work(self) -> bool:
        """As far as anybody knows, it waits for nobody."""
        return self in (AgentState.WORKING, AgentState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Agent:
    """A process in a tmux window, with what is known of its state and how it is known."""

    id: str
    role: str
    prompt: int | None
    attempt: int
    runtime: str
    state: AgentState
    evidence: str
    """What the state rests on: `window`, `exit.json`, `hook`, `receipt`, `screen`, `output`, `setup.log`, `none`."""
    observed_at: float
    """Unix seconds when the evidence was written."""
    since: str
    """UTC, ISO 8601: when the attempt started."""
    window: str = ""
    pane: str = ""
    tokens: int | None = None
    cost_usd: float | None = None
    outcome: str = ""
    """How it handed off: `done`, `failed` or `blocked`; empty until then."""
    doing: str = ""
    """A few words of the agent on what it is at; untrusted text."""
    server: str = ""
    """Socket of the tmux server of an adopted window, which coord did not open; empty: it is an agent of ours."""
    name: str = ""
    """Session and window of an adopted one as people call them; untrusted text."""
    stuck: Stuck | None = None
    """It seems to get nowhere: a warning for a human, no more."""
    resets_at: float | None = None
    """Unix seconds when the limit ends that holds it; None: none does, or its CLI doesn't tell."""
    retries: bool = False
    """At a limit: its CLI goes on by itself when that ends."""
    hears: bool = False
    """It has a line for messages, so that it can be told to go on."""

    @property
    def setting_up(self) -> bool:
        """Its worktree is being set up; `doing` is the last line that was said there."""
        return self.state is AgentState.STARTING and self.evidence == SETUP_LOG

    @property
    def words(self) -> str:
        """Its state for people."""
        return "setting up" if self.setting_up else self.state.words

    @property
    def adopted(self) -> bool:
        """It runs in a window that coord did not open, and to which it writes nothing."""
        return bool(self.server)

    @property
    def screen_id(self) -> str:
        """What tells its pane from those of all servers; empty when it has none."""
        return f"{self.server}/{self.pane}" if self.server and self.pane else self.pane

    def to_json(self, now: float) -> dict[str, object]:
        return {
            "id": self.id,
            "role": self.role,
            "prompt": self.prompt,
            "attempt": self.attempt,
            "runtime": self.runtime,
            "state": self.state.value,
            "evidence": self.evidence,
            "age_s": round(max(0.0, now - self.observed_at), 1),
            "window": self.window or None,
            "tokens": self.tokens,
            "cost_usd": self.cost_usd,
            "since": self.since,
            "doing": self.doing,
            "server": self.server or None,
            "name": self.name,
            "stuck": self.stuck.words(now) if self.stuck else None,
            "stuck_since": self.stuck.since_iso if self.stuck else None,
            "resets_at": None if self.resets_at is None else iso(self.resets_at),
        }


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
    elsewhere: Mapping[int, int] = field(default_factory=dict)
    """By number: the highest attempt of other prompts of that number, which are those of other branches' folders."""

    @property
    def standing(self) -> str:
        """The milestone's status, with what is left to do where it is done: `done, 2 new prompts`."""
        if self.milestone.status != "done":
            return self.milestone.status
        new = sum(s.state is not StepState.MERGED and not self.prompts[n].status.ended for n, s in self.steps.items())
        return f"done, {amount(new, 'new prompt')}" if new else "done"

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
