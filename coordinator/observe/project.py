"""A project as everybody above the disk opens it: where it is, its settings, its tmux server, its log."""

import os
from functools import cached_property

from coordinator.errors import CoordError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.storage.paths import Layout

if TYPE_CHECKING:
    from coordinator.eventlog.store import EventLog
    from coordinator.storage.config import Config
    from coordinator.storage.feedback import FindingReader
    from coordinator.terminals.server import Terminals


class Project:
    """One project. Costs nothing until it is asked for something, and keeps what it was asked for."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @cached_property
    def config(self) -> "Config":
        """The settings, as they are when they are first asked for.

        While they can't be read those count that a living loop goes by; without one, that is a CoordError.
        """
        from coordinator.storage.config import load_config

        try:
            if os.path.lexists(self.layout.config):
                return load_config(self.layout)
        except CoordError:
            pass
        from coordinator.storage.settings_in_force import config_in_force

        return config_in_force(self.layout)

    @cached_property
    def terminals(self) -> "Terminals":
        """The tmux server that these settings name; it is not started."""
        return terminals_of(self.config)

    @cached_property
    def findings(self) -> "FindingReader":
        """The findings, of which a file is read again only when it changed."""
        from coordinator.storage.feedback import FindingReader

        return FindingReader(self.layout)

    def log(self, *, required: bool = False) -> "EventLog":
        """The event log, for the caller to close.

        One that isn't there yet is empty until somebody makes it; `required`: a CoordError that says so, and at once.
        """
        from coordinator.eventlog.store import EventLog

        path = self.layout.events_db
        return EventLog.open(path) if required else EventLog(path, missing_ok=True)


def terminals_of(config: "Config") -> "Terminals":
    """The tmux server of a project with these settings."""
    from coordinator.terminals.server import Terminals

    return Terminals(config.tmux_socket, config.tmux_session)
