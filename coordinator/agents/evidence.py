"""Tell an agent's state from what is there to see: its receipt, exit file, hooks and window. Pure."""

import json
from itertools import takewhile

from coordinator.lazy.dataclass import dataclass, replace
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.agent import how_it_ended
from coordinator.model.clock import timestamp
from coordinator.model.snapshot import Agent, AgentState
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import clip

if TYPE_CHECKING:
    from coordinator.agents.runtime import Runtime

HOOK_AGE_LIMIT = 900.0
"""Seconds after which a hook's word no longer counts: an agent that died or hangs would look busy for ever."""
_STATUS_LINE_LIMIT = 64 * 1024
_DOING_LIMIT = 200
_LINES = 50
"""Usable lines that are compared: they are in order, but for clocks that tell whole seconds."""
_SLACK = 1.0
_SOURCES = ("hook", "session", "screen")
_UNREPORTED = (AgentState.STARTING, AgentState.PAUSED)
_REPORTABLE = {s.value: s for s in AgentState if not s.ended and s not in _UNREPORTED}


@dataclass(frozen=True, slots=True)
class Terminal:
    """The tmux window of an attempt, as one listing showed it."""

    alive: bool
    """Its process runs; False for a dead pane and for a window that is gone."""
    observed_at: float
    """Unix seconds of the listing."""
    window: str = ""
    pane: str = ""
    stopped: bool = False
    """The agent's process was stopped, and can do nothing until it is let go on."""


@dataclass(frozen=True, slots=True)
class Report:
    """One line of `status.jsonl`: what the agent CLI's own hooks, its session file or its screen last said."""

    state: AgentState
    at: float
    """Unix seconds."""
    doing: str = ""
    tokens: int | None = None
    cost_usd: float | None = None
    source: str = "hook"
    """`hook`, `session` or `screen`."""
    ask: str = ""
    """Name of the question at which the agent's hook waits for a decision."""
    resets_at: float | None = None
    """Unix seconds when a limit ends; None: nobody tells."""
    retries: bool = False
    """At a limit: its CLI goes on by itself when that ends."""


def last_report(data: bytes, runtime: "Runtime | None" = None) -> Report | None:
    """The freshest usable line of a `status.jsonl`; broken and unknown lines are passed over.

    `runtime` understands what its own CLI's hooks said; lines with a `state` need none. When a limit ends may have been
    told by another line before, such as a hook's before a screen's.
    """
    best, known = None, []
    for line in reversed(data[-_STATUS_LINE_LIMIT:].splitlines()):
        report = _report(line) or _heard(line, runtime)
        if report is None:
            continue
        if best is None or report.at > best.at + _SLACK:
            best = report
        known.append(report)
        if len(known) == _LINES:
            break
    if best is None or best.state is not AgentState.RATE_LIMITED or best.resets_at is not None:
        return best
    same = takewhile(lambda report: report.state is AgentState.RATE_LIMITED, known)
    told = next((report.resets_at for report in same if (report.resets_at or 0.0) > best.at), None)
    return replace(best, resets_at=told)


@dataclass(frozen=True, slots=True)
class Trail:
    """What the lines of a `status.jsonl` tell together."""

    resumed: float = 0.0
    """Unix seconds: it works since then without having waited for anybody; 0.0 where it always did."""
    call: str = ""
    """What all of its last calls were."""
    calls: int = 0
    """How many of them in a row."""
    calling: float = 0.0
    """Unix seconds of the first of these."""
    grown: float = 0.0
    """Unix seconds when it first told of as many tokens as it tells now; 0.0 where it tells of none."""


def read_trail(data: bytes, runtime: "Runtime | None" = None) -> Trail:
    """How long an agent works without a stop, and whether it does the same again and again."""
    from coordinator.agents.hooks import hook_line

    resumed, working, same, counting = 0.0, True, True, True
    call, calls, calling, tokens, grown = "", 0, 0.0, None, 0.0
    for line in reversed(data.splitlines()):
        report = _report(line) or _heard(line, runtime)
        if report is not None and working:
            working = report.state is AgentState.WORKING
            resumed = report.at if working else resumed
        if report is not None and report.tokens is not None and counting:
            counting = report.tokens == (report.tokens if tokens is None else tokens)
            tokens, grown = report.tokens, report.at if counting else grown
        said_at = hook_line(line) if runtime is not None and same else None
        this = runtime.called(said_at.payload) if said_at is not None and runtime is not None else None
        if said_at is not None and this is not None:
            same = bool(this) and this == (call or this)
            if same:
                call, calls, calling = this, calls + 1, said_at.at
    return Trail(0.0 if working else resumed, call, calls, calling, grown)


def observe_agent(
    attempt: Attempt, *, terminal: Terminal | None = None, report: Report | None = None, reports_itself: bool = False
) -> Agent:
    """The agent of an attempt, its state resting on the best evidence there is.

    `terminal` None: nobody looked at tmux. `reports_itself`: its CLI has hooks, so that without a report a running
    process alone does not mean that it works.
    """
    state, evidence, at = _judge(attempt, terminal, report, reports_itself)
    return Agent(
        id=attempt.agent,
        role=attempt.role,
        prompt=attempt.prompt or None,
        attempt=attempt.attempt,
        runtime=attempt.runtime,
        state=state,
        evidence=evidence,
        observed_at=at,
        since=attempt.started or attempt.since,
        window=terminal.window if terminal else attempt.window,
        pane=terminal.pane if terminal else attempt.pane,
        tokens=report.tokens if report else None,
        cost_usd=report.cost_usd if report else None,
        outcome=attempt.receipt.outcome if attempt.receipt else "",
        doing=report.doing if report else "",
        resets_at=report.resets_at if report and state is AgentState.RATE_LIMITED else None,
        retries=report is not None and report.retries and state is AgentState.RATE_LIMITED,
        flow=attempt.work.flow,
        iteration=attempt.work.iteration,
        stage=attempt.work.path,
    )


def _judge(
    attempt: Attempt, terminal: Terminal | None, report: Report | None, reports_itself: bool
) -> tuple[AgentState, str, float]:
    """State, evidence and its time; best evidence first."""
    ended = how_it_ended(attempt)
    if ended is not None and (attempt.exit is None or ended is AgentState.KILLED):
        return ended, "step.json", timestamp(attempt.since)
    if ended is not None and attempt.exit is not None:
        return ended, "receipt" if attempt.receipt else "exit.json", timestamp(attempt.exit.at)
    if terminal is not None and not terminal.alive:
        if attempt.state is StepState.DISPATCHED:
            return AgentState.STARTING, "step.json", timestamp(attempt.since)
        return AgentState.LOST, "window", terminal.observed_at
    if terminal is not None and terminal.stopped:
        return AgentState.PAUSED, "process", terminal.observed_at
    if attempt.receipt is not None:
        return AgentState.FINISHED, "receipt", timestamp(attempt.receipt.at)
    if attempt.state is StepState.DISPATCHED:
        return AgentState.STARTING, "step.json", timestamp(attempt.since)
    return _judge_running(terminal, report, reports_itself)


def _judge_running(
    terminal: Terminal | None, report: Report | None, reports_itself: bool
) -> tuple[AgentState, str, float]:
    if report is not None:
        until = max(report.at, report.resets_at or 0.0)  # who stands at a limit says nothing until it ends
        fresh = terminal is None or terminal.observed_at - until <= HOOK_AGE_LIMIT
        return (report.state if fresh or report.state.needs_human else AgentState.UNKNOWN), report.source, report.at
    if terminal is not None and not reports_itself:
        return AgentState.WORKING, "window", terminal.observed_at
    return AgentState.UNKNOWN, "none", terminal.observed_at if terminal else 0.0


def _report(line: bytes) -> Report | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    state = _REPORTABLE.get(str(value.get("state")))
    at = _seconds(value.get("at"))
    if state is None or at is None:
        return None
    tokens, cost = value.get("tokens"), value.get("cost_usd")
    return Report(
        state,
        at,
        brief(str(value.get("doing") or "")),
        tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens >= 0 else None,
        float(cost) if isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < 1e9 else None,
        source if (source := value.get("source")) in _SOURCES else "hook",
        resets_at=_seconds(value.get("resets_at")),
        retries=value.get("retries") is True,
    )


def _heard(line: bytes, runtime: "Runtime | None") -> Report | None:
    """What a hook's own words mean to its runtime."""
    if runtime is None:
        return None
    from coordinator.agents.hooks import hook_line
    from coordinator.agents.rate_limits import reset_time

    said_at = hook_line(line)
    said = runtime.heard(said_at.payload) if said_at is not None else None
    if said_at is None or said is None:
        return None
    resets_at, doing = reset_time(said, said_at.at), brief(said.doing)
    return Report(said.state, said_at.at, doing, ask=said_at.ask, resets_at=resets_at, retries=said.retries)


def brief(doing: str) -> str:
    """What an agent is at, as it is shown: in one line, and what is left out is told by an ellipsis."""
    return clip(" ".join(doing.split()), _DOING_LIMIT)


def _seconds(value: object) -> float | None:
    """Unix seconds of a number or of a UTC ISO 8601 text."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e11:
        return float(value)
    return (timestamp(value) or None) if isinstance(value, str) else None
