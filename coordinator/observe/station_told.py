"""Gathers what the agent of a station is told of its pipeline: from the position, and from the files of its turn."""

from pathlib import Path

from coordinator.agents.brief import Beside, Handed, StationBrief
from coordinator.errors import CoordError
from coordinator.formats.worklist import read as read_worklist
from coordinator.model.contract import WORKLIST
from coordinator.model.pipeline import Position, Turn
from coordinator.model.problem import Problem
from coordinator.model.text import amount
from coordinator.model.worklist import WorkItem
from coordinator.storage.reading import read_limited
from coordinator.storage.turn_files import IN, LIMIT, OUT, read_contract

_STATES = {"due": "at work", "done": "done", "failed": "failed", "blocked": "blocked", "interrupted": "interrupted"}


def station_brief(directory: Path, position: Position, turn: Turn) -> StationBrief:
    """Where a turn stands. `directory`: its own, with its contract and what it is given. Raises CoordError."""
    contract = read_contract(directory).contract
    by = {one.name: one.station for one in position.published}
    given, lacking, items = [], [], list[WorkItem]()
    for name in dict.fromkeys(one.file for one in contract.inputs):
        place = directory / IN / name
        try:
            data = read_limited(place, LIMIT)
        except (OSError, CoordError):
            lacking.append(name)
            continue
        given.append(Handed(name, data.decode("utf-8", "replace"), by.get(name, "an earlier station"), str(place)))
        if name.endswith(WORKLIST):
            worklist = read_worklist(data, name)
            items += () if isinstance(worklist, Problem) else worklist.routed_to(turn.station)
    return StationBrief(
        position.pipeline,
        turn.station,
        turn.path,
        turn.round,
        turn.why,
        tuple(given),
        tuple(lacking),
        tuple(_beside(position, station.name, turn) for station in position.stations if station.enabled),
        tuple(by.items()),
        tuple(items),
        contract.outputs,
        str(directory / OUT),
        contract.writes,
    )


def _beside(position: Position, name: str, own: Turn) -> Beside:
    """How far a station is: of the turn's own what was before it."""
    made = [turn for turn in position.turns_at(name) if turn.path != own.path]
    if not made:
        return Beside(name, "at work" if name == own.station else "pending")
    last = made[-1]
    times = f", {amount(len(made), 'turn')} so far" if len(made) > 1 else ""
    state = "skipped" if last.state == "skipped" else _STATES[last.state]
    return Beside(name, f"{'at work, before that ' if name == own.station else ''}{state}{times}", last.summary)
