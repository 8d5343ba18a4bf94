"""Who takes a turn of a pipeline, and how long it may take, whatever the pipeline's kind. Pure."""

from coordinator.lazy.typing import NamedTuple
from coordinator.model.pipeline import STAGED, Position, Station, Turn


class TurnFacts(NamedTuple):
    flow: str
    agent: str = ""
    """Its runtime; empty: as its flow says, else its prompt, else the settings."""
    model: str = ""
    timeout: float | None = None
    """Seconds; None: as for any agent."""
    files: tuple[str, ...] = ()
    """Of a task: what is its own; empty for all others, whose flow says what they may change."""
    beside: tuple[str, ...] = ()
    """Files that tasks beside it may change meanwhile."""


def facts_of(position: Position, turn: Turn) -> TurnFacts:
    """What a turn is given, as the position was frozen."""
    if position.kind == STAGED:
        from coordinator.model.staged_turns import Staged

        spec = Staged(position).spec(turn.path)
        return TurnFacts(spec.flow, spec.who.agent, spec.who.model, spec.who.timeout, spec.files, spec.beside)
    station = position.station(turn.station) or Station(turn.station, turn.station)
    return TurnFacts(station.flow, station.agent, station.model, station.timeout)
