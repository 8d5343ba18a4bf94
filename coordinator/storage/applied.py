"""The record of an applied plan, where what it replaced turns out to be another version than it was planned for."""

import base64
from collections.abc import Iterable

from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.storage.files import sha256
from coordinator.storage.paths import Layout
from coordinator.storage.records import BadRecord, read_json, write_json

if TYPE_CHECKING:
    from coordinator.storage.journal import Merged

LIMIT = 1 << 30
"""Bytes of one plan."""


def amend(layout: Layout, plan_id: str, merged: Iterable["Merged"]) -> None:
    """Let the record of a plan say what it made of which version; a file that it left as it was is no part of it."""
    path = layout.plans / f"{plan_id}.json"
    try:
        values = read_json(str(path), limit=LIMIT)
    except BadRecord:
        return  # it can't be taken back anyway, and says so
    if values is None:
        return
    made = {one.path: one for one in merged}
    files = [file for file in values.get("files", ()) if file.get("path") not in made]
    for one in made.values():
        if one.before != one.after:
            before = None if one.before is None else base64.b64encode(one.before).decode()
            after = None if one.after is None else sha256(one.after)
            files.append({"path": one.path, "before": before, "after": after})
    write_json(path, {**values, "files": files})
