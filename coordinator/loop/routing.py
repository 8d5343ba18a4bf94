"""The transitions of pipelines: each is written down whole before anything of it is done, then told to the log.

Killed in between, the next look finds the position of before or of after, and what the log lacks is told again.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from coordinator.apply.steps import event_id
from coordinator.errors import CoordError
from coordinator.failpoint import failpoint
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any
from coordinator.loop.actions import EndPipeline, Route
from coordinator.loop.context import Context
from coordinator.loop.pipeline_end import end_parent
from coordinator.loop.positions import with_digest
from coordinator.loop.staged_work import begin
from coordinator.loop.station_work import taken_of
from coordinator.model.clock import utc_now
from coordinator.model.event import SYSTEM, Draft
from coordinator.model.next_move import next_move
from coordinator.model.pipeline import (
    ABORT,
    ABOUT,
    OPTIONS,
    RETRY,
    STAGED,
    Ask,
    Asked,
    End,
    Move,
    Position,
    Published,
    Said,
    Start,
    Turn,
    TurnState,
)
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState, attempts_before
from coordinator.model.text import clip, plain
from coordinator.model.work import turn_work
from coordinator.secrets.redaction import redact
from coordinator.storage.pipeline_state import drop_leftovers
from coordinator.storage.pipelines import find_pipeline

_SUMMARY = 2000
"""Characters of a hand-off that the position keeps; all of it is on the log."""
_NO = ("no", "stop", "end", "cancel", "quit")
"""How words begin by which a human gives it up."""
_STATES: Mapping[StepState, TurnState] = {
    StepState.MERGED: "done",
    StepState.FAILED: "failed",
    StepState.BLOCKED: "blocked",
    StepState.PENDING: "interrupted",
}


def route(context: Context, snapshot: Snapshot, action: Route) -> None:
    """Take in what is over, and write down what comes next; nothing where that was done."""
    parent = context.current(snapshot, action)
    if parent is None or parent.state is not StepState.RUNNING or parent.kill:
        return
    directory = context.directory(parent)
    context.touched.append(directory)
    position = context.positions.of(parent)
    if position is None:
        position = _beginning(context, snapshot, parent)
        if position is None:
            return
    if position.broken:
        told = f"where the pipeline of prompt {parent.prompt} stands can't be told: {position.broken}"
        raise CoordError(told, f"let it begin anew: coord restart {parent.prompt}")
    _say(context, parent, position)
    if position.seq != action.seq:
        return
    known = _taken_in(context, parent, position)
    if action.answer and known.asked is not None:
        known = replace(known, asked=replace(known.asked, answer=answer_of(action.answer)))
    move = next_move(known)
    if move is None and known == position:
        return
    moved = _moved(parent, known, move, action.answer)
    failpoint("route-decided")
    context.positions.write(parent, moved)
    failpoint("route-written")
    _say(context, parent, moved)
    failpoint("route-told")


def end(context: Context, snapshot: Snapshot, action: EndPipeline) -> None:
    """The pipeline is through: its prompt's attempt goes to the gate, or has failed."""
    parent = context.current(snapshot, action)
    if parent is None or parent.state is not StepState.RUNNING or parent.kill:
        return
    position = context.positions.of(parent)
    if position is None or not position.ended:
        return
    _say(context, parent, position)
    end_parent(context, snapshot, parent, position)


def _say(context: Context, parent: Attempt, position: Position) -> None:
    """Tell the log of the last transition, once however often it is tried."""
    turns = f"stage:{parent.prompt}/"
    said = [one for one in position.said if one.subject == parent.work.subject or one.subject.startswith(turns)]
    if said and context.log.get(said[-1].id) is None:
        context.log.append([Draft(one.kind, one.subject, one.data, one.id) for one in said], SYSTEM, parent.run)
        context.positions.keep(parent, position)


def make_up(context: Context, snapshot: Snapshot) -> None:
    """At the beginning of a loop's life: drop what a killed one left half-written, and tell the log what it lacks."""
    for parent in piped(snapshot):
        drop_leftovers(context.directory(parent))
        position = context.positions.of(parent)
        if position is not None:
            _say(context, parent, position)
        if position != snapshot.pipelines.get(parent.prompt):
            context.touched.append(context.directory(parent))


def put_back(context: Context, snapshot: Snapshot) -> set[Path]:
    """Write again where pipelines stand, as far as somebody changed it since; the directories where that was so."""
    found = (parent for parent in piped(snapshot) if parent.state is StepState.RUNNING)
    changed = (p for p in found if context.positions.put_back(p, snapshot.pipelines.get(p.prompt)))
    return {context.directory(parent) for parent in changed}


def piped(snapshot: Snapshot) -> list[Attempt]:
    """The attempts under way that have a pipeline."""
    attempts = (step.attempt for step in snapshot.steps.values())
    return [attempt for attempt in attempts if attempt is not None and attempt.pipeline and attempt.state.live]


def answer_of(text: str) -> str:
    """What a human's words come to: the option that they begin with, or a no; else another try, which is told them."""
    said = text.strip().casefold()
    first = said.partition(" ")[0].strip(".,:;!")
    return ABORT if first in _NO else next((option for option in OPTIONS if first == option), RETRY)


def _beginning(context: Context, snapshot: Snapshot, parent: Attempt) -> Position | None:
    """The position of a pipeline that begins; None where there is none by now: its prompt has failed."""
    try:
        pipeline = find_pipeline(context.layout, parent.pipeline)
        last = next(attempts_before(parent, context.find), None)
        more = begin(context, snapshot.prompts[parent.prompt], pipeline, last) if pipeline.kind == STAGED else {}
    except CoordError as error:
        context.advance(parent, StepState.FAILED, reason=f"{error.message}; {error.remedy}")
        return None
    return Position(pipeline.name, pipeline.kind, pipeline.stations, more=more)


def _taken_in(context: Context, parent: Attempt, position: Position) -> Position:
    """The position with what became of every turn that is over."""
    for turn in position.due:
        work = turn_work(parent.prompt, turn.path)
        attempt = context.find(work, parent.attempt)
        if attempt is None or attempt.run != parent.run or attempt.state not in _STATES:
            continue
        taken, receipt = taken_of(context, attempt), attempt.receipt
        state = _STATES[attempt.state]
        if state == "failed" and attempt.held:
            state = "blocked"  # a human ended it: a human says what comes now
        over = replace(
            turn,
            state=state,
            why=turn.why if state == "done" else clip(plain(attempt.reason), _SUMMARY),
            summary=clip(plain(receipt.summary), _SUMMARY) if receipt is not None else "",
            next=clip(plain(receipt.next), 80) if receipt is not None else "",
            at=utc_now(),
            pending=taken.pending,
            helps=taken.helps,
            missing=taken.missing,
            report=taken.report,
            unsealed=clip(plain(taken.unsealed), _SUMMARY),
        )
        position = position.with_turn(over)
        if state == "done":
            position = replace(position, published=_published(position.published, taken.published))
    return position


def _published(before: tuple[Published, ...], new: tuple[Published, ...]) -> tuple[Published, ...]:
    """What is there now: of one name the newest."""
    names = {one.name for one in new}
    return (*(one for one in before if one.name not in names), *new)


def _moved(parent: Attempt, position: Position, move: Move | None, answer: str) -> Position:
    """The position after a transition, with what the log is to be told of it."""
    seq = position.seq + 1
    moved = replace(position, seq=seq, said=())
    if move is None:
        return with_digest(parent, moved, iter(()))
    now, words = utc_now(), clip(plain(redact(answer)), _SUMMARY)
    more = move.more if move.more is not None else moved.more
    skipped = () if isinstance(move, Ask) else move.skipped
    begun = move.turns if isinstance(move, Start) else ()
    if words and answer_of(words) == RETRY and words.casefold() != RETRY:
        begun = tuple(replace(turn, why=f"{turn.why}; a human said: {words}") for turn in begun)
    moved = replace(moved, more=more, asked=None)
    for turn in (*skipped, *begun):
        moved = moved.with_turn(replace(turn, at=now))
    if isinstance(move, End):
        moved = replace(moved, ended=move.outcome, reason=move.reason)
    if isinstance(move, Ask):
        id_ = event_id(parent, f"run.asked/{seq}")
        moved = replace(moved, asked=Asked(id_, move.turn, move.station, move.text, move.options))
    return with_digest(parent, moved, _told(parent, position, moved, move, begun))


def _told(parent: Attempt, before: Position, after: Position, move: Move, begun: tuple[Turn, ...]) -> Iterator[Said]:
    own: dict[str, object] = {"attempt": parent.attempt, "pipeline": after.pipeline}

    def said(kind: str, subject: str, name: str, **data: Any) -> Said:
        return Said(kind, subject, event_id(parent, f"{kind}/{after.seq}/{name}"), own | data)

    if not isinstance(move, Ask):
        for turn in move.skipped:
            subject = turn_work(parent.prompt, turn.path).subject
            yield said("stage.skipped", subject, turn.path, reason=turn.why)
    match move:
        case Start():
            for turn in begun:
                data: dict[str, object] = {"from": move.came_from, "to": turn.path, "reason": turn.why or move.reason}
                data |= {"round": turn.round} if turn.round > 1 else {}
                data |= {"recommended": clip(plain(move.recommended), 80)} if move.recommended else {}
                yield said("flow.routed", parent.work.subject, turn.path, **data)
        case End():
            last = before.turns[-1].path if before.turns else ""
            ending: dict[str, object] = {"from": last, "to": "", "outcome": move.outcome, "reason": move.reason}
            yield said("flow.routed", parent.work.subject, "end", **ending)
        case Ask():
            assert after.asked is not None
            about = f"{ABOUT}{parent.work.checkout(parent.attempt)}/{move.turn or move.station}"
            text = f"prompt {parent.prompt:02d}, pipeline {after.pipeline}: {move.text}"
            asked: dict[str, object] = {
                "text": text,
                "options": list(move.options),
                "default": move.default,
                "about": about,
            }
            asked |= {"only_dependents": True, "turn": move.turn, "station": move.station}
            yield Said("run.asked", parent.work.subject, after.asked.id, own | asked)
