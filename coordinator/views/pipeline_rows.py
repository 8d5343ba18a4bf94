"""The small tree below a prompt with a pipeline: a row a station, or a stage with what goes on in it. Pure."""

from collections.abc import Iterator, Mapping

from coordinator.lazy.typing import NamedTuple
from coordinator.model.clock import timestamp
from coordinator.model.pipeline import STAGED, Position, Turn
from coordinator.model.snapshot import Agent, Snapshot
from coordinator.model.staged_phases import STAGES
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import age, clip, plain
from coordinator.model.work import turn_work
from coordinator.views.prompt_row import Tone

_MOST = 12
"""Rows below one prompt."""
_REASON = 48
"""Columns of what somebody else wrote."""
_TONES = {
    "done": Tone.DONE,
    "failed": Tone.FAILED,
    "blocked": Tone.FAILED,
    "interrupted": Tone.WAITING,
    "skipped": Tone.CANCELLED,
}


class TurnRow(NamedTuple):
    """A row of the tree; all of it is safe to print."""

    name: str
    """`code-critic`, `IMPLEMENT`, `2.1/T3`."""
    tone: Tone
    fact: str = ""
    depth: int = 0
    """1: below the row before it of depth 0."""
    turn: str = ""
    """The path of the turn that it tells of; empty: none was begun."""


def turn_rows(snapshot: Snapshot, number: int, now: float) -> tuple[TurnRow, ...]:
    """The tree below a prompt; empty where its pipeline has not begun, or is through. `now` in Unix seconds."""
    position, step = snapshot.pipelines.get(number), snapshot.steps.get(number)
    if position is None or step is None or step.state in (StepState.MERGED, StepState.SKIPPED, StepState.PENDING):
        return ()
    if position.broken:
        return (TurnRow("its position can't be read", Tone.BLOCKED, clip(plain(position.broken), _REASON)),)
    told = _Told(snapshot, number, position, now)
    rows = told.stages() if position.kind == STAGED else told.stations()
    return tuple(rows)[:_MOST]


def current_row(rows: tuple[TurnRow, ...]) -> TurnRow | None:
    """The row that matters most where there is room for one: who needs a human, who works, who was last."""
    for tone in (Tone.ATTENTION, Tone.FAILED, Tone.RUNNING):
        found = next((row for row in reversed(rows) if row.tone is tone), None)
        if found is not None:
            return found._replace(depth=0)
    return next((row for row in reversed(rows) if row.turn), None)


class _Told:
    """The rows of one prompt."""

    def __init__(self, snapshot: Snapshot, number: int, position: Position, now: float) -> None:
        self.position = position
        self.attempts: Mapping[str, Attempt] = {
            turn.path: attempt
            for turn in position.turns
            if (attempt := snapshot.stages.get(turn_work(number, turn.path))) is not None
        }
        self.agents: Mapping[str, Agent] = {
            one.stage: one for one in snapshot.agents if one.prompt == number and one.stage
        }
        self.now = now

    def stations(self) -> Iterator[TurnRow]:
        for station in self.position.stations:
            turns = self.position.turns_at(station.name)
            if not station.enabled and not turns:
                yield TurnRow(plain(station.name), Tone.CANCELLED, "off")
                continue
            last = turns[-1] if turns else None
            row = self._row(plain(station.name), last, station.name)
            rounds = f"{len(turns)} turns" if len(turns) > 1 else ""
            yield row._replace(fact=", ".join(filter(None, (rounds, row.fact))))

    def stages(self) -> Iterator[TurnRow]:
        reached = max((STAGES.index(s) for turn in self.position.turns if (s := _stage(turn)) in STAGES), default=-1)
        for place, stage in enumerate(STAGES):
            turns = [turn for turn in self.position.turns if _stage(turn) == stage]
            due = [turn for turn in turns if turn.state == "due"]
            asked = self.position.asked
            if asked is not None and not asked.answer and asked.station.split("/")[0] == stage:
                yield TurnRow(stage, Tone.ATTENTION, "asks you", turn=asked.turn)
            elif due:
                yield TurnRow(stage, Tone.RUNNING, _summary(turns), turn=due[-1].path)
            elif not turns:
                yield TurnRow(stage, Tone.CANCELLED if place < reached else Tone.WAITING)
            elif all(turn.state == "skipped" for turn in turns):
                yield TurnRow(stage, Tone.CANCELLED, "off", turn=turns[-1].path)
            elif place < reached or self.position.ended == "done":
                yield TurnRow(stage, Tone.DONE, _summary(turns), turn=turns[-1].path)
            else:
                yield self._row(stage, turns[-1], stage)
            for turn in due[:6]:
                yield self._row(plain(turn.path.partition("/")[2] or turn.path), turn, "")._replace(depth=1)

    def _row(self, name: str, turn: Turn | None, station: str) -> TurnRow:
        asked = self.position.asked
        if asked is not None and not asked.answer and asked.station == station:
            return TurnRow(name, Tone.ATTENTION, "asks you", turn=turn.path if turn else "")
        if turn is None:
            return TurnRow(name, Tone.WAITING)
        if turn.state == "due":
            return self._live(name, turn)
        fact = ""
        if turn.state in ("failed", "blocked", "interrupted"):
            fact = clip(plain(turn.why), _REASON) or turn.state
        elif turn.state == "skipped":
            fact = "skipped"
        elif turn.pending:
            fact = f"{turn.pending} open" + ("" if turn.helps else ", no further round helps")
        return TurnRow(name, _TONES[turn.state], fact, turn=turn.path)

    def _live(self, name: str, turn: Turn) -> TurnRow:
        agent, attempt = self.agents.get(turn.path), self.attempts.get(turn.path)
        if agent is not None and (agent.state.needs_human or agent.stuck):
            return TurnRow(name, Tone.ATTENTION, "stuck" if agent.stuck else agent.state.words, turn=turn.path)
        began = timestamp(attempt.started) if attempt is not None else 0.0
        return TurnRow(name, Tone.RUNNING, age(self.now - began) if began else "begins", turn=turn.path)


def _stage(turn: Turn) -> str:
    return turn.path.partition("/")[0]


def _summary(turns: list[Turn]) -> str:
    done = sum(turn.state == "done" for turn in turns)
    return f"{done} of {len(turns)} done" if len(turns) > 1 else ""
