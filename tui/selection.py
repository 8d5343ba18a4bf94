"""Who belongs to what is selected: pure functions over a snapshot."""

from coordinator.model.agent import how_it_ended
from coordinator.model.clock import timestamp
from coordinator.model.snapshot import Agent, AgentState, Snapshot
from coordinator.model.step import Attempt


def agent_of(snapshot: Snapshot, number: int | None) -> Agent | None:
    """The agent of a prompt's newest attempt."""
    mine = [agent for agent in snapshot.agents if agent.prompt == number and number is not None]
    return max(mine, key=lambda agent: agent.attempt, default=None)


def past_agent(snapshot: Snapshot, number: int | None) -> Agent | None:
    """The agent of a prompt's last attempt, when it is past and the snapshot lists it no more."""
    step = snapshot.steps.get(number) if number is not None else None
    attempt = step.attempt if step is not None else None
    if attempt is None or attempt.state.live:
        return None
    ended = timestamp(attempt.exit.at if attempt.exit else attempt.since)
    return Agent(
        attempt.agent,
        attempt.role,
        attempt.prompt,
        attempt.attempt,
        attempt.runtime,
        how_it_ended(attempt) or AgentState.UNKNOWN,
        "exit.json",
        observed_at=ended,
        since=attempt.started,
    )


def attempt_of(snapshot: Snapshot | None, agent: Agent) -> Attempt | None:
    return snapshot.of_agent(agent) if snapshot is not None else None


def agent_by_id(snapshot: Snapshot, agent_id: str) -> Agent | None:
    return next((agent for agent in snapshot.everybody if agent.id == agent_id), None)


def adopted_for(snapshot: Snapshot, number: int | None) -> Agent | None:
    """The adopted window whose name tells that it is about a prompt."""
    return next((agent for agent in snapshot.adopted if agent.prompt == number and number is not None), None)


def moves(snapshot: Snapshot) -> bool:
    """Something on the screen changes with time alone: an age, a countdown."""
    return (
        any(not agent.state.ended for agent in snapshot.everybody)
        or any(attempt.state.live for attempt in snapshot.last_attempts)
        or bool(snapshot.open_questions)
        or snapshot.due > 0
    )
