"""Notices files that only the loop or a human may change, and that were changed past coord while agents were at work.

Who did it can't be told: an engineer's editor and an agent run as the same user. So a change is picked up as always,
and told once, as an event. `Snapshot.direct` says which of them a human should look at.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from coordinator.artifacts.files import digest_of
from coordinator.artifacts.paths import Layout
from coordinator.artifacts.written import Written
from coordinator.errors import CoordError
from coordinator.model.event import Draft
from coordinator.model.prompt import Prompt
from coordinator.model.sentence import actor_name
from coordinator.model.snapshot import Snapshot

_MOST = 200
"""Files that one event names: a switch of branches changes many."""
_RECORDS = frozenset({"step.json", "receipt.json"})


class Direct:
    """Belongs to the loop's thread; to be made before the first look at the project."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._written = Written(layout)
        self._prompts: Mapping[int, Prompt] = {}
        self._digests: dict[str, str] = {}
        """Of the other files, by path."""
        self._seen: set[tuple[str, str]] = set()
        """Path and digest of every version there was: one that comes back is told no second time."""
        self._agents: frozenset[str] = frozenset()

    def begin(self, snapshot: Snapshot) -> None:
        """Take things as they are."""
        self._new(self._changes(snapshot, [self._layout.config]))
        self._agents = _at_work(snapshot)

    def look(self, snapshot: Snapshot, changed: Collection[Path]) -> Draft | None:
        """What to tell of the files that changed since the last look."""
        agents, self._agents = self._agents | _at_work(snapshot), _at_work(snapshot)
        found = [change for change in self._new(self._changes(snapshot, changed)) if change[2] not in self._written]
        if not found or not agents:
            return None
        found = sorted(found)[:_MOST]
        names = ", ".join(actor_name(agent) for agent in sorted(agents)[:3]) + (
            " and others" if len(agents) > 3 else ""
        )
        numbers = {p.number for p in snapshot.prompts.values() if p.path in {path for path, _, _ in found}}
        only = len(found) == 1 and len(numbers) == 1
        return Draft(
            "conflict.detected",
            f"prompt:{numbers.pop()}" if only else "milestone",
            {
                "files": [path for path, _, _ in found],
                "before": {path: before for path, before, _ in found if before},
                "after": {path: after for path, _, after in found},
                "agents": sorted(agents),
                "reason": f"changed past coord while {names} {'was' if len(agents) == 1 else 'were'} at work",
            },
        )

    def _changes(self, snapshot: Snapshot, changed: Collection[Path]) -> list[tuple[str, str, str]]:
        """Path, digest before and digest after of what is another version now."""
        found = list(self._changed_prompts(snapshot))
        for path, digest in {**snapshot.fingerprints, **dict(self._read(changed))}.items():
            before = self._digests.get(path, "")
            if digest != before:
                self._digests[path] = digest
                found.append((path, before, digest))
        return found

    def _new(self, found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
        """Those changes that bring a version which was not there before."""
        new = [(path, before, after) for path, before, after in found if (path, after) not in self._seen]
        self._seen.update((path, after) for path, _, after in found)
        return new

    def _changed_prompts(self, snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
        before, self._prompts = self._prompts, snapshot.prompts
        if before is snapshot.prompts:
            return
        for number, prompt in snapshot.prompts.items():
            old = before.get(number)
            if old is not prompt and (old is None or old.digest != prompt.digest):
                yield prompt.path, old.digest if old is not None else "", prompt.digest

    def _read(self, changed: Collection[Path]) -> Iterator[tuple[str, str]]:
        """Settings and records among the changed paths."""
        for path in changed:
            if path == self._layout.config or path.name in _RECORDS:
                with suppress(OSError, CoordError):
                    digest = digest_of(path)
                    if digest is not None:
                        yield self._layout.rel(path), digest


def _at_work(snapshot: Snapshot) -> frozenset[str]:
    attempts = (step.attempt for step in snapshot.steps.values())
    return frozenset(attempt.agent for attempt in attempts if attempt is not None and attempt.state.live)
