"""What the agent of a turn is told, as it is by now."""

from coordinator.agents.brief import Told
from coordinator.errors import CoordError
from coordinator.model.pipeline import STAGED
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.model.turn_facts import facts_of
from coordinator.model.work import turn_work
from coordinator.observe.project import Project
from coordinator.observe.station_told import station_brief
from coordinator.observe.told import About, gather, told
from coordinator.storage.files import read_limited

_PROMPT = "prompt.txt"
_LIMIT = 8 << 20


def turn_told(project: Project, snapshot: Snapshot, number: int, path: str) -> tuple[Attempt, tuple[Told, ...]] | None:
    """A turn, and what its agent is told, part by part; None for what is no turn that is known.

    One of a staged prompt is told what it was told at its start, and nothing else.
    """
    position = snapshot.pipelines.get(number)
    turn = position.turn(path) if position is not None else None
    attempt = snapshot.attempt_of(turn_work(number, path)) if turn is not None else None
    if position is None or turn is None or attempt is None:
        return None
    directory = project.layout.attempt(attempt.run, attempt.work, attempt.attempt)
    if position.kind == STAGED:
        try:
            text = read_limited(directory / _PROMPT, _LIMIT).decode("utf-8", "replace")
        except (OSError, CoordError):
            text = ""
        return attempt, (Told("context", text),)
    station, flow = station_brief(directory, position, turn), facts_of(position, turn).flow
    about = About(snapshot.prompts[number], attempt.role, attempt, flow=flow, station=station)
    with project.log() as log:
        return attempt, told(gather(project.layout, log, snapshot, about))
