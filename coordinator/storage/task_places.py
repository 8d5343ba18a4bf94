"""Where the tasks of other tools are that are written back, and what coord wrote there last."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress

from coordinator.errors import CoordError
from coordinator.formats.flat_yaml import Nested, Value
from coordinator.model.text import plain
from coordinator.storage.files import write_atomic
from coordinator.storage.paths import Layout
from coordinator.storage.records import BadRecord, read_json

ONLINE = "github"
"""How places begin that are no files: `github`, `github:OWNER/NAME`."""
_TOLD = "a mapping of folders or files below the project's root to formats"


def is_online(place: str) -> bool:
    return place.partition(":")[0] == ONLINE


def read_places(value: Value) -> dict[str, str]:
    """The setting `write_back`. Raises ValueError that says what it has to be."""
    if value == "":
        return {}
    if not isinstance(value, Nested) or not value.pairs:
        raise ValueError(_TOLD)
    found: dict[str, str] = {}
    for place, form in value.pairs:
        if is_online(place):
            _refuse_other(form, ("comment", "close"))
            found[place] = form
            continue
        from coordinator.formats.imports.registry import names

        _refuse_other(form, tuple(name for name in names() if name != ONLINE))
        if place != plain(place) or os.path.isabs(place) or ".." in place.split("/"):
            raise ValueError(_TOLD)
        found[os.path.normpath(place)] = form
    return found


def _refuse_other(word: str, allowed: tuple[str, ...]) -> None:
    if word not in allowed:
        raise ValueError(f"a mapping to {' or '.join((', '.join(allowed[:-1]), allowed[-1]))}")


def last_written(layout: Layout) -> dict[str, str]:
    """What coord wrote back last: `source:` → status. Empty where that is not known any more."""
    try:
        values = read_json(str(_path(layout))) or {}
    except BadRecord:
        return {}
    return {key: value for key, value in values.items() if isinstance(value, str)}


def note_written(layout: Layout, more: Mapping[str, str]) -> None:
    """Remember what was written; at worst a later change of ours is taken for somebody else's."""
    values = last_written(layout) | dict(more)
    with suppress(OSError, CoordError):
        write_atomic(_path(layout), json.dumps(values, ensure_ascii=False, indent=0).encode() + b"\n")


def _path(layout: Layout) -> str:
    return os.path.join(layout.coord, "write-back.json")
