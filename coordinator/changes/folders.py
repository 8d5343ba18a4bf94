"""What this package needs to know of a project's folders; `coordinator.storage.paths.Layout` is one."""

from pathlib import Path

from coordinator.lazy.typing import Protocol
from coordinator.model.work import WorkId


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
