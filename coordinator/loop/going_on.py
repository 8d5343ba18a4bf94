"""Agents that a limit of their model service holds or has ended: told to go on when it is over, or started again."""

import time

from coordinator.agents.evidence import Report
from coordinator.apply.messages import reach, tell
from coordinator.loop.actions import Nudge
from coordinator.loop.context import Context
from coordinator.loop.interruption import OWN_FAULTS
from coordinator.loop.monitors.activity import last_word, session_of
from coordinator.model.clock import day_and_time, iso, timestamp
from coordinator.model.event import SYSTEM, Draft
from coordinator.model.limits import MOST, NEW_ROUND
from coordinator.model.snapshot import AgentState, Snapshot
from coordinator.model.step import Attempt, StepState

WORDS = "Go on."
_BUSY = (AgentState.WORKING, AgentState.INTERRUPTED)
"""What a screen shows that must not be told anything: it goes on already, or a human wants it to stand still."""


def nudge(context: Context, snapshot: Snapshot, action: Nudge) -> bool:
    """Tell an agent to go on, unless its screen shows that it does already; whether it was told.

    Raises Refused where its window takes no message now: a dialog, or words that a human has begun.
    """
    attempt = context.current(snapshot, action)
    if attempt is None or attempt.state is not StepState.RUNNING or attempt.kill:
        return False
    agent = reach(context.layout, attempt)
    screen = agent.screen()
    seen = agent.runtime.seen(screen)
    itself = any(known.id == attempt.agent and known.retries for known in snapshot.agents)
    if seen is not None and (seen.state in _BUSY or (seen.retries and not itself)):
        return False
    agent.check_composer(screen)  # once more before it is told
    context.amend(attempt, nudges=action.count, nudged=time.time())
    tell(context.layout, attempt, SYSTEM, WORDS)
    return True


def was_told(context: Context, attempt: Attempt, action: Nudge, told: bool) -> bool:
    """Where it was not, the loop looks again later."""
    return told


def limit_met(context: Context, attempt: Attempt) -> Report | None:
    """What an ended agent's CLI said last, if that was that a limit of its model service keeps it from working."""
    if attempt.receipt is not None or attempt.exit is None or attempt.exit.status in OWN_FAULTS:
        return None
    report = last_word(context.layout, attempt, context.config)
    return report if report is not None and report.state is AgentState.RATE_LIMITED else None


def at_limit(context: Context, attempt: Attempt, met: Report, ended: Draft) -> Attempt:
    """Back into the line until the limit ends that ended an attempt; a failure where that happens again and again."""
    worked = timestamp(attempt.exit.at if attempt.exit is not None else "") - timestamp(attempt.started)
    row = 1 if worked > NEW_ROUND else attempt.limits + 1
    limit = f"the limit of {attempt.runtime}"
    until = f" until {day_and_time(iso(met.resets_at))}" if met.resets_at else ""
    if not context.config.go_on:
        how = f"restart it then: coord restart {attempt.handle} (`go_on: true` lets it go on by itself)"
        return context.advance(attempt, StepState.FAILED, ended, reason=f"it reached {limit}{until}; {how}")
    if row > MOST:
        reason = f"it reached {limit} {row} times in a row; restart it when its service lets it work"
        return context.advance(attempt, StepState.FAILED, ended, reason=reason)
    return context.advance(
        attempt,
        StepState.PENDING,
        ended,
        reason=f"interrupted: {limit} was reached",
        data={"interrupted": True},
        interrupted=True,
        interruptions=attempt.interruptions + 1,
        limits=row,
        limit_ends=met.resets_at or 0.0,
        session=session_of(context.layout, attempt, context.config),
    )
