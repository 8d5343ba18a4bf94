"""Limits of model services: when agents that hit one go on, and which runtimes start nobody meanwhile. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from coordinator.lazy.dataclass import dataclass
from coordinator.model.clock import timestamp
from coordinator.model.settings import Settings, backoff
from coordinator.model.snapshot import Agent, AgentState, Snapshot
from coordinator.model.step import Attempt, StepState

MOST = 20
"""How often in a row an agent is told to go on, or started again, before a human has to."""
BY_ITSELF = 30.0
"""Seconds after a limit's end that a CLI gets which said that it goes on by itself."""
NEW_ROUND = 1800.0
"""Seconds of work after which a limit counts as the first in a row again."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that holds all agents of a runtime."""

    until: float
    """Unix seconds when it ends; where nobody told, when the first of them tries again."""
    told: bool
    """The service told when it ends."""


def tells_at(agent: Agent, attempt: Attempt, settings: Settings) -> float | None:
    """Unix seconds when a limited agent at work is told to go on; None: it isn't.

    At the limit's end. Where nobody told that, or it has been told so and still stands at the same limit, after a
    back-off that doubles.
    """
    if agent.state is not AgentState.RATE_LIMITED or not settings.go_on or settings.headless:
        return None
    if not agent.hears or attempt.receipt is not None:
        return None
    if attempt.nudges >= MOST:
        return None
    patience = BY_ITSELF if agent.retries else 0.0
    if agent.resets_at is not None and agent.resets_at > attempt.nudged:
        return agent.resets_at + patience
    row = in_a_row(attempt, agent.observed_at)
    again = attempt.nudged + backoff(settings, row + 1) if row else 0.0
    # what a screen goes on showing is noted again, as if it had been met only now: that must not put it off for ever
    return max(agent.observed_at + backoff(settings, 1), again) + patience


def in_a_row(attempt: Attempt, now: float) -> int:
    """How often in a row its agent was told to go on that stands at a limit at `now`, in Unix seconds."""
    return 0 if now - attempt.nudged > NEW_ROUND and attempt.nudges < MOST else attempt.nudges


def starts_again(attempt: Attempt, settings: Settings) -> float | None:
    """Unix seconds when the next attempt after one that ended at a limit may start; None where none did.

    A limit without a known end is tried again after a back-off, and so is one that is hit again and again.
    """
    if not attempt.limits or not attempt.interrupted:
        return None
    since, row = timestamp(attempt.since), attempt.limits
    if not attempt.limit_ends:
        return since + backoff(settings, row)
    return max(attempt.limit_ends, since + (backoff(settings, row - 1) if row > 1 else 0.0))


def limits(snapshot: Snapshot, now: float) -> Mapping[str, Limit]:
    """Runtime → the limit that holds its agents at `now`, in Unix seconds: whoever is started meanwhile hits it too."""
    found: dict[str, Limit] = {}
    if not snapshot.settings.go_on:
        return found
    for runtime, since, limit in _met(snapshot):
        known = found.get(runtime)
        if limit.until <= now or (not limit.told and _answered(snapshot, runtime, since)):
            continue
        if known is None or limit.told > known.told:
            found[runtime] = limit
        elif limit.told is known.told:
            # the last word of a service counts; where it says nothing, whoever tries first finds out for all
            pick = max if limit.told else min
            found[runtime] = Limit(pick(limit.until, known.until), limit.told)
    return found


def holds(snapshot: Snapshot, number: int, now: float, held: Mapping[str, Limit]) -> tuple[str, Limit] | None:
    """Runtime and limit that keep a pending prompt from starting at `now` (Unix seconds); its own one where it has.

    `held` is what `limits` says for that moment.
    """
    attempt = snapshot.steps[number].attempt
    at = starts_again(attempt, snapshot.settings) if attempt is not None else None
    if attempt is not None and at is not None and at > now:
        return attempt.runtime, Limit(at, told=bool(attempt.limit_ends))
    runtime = snapshot.prompts[number].agent or snapshot.settings.runtime
    limit = held.get(runtime)
    return None if limit is None else (runtime, limit)


def limited_until(attempts: Iterable[Attempt], agents: Iterable[Agent], settings: Settings) -> Iterator[float]:
    """Unix seconds of all moments when a limit ends, or is tried again; `attempts` are those of the agents at work."""
    limited = [agent for agent in agents if agent.state is AgentState.RATE_LIMITED]
    known = {attempt.agent: attempt for attempt in attempts if attempt.state.live} if limited else {}
    for agent in limited:
        attempt = known.get(agent.id)
        if attempt is not None:
            yield from (at for at in (agent.resets_at, tells_at(agent, attempt, settings)) if at is not None)


def _met(snapshot: Snapshot) -> Iterator[tuple[str, float, Limit]]:
    """Runtime, when a limit was met (Unix seconds), and that limit."""
    for agent in snapshot.agents:
        attempt = snapshot.of_agent(agent) if agent.state is AgentState.RATE_LIMITED else None
        if attempt is None or not attempt.state.live:
            continue
        if agent.resets_at is not None:
            yield agent.runtime, agent.observed_at, Limit(agent.resets_at, told=True)
        elif (at := tells_at(agent, attempt, snapshot.settings)) is not None:
            yield agent.runtime, agent.observed_at, Limit(at, told=False)
    waiting = [step.attempt for step in snapshot.steps.values() if step.state is StepState.PENDING]
    waiting += [attempt for attempt in snapshot.flows.values() if attempt.state is StepState.PENDING]
    for ended in waiting:
        at = starts_again(ended, snapshot.settings) if ended is not None and ended.limits else None
        if ended is None:
            continue
        if at is not None:
            yield ended.runtime, timestamp(ended.since), Limit(at, told=bool(ended.limit_ends))


def _answered(snapshot: Snapshot, runtime: str, since: float) -> bool:
    """An agent of the runtime works since then: its service answers again."""
    return any(
        agent.runtime == runtime and agent.state is AgentState.WORKING and agent.observed_at > since
        for agent in snapshot.agents
    )
