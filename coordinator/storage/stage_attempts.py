"""The turns of pipelines: attempts of their own below that of their prompt, `prompts/07/attempt-1/stages/…`."""

import os
import time
from collections.abc import Iterator, Mapping

from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.pipeline import Position
from coordinator.model.problem import Problem
from coordinator.model.step import Attempt, Receipt, StepState
from coordinator.model.text import plain
from coordinator.model.work import WorkId, turn_work, work_at
from coordinator.storage.attempts import Given, Stamp, load_attempt, stamp_of
from coordinator.storage.files import is_settled
from coordinator.storage.paths import Layout
from coordinator.storage.pipeline_state import STATE, load_state

_STAGES = "stages"


class _Turn(NamedTuple):
    stamp: Stamp | None
    """None: to be read again at the next look."""
    attempt: Attempt | None
    problems: tuple[Problem, ...]
    handed: tuple[Receipt, ...]


class _Piped(NamedTuple):
    """What is known of one prompt's pipeline."""

    parent: Attempt
    stamp: Stamp | None
    position: Position | None
    turns: dict[WorkId, _Turn]


class StageReader:
    """Reads the turns of prompts with a pipeline, and keeps what it read. Not thread-safe."""

    def __init__(self, layout: Layout, given: Given) -> None:
        self.problems: tuple[Problem, ...] = ()
        """What couldn't be read at the last look."""
        self.last: Mapping[WorkId, Attempt] = {}
        """The turns of each prompt's last attempt; the very same object while nothing is new."""
        self.positions: Mapping[int, Position] = {}
        """By prompt; the very same object while nothing is new."""
        self._layout = layout
        self._given = given
        self._known: dict[int, _Piped] = {}

    def refresh(self, attempts: Mapping[int, Attempt], *, everything: bool = False) -> None:
        """Look at the turns that may be others by now; `attempts` are the last ones of all prompts."""
        wanted = {number: attempt for number, attempt in attempts.items() if attempt.pipeline and _matters(attempt)}
        news = self._known.keys() != wanted.keys()
        for number in self._known.keys() - wanted.keys():
            del self._known[number]
        for number, attempt in wanted.items():
            news = self._take(number, attempt, everything=everything) or news
        if news:
            self._sum()

    def _take(self, number: int, parent: Attempt, *, everything: bool) -> bool:
        """Read what is new of one prompt's pipeline; True when anything is."""
        before = self._known.get(number)
        if before is not None and (before.parent.run, before.parent.attempt) != (parent.run, parent.attempt):
            before = None
        directory = f"{self._layout.runs}/{parent.run}/{parent.work.directory(parent.attempt)}"
        start = time.time_ns()
        stamp = stamp_of(f"{directory}/{STATE}")
        kept: Stamp | None = stamp
        if before is not None and not everything and stamp is not None and before.stamp == stamp:
            position = before.position
        else:
            position = load_state(directory)
            kept = stamp if stamp is not None and is_settled(stamp[0], start) else None
            if before is not None and before.position == position and (position is None or not position.broken):
                position = before.position
        turns: dict[WorkId, _Turn] = {}
        for turn in position.turns if position is not None else ():
            work, known = turn_work(number, turn.path), None
            if before is not None:
                known = before.turns.get(work)
            turns[work] = self._turn(parent, work, directory, known, everything=everything)
        self._known[number] = _Piped(parent, kept, position, turns)
        if before is None or position is not before.position or before.turns.keys() != turns.keys():
            return True
        return any(turn is not before.turns[work] for work, turn in turns.items())

    def _turn(self, parent: Attempt, work: WorkId, directory: str, known: _Turn | None, *, everything: bool) -> _Turn:
        """A turn as it is now; the very same entry while nothing is new."""
        if known is not None and not everything and _is_over(known):
            return known
        where = f"{directory}/{_STAGES}/{work.path}"
        stamp = stamp_of(where)
        handed = self._given.given(parent.run, work, parent.attempt)
        if known is not None and stamp is not None and known.stamp == stamp and known.handed is handed:
            return known
        start = time.time_ns()
        attempt, problems = load_attempt(self._layout, parent.run, work, parent.attempt)
        if attempt is not None:
            own = self._given.given(parent.run, work, parent.attempt, attempt.agent)
            attempt = replace(attempt, receipt=own[-1]) if own else attempt
        starting = attempt is not None and attempt.state.live and attempt.exit is None and not attempt.pid
        kept = stamp if stamp is not None and is_settled(stamp[0], start) and not starting else None
        if known is not None and (attempt, problems) == (known.attempt, known.problems):
            if (kept, handed) == (known.stamp, known.handed):
                return known
            attempt = known.attempt
        return _Turn(kept, attempt, problems, handed)

    def _sum(self) -> None:
        last = {
            work: turn.attempt
            for piped in self._known.values()
            for work, turn in piped.turns.items()
            if turn.attempt is not None
        }
        if last.keys() != self.last.keys() or any(attempt is not self.last[work] for work, attempt in last.items()):
            self.last = last
        positions = {number: piped.position for number, piped in self._known.items() if piped.position is not None}
        if positions.keys() != self.positions.keys() or any(p is not self.positions[n] for n, p in positions.items()):
            self.positions = positions
        self.problems = tuple(sorted(self._problems()))

    def _problems(self) -> Iterator[Problem]:
        for number, piped in self._known.items():
            for turn in piped.turns.values():
                yield from turn.problems
            if piped.position is not None and piped.position.broken:
                where = f"{piped.parent.directory}/{STATE}"
                message = f"where its pipeline stands can't be read: {plain(piped.position.broken)}"
                remedy = f"bring the file back as it was, or let it begin anew: coord restart {number}"
                yield Problem(plain(where), 0, "bad-record", message, remedy, (number,))


def turns_on_disk(layout: Layout, parent: Attempt) -> tuple[Attempt, ...]:
    """Every turn that was claimed for a prompt's attempt, whatever its position says; by their folders."""
    root = layout.run(parent.run)
    found = []
    for folder in _folders(str(layout.attempt(parent.run, parent.work, parent.attempt) / _STAGES), 3):
        place = work_at(os.path.relpath(folder, root))
        if place is not None and os.path.lexists(f"{folder}/step.json"):
            attempt, _ = load_attempt(layout, parent.run, *place)
            found += [attempt] if attempt is not None else []
    return tuple(sorted(found, key=lambda attempt: attempt.work))


def _folders(top: str, depth: int) -> Iterator[str]:
    try:
        entries = [entry for entry in os.scandir(top) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for entry in entries:
        yield entry.path
        if depth > 1:
            yield from _folders(entry.path, depth - 1)


def _matters(attempt: Attempt) -> bool:
    """Something may still become of it, or is left of it: most prompts of a long run are merged and cleared up."""
    return attempt.state is not StepState.MERGED or attempt.untidy


def _is_over(turn: _Turn) -> bool:
    """Nothing becomes of it any more, and it was read when that was so: only a look at everything looks again."""
    attempt = turn.attempt
    return attempt is not None and not attempt.state.live and turn.stamp is not None and not attempt.untidy
