"""The file of a ledger, `ac_status.json`, in each of the shapes that it has in the wild. Pure.

`acs`: criterion → its sections, `{"acs": {"AC-1": {"impl_status": "done", …}}}`, or with one `status` instead of them.
`acceptance_criteria`: criterion → `{"status": "PASSED", "description": …, "evidence": …}`, beside counts in `summary`.
"""

import json

from coordinator.formats.json_document import encoded, load_object, text_of
from coordinator.lazy.typing import Any
from coordinator.model.ledger import SECTIONS, Entry, Ledger, State, counts
from coordinator.model.problem import Problem
from coordinator.model.text import amount, clip, plain

NAME = "ac_status.json"
MOST = 5000
"""Criteria of one ledger."""
_FORMS = ("acs", "acceptance_criteria")
_ONE = "status"
"""Stands where a file has no sections: what was found when the criterion was checked."""
_PLAIN = ("description", "evidence", "updated_at")
_LONGEST_ID = 200


def read(data: bytes, path: str) -> Ledger | Problem:
    """A ledger from its file; a Problem for what is none. Never raises."""
    document = load_object(data, path)
    if isinstance(document, Problem):
        return document
    form = next((form for form in _FORMS if form in document), "")
    listed = document.get(form)
    if not isinstance(listed, dict):
        message = f"it has no object `{'` or `'.join(_FORMS)}`"
        return Problem(plain(path), 0, "no-criteria", message, 'write {"acs": {"AC-1": {"description": "…"}}}')
    if len(listed) > MOST:
        message = f"{amount(len(listed), 'acceptance criterion')} are too many".replace("criterions", "criteria")
        return Problem(plain(path), 0, "too-many", message, f"{MOST:,} are the most: split the work")
    for name in listed:
        if not name.strip() or len(name) > _LONGEST_ID:
            message = f"`{clip(plain(name), 40)}` can't be the name of a criterion"
            return Problem(plain(path), 0, "bad-name", message, "call it AC-1, AC-2, …")
    entries = tuple(_entry(name, raw) for name, raw in listed.items())
    return Ledger(entries, form, data.decode())


def render(ledger: Ledger) -> bytes:
    """The file of a ledger, in the shape that it came in; byte for byte what was read where nothing changed."""
    data = ledger.source.encode()
    read_again = read(data, "") if data else None
    if isinstance(read_again, Ledger) and read_again.entries == ledger.entries:
        return data
    document: dict[str, Any] = json.loads(ledger.source.removeprefix("\ufeff")) if data else {}
    listed = document.get(ledger.form)
    before = listed if isinstance(listed, dict) else {}
    document[ledger.form] = {entry.id: _raw(entry, before.get(entry.id), ledger.form) for entry in ledger.entries}
    _count(document, ledger)
    return encoded(document, ledger.source)


def _entry(name: str, raw: object) -> Entry:
    if not isinstance(raw, dict):
        return Entry(name, verify_status=text_of(raw))
    said = {key: text_of(raw.get(key)) for key in (*SECTIONS, *_PLAIN)}
    if _keeps_one(raw):
        said["verify_status"] = text_of(raw[_ONE])
    return Entry(name, **said)


def _keeps_one(raw: dict[str, Any]) -> bool:
    return _ONE in raw and "verify_status" not in raw


def _raw(entry: Entry, before: object, form: str) -> object:
    """What a criterion's value becomes; all of it that is not ours stays, and so does what says the same already."""
    if before is not None and not isinstance(before, dict) and entry == _entry(entry.id, before):
        return before
    raw: dict[str, Any] = dict(before) if isinstance(before, dict) else {}
    one = _keeps_one(raw) or (not raw and form == "acceptance_criteria")
    for name in (*SECTIONS, *_PLAIN):
        value = getattr(entry, name)
        key = _ONE if one and name == "verify_status" else name
        if value == text_of(raw.get(key)):
            continue
        if value:
            raw[key] = value
        else:
            raw.pop(key, None)
    return raw


def _count(document: dict[str, Any], ledger: Ledger) -> None:
    """Bring counts that the file has to what it says now; one that it does not have is not added."""
    found = counts(ledger)
    summary = document.get("summary")
    if isinstance(summary, dict):
        names = {name: name for name in found} | dict.fromkeys(("pending", "unknown"), State.OPEN.value)
        for key, value in summary.items():
            if type(value) is int and key in names:
                summary[key] = found[names[key]]
    for key, name in (("ac_count", "total"), ("completed", State.PASSED.value)):
        if type(document.get(key)) is int:
            document[key] = found[name]
