"""Where pipelines stood after any event, folded from the events up to it: routings, and the ends of turns. Pure."""

from collections.abc import Mapping

from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any
from coordinator.model.event import Event
from coordinator.model.pipeline import ABOUT, STAGED, STATIONS, Asked, Position, Station, Turn, TurnState
from coordinator.model.staged_phases import STAGES, place_of
from coordinator.model.work import turn_work, work_about

FAMILIES = ("stage", "flow")
_ENDS: Mapping[str, TurnState] = {
    "stage.ended": "done",
    "stage.failed": "failed",
    "stage.blocked": "blocked",
    "stage.pending": "interrupted",
    "stage.skipped": "skipped",
}


class PipelineFold:
    """By prompt, up to the last event that was fed. What its stations were called is known once they had a turn."""

    def __init__(self) -> None:
        self.positions: dict[int, Position] = {}
        self._attempts: dict[int, object] = {}

    def copy(self) -> "PipelineFold":
        made = PipelineFold()
        made.positions, made._attempts = dict(self.positions), dict(self._attempts)
        return made

    def feed(self, event: Event) -> None:
        """Take the next event; those of other kinds pass through without effect."""
        if event.kind == "flow.routed" and event.prompt is not None:
            self._routed(event, event.prompt)
        elif event.kind in _ENDS:
            self._ended(event, _ENDS[event.kind])
        elif event.kind == "run.asked" and event.prompt in self.positions:
            self._asked(event, event.prompt)

    def _routed(self, event: Event, number: int) -> None:
        data = event.data
        if self._attempts.get(number) != data.get("attempt") or number not in self.positions:
            self._attempts[number] = data.get("attempt")
            self.positions[number] = Position(_text(data, "pipeline"))
        there = replace(self.positions[number], asked=None, seq=event.seq)
        path, nth = _text(data, "to"), data.get("round")
        if not path:
            ended: Any = "failed" if data.get("outcome") == "failed" else "done"
            self.positions[number] = replace(there, ended=ended, reason=_text(data, "reason"))
            return
        turn = _turn(number, path)
        if turn is not None:
            round_ = nth if isinstance(nth, int) and nth > 1 else 1
            self._set(number, there, replace(turn, round=round_, why=_text(data, "reason"), at=event.ts))

    def _ended(self, event: Event, state: TurnState) -> None:
        work = work_about(event.subject)
        there = self.positions.get(work.number) if work is not None else None
        if work is None or there is None:
            return
        turn = there.turn(work.path) or _turn(work.number, work.path)
        if turn is not None:
            why = _text(event.data, "reason") or turn.why
            self._set(work.number, there, replace(turn, state=state, why=why, at=event.ts))

    def _asked(self, event: Event, number: int) -> None:
        if not _text(event.data, "about").startswith(ABOUT):
            return
        turn, station, text = (_text(event.data, key) for key in ("turn", "station", "text"))
        self.positions[number] = replace(self.positions[number], asked=Asked(event.id, turn, station, text))

    def _set(self, number: int, there: Position, turn: Turn) -> None:
        kind = STAGED if turn.path.partition("/")[0] in STAGES else STATIONS
        there = replace(there.with_turn(turn), kind=kind)
        if kind == STATIONS and there.station(turn.station) is None:
            there = replace(there, stations=(*there.stations, Station(turn.station, turn.station)))
        self.positions[number] = there


def _turn(number: int, path: str) -> Turn | None:
    """A turn of a path; None for what can't be one."""
    try:
        turn_work(number, path)
    except ValueError:
        return None
    place = place_of(path)
    if place is not None:
        return Turn(path, place.station)
    name, dot, count = path.rpartition(".")
    return Turn(path, name if dot and count.isdecimal() else path)


def _text(data: Mapping[str, object], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
