"""Where pipelines stand, for the loop that moves them: what an agent writes in their place is put back.

While a loop lives it knows what it wrote last. The next one goes by the log, which has the digest of each position that
it was told of, and by a copy of that beside it.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeGuard

from coordinator.apply.steps import event_id
from coordinator.errors import CoordError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.formats.pipeline_state import state_text
from coordinator.lazy.dataclass import replace
from coordinator.model.event import Event
from coordinator.model.pipeline import Position, Said
from coordinator.model.step import Attempt
from coordinator.model.work import prompt_work
from coordinator.storage.files import sha256
from coordinator.storage.paths import Layout
from coordinator.storage.pipeline_state import TOLD, load_state, write_state

_NOTED = "stage.noted"
_KEY = "position"
"""Of an event's data: the digest of the position that it tells of."""
_KINDS = ("flow.routed", "stage.skipped", "run.asked", _NOTED)
_MOST = 50
"""Events about one prompt that are looked through for the last one that tells of a position."""


class Positions:
    """Those of the attempts that are under way, by their directories. Belongs to one loop."""

    def __init__(self, layout: Layout, log: EventLog) -> None:
        self._layout = layout
        self._log = log
        self._known: dict[str, Position] = {}

    def of(self, parent: Attempt) -> Position | None:
        """Where the pipeline of an attempt, or of one of its turns, stands; None before it began."""
        directory = self._directory(parent)
        known = self._known.get(str(directory))
        if known is not None:
            return known
        position, kept, found = load_state(directory), load_state(directory, TOLD), self._last_told(parent)
        if found is not None and not _is_of(position, found):
            if not _is_of(kept, found):
                broken = position.broken if position is not None else ""
                return replace(Position(""), broken=broken or "it is not what coord wrote there")
            position = kept  # what a killed loop did not get to tell, it did not get to do either
            self.write(parent, kept)
        elif found is not None and position is not None and kept != position:
            self.keep(parent, position)
        if position is not None and not position.broken:
            self._known[str(directory)] = position
        return position

    def write(self, parent: Attempt, position: Position) -> None:
        """Write where it stands from now on. CoordError, OSError."""
        directory = self._directory(parent)
        write_state(directory, position)
        self._known[str(directory)] = position

    def keep(self, parent: Attempt, position: Position) -> None:
        """Keep a copy of what the log was told of; what prevents that is no harm while the position itself is there."""
        with suppress(CoordError, OSError):
            write_state(self._directory(parent), position, TOLD)

    def put_back(self, parent: Attempt, seen: Position | None) -> bool:
        """Write again what somebody changed or took away; `seen`: what stands there. True when something was."""
        directory = self._directory(parent)
        known = self._known.get(str(directory))
        if known is None or (seen == known and not seen.broken) or load_state(directory) == known:
            return False
        with suppress(CoordError, OSError):
            write_state(directory, known)
            return True
        return False

    def _directory(self, attempt: Attempt) -> Path:
        return self._layout.attempt(attempt.run, prompt_work(attempt.prompt), attempt.attempt)

    def _last_told(self, parent: Attempt) -> Event | None:
        """The newest event that tells of a position of this attempt."""
        for event in reversed(self._log.tail(_MOST, Filter(kinds=_KINDS, subject=prompt_work(parent.prompt).subject))):
            if (event.run, event.data.get("attempt")) == (parent.run, parent.attempt) and _KEY in event.data:
                return event
        return None


def with_digest(parent: Attempt, position: Position, said: Iterator[Said]) -> Position:
    """The position with what the log is told of it, the last of which has its digest."""
    told = [*said]
    if not told or told[-1].subject != parent.work.subject:
        id_ = event_id(parent, f"{_NOTED}/{position.seq}")
        told.append(Said(_NOTED, parent.work.subject, id_, {"attempt": parent.attempt}))
    last = told.pop()
    return replace(position, said=(*told, replace(last, data={**last.data, _KEY: _digest(position)})))


def _digest(position: Position) -> str:
    return sha256(state_text(replace(position, said=())).encode())


def _is_of(position: Position | None, event: Event) -> TypeGuard[Position]:
    """It is the position that the event tells of."""
    if position is None or position.broken or not position.said or position.said[-1].id != event.id:
        return False
    return _digest(position) == event.data[_KEY]
