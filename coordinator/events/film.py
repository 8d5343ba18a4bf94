"""The log as a film: the project right after any event, found fast wherever one jumps to."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace

from coordinator.errors import UsageError
from coordinator.events.filters import Filter
from coordinator.events.store import EventLog
from coordinator.model.description import KIND, described, with_values
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.replay import KINDS, Replay

_PAGE = 1000
_SPACING = 1000
"""Events between two states that are kept, while there are few of them."""
_MOST_KEPT = 64
"""States that are kept; beyond that every other one is dropped, and the next ones stand twice as far apart."""


class Film:
    """Reads a log forwards as far as it was asked for, and keeps states on the way. Belongs to one thread."""

    def __init__(self, log: EventLog, start: Replay, *, spacing: int = _SPACING) -> None:
        """`start`: the state before the first event. `spacing`: events between two states that are kept, at first."""
        self._log = log
        self._kept: list[Replay] = [start]
        self._spacing = spacing

    def at(self, seq: int) -> Replay:
        """The state right after event `seq`. UsageError when the log does not go that far."""
        head = self._log.head()
        if not 0 <= seq <= head:
            raise UsageError(f"there is no event {seq}", f"the log goes to {head}")
        place = bisect_right(self._kept, seq, key=lambda state: state.seq) - 1
        state = self._kept[place].copy()
        where, fed = Filter(kinds=KINDS, as_of=seq), 0
        while events := self._log.since(state.seq, min(_PAGE, self._spacing), where):
            state.feed(events)
            fed += len(events)
            if place == len(self._kept) - 1 and fed >= self._spacing:
                self._keep(state.copy())
                place, fed = len(self._kept) - 1, 0
        event = self._log.get(seq)
        if event is not None:
            state.seq, state.ts = event.seq, event.ts
        return state

    def _keep(self, state: Replay) -> None:
        self._kept.append(state)
        if len(self._kept) > _MOST_KEPT:
            del self._kept[1::2]
            self._spacing *= 2


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
