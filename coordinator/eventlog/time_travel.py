"""The log as a film: the project right after any event, found fast wherever one jumps to."""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping

from coordinator.errors import UsageError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.prompt_rows import KIND, described, with_values
from coordinator.model.replay import KINDS, Replay

_PAGE = 1000
_SPACING = 1000
"""Events between two states that are kept, while there are few of them."""
_MOST_KEPT = 64
"""States that are kept; beyond that every other one is dropped, and the next ones stand twice as far apart."""
_STRIDE = 500
"""Events between two states that are kept around the place that was asked for last."""
_MOST_NEAR = 80
"""States that are kept there: they reach from any state that is kept to the next one, in logs of millions."""

OnTheWay = Callable[[int], None]
"""Told how far a film has been read; may raise, and the film goes on from there the next time."""


class Film:
    """Reads a log forwards as far as it was asked for, and keeps states on the way. Belongs to one thread."""

    def __init__(self, log: EventLog, start: Replay, *, spacing: int = _SPACING) -> None:
        """`start`: the state before the first event. `spacing`: events between two states that are kept, at first."""
        self._log = log
        self._kept: list[Replay] = [start]
        self._near: list[Replay] = []
        """States around the place that was asked for last: going back by one event reads few others."""
        self._spacing = spacing

    def head(self) -> int:
        """Number of the newest event; 0 for an empty log."""
        return self._log.head()

    def at(self, seq: int, on_the_way: OnTheWay = lambda _: None) -> Replay:
        """The state right after event `seq`. UsageError when the log does not go that far."""
        head = self._log.head()
        if not 0 <= seq <= head:
            raise UsageError(f"there is no event {seq}", f"the log goes to {head}")
        state = self._nearest(seq).copy()
        where, page = Filter(kinds=KINDS, as_of=seq), min(_STRIDE, self._spacing)
        while events := self._log.since(state.seq, page, where):
            state.feed(events)
            self._note(state)
            on_the_way(state.seq)
        event = self._log.get(seq)
        if event is not None:
            state.seq, state.ts = event.seq, event.ts
        return state

    def _nearest(self, seq: int) -> Replay:
        """The last state at or before an event that is kept; those near another place are dropped."""
        kept, near = _before(self._kept, seq), _before(self._near, seq)
        if near is not None and (kept is None or near.seq >= kept.seq):
            return near
        self._near.clear()
        return kept or self._kept[0]

    def _note(self, state: Replay) -> None:
        if state.seq >= self._kept[-1].seq + self._spacing:
            self._kept.append(state.copy())
            if len(self._kept) > _MOST_KEPT:
                del self._kept[1::2]
                self._spacing *= 2
        insort(self._near, state.copy(), key=_seq)
        del self._near[:-_MOST_NEAR]


def _seq(state: Replay) -> int:
    return state.seq


def _before(states: list[Replay], seq: int) -> Replay | None:
    """The last of the states at or before an event."""
    place = bisect_right(states, seq, key=_seq)
    return states[place - 1] if place else None


def earliest_prompts(log: EventLog, present: Iterable[Prompt]) -> list[Prompt]:
    """Prompts that were there before the log tells of any: those that the loop found when it began to describe them,
    and those of today that nothing ever described."""
    where = Filter(kinds=("prompt.created", "prompt.edited", KIND))
    told: set[int] = set()
    first: dict[int, Prompt] = {}
    was: dict[int, dict[str, object]] = {}
    seq = 0
    while events := log.since(seq, _PAGE, where):
        seq = events[-1].seq
        for event in events:
            if event.prompt is not None and event.kind == "prompt.created":
                told.add(event.prompt)
            elif event.prompt is not None and event.prompt not in told:
                values = event.data.get("was")
                known = was.setdefault(event.prompt, {})
                known.update({k: v for k, v in values.items() if k not in known} if isinstance(values, dict) else {})
            rows = event.data.get("prompts")
            for row in rows if isinstance(rows, list) else ():
                prompt = described(row)
                if prompt is not None and prompt.number not in told:
                    told.add(prompt.number)
                    if event.data.get("first") is True:
                        first[prompt.number] = prompt
    rest = (prompt for prompt in present if prompt.number not in told)
    return [*first.values(), *(_as_it_was(prompt, was.get(prompt.number, {})) for prompt in rest)]


def _as_it_was(prompt: Prompt, values: Mapping[str, object]) -> Prompt:
    """A prompt of today before its first edit that the log tells of."""
    status = values.get("status")
    ended = PromptStatus(status) if isinstance(status, str) and status in list(PromptStatus) else prompt.status
    return with_values(replace(prompt, status=ended), values)
