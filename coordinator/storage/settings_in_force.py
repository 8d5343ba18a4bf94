"""The settings that a loop goes by, kept beside its runs: who breaks coord.yaml breaks nobody else's verbs."""

import os
from contextlib import suppress

from coordinator.errors import CoordError
from coordinator.storage.config import SIZE_LIMIT, Config, config_of, load_config, read_settings
from coordinator.storage.files import ANY, read_limited, write_atomic
from coordinator.storage.paths import Layout
from coordinator.storage.runs import loop_is_alive


def config_in_force(layout: Layout) -> Config:
    """The settings as coord.yaml has them; while it is gone or can't be read, those that a living loop goes by.

    Raises CoordError like `load_config` where no loop keeps any.
    """
    try:
        config = load_config(layout)
    except CoordError:
        kept = _kept(layout)
        if kept is None:
            raise
        return kept
    if not os.path.lexists(layout.config) and (kept := _kept(layout)) is not None:
        return kept
    return config


def keep_in_force(layout: Layout, config: Config) -> None:
    """Keep the text of settings that a loop goes by from now on; what prevents that prevents nothing else."""
    with suppress(CoordError, OSError):
        data = read_settings(layout)
        if config_of(layout, data) == config:
            write_atomic(layout.settings_in_force, data, expect=ANY)


def forget_in_force(layout: Layout) -> None:
    """Drop what an earlier loop kept: only a living one's counts."""
    with suppress(OSError):
        os.unlink(layout.settings_in_force)


def _kept(layout: Layout) -> Config | None:
    try:
        if not loop_is_alive(layout):
            return None
        return config_of(layout, read_limited(layout.settings_in_force, SIZE_LIMIT))
    except (CoordError, OSError):
        return None
