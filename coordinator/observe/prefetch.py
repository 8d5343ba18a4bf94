"""Reads a project ahead: in a child process, while this one still loads what it shows the project with."""

import os
import pickle
from collections.abc import Mapping

from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple, NoReturn
from coordinator.storage.paths import Layout

if TYPE_CHECKING:
    from coordinator.model.own_command import OwnCommand
    from coordinator.model.snapshot import Snapshot


class Look(NamedTuple):
    """A project, and what its settings say of the screen."""

    snapshot: "Snapshot"
    theme: str
    keys: Mapping[str, str]
    bell: str
    commands: "tuple[OwnCommand, ...]"


class Ahead:
    """A look at a project that is on its way."""

    def __init__(self, layout: Layout) -> None:
        """Begin. To be called while this process has one thread, and nothing open that a child should not have."""
        self._pipe, end = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(self._pipe)
            _look(layout, end)
        os.close(end)

    def look(self) -> Look | None:
        """The look, once; None when it could not be had, for whatever reason: then look again, and say so there."""
        with os.fdopen(self._pipe, "rb") as pipe:
            data = pipe.read()
        _, status = os.waitpid(self._child, 0)
        return pickle.loads(data) if status == 0 else None


def _look(layout: Layout, end: int) -> NoReturn:
    """In the child: look, send, and go without any of the parent's cleaning up."""
    status = 1
    try:
        from coordinator.observe.observer import Observer

        observer = Observer(layout)
        config = observer.config
        look = Look(observer.snapshot(), config.theme, dict(config.keys), config.bell, config.commands)
        with os.fdopen(end, "wb") as pipe:
            pipe.write(pickle.dumps(look, pickle.HIGHEST_PROTOCOL))
        status = 0
    finally:
        os._exit(status)
