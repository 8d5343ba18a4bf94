"""What an agent has used: read on from its session files, kept in `usage.json` of the attempt for whoever looks."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from coordinator.agents.jsonl_tail import Tail, read_json_file
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import TYPE_CHECKING, Any
from coordinator.model.clock import timestamp
from coordinator.safefiles.regular import replace_file

if TYPE_CHECKING:  # whoever only looks at a project pays for no runtime
    from coordinator.agents.runtime import Place, Runtime, Said, Usage

USAGE = "usage.json"
OUTPUT = "output.jsonl"
"""What a headless agent prints, in the attempt's directory."""
_LOOK_AGAIN = 5
"""Reads after which session files that came later, of subagents, are looked for."""


class Meter:
    """Follows the session files of one agent. Belongs to one thread."""

    def __init__(self, runtime: "Runtime", place: "Place") -> None:
        self._runtime = runtime
        self._place = place
        self._tails: dict[Path, Tail] = {}
        self._counts: dict[str, tuple[int, float | None]] = {}
        self._sum: Usage | None = None
        self._reads = 0
        self.said: tuple[float, Said] | None = None
        """What the session said last of its state, and when: Unix seconds."""

    @property
    def session(self) -> str:
        """The session that the files belong to, as far as they tell."""
        return next((known for path in self._tails if (known := self._runtime.session_of(path))), "")

    @property
    def usage(self) -> "Usage":
        from coordinator.agents.runtime import Usage

        costs = [cost for _, cost in self._counts.values() if cost is not None]
        told = self._runtime.told_cost(self._place)
        if told is None and self._sum is not None:
            told = self._sum.cost_usd
        cost = told if told is not None else sum(costs) if costs else None
        tokens = sum(tokens for tokens, _ in self._counts.values())
        # a sum may tell of a resumed session's past too: it counts where nothing else does
        return Usage(tokens or (self._sum.tokens if self._sum is not None else 0), cost)

    def read(self) -> None:
        """Take in what the session files have gained."""
        if not self._tails or self._reads % _LOOK_AGAIN == 0:
            for path in self._runtime.sessions(self._place):
                self._tails.setdefault(path, Tail(path))
        self._reads += 1
        for tail in self._tails.values():
            self.feed(tail.read(), _written(tail.path) if tail.path.name == OUTPUT else None)

    def feed(self, records: Iterable[Mapping[str, Any]], written: float | None = None) -> None:
        """Take in records; those from before the attempt began, of a session that goes on, don't count.

        `written`: when those were written that carry no time, in Unix seconds; None: nobody knows.
        """
        since = timestamp(self._place.since)
        for record in records:
            at = _moment(record.get("timestamp"))
            if at is not None and at < since:
                continue
            count = self._runtime.counted(record)
            if count is not None:
                known = self._counts.get(count.id)
                self._counts[count.id] = max(known or (0, None), (count.tokens, count.cost_usd), key=lambda c: c[0])
            self._sum = self._runtime.summed(record) or self._sum
            said, at = self._runtime.recorded(record), at or written
            if said is not None and at is not None:
                self.said = (at, _with_end(said, at, self.said))


def _with_end(said: "Said", at: float, before: "tuple[float, Said] | None") -> "Said":
    """A limit with the end that another line just before told of it."""
    from coordinator.agents.rate_limits import reset_time

    if before is None or reset_time(said, at) is not None or said.state is not before[1].state:
        return said
    end = reset_time(before[1], before[0])
    return said if end is None else replace(said, resets_at=end)


def _written(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _moment(value: object) -> float | None:
    """Unix seconds of a record's time: a text of ISO 8601, or a number of milliseconds."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e14:
        return value / 1000
    return (timestamp(value) or None) if isinstance(value, str) else None


def write_usage(directory: Path, usage: "Usage") -> None:
    """Keep what was used so far; a reader sees the old or the new."""
    values = {"tokens": usage.tokens or None, "cost_usd": usage.cost_usd}
    replace_file(directory / USAGE, json.dumps(values).encode())


def read_usage(directory: Path) -> tuple[int | None, float | None]:
    """Tokens and US dollars of an attempt; None where nobody told."""
    values = read_json_file(directory / USAGE)
    tokens, cost = values.get("tokens"), values.get("cost_usd")
    return (
        tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and 0 <= tokens < 1 << 62 else None,
        float(cost) if isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < 1e9 else None,
    )
