"""What the attempt of a prompt comes to when its pipeline is through: what its stations handed off, as one hand-off."""

from collections.abc import Iterator, Sequence

from coordinator.agents.runtime import Usage
from coordinator.agents.usage import read_usage, write_usage
from coordinator.apply.handoff_files import handed_off, sealed
from coordinator.apply.steps import event_id
from coordinator.changes.diff import change_of
from coordinator.failpoint import failpoint
from coordinator.loop.completion import clear_up, settle_sealed
from coordinator.loop.context import Context
from coordinator.loop.station_work import make_good
from coordinator.model.clock import utc_now
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.model.handoff import HAND_OFF, said_by
from coordinator.model.pipeline import Position, Turn
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, Receipt, StepState
from coordinator.model.usage import Spent, total
from coordinator.model.work import turn_work
from coordinator.storage.stage_attempts import turns_on_disk

_MOST_FILES = 500
"""Files of a change that its receipt names."""
_MOST_SAID = 100
"""Decisions, limitations, … of all stations that the receipt repeats; the rest is in theirs."""


def end_parent(context: Context, snapshot: Snapshot, parent: Attempt, position: Position) -> None:
    """Record what the attempt came to, and clear up behind it."""
    _sum_usage(context, parent)
    if position.ended == "failed":
        context.look()
        clear_up(context, context.advance(parent, StepState.FAILED, reason=position.reason))
        return
    make_good(context, parent, position)
    _hand_off(context, parent, position)
    failpoint("pipeline-handed-off")
    settle_sealed(context, snapshot, sealed(context.log, parent))


def _hand_off(context: Context, parent: Attempt, position: Position) -> None:
    """Put the hand-off of the whole on the log, in the name of the attempt's agent; once."""
    id_ = event_id(parent, f"{HAND_OFF}/pipeline")
    if context.log.get(id_) is not None:
        return
    over = [turn for turn in position.turns if turn.state == "done"]
    works = [(turn, turn_work(parent.prompt, turn.path)) for turn in over]
    found = [(turn, context.find(work, parent.attempt)) for turn, work in works]
    given = [(turn, handed_off(context.log, attempt)) for turn, attempt in found if attempt is not None]
    receipts = [(turn, receipts[-1]) for turn, receipts in given if receipts]
    change, anchor = change_of(context.layout, parent), context.log.anchor()
    files = [file.path for file in change.files]
    more = (f"and {len(files) - _MOST_FILES} more",) if len(files) > _MOST_FILES else ()
    told = Receipt(
        "done",
        _summary(position, receipts),
        parent.agent,
        utc_now(),
        commits=tuple(commit.sha for commit in change.commits),
        files=(*files[:_MOST_FILES], *more),
        validation=_all(receipts, "validation"),
        limitations=(*_unsealed(position), *_all(receipts, "limitations")),
        decisions=_all(receipts, "decisions"),
        learnings=_all(receipts, "learnings"),
        answers=_all(receipts, "answers"),
        left=receipts[-1][1].left if receipts else (),
        checks=_all(receipts, "checks"),
        no_change=not change.commits,
        log_seq=anchor[0],
        log_hash=anchor[1],
    )
    actor = Actor(ActorKind.AGENT, parent.agent, parent.role)
    draft = Draft(HAND_OFF, parent.work.subject, said_by(told, parent.attempt), id_)
    context.log.append([draft], actor, parent.run)


def _summary(position: Position, receipts: Sequence[tuple[Turn, Receipt]]) -> str:
    """What the last station said, then a line for each turn before it."""
    if not receipts:
        return f"the pipeline {position.pipeline} is through: {position.reason}"
    *before, last = [(turn, str(turn.report.get("summary") or receipt.summary)) for turn, receipt in receipts]
    lines = [f"- {turn.path}: {' '.join(summary.split())}" for turn, summary in before]
    return "\n\n".join([last[1], "\n".join(lines)] if lines else [last[1]])


def _unsealed(position: Position) -> Iterator[str]:
    """What a human let go on although its receipt says more than is so."""
    for station in position.stations:
        turns = [turn for turn in position.turns_at(station.name) if turn.state == "done"]
        if turns and turns[-1].unsealed:
            yield f"Not sealed by {station.name}, and let go on: {turns[-1].unsealed}"


def _all(receipts: Sequence[tuple[Turn, Receipt]], name: str) -> tuple[str, ...]:
    """What all stations said under a heading, each once, in the order of their turns."""

    def said() -> Iterator[str]:
        for _, receipt in receipts:
            yield from getattr(receipt, name)

    return tuple(dict.fromkeys(said()))[:_MOST_SAID]


def _sum_usage(context: Context, parent: Attempt) -> None:
    """Keep with the attempt what its turns used: nobody has to read them again."""
    used = total(Spent(*read_usage(context.directory(turn))) for turn in turns_on_disk(context.layout, parent))
    if used.tokens is not None or used.cost_usd is not None:
        write_usage(context.directory(parent), Usage(used.tokens or 0, used.cost_usd))
