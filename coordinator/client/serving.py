"""The place of the one process that serves a project's agents beside the loop: held by one at a time."""

import os
from types import TracebackType

from coordinator.client.opening import project_at
from coordinator.storage.locks import Lock
from coordinator.storage.runs import loop_is_alive


class Seat:
    """Held while the process that takes it lives; the kernel frees it."""

    def __init__(self, root: str) -> None:
        self.project = project_at(root)
        self.folder = str(self.project.layout.coord)
        self.mine = False
        self._lock = Lock(os.path.join(self.folder, "mcp.lock"))

    @property
    def loop_lives(self) -> bool:
        """Agents may come as long as there is a loop."""
        return loop_is_alive(self.project.layout)

    def __enter__(self) -> "Seat":
        self.mine = self._lock.acquire(wait=False, patience=0.0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._lock.release()
