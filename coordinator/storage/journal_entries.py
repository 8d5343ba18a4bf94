"""What a journal holds: an entry a file, how it is written down, and what it becomes where somebody was there first."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping

from coordinator.formats.value_merge import Merge, merge
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.lazy.typing import Any
from coordinator.model.text import plain
from coordinator.storage.files import read_limited, sha256
from coordinator.storage.kept_aside import keep_aside
from coordinator.storage.records import BadRecord, read_json

_LIMIT = 1 << 30
"""Bytes of a file, and of a journal."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a committed plan."""

    path: str
    """Relative to the project root."""
    before: str | None
    content: bytes | None
    """None: the file goes."""
    base: bytes | None = None
    """The version `before`: what a change that came in between is told from."""
    merged: bool = False
    """Not what was planned: somebody changed the file after the commit."""
    lost: str = ""
    """Why something of the plan is not in a merged file, as the end of a sentence."""


def merged_with(entry: Entry, target: str, present: bytes | None, plan_id: str) -> Entry:
    """The entry for a version of the file that the plan didn't know; what of the plan is lost is kept beside it."""
    found = Merge(b"")
    if present is None:
        found = Merge(b"", "the file is gone since")
    elif entry.content is None:
        found = Merge(present, "it was to go, and was changed since")
    else:
        found = merge(entry.path.rpartition("/")[2], entry.base, entry.content, present)
    if found.lost and entry.content is not None and not entry.path.endswith(".json"):
        found = replace(found, lost=f"{found.lost}; what was planned is {keep_aside(target, entry.content, plan_id)}")
    content = None if present is None else found.content
    if content == present and not found.lost:  # it was in place, and somebody went on from there
        return replace(entry, before=digest(present), content=present)
    return Entry(entry.path, digest(present), content, present, merged=True, lost=found.lost or entry.lost)


def sentences(entries: Iterable[Entry]) -> list[str]:
    """What people have to know of merged files."""
    return [
        f"{plain(entry.path)} was changed meanwhile: "
        + (f"not all of the plan is in it, for {plain(entry.lost)}" if entry.lost else "both changes are in it")
        for entry in entries
        if entry.merged
    ]


def present_at(target: str) -> bytes | None:
    """What stands there. Raises NotAFile for what is no regular file."""
    try:
        return read_limited(target, _LIMIT)
    except FileNotFoundError:
        return None


def digest(data: bytes | None) -> str | None:
    """Of a version; None where there is no file."""
    return None if data is None else sha256(data)


def encode(entries: Iterable[Entry], note: Mapping[str, Any] | None) -> bytes:
    """A journal as it stands on the disk."""
    edits = [
        {
            "path": entry.path,
            "before": entry.before,
            "content": _as_text(entry.content),
            "base": _as_text(entry.base),
            **({"merged": True, "lost": entry.lost} if entry.merged else {}),
        }
        for entry in entries
    ]
    return json.dumps({"edits": edits, "note": note}).encode()


def decode(path: str) -> tuple[list[Entry], Mapping[str, Any] | None]:
    """Entries and note of a journal on the disk. Raises BadRecord for what is none."""
    values = read_json(path, limit=_LIMIT) or {}
    try:
        entries = [
            Entry(
                str(edit["path"]),
                edit["before"],
                _as_bytes(edit["content"]),
                _as_bytes(edit.get("base")),
                edit.get("merged") is True,
                str(edit.get("lost") or ""),
            )
            for edit in values["edits"]
        ]
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise BadRecord(f"it is not a journal: {error}") from None
    return entries, values.get("note")


def _as_text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _as_bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)
