"""What the attempts of all prompts have used up, read from their directories; those that have ended are read once."""

import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path

from coordinator.agents.usage import USAGE, read_usage
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.budget_pause import paused_seconds
from coordinator.model.clock import timestamp
from coordinator.model.snapshot import Question
from coordinator.model.step import Attempt
from coordinator.model.usage import NOTHING, Spent, total
from coordinator.model.work import WorkId
from coordinator.storage.attempts import load_attempt, run_ids
from coordinator.storage.gc_pause import no_collection
from coordinator.storage.paths import Layout


class _Entry(NamedTuple):
    """What one prompt has used up."""

    attempt: Attempt
    """Its last one."""
    earlier: tuple[tuple[str, Spent], ...]
    """Run and usage of each attempt before it."""
    own: Spent


class Spending:
    """Reads attempts, and keeps what can't change any more. Belongs to one thread."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._root = str(layout.root)
        self._entries: dict[int, _Entry] = {}
        self._live: set[int] = set()
        self._run: str | None = None
        self._attempts: Mapping[int, Attempt] = {}
        self._asked: Sequence[Question] = ()
        self._turns: Mapping[int, Spent] = {}
        self.run: Mapping[int, Spent] = {}
        """By prompt: what its attempts in the run used, without the time of those under way."""
        self.ever: Mapping[int, Spent] = {}
        """By prompt: what all of its attempts used, over all runs."""

    def look(
        self,
        run: str | None,
        attempts: Mapping[int, Attempt],
        asked: Sequence[Question] = (),
        turns: Mapping[int, Spent] | None = None,
    ) -> None:
        """Look again. `attempts` are the last ones of all prompts; the same objects as before are not read anew.

        `asked` are the questions about budgets: the time that agents were paused for them does not count. `turns`, by
        prompt: what those of its pipeline used in its last attempt, which has no agent of its own.
        """
        self._asked, self._turns = asked, turns or {}
        if attempts is self._attempts and run == self._run:
            changed = [number for number in self._live if self._take(number, attempts[number])]
            if changed:
                self._sum(changed)
            return
        for number in self._entries.keys() - attempts.keys():
            del self._entries[number]
        self._live &= attempts.keys()
        with no_collection(len(attempts) - len(self._entries)):
            for number, attempt in attempts.items():
                known = self._entries.get(number)
                if known is None or known.attempt is not attempt or number in self._live:
                    self._take(number, attempt)
        self._run, self._attempts, self.run, self.ever = run, attempts, {}, {}
        self._sum(self._entries)

    def _take(self, number: int, attempt: Attempt) -> bool:
        """Read what one prompt's last attempt used; True when that is news."""
        known = self._entries.get(number)
        same = known is not None and (known.attempt.attempt, known.attempt.run) == (attempt.attempt, attempt.run)
        earlier = known.earlier if known is not None and same else self._before(attempt)
        own = used_by(self._root, attempt, self._asked)
        if attempt.pipeline and (turns := self._turns.get(number)) is not None:
            own = Spent(turns.tokens, turns.cost_usd, own.seconds)
        entry = self._entries[number] = _Entry(attempt, earlier, own)
        if not attempt.state.live:
            self._live.discard(number)
        elif number not in self._live:
            self._live = {*self._live, number}
        return known is None or entry.own != known.own

    def _before(self, attempt: Attempt) -> tuple[tuple[str, Spent], ...]:
        """What the attempts before this one used, wherever they are."""
        found = []
        for count in range(1, attempt.attempt):
            for run in run_ids(self._layout):
                if self._layout.attempt(run, attempt.work, count).is_dir():
                    before, _ = load_attempt(self._layout, run, attempt.work, count)
                    found.append((run, used_by(self._root, before, self._asked) if before is not None else NOTHING))
        return tuple(found)

    def _sum(self, numbers: Iterable[int]) -> None:
        """Add up what these prompts used."""
        of_run, ever = dict(self.run), dict(self.ever)
        for number in numbers:
            attempt, earlier, own = self._entries[number]
            here = [spent for run, spent in (*earlier, (attempt.run, own)) if run == self._run]
            if here:
                of_run[number] = total(here) if len(here) > 1 else here[0]
            ever[number] = total([own, *(spent for _, spent in earlier)]) if earlier else own
        self.run, self.ever = of_run, ever


class FlowSpending:
    """What attempts at flows, or turns of pipelines, used; those that ended are read once. Belongs to one thread."""

    def __init__(self, layout: Layout) -> None:
        self._root = str(layout.root)
        self._known: dict[Hashable, tuple[Attempt, Spent]] = {}
        self.run: Mapping[WorkId, Spent] = {}
        """By work, without the time of attempts under way; the very same while nothing is new."""

    def look(self, attempts: Mapping[Any, Attempt], asked: Sequence[Question] = ()) -> None:
        """Look again at the attempts under way, and at those that are new."""
        before, self._known = self._known, {}
        for key, attempt in attempts.items():
            known = before.get(key)
            if known is None or known[0] is not attempt or attempt.state.live:
                known = (attempt, used_by(self._root, attempt, asked))
            self._known[key] = known
        if self._known != before:
            found: dict[WorkId, Spent] = {}
            for attempt, spent in self._known.values():
                found[attempt.work] = found[attempt.work].plus(spent) if attempt.work in found else spent
            self.run = found


def used_by(root: str, attempt: Attempt, asked: Sequence[Question]) -> Spent:
    """What one attempt used, without its time while it is under way; nor does the time count that it was paused."""
    outside = attempt.directory.startswith("/")
    directory = attempt.directory if outside else f"{root}/{attempt.directory}"
    told = Spent(*read_usage(Path(directory))) if os.access(f"{directory}/{USAGE}", os.F_OK) else NOTHING
    if attempt.state.live or not attempt.started:
        return told
    start, end = timestamp(attempt.started), timestamp(attempt.exit.at if attempt.exit else attempt.since)
    worked = end - start - paused_seconds(asked, attempt.prompt, start, end)
    return Spent(told.tokens, told.cost_usd, max(0.0, worked))
