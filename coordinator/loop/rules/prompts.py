"""Prompts: which start now, and how the attempts that were made go on. Pure."""

from collections.abc import Iterator

from coordinator.loop.actions import (
    Action,
    Dispatch,
    Expire,
    FinishKill,
    Merge,
    Nudge,
    Resume,
    Return,
    Settle,
)
from coordinator.loop.rules.budgets import paused_as
from coordinator.model.budget_pause import about_budgets, paused_by, paused_seconds, wanted
from coordinator.model.clock import timestamp
from coordinator.model.limits import in_a_row, limited_until, tells_at
from coordinator.model.loop_state import resumes_at, retry_at
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.queue import lineup
from coordinator.model.snapshot import Agent, AgentState, Question, Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work


def go_on(snapshot: Snapshot, now: float) -> Iterator[Action]:
    """What each attempt comes to next that is live, or whose change is open; one thing at most."""
    agents = {agent.id: agent for agent in snapshot.agents}
    asked = about_budgets(snapshot.questions)
    for number, current in snapshot.steps.items():
        attempt = current.attempt
        if attempt is None or not attempt.state.under_way:
            continue
        if attempt.state.live or attempt.kill:
            limit = _limit(snapshot, snapshot.prompts[number])
            yield from advance(snapshot, attempt, agents.get(attempt.agent), asked, limit, now)
        else:
            yield from _gate(snapshot, number, attempt)


def start(snapshot: Snapshot, now: float) -> Iterator[Dispatch]:
    """New attempts, as long as the loop is asked to run and nothing halts it."""
    if snapshot.loop.asked != "running" or snapshot.loop.halted_by:
        return
    for place in lineup(snapshot, now):
        if not place.waits:
            last = snapshot.steps[place.number].attempt
            others = snapshot.elsewhere.get(place.number, 0)
            used = max(snapshot.prompts[place.number].attempts, last.attempt if last else 0, others)
            yield Dispatch(prompt_work(place.number), used + 1)


def times(snapshot: Snapshot, now: float) -> Iterator[float]:
    """Unix seconds when retries are due, and when attempts have used their time."""
    asked = about_budgets(snapshot.questions)
    for number, current in snapshot.steps.items():
        prompt, attempt = snapshot.prompts[number], current.attempt
        if current.state is StepState.MERGED or attempt is None:
            continue
        retry = resumes_at(current, snapshot.settings) or retry_at(current, prompt, snapshot.settings)
        if retry is not None:
            yield retry
        end = end_of(asked, attempt, _limit(snapshot, prompt), now) if attempt.state.live else None
        if end is not None:
            yield end
    yield from limited_until(snapshot.last_attempts, snapshot.agents, snapshot.settings)


def advance(
    snapshot: Snapshot,
    attempt: Attempt,
    agent: Agent | None,
    asked: tuple[Question, ...],
    limit: float | None,
    now: float,
) -> Iterator[Action]:
    """What comes next of an attempt that is live, or is to be ended; `limit` in seconds is the time that it has."""
    work, k = attempt.work, attempt.attempt
    if attempt.kill:
        yield FinishKill(work, k)
    elif attempt.exit is not None:
        yield Settle(work, k)
    elif attempt.state is StepState.DISPATCHED:
        yield Resume(work, k)
    elif agent is not None and agent.state is AgentState.LOST:
        yield Settle(work, k)
    elif not _limited(snapshot, agent) and (end := end_of(asked, attempt, limit, now)) is not None and now >= end:
        yield Expire(work, k, limit or 0.0)
    elif asked and agent is not None:
        one = wanted(asked, attempt)
        if one.paused is not (agent.state is AgentState.PAUSED):
            yield paused_as(one)
        elif not one.paused:
            yield from _nudged(snapshot, attempt, agent, now)
    elif agent is not None:
        yield from _nudged(snapshot, attempt, agent, now)


def _nudged(snapshot: Snapshot, attempt: Attempt, agent: Agent, now: float) -> Iterator[Nudge]:
    at = tells_at(agent, attempt, snapshot.settings)
    if at is not None and now >= at:
        yield Nudge(attempt.work, attempt.attempt, in_a_row(attempt, agent.observed_at) + 1)


def _gate(snapshot: Snapshot, number: int, attempt: Attempt) -> Iterator[Action]:
    review = snapshot.reviews.get(number)
    if review is not None and review.attempt == attempt.attempt:
        if review.approved:
            yield Merge(attempt.work, attempt.attempt, review.commit, review.landed)
        else:
            yield Return(attempt.work, attempt.attempt, review.note or "the change was rejected")
    elif snapshot.settings.gate in ("auto", "forge") and not _given_up(snapshot.prompts[number]):
        yield Merge(attempt.work, attempt.attempt)


def _given_up(prompt: Prompt) -> bool:
    """Its file says so. That ends nothing; but what may not be wanted any more lands only if a human approves it."""
    return prompt.status is PromptStatus.CANCELLED


def _limited(snapshot: Snapshot, agent: Agent | None) -> bool:
    """Its agent waits for its model service, and is told to go on: that time is not its own."""
    return snapshot.settings.go_on and agent is not None and agent.state is AgentState.RATE_LIMITED


def end_of(asked: tuple[Question, ...], attempt: Attempt, limit: float | None, now: float) -> float | None:
    """Unix seconds when an attempt has used its time; None without a limit, and while its agent is paused.

    It begins anew when its agent is told to go on after a limit of its model service.
    """
    if limit is None or paused_by(asked, attempt.prompt) is not None:
        return None
    began = max(timestamp(attempt.started), attempt.nudged)
    return began + limit + paused_seconds(asked, attempt.prompt, began, now)


def _limit(snapshot: Snapshot, prompt: Prompt) -> float | None:
    return prompt.timeout if prompt.timeout is not None else snapshot.settings.timeout
