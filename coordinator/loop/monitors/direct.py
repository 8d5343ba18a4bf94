"""Notices files that only the loop or a human may change, and that were changed past coord while agents were at work.

Who did it can't be told: an engineer's editor and an agent run as the same user. So a change is picked up as always,
and told once, as an event. `Snapshot.direct` says which of them a human should look at.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.lazy.typing import NamedTuple
from coordinator.model.event import Draft
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.trust import GONE
from coordinator.storage.files import digest_of
from coordinator.storage.paths import Layout
from coordinator.storage.temp_files import is_temp
from coordinator.storage.written import Written, gone
from coordinator.views.event_text import actor_name

_MOST = 200
"""Files that one event names: a switch of branches changes many."""
_RECORDS = frozenset({"step.json", "receipt.json", "pipeline-state.json"})
_UNREADABLE = "unreadable"
"""For a digest: there is something that is no regular file, or is too large."""


class _Change(NamedTuple):
    """A file that is another version now."""

    path: str
    before: str
    """Digest; empty where it was not there, or isn't known."""
    after: str
    """Digest; GONE where it is not there any more."""


class Direct:
    """Belongs to the loop's thread; to be made before the first look at the project."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._written = Written(layout)
        self._prompts: Mapping[int, Prompt] = {}
        self._digests: dict[str, str] = {}
        """Of the other files, by path."""
        self._settings = (
            *(layout.config, layout.learnings),
            *(layout.coord / name for name in ("setup.sh", "teardown.sh")),
        )
        self._documents = frozenset(layout.rel(path) for path in (layout.milestone, layout.alignment))
        self._trees: dict[str, tuple[tuple[int, ...], str]] = {}
        """Status and digest of what is looked at each time, by path."""
        self._seen: set[tuple[str, str]] = set()
        """Path and digest of every version there was: one that comes back is told no second time."""
        self._agents: frozenset[str] = frozenset()

    def begin(self, snapshot: Snapshot) -> None:
        """Take things as they are, with what an earlier life of the loop wrote of attempts before it was killed."""
        attempts = (a for a in snapshot.last_attempts if a.directory and (a.state.under_way or a.untidy))
        folders = [self._layout.root / attempt.directory for attempt in attempts]
        self._new(self._changes(snapshot, (*self._settings, *folders)))
        self._agents = _at_work(snapshot)

    def look(self, snapshot: Snapshot, changed: Collection[Path]) -> Draft | None:
        """What to tell of the files that changed since the last look."""
        agents, self._agents = self._agents | _at_work(snapshot), _at_work(snapshot)
        changes = self._new(self._changes(snapshot, changed))
        found = [*(change for change in changes if not self._is_ours(change)), *self._built_on()]
        if not found or not agents:
            return None
        return _told(sorted(set(found))[:_MOST], snapshot, agents)

    def _changes(self, snapshot: Snapshot, changed: Collection[Path]) -> list[_Change]:
        """What is another version now."""
        found = list(self._changed_prompts(snapshot))
        now = {**snapshot.fingerprints, **self._look_at_trees(), **dict(self._read(changed))}
        for path in [path for path, digest in self._digests.items() if digest != GONE and path not in now]:
            if os.path.basename(path) not in _RECORDS and not os.path.lexists(self._layout.root / path):
                now[path] = GONE  # records go with their run
        for path in self._documents - now.keys():
            now[path] = self._digest(path)
        for path, digest in now.items():
            before = self._digests.get(path, GONE)
            if digest != before:
                self._digests[path] = digest
                found.append(_Change(path, before, digest))
        return found

    def _new(self, found: list[_Change]) -> list[_Change]:
        """Those changes that bring a version which was not there before."""
        new = [change for change in found if (change.path, change.after) not in self._seen]
        self._seen.update((change.path, change.after) for change in found)
        return new

    def _is_ours(self, change: _Change) -> bool:
        return (gone(change.path) if change.after == GONE else change.after) in self._written

    def _built_on(self) -> Iterator[_Change]:
        """Versions of ours that hold one which came past coord, and was gone before anybody looked."""
        prompts = {prompt.path for prompt in self._prompts.values()}
        for path, before, after in self._written.take_overwritten():
            known = path in prompts or path in self._digests
            if known and before not in self._written and (path, before) not in self._seen:
                self._seen.add((path, before))
                yield _Change(path, before, after)

    def _changed_prompts(self, snapshot: Snapshot) -> Iterator[_Change]:
        before, self._prompts = self._prompts, snapshot.prompts
        if before is snapshot.prompts:
            return
        for number, prompt in snapshot.prompts.items():
            old = before.get(number)
            if old is not prompt and (old is None or old.digest != prompt.digest):
                yield _Change(prompt.path, old.digest if old is not None else GONE, prompt.digest)
        paths = {prompt.path for prompt in snapshot.prompts.values()}
        for old in before.values():
            if old.path not in paths and (now := self._digest(old.path)) != old.digest:
                yield _Change(old.path, old.digest, now)

    def _look_at_trees(self) -> dict[str, str]:
        """What judges the work of agents, and what they are told: small files, in folders nobody watches."""
        found: dict[str, tuple[tuple[int, ...], str]] = {}
        for path in chain(*map(_below, (self._layout.suites, self._layout.flows, self._layout.feedback))):
            with suppress(OSError):
                status = os.lstat(path)
                stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
                name = self._layout.rel(path)
                known = self._trees.get(name)
                found[name] = known if known is not None and known[0] == stamp else (stamp, self._digest(name))
        self._trees = found
        return {name: digest for name, (_, digest) in found.items()}

    def _read(self, changed: Collection[Path]) -> Iterator[tuple[str, str]]:
        """Settings and records among the changed paths."""
        paths = (*changed, *self._settings) if self._layout.coord in changed else changed
        for path in _with_records(paths):
            if path in self._settings or path.name in _RECORDS:
                digest = self._digest(self._layout.rel(path))
                if digest != GONE:
                    yield self._layout.rel(path), digest

    def _digest(self, path: str) -> str:
        try:
            return digest_of(self._layout.root / path) or GONE
        except (OSError, CoordError):
            return _UNREADABLE


def _below(folder: Path) -> list[Path]:
    """The files of a folder and of those in it; what somebody is writing just now is none yet."""
    return [Path(above, name) for above, _, names in os.walk(folder) for name in names if not is_temp(name)]


def _told(found: list[_Change], snapshot: Snapshot, agents: Collection[str]) -> Draft:
    names = ", ".join(actor_name(agent) for agent in sorted(agents)[:3]) + (" and others" if len(agents) > 3 else "")
    numbers = {p.number for p in snapshot.prompts.values() if p.path in {change.path for change in found}}
    only = len(found) == 1 and len(numbers) == 1
    return Draft(
        "conflict.detected",
        f"prompt:{numbers.pop()}" if only else "milestone",
        {
            "files": [change.path for change in found],
            "before": {change.path: change.before for change in found if change.before},
            "after": {change.path: change.after for change in found},
            "agents": sorted(agents),
            "reason": f"changed past coord while {names} {'was' if len(agents) == 1 else 'were'} at work",
        },
    )


def _at_work(snapshot: Snapshot) -> frozenset[str]:
    attempts = (step.attempt for step in snapshot.steps.values())
    return frozenset(attempt.agent for attempt in attempts if attempt is not None and attempt.state.live)


def _with_records(changed: Collection[Path]) -> Iterator[Path]:
    """These paths, and the records in attempts' folders of which anything may have changed."""
    for path in changed:
        yield path
        if path.name.startswith("attempt-"):
            yield from (path / name for name in sorted(_RECORDS))
