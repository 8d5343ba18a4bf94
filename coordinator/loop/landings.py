"""Open changes that somebody may have merged by hand: looked for when a ref of their base branch moves, never else."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from coordinator.changes.git import Git
from coordinator.errors import CoordError
from coordinator.loop.actions import FindLanded
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import WorkId


class Landings:
    """What of a repository's refs concerns the open changes. `without_noise` may be called from any thread."""

    def __init__(self, root: Path) -> None:
        self._git = Git(root)
        self._refs: frozenset[Path] = frozenset()
        """Files that tell where the base branches are, and their folders."""
        self._common: frozenset[Path] = frozenset()
        """Folders of which nothing else is of interest."""
        self._moved = True
        self._tips: dict[str, str] = {}
        """Base branch → its commit, since a ref moved last."""
        self._looked: dict[tuple[WorkId, int], str] = {}
        """Attempt, as prompt and number → where its base branch was at the last look."""

    def folders(self, snapshot: Snapshot, remote: str) -> frozenset[Path]:
        """Folders to be watched: those of the refs of all open changes; none while no change is open.

        `remote`: where changes are merged, if that is at a forge.
        """
        bases = {attempt.base_branch for attempt in _open(snapshot)}
        refs: set[Path] = set()
        common = self._common_folder() if bases else None
        if common is not None:
            refs = {common / "refs" / "heads" / base for base in bases} | {common / "packed-refs"}
            refs |= {common / "refs" / "remotes" / remote / base for base in bases} if remote else set()
            if (common / "reftable").is_dir():
                refs.add(common / "reftable" / "tables.list")
        folders = frozenset(ref.parent for ref in refs if ref.parent.is_dir())
        self._common, self._refs = folders, folders | refs
        return folders

    def without_noise(self, paths: Collection[Path]) -> frozenset[Path]:
        """Of what changed, all that tells something: a repository's own folder changes with every command."""
        refs, common = self._refs, self._common
        return frozenset(path for path in paths if path in refs or path.parent not in common)

    def told(self, paths: Collection[Path]) -> bool:
        """Tell whether a ref of an open change may have moved, and remember it."""
        moved = not self._refs.isdisjoint(paths)
        self._moved |= moved
        return moved

    def due(self, snapshot: Snapshot, at_the_gate: Callable[[Attempt], bool]) -> Iterator[FindLanded]:
        """The open changes whose base branch is elsewhere than at the last look; each once.

        `at_the_gate`: its merge is under way, which is what moves its base; looked for when that came to nothing.
        """
        attempts = [attempt for attempt in _open(snapshot) if not at_the_gate(attempt)]
        if not attempts:
            self._tips.clear()  # nothing is watched meanwhile
        for attempt in attempts:
            key, tip = (attempt.work, attempt.attempt), self._tip(attempt.base_branch)
            looked = self._looked.get(key, attempt.opened_on)
            if tip and tip != looked:
                self._looked[key] = tip
                yield FindLanded(*key, tip, looked)
        self._moved = False

    def _common_folder(self) -> Path | None:
        try:
            return self._git.place.common
        except CoordError:
            return None

    def _tip(self, base: str) -> str:
        if self._moved:
            self._tips.clear()
            self._moved = False
        if base not in self._tips:
            try:
                self._tips[base] = self._git.head(base)
            except CoordError:
                return ""
        return self._tips[base]


def _open(snapshot: Snapshot) -> Iterator[Attempt]:
    """Attempts whose changes are open; those of before this was noted are left to the gate."""
    for step in snapshot.steps.values():
        attempt = step.attempt
        if step.state is StepState.CHANGE_OPEN and attempt is not None and attempt.opened_on and not attempt.kill:
            yield attempt
