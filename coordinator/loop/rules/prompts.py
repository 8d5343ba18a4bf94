"""The rules of the loop: what is to be done now, from what is. Pure; it may be asked again at any time."""

from collections.abc import Iterator
from dataclasses import dataclass

from coordinator.loop.actions import (
    Action,
    AskOver,
    CloseMilestone,
    Dispatch,
    EndOver,
    Expire,
    FinishKill,
    GoOn,
    Mark,
    Merge,
    Pause,
    Resume,
    Return,
    Settle,
    Tidy,
)
from coordinator.model.budget import next_overrun, overruns
from coordinator.model.budget_pause import Wanted, about_budgets, all_wanted, paused_by, paused_seconds, wanted
from coordinator.model.loop_state import resumes_at, retry_at, subject_number, timestamp
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.queue import lineup, live_attempts
from coordinator.model.snapshot import Agent, AgentState, LoopState, Question, Snapshot
from coordinator.model.step import Attempt, Step, StepState

_STATUS = {
    StepState.DISPATCHED: PromptStatus.IN_PROGRESS,
    StepState.RUNNING: PromptStatus.IN_PROGRESS,
    StepState.CHANGE_OPEN: PromptStatus.IN_PROGRESS,
    StepState.MERGED: PromptStatus.DONE,
    StepState.FAILED: PromptStatus.FAILED,
    StepState.BLOCKED: PromptStatus.BLOCKED,
    StepState.PENDING: PromptStatus.PENDING,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a life of the loop ended, or how far there is nothing left for it to do."""

    state: str
    """`finished`, `idle`, `halted`, `stuck` or `stopped`."""
    reason: str
    exit_code: int


def step(snapshot: Snapshot, now: float) -> tuple[Action, ...]:
    """What is to be done now, most urgent first: attempts that ended, merges, new attempts, then house-keeping."""
    agents = {(a.prompt, a.attempt): a for a in snapshot.agents}
    asked = about_budgets(snapshot.questions)
    started = list(_dispatches(snapshot, now))
    again = {dispatch.number for dispatch in started}
    ended: list[Action] = []
    kept: list[Action] = []
    for number, current in snapshot.steps.items():
        attempt = current.attempt
        if attempt is None or _over(snapshot.prompts[number], attempt):
            continue
        agent = agents.get((number, attempt.attempt))
        ended += _advance(snapshot, current, attempt, agent, asked, now)
        if number not in again:
            kept += _keep_house(snapshot.prompts[number], current, attempt)
    over = list(_budgets(snapshot, now))
    if any(isinstance(action, AskOver) for action in over):
        started = []  # the question comes first
    if snapshot.unfinished:
        started = []  # what depends on what is not known before the plan is whole
    actions = [*over, *ended, *started, *kept]
    finished = snapshot.loop.state is LoopState.FINISHED and not snapshot.unfinished
    if finished and snapshot.milestone.status == "open":
        actions.append(CloseMilestone())
    return tuple(actions)


def next_due(snapshot: Snapshot, now: float) -> float | None:
    """Unix seconds of the next moment when time alone gives the loop something to do."""
    asked = about_budgets(snapshot.questions)
    times: list[float] = []
    for number, current in snapshot.steps.items():
        prompt, attempt = snapshot.prompts[number], current.attempt
        if current.state is StepState.MERGED or attempt is None:
            continue
        retry = resumes_at(current, snapshot.settings) or retry_at(current, prompt, snapshot.settings)
        limit = _limit(snapshot, prompt)
        if retry is not None:
            times.append(retry)
        if attempt.state.live:
            end = _end(asked, attempt, limit, now)
            times += [] if end is None else [end]
    over = next_overrun(snapshot, now)
    return min((t for t in (*times, *([] if over is None else [over])) if t > now), default=None)


def outcome(snapshot: Snapshot) -> Outcome | None:
    """Why a loop that runs until nothing is left may end now; None while there is something to wait for.

    A pause, an open question and a change under review are waited for: a human ends them.
    """
    loop = snapshot.loop
    if snapshot.unfinished:
        return None
    if loop.state is LoopState.FINISHED:
        return Outcome("finished", loop.reason, 0)
    if loop.state is LoopState.IDLE:
        return Outcome("idle", loop.reason, 0)
    if live_attempts(snapshot):
        return None
    if loop.state in (LoopState.HALTED, LoopState.STUCK):
        return Outcome(loop.state.value, loop.reason, 1)
    return None


def _advance(
    snapshot: Snapshot, current: Step, attempt: Attempt, agent: Agent | None, asked: tuple[Question, ...], now: float
) -> Iterator[Action]:
    number, k = current.number, attempt.attempt
    limit = _limit(snapshot, snapshot.prompts[number])
    if attempt.kill and (attempt.state.live or attempt.state is StepState.CHANGE_OPEN):
        yield FinishKill(number, k)
    elif attempt.state.live:
        if attempt.exit is not None:
            yield Settle(number, k)
        elif attempt.state is StepState.DISPATCHED:
            yield Resume(number, k)
        elif agent is not None and agent.state is AgentState.LOST:
            yield Settle(number, k)
        elif (end := _end(asked, attempt, limit, now)) is not None and now >= end:
            yield Expire(number, k, limit or 0.0)
        elif asked and agent is not None:
            one = wanted(asked, attempt)
            if one.paused is not (agent.state is AgentState.PAUSED):
                yield _pausing(one)
    elif current.state is StepState.CHANGE_OPEN:
        yield from _gate(snapshot, number, attempt)


def _budgets(snapshot: Snapshot, now: float) -> Iterator[AskOver | EndOver]:
    """Budgets that are used up: asked about once, and ended where a human said so."""
    for over in overruns(snapshot, now):
        number = subject_number(over.subject)
        attempt = snapshot.steps[number].attempt if number is not None else None
        if over.question is None:
            yield AskOver(over.subject, over.about, over.text, over.options)
        elif over.to_end and number is not None and attempt is not None and attempt.state.live and not attempt.kill:
            yield EndOver(number, attempt.attempt)


def pauses(snapshot: Snapshot) -> tuple[Pause | GoOn, ...]:
    """Every agent at work stopped or let go on, however its processes are now: how a life of the loop begins."""
    return tuple(_pausing(one) for one in all_wanted(snapshot))


def _pausing(one: Wanted) -> Pause | GoOn:
    action = Pause if one.paused else GoOn
    return action(one.attempt.prompt, one.attempt.attempt, one.about)


def _gate(snapshot: Snapshot, number: int, attempt: Attempt) -> Iterator[Action]:
    review = snapshot.reviews.get(number)
    if review is not None and review.attempt == attempt.attempt:
        if review.approved:
            yield Merge(number, attempt.attempt, review.commit, review.landed)
        else:
            yield Return(number, attempt.attempt, review.note or "the change was rejected")
    elif snapshot.settings.gate in ("auto", "forge") and not _given_up(snapshot.prompts[number]):
        yield Merge(number, attempt.attempt)


def _given_up(prompt: Prompt) -> bool:
    """Its file says so. That ends nothing; but what may not be wanted any more lands only if a human approves it."""
    return prompt.status is PromptStatus.CANCELLED


def _dispatches(snapshot: Snapshot, now: float) -> Iterator[Dispatch]:
    if snapshot.loop.asked != "running" or snapshot.loop.halted_by:
        return
    for place in lineup(snapshot, now):
        if not place.waits:
            last = snapshot.steps[place.number].attempt
            others = snapshot.elsewhere.get(place.number, 0)
            used = max(snapshot.prompts[place.number].attempts, last.attempt if last else 0, others)
            yield Dispatch(place.number, used + 1)


def _keep_house(prompt: Prompt, current: Step, attempt: Attempt) -> Iterator[Action]:
    if _lags(prompt, current, attempt):
        yield Mark(
            prompt.number,
            _STATUS[current.state],
            max(prompt.attempts, attempt.attempt),
            attempt.commits if current.state is StepState.MERGED else (),
        )
    ended = attempt.state is StepState.MERGED or (current.state is StepState.SKIPPED and not attempt.state.live)
    if ended and attempt.untidy:
        yield Tidy(prompt.number, attempt.attempt)


def _over(prompt: Prompt, attempt: Attempt) -> bool:
    """Merged, marked and tidied: nothing is ever to be done about it again. Most attempts of a long run are."""
    return attempt.state is StepState.MERGED and not attempt.untidy and prompt.status is PromptStatus.DONE


def _lags(prompt: Prompt, current: Step, attempt: Attempt) -> bool:
    """The file does not tell yet what the attempt tells. Once it does, what people write into it is their will."""
    if current.state is not attempt.state or current.state not in _STATUS or attempt.kill or prompt.lost:
        return False
    if current.state is StepState.MERGED:
        return prompt.status is not PromptStatus.DONE
    if prompt.attempts < attempt.attempt:
        return True
    return prompt.status is PromptStatus.IN_PROGRESS and _STATUS[current.state] is not PromptStatus.IN_PROGRESS


def _end(asked: tuple[Question, ...], attempt: Attempt, limit: float | None, now: float) -> float | None:
    """Unix seconds when an attempt has used its time; None without a limit, and while its agent is paused."""
    if limit is None or paused_by(asked, attempt.prompt) is not None:
        return None
    began = timestamp(attempt.started)
    return began + limit + paused_seconds(asked, attempt.prompt, began, now)


def _limit(snapshot: Snapshot, prompt: Prompt) -> float | None:
    return prompt.timeout if prompt.timeout is not None else snapshot.settings.timeout
