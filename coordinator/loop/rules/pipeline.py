"""Rules for prompts with a pipeline: turns that go on, transitions that are due, turns that begin, and the end. Pure.

Which station is next is for `model.next_move` to say, once a transition is written down.
"""

from collections.abc import Iterator

from coordinator.loop.actions import Action, Dispatch, EndPipeline, Expire, FinishKill, Route, Tidy
from coordinator.loop.rules.prompts import advance, end_of
from coordinator.model.budget_pause import about_budgets, paused_by
from coordinator.model.loop_state import again_at, held_by_questions
from coordinator.model.pipeline import Position, Turn
from coordinator.model.snapshot import Question, Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.turn_facts import facts_of
from coordinator.model.work import turn_work


def go_on(snapshot: Snapshot, now: float) -> Iterator[Action]:
    """What each prompt with a pipeline comes to next, and its turns that are at work."""
    for parent in _parents(snapshot):
        position = snapshot.pipelines.get(parent.prompt)
        if position is None:
            yield Route(parent.work, parent.attempt, 0)
        elif not position.broken:
            yield from _turns(snapshot, parent, position, now)
            yield from _transition(snapshot, parent, position, now)


def end_orphans(snapshot: Snapshot, now: float) -> Iterator[Expire | FinishKill]:
    """Turns that were about to begin when their prompt was ended: whoever ended it did not see them."""
    for work, attempt in snapshot.stages.items():
        step = snapshot.steps.get(work.number)
        parent = step.attempt if step is not None else None
        if not attempt.state.live or (parent is not None and (parent.state.live or parent.kill)):
            continue
        yield FinishKill(work, attempt.attempt) if attempt.kill else Expire(work, attempt.attempt, 0.0)


def clear_up(snapshot: Snapshot, now: float) -> Iterator[Tidy]:
    """Windows of turns that ended: nothing of them is wanted any more, whatever they came to."""
    for work, attempt in snapshot.stages.items():
        if not attempt.state.live and attempt.untidy and attempt.epoch:
            yield Tidy(work, attempt.attempt)


def times(snapshot: Snapshot, now: float) -> Iterator[float]:
    """Unix seconds when turns have used their time, and when those begin that wait a while after an interruption."""
    asked = about_budgets(snapshot.questions)
    for parent in _parents(snapshot):
        position = snapshot.pipelines.get(parent.prompt)
        for turn in position.due if position is not None else ():
            attempt = snapshot.stages.get(turn_work(parent.prompt, turn.path))
            if attempt is None:
                at = _begins_at(snapshot, parent, position, turn) if position is not None else None
            else:
                limit = time_of(snapshot, parent, position, turn)
                at = end_of(asked, attempt, limit, now) if attempt.state.live else None
            if at is not None:
                yield at


def time_of(snapshot: Snapshot, parent: Attempt, position: Position | None, turn: Turn) -> float | None:
    """Seconds that a turn has: what its station says, else its prompt, else the settings."""
    own = facts_of(position, turn).timeout if position is not None else None
    prompt = snapshot.prompts[parent.prompt]
    return own or (prompt.timeout if prompt.timeout is not None else snapshot.settings.timeout)


def _parents(snapshot: Snapshot) -> Iterator[Attempt]:
    """Attempts whose pipelines are under way, and not to be ended."""
    for step in snapshot.steps.values():
        attempt = step.attempt
        if attempt is not None and attempt.pipeline and attempt.state is StepState.RUNNING and not attempt.kill:
            yield attempt


def _turns(snapshot: Snapshot, parent: Attempt, position: Position, now: float) -> Iterator[Action]:
    agents = {agent.id: agent for agent in snapshot.agents}
    asked = about_budgets(snapshot.questions)
    for turn in position.due:
        attempt = snapshot.stages.get(turn_work(parent.prompt, turn.path))
        if attempt is not None and attempt.state.live:
            limit = time_of(snapshot, parent, position, turn)
            yield from advance(snapshot, attempt, agents.get(attempt.agent), asked, limit, now)


def _transition(snapshot: Snapshot, parent: Attempt, position: Position, now: float) -> Iterator[Action]:
    """What is to be written down, else the turns that begin; one transition at a time."""
    route = Route(parent.work, parent.attempt, position.seq)
    attempts = {turn.path: snapshot.stages.get(turn_work(parent.prompt, turn.path)) for turn in position.due}
    if any(attempt is not None and not attempt.state.live for attempt in attempts.values()):
        yield route
    elif position.ended:
        yield EndPipeline(parent.work, parent.attempt)
    elif position.waits and not position.due:
        question = _question(snapshot, position)
        if question is None:
            yield route  # it is not on the log yet
        elif not question.open:
            yield Route(parent.work, parent.attempt, position.seq, question.answer or "")
    elif not position.due:
        yield route
    elif _may_start(snapshot, parent):
        for turn in position.due:
            begins = _begins_at(snapshot, parent, position, turn)
            if attempts[turn.path] is None and (begins is None or now >= begins):
                yield Dispatch(turn_work(parent.prompt, turn.path), parent.attempt)


def _question(snapshot: Snapshot, position: Position) -> Question | None:
    asked = position.asked
    return next((q for q in snapshot.questions if asked is not None and q.id == asked.id), None)


def _may_start(snapshot: Snapshot, parent: Attempt) -> bool:
    """Something may begin: a plan that is halted lets what is under way go on to its end."""
    held = held_by_questions(snapshot.questions, snapshot.graph) is None
    paused = paused_by(about_budgets(snapshot.questions), parent.prompt) is not None
    return snapshot.loop.asked == "running" and not held and not paused


def _begins_at(snapshot: Snapshot, parent: Attempt, position: Position, turn: Turn) -> float | None:
    """When a turn may begin that goes on after others that were interrupted; None: at once."""
    before = [one for one in position.turns_at(turn.station) if one.path != turn.path]
    last = snapshot.stages.get(turn_work(parent.prompt, before[-1].path)) if before else None
    return again_at(last, snapshot.settings) if last is not None and last.state is StepState.PENDING else None
