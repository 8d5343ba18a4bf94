"""An agent: a process in a window, how it is, and how that is known."""

from enum import StrEnum

from coordinator.lazy.dataclass import dataclass
from coordinator.model.clock import iso
from coordinator.model.step import SETUP_LOG, Attempt
from coordinator.model.stuck import Stuck
from coordinator.model.work import WorkId, flow_work, prompt_work, turn_work


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
    KILLED = "killed"
    """A human, or whoever may, had it ended before it handed off."""
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
        return self in (AgentState.FINISHED, AgentState.CRASHED, AgentState.LOST, AgentState.KILLED)

    @property
    def at_work(self) -> bool:
        """As far as anybody knows, it waits for nobody."""
        return self in (AgentState.WORKING, AgentState.UNKNOWN)


def how_it_ended(attempt: Attempt) -> AgentState | None:
    """How the agent of an attempt ended, as its record tells it; None while nothing there says that it has."""
    if attempt.exit is None and attempt.state.live:
        return None
    if attempt.receipt is None and (attempt.killed or attempt.kill):
        return AgentState.KILLED
    if attempt.exit is None:
        return AgentState.LOST
    return AgentState.FINISHED if attempt.exit.status == 0 or attempt.receipt is not None else AgentState.CRASHED


@dataclass(frozen=True, slots=True)
class Agent:
    """A process in a tmux window, with what is known of its state and how it is known."""

    id: str
    role: str
    prompt: int | None
    """None for one of a flow, and for an adopted one that nobody knows the prompt of."""
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
    flow: str = ""
    """The flow that it works through, of an iteration; empty for that of a prompt."""
    iteration: int = 0
    """Of its flow."""
    stage: str = ""
    """The turn of its prompt's pipeline that it is at, `implementer.2` or `IMPLEMENT/2.1/T3`; empty for any other."""

    @property
    def setting_up(self) -> bool:
        """Its worktree is being set up; `doing` is the last line that was said there."""
        return self.state is AgentState.STARTING and self.evidence == SETUP_LOG

    @property
    def work(self) -> WorkId | None:
        """What it is at, as far as coord started it; None for an adopted one."""
        if self.flow:
            return flow_work(self.iteration, self.flow)
        if self.stage and self.prompt is not None:
            return turn_work(self.prompt, self.stage)
        return prompt_work(self.prompt) if self.prompt is not None and not self.adopted else None

    @property
    def handle(self) -> str:
        """What people call it by in commands: the number of its prompt, or its own name."""
        return str(self.prompt) if self.prompt is not None and not (self.adopted or self.stage) else self.id

    @property
    def at(self) -> str:
        """What it is at, in a word or two: `07`, `planner 2`, `07 implementer`; empty where nobody knows."""
        if self.flow:
            return f"{self.flow} {self.iteration}"
        if self.stage:
            return f"{self.prompt:02d} {self.stage}"
        return f"{self.prompt:02d}" if self.prompt is not None else ""

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
            "flow": self.flow or None,
            "iteration": self.iteration or None,
            "stage": self.stage or None,
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
