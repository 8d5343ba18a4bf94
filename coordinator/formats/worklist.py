"""The file of a worklist, as critics write it: `{"items": [{"id": "RW-001", "severity": "MAJOR", …}]}`. Pure."""

import json

from coordinator.formats.json_document import encoded, load_object, text_of
from coordinator.lazy.typing import Any
from coordinator.model.problem import Problem
from coordinator.model.text import plain
from coordinator.model.worklist import Fate, WorkItem, Worklist

ENDING = "_worklist.json"
MOST = 2000
"""Items of one worklist."""
_FATES = {
    "RESOLVED": Fate.RESOLVED,
    "FIXED": Fate.RESOLVED,
    "DONE": Fate.RESOLVED,
    "CLOSED": Fate.RESOLVED,
    "SKIPPED": Fate.SKIPPED,
    "WONTFIX": Fate.SKIPPED,
    "DEFERRED": Fate.SKIPPED,
}
_TEXTS = ("summary", "severity", "source_id", "category", "route_to", "evidence", "resolution")
_HELPS = "further_round_helps"


def read(data: bytes, path: str) -> Worklist | Problem:
    """A worklist from its file; a Problem for what is none. Never raises. What an item's status says that nobody
    knows leaves it pending; counts are never believed."""
    document = load_object(data, path)
    if isinstance(document, Problem):
        return document
    listed = document.get("items")
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        message = "it has no list `items` of objects"
        return Problem(plain(path), 0, "no-items", message, 'write {"items": []} where there is nothing to do')
    if len(listed) > MOST:
        return Problem(
            plain(path), 0, "too-many", f"{len(listed):,} items are too many", f"{MOST:,} are the most: say what counts"
        )
    items = tuple(_item(raw, place) for place, raw in enumerate(listed, 1))
    return Worklist(items, document.get(_HELPS) is not False, data.decode())


def render(worklist: Worklist) -> bytes:
    """The file of a worklist; byte for byte what was read where nothing changed."""
    data = worklist.source.encode()
    known = read(data, "") if data else None
    if isinstance(known, Worklist) and (known.items, known.further_round_helps) == _said(worklist):
        return data
    document: dict[str, Any] = json.loads(worklist.source.removeprefix("\ufeff")) if data else {}
    listed = document.get("items")
    before = {_item(raw, place).id: raw for place, raw in enumerate(listed, 1)} if isinstance(listed, list) else {}
    document["summary"] = (document.get("summary") or {}) | _summary(worklist)
    document["items"] = [_raw(item, before.get(item.id) or {}) for item in worklist.items]
    if not worklist.further_round_helps or _HELPS in document:
        document[_HELPS] = worklist.further_round_helps
    return encoded(document, worklist.source)


def _said(worklist: Worklist) -> tuple[tuple[WorkItem, ...], bool]:
    return worklist.items, worklist.further_round_helps


def _summary(worklist: Worklist) -> dict[str, int]:
    return {"total": len(worklist.items)} | {fate.value.casefold(): worklist.count(fate) for fate in Fate}


def _item(raw: dict[str, Any], place: int) -> WorkItem:
    where = raw.get("location")
    location: dict[str, Any] = where if isinstance(where, dict) else {"file": where}
    line = location.get("line")
    return WorkItem(
        text_of(raw.get("id")) or f"RW-{place:03d}",
        fate=_FATES.get(text_of(raw.get("status")).strip().upper(), Fate.PENDING),
        file=text_of(location.get("file")),
        line=line if type(line) is int and line > 0 else 0,
        **{name: text_of(raw.get(name)) for name in _TEXTS},
    )


def _raw(item: WorkItem, before: dict[str, Any]) -> dict[str, Any]:
    raw = {"id": item.id} | before
    old = _item(raw, 0)
    for name in _TEXTS:
        if getattr(item, name) != getattr(old, name):
            raw[name] = getattr(item, name)
    if (item.file, item.line) != (old.file, old.line):
        raw["location"] = {"file": item.file, "line": item.line or None}
    if item.fate is not old.fate or "status" not in raw:
        raw["status"] = item.fate.value
    return raw
