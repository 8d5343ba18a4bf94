"""What the settings say about how new worktrees are made ready."""

from coordinator.changes.setup import Wanted
from coordinator.storage.config import Config


def wanted_setup(config: Config) -> Wanted:
    """The part of the settings that set-ups go by."""
    return Wanted(config.copy, config.copy_limit << 20, config.setup_timeout)
