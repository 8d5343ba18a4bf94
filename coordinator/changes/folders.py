"""What this package needs to know of a project's folders; `coordinator.storage.paths.Layout` is one."""

import os
from pathlib import Path

from coordinator.lazy.typing import Protocol
from coordinator.model.work import WorkId
from coordinator.safefiles.regular import replace_file


class Places(Protocol):
    """The folders of a project, all absolute."""

    @property
    def root(self) -> Path: ...
    @property
    def coord(self) -> Path: ...
    @property
    def worktrees(self) -> Path: ...
    @property
    def suites(self) -> Path: ...
    def worktree(self, work: WorkId, attempt: int) -> Path: ...


def make_worktrees(places: Places) -> Path:
    """The folder of all worktrees, made if it is missing. Where it lies elsewhere it names its project."""
    folder = places.worktrees
    folder.mkdir(parents=True, exist_ok=True)
    pointer = folder / ".coord-project"
    if not folder.is_relative_to(places.coord) and not os.path.lexists(pointer):
        replace_file(pointer, os.fsencode(places.root) + b"\n", 0o644)
    return folder
