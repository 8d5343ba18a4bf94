"""Staged prompts of tests: positions, plans, and agents that always say the same."""

from collections.abc import Callable, Mapping
from typing import Any

from coordinator.lazy.dataclass import replace
from coordinator.model.pipeline import STAGED, Ask, Asked, End, Position, Start, Turn
from coordinator.model.staged import next_move
from coordinator.model.staged_config import merged
from coordinator.model.staged_phases import TASKS, WRITE_PLAN, place_of
from coordinator.model.staged_plan import Task

TASK = "Make the cache forget what nobody asked for"


def task(id_: str, *files: str, after: tuple[str, ...] = (), **more: Any) -> Task:
    return Task(id_, f"Task {id_}", files or (f"{id_}.py",), dependencies=after, **more)


PLAN = (task("T1"), task("T2"), task("T3", after=("T1",)), task("T4", "T2.py"))


def position(*layers: Mapping[str, Any], plan: tuple[Task, ...] = (), skipped: tuple[str, ...] = ()) -> Position:
    """The beginning. `plan`: brought by a human."""
    more: dict[str, object] = {"task": TASK, "config": merged(layers).values, "skipped": list(skipped)}
    if plan:
        more["tasks"] = [one.to_json() for one in plan]
    return Position("staged", STAGED, more=more)


def done(turn: Turn, plan: tuple[Task, ...] = PLAN, **report: Any) -> Turn:
    """A turn that was accepted; that of 1.2 with a plan."""
    place = place_of(turn.path)
    assert place is not None
    told = {"stageName": place.phase.stage, "status": "completed", "summary": f"did {turn.path}", **report}
    if place.phase is WRITE_PLAN:
        told["tasks"] = [one.to_json() for one in plan]
    return replace(turn, state="done", summary=str(told["summary"]), report=told)


Agents = Callable[[Turn, Position], Turn]


def taken(there: Position, move: Start) -> Position:
    """The position once a move is written into it."""
    more = there.more if move.more is None else move.more
    there = replace(there, asked=None, more=more)
    for turn in (*move.skipped, *move.turns):
        there = there.with_turn(turn)
    return there


def run(
    there: Position,
    agents: Agents = lambda turn, _: done(turn),
    answer: Callable[[Ask], str] = lambda ask: ask.default,
    most: int = 2_000,
) -> tuple[Position, End, list[str]]:
    """Take it to its end, a turn after the other: the position, the end, and the turns in the order of their ends."""
    ended: list[str] = []
    for _ in range(most):
        move = next_move(there)
        if isinstance(move, End):
            for turn in move.skipped:
                there = there.with_turn(turn)
            return there, move, ended
        if isinstance(move, Ask):
            asked = Asked("q", move.turn, move.station, move.text, move.options, answer(move))
            there = replace(there, asked=asked)
            continue
        if isinstance(move, Start):
            there = taken(there, move)
        if there.due:
            turn = agents(there.due[0], there)
            ended.append(turn.path)
            there = there.with_turn(turn)
        elif move is None:
            raise AssertionError("nobody works, and nothing comes next")
    raise AssertionError(f"no end after {most} looks: {ended[-20:]}")


def tasks_of(paths: list[str]) -> list[str]:
    """The ids of tasks among turns."""
    return [place.task for path in paths if (place := place_of(path)) is not None and place.phase is TASKS]
