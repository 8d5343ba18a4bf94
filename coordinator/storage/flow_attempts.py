"""The attempts of flows: the agents that plan and look at a run's iterations, `runs/RUN/FLOW/attempt-K`.

K goes on over iterations and runs, so that no two agents of a project have the same name.
"""

import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.problem import Problem
from coordinator.model.step import Attempt, Receipt, StepState
from coordinator.model.work import WorkId, is_flow_name
from coordinator.storage.attempts import Given, Stamp, flow_attempts, read_flow_attempt, run_ids, stamp_of
from coordinator.storage.files import is_settled
from coordinator.storage.paths import Layout


class _Entry(NamedTuple):
    stamp: Stamp | None
    """None: to be read again at the next look."""
    attempt: Attempt | None
    problems: tuple[Problem, ...]
    handed: tuple[Receipt, ...]


class FlowReader:
    """Reads the attempts of a run's flows, and keeps what it read. Not thread-safe."""

    def __init__(self, layout: Layout, given: Given) -> None:
        self.problems: tuple[Problem, ...] = ()
        """What couldn't be read at the last look."""
        self.last: Mapping[WorkId, Attempt] = {}
        """The last attempt at each flow of each iteration; the very same object while nothing is new."""
        self.all: Mapping[tuple[str, int], Attempt] = {}
        """Every attempt of the run, by flow and number."""
        self.counts: Mapping[str, int] = {}
        """By flow: the highest attempt of any run that was claimed."""
        self._layout = layout
        self._given = given
        self._runs = str(layout.runs)
        self._run: str | None = None
        self._elsewhere: dict[str, int] = {}
        self._entries: dict[tuple[str, int], _Entry] = {}

    def refresh(self, run: str | None, changed: Collection[Path] | None = None) -> Mapping[WorkId, Attempt]:
        """Look again at what changed, or at everything for None. Returns `last`."""
        if run != self._run:
            self._run, self._entries = run, {}
            changed = None
        if changed is None:
            self._count_elsewhere()
        if changed is None or any(map(self._concerns, changed)):
            changed = None if self._find() else changed
        news = [self._take(key) for key, entry in self._entries.items() if changed is None or not _is_over(entry)]
        if any(news) or changed is None:
            self._sum()
        return self.last

    def _concerns(self, path: Path) -> bool:
        text = str(path)
        if self._runs.startswith(text):
            return True
        parts = text[len(self._runs) + 1 :].split(os.sep) if text.startswith(self._runs + os.sep) else []
        return bool(parts) and (len(parts) < 2 or is_flow_name(parts[1]))

    def _find(self) -> bool:
        """Look which attempts there are; True when others are known by now."""
        here = set(flow_attempts(f"{self._runs}/{self._run}")) if self._run else set()
        others = here != self._entries.keys()
        for key in self._entries.keys() - here:
            del self._entries[key]
        for key in sorted(here - self._entries.keys()):
            self._entries[key] = _Entry(None, None, (), ())
        return others

    def _count_elsewhere(self) -> None:
        """The highest attempts in other runs; one that was never claimed is free."""
        self._elsewhere = {}
        for run in run_ids(self._layout):
            for flow, count in flow_attempts(f"{self._runs}/{run}") if run != self._run else ():
                if os.path.exists(f"{self._runs}/{run}/{flow}/attempt-{count}/step.json"):
                    self._elsewhere[flow] = max(count, self._elsewhere.get(flow, 0))

    def _take(self, key: tuple[str, int]) -> bool:
        """Read an attempt unless it is known; True when it is news."""
        before, (flow, count) = self._entries[key], key
        where = f"{self._runs}/{self._run}/{flow}/attempt-{count}"
        stamp, known = stamp_of(where), before.attempt
        handed = self._given.given(self._run or "", known.work, count) if known is not None else ()
        if stamp is not None and before.stamp == stamp and before.handed is handed:
            return False
        start = time.time_ns()
        attempt, problems = read_flow_attempt(self._layout, self._run or "", flow, count)
        if attempt is not None:
            handed = self._given.given(attempt.run, attempt.work, count)
            own = self._given.given(attempt.run, attempt.work, count, attempt.agent)
            attempt = replace(attempt, receipt=own[-1]) if own else attempt
        starting = attempt is not None and attempt.state.live and attempt.exit is None and not attempt.pid
        kept = stamp if stamp is not None and is_settled(stamp[0], start) and not starting else None
        same = (attempt, problems) == (known, before.problems)
        self._entries[key] = _Entry(kept, known if same else attempt, problems, handed)
        return not same

    def _sum(self) -> None:
        last: dict[WorkId, Attempt] = {}
        for _, entry in sorted(self._entries.items(), key=lambda one: one[0][1]):
            if entry.attempt is not None:
                last[entry.attempt.work] = entry.attempt
        self.last = last if last != self.last or list(last) != list(self.last) else self.last
        self.all = {key: entry.attempt for key, entry in self._entries.items() if entry.attempt is not None}
        counts = dict(self._elsewhere)
        for flow, count in self.all:
            counts[flow] = max(count, counts.get(flow, 0))
        self.counts = counts
        self.problems = tuple(sorted(p for entry in self._entries.values() for p in entry.problems))


def _is_over(entry: _Entry) -> bool:
    """Nothing becomes of it any more, and it was read when that was so: only a look at everything looks again."""
    attempt = entry.attempt
    over = attempt is not None and attempt.state is StepState.MERGED and not attempt.untidy
    return over and entry.stamp is not None
