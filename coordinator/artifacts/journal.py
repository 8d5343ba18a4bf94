"""A plan of several files, applied whole or not at all: also when the process is killed at any moment.

The new versions are written beside their targets first, then one journal file that holds the whole plan. That file is
the commit: before it nothing was changed; after it everything will be, if need be by the next one who looks.
"""

import base64
import binascii
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from coordinator.artifacts.files import (
    Lock,
    NotAFile,
    digest_of,
    discard,
    failure,
    install,
    make_folder,
    put,
    sha256,
    stage,
    sweep_stale_temps,
    sync_folder,
    take_away,
)
from coordinator.artifacts.paths import Layout
from coordinator.artifacts.records import BadRecord, read_json
from coordinator.errors import CoordError, Refused, StalePlan
from coordinator.model.plan import FileEdit
from coordinator.model.text import plain

Recorder = Callable[[str, Mapping[str, Any]], None]
"""Called with the plan's id and its note once the files are in place; may be called again after a crash."""

_COMMITTED = ".json"
_PLACED = ".placed"
"""The files are in place, the note is not recorded yet."""
_TRIES = 8


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file of a committed plan."""

    path: str
    """Relative to the project root."""
    before: str | None
    content: bytes | None
    """None: the file goes."""


def apply_edits(
    layout: Layout,
    plan_id: str,
    edits: Sequence[FileEdit],
    *,
    note: Mapping[str, Any] | None = None,
    record: Recorder | None = None,
) -> list[str]:
    """Apply all edits or none; return a sentence for each editor's version that had to be kept beside its file.

    `record` is called with `note` (any JSON) when the files are in place; if the process is killed before it returns,
    `recover` makes up for it. Raises StalePlan when a file is no longer the version that was planned for, Refused for a
    path outside of the project, CoordError for what the system refuses: nothing is changed then. Only a failure after
    the commit, and its message says so, leaves the plan to be finished by `recover`.
    """
    entries = [_Entry(e.path, e.before, None if e.change == "delete" else e.content) for e in edits]
    targets = [_target(layout, entry.path) for entry in entries]
    if len(set(targets)) < len(targets):
        raise Refused("the plan edits a file twice", "make one edit of the two")
    try:
        make_folder(str(layout.journal))
        for target in targets:
            make_folder(os.path.dirname(target))
    except OSError as error:
        raise failure("make a folder for", plain(error.filename or ""), error) from error
    with Lock(layout.journal):
        _finish_all(layout, None)
        with _locks(targets):
            kept = _commit_and_place(layout, plan_id, entries, targets, note)
        _record(layout, plan_id, note, record)
    return kept


def pending(layout: Layout) -> bool:
    """A plan was committed and not finished; `recover` finishes it. Costs one look at an empty folder."""
    return any(name.endswith((_COMMITTED, _PLACED)) for name in _names(layout))


def recover(layout: Layout, record: Recorder | None = None) -> list[str]:
    """Finish what killed processes left: committed plans roll forward, all else is swept away.

    Returns a sentence for each thing done, for people. Safe beside live writers and other calls, and may be repeated.
    Notes are kept until a call has a `record`.
    """
    done: list[str] = []
    if _names(layout):
        with Lock(layout.journal):
            done = _finish_all(layout, record)
    for folder in (layout.coord, layout.prompts, layout.journal):
        sweep_stale_temps(folder)
    return done


def _commit_and_place(
    layout: Layout, plan_id: str, entries: Sequence[_Entry], targets: Sequence[str], note: Mapping[str, Any] | None
) -> list[str]:
    journal = _journal(layout, plan_id, _COMMITTED)
    staged: list[str | None] = []
    try:
        _check(entries, targets)
        for entry, target in zip(entries, targets, strict=True):
            staged.append(None if entry.content is None else stage(target, entry.content))
        put(journal, _encode(entries, note))
    except OSError as error:
        _discard(staged)
        discard(journal)
        raise failure("apply the plan:", str(error.filename or journal), error) from error
    except BaseException:
        _discard(staged)
        raise
    try:
        return _place(layout, plan_id, entries, targets, staged, note)
    except OSError as error:
        raise CoordError(
            f"the plan is committed but not finished: {plain(str(error))}", "the next coord command will finish it"
        ) from error


def _check(entries: Sequence[_Entry], targets: Sequence[str]) -> None:
    stale = [entry.path for entry, target in zip(entries, targets, strict=True) if digest_of(target) != entry.before]
    if stale:
        names = ", ".join(plain(path) for path in stale)
        raise StalePlan(f"changed since the plan was made: {names}", "nothing was written; plan again")


def _place(
    layout: Layout,
    plan_id: str,
    entries: Sequence[_Entry],
    targets: Sequence[str],
    staged: Sequence[str | None],
    note: Mapping[str, Any] | None,
) -> list[str]:
    """Put every staged file in its place, then end the journal, or leave its note to be recorded."""
    kept = []
    for entry, target, temp in zip(entries, targets, staged, strict=True):
        names = _place_one(entry, target, temp, plan_id)
        kept += [
            f"{plain(entry.path)} was saved by an editor meanwhile; that version is {plain(aside)}" for aside in names
        ]
    for folder in sorted({os.path.dirname(target) for target in targets}):
        sync_folder(folder)
    journal = _journal(layout, plan_id, _COMMITTED)
    if note is None:
        os.unlink(journal)
    else:
        os.rename(journal, _journal(layout, plan_id, _PLACED))
    sync_folder(str(layout.journal))
    return kept


def _place_one(entry: _Entry, target: str, temp: str | None, plan_id: str) -> list[str]:
    """Bring one file to its new version; return the names under which versions that nobody planned for are kept."""
    wanted = None if entry.content is None else sha256(entry.content)
    expect: str | None = entry.before
    kept: list[str] = []
    for _ in range(_TRIES):
        current = _version(target)
        if current == wanted:
            break
        if current is not None and current != entry.before:
            kept.append(_keep(target, plan_id))
            current = None
        expect = current
        try:
            if temp is not None:
                install(temp, target, expect)
            elif expect is not None:
                take_away(target, expect)
        except StalePlan:
            continue
        break
    else:
        raise OSError(f"{target} keeps changing")
    if temp is not None:
        discard(temp)
    return kept


def _version(target: str) -> str | None:
    """Like `digest_of`; what is no regular file counts as a version of its own."""
    try:
        return digest_of(target)
    except NotAFile:
        return "not a file"


def _keep(target: str, plan_id: str) -> str:
    """Move what stands at `target` to a free name beside it; return that name."""
    count = 0
    while os.path.lexists(aside := f"{target}.kept-{plan_id[-8:]}" + (f"-{count}" if count else "")):
        count += 1
    os.rename(target, aside)
    return os.path.basename(aside)


def _finish_all(layout: Layout, record: Recorder | None) -> list[str]:
    """Roll every committed plan forward. Call under the lock of the journal."""
    done: list[str] = []
    for name in sorted(_names(layout)):
        plan_id, suffix = os.path.splitext(name)
        if suffix not in (_COMMITTED, _PLACED):
            continue
        try:
            entries, note = _decode(str(layout.journal / name))
            targets = [_target(layout, entry.path) for entry in entries]
        except (BadRecord, Refused) as error:
            os.rename(layout.journal / name, layout.journal / f"{name}.broken")
            done.append(f"the journal of plan {plain(plan_id)} can't be read and is put aside: {error}")
            continue
        if suffix == _COMMITTED:
            done.append(f"plan {plain(plan_id)} was interrupted and is finished now")
            done += _roll_forward(layout, plan_id, entries, targets, note)
        _record(layout, plan_id, note, record)
    return done


def _roll_forward(
    layout: Layout, plan_id: str, entries: Sequence[_Entry], targets: Sequence[str], note: Mapping[str, Any] | None
) -> list[str]:
    staged: list[str | None] = []
    try:
        for target in targets:
            make_folder(os.path.dirname(target))
        with _locks(targets):
            for entry, target in zip(entries, targets, strict=True):
                staged.append(None if entry.content is None else stage(target, entry.content))
            return _place(layout, plan_id, entries, targets, staged, note)
    except OSError as error:
        _discard(staged)
        raise failure(f"finish plan {plain(plan_id)}:", str(error.filename or ""), error) from error


def _record(layout: Layout, plan_id: str, note: Mapping[str, Any] | None, record: Recorder | None) -> None:
    if note is None or record is None:
        return
    record(plan_id, note)
    discard(_journal(layout, plan_id, _PLACED))
    sync_folder(str(layout.journal))


def _target(layout: Layout, path: str) -> str:
    """The absolute path of an edit; Refused when it leads out of the project, by `..` or by a symbolic link."""
    target = os.path.normpath(os.path.join(layout.root, path))
    folder = os.path.realpath(os.path.dirname(target))
    homes = [os.path.realpath(layout.root), os.path.realpath(layout.coord)]
    if not any(folder == home or folder.startswith(home + os.sep) for home in homes):
        raise Refused(f"{plain(path)} lies outside of the project", "a plan changes only files of its project")
    return os.path.join(folder, os.path.basename(target))


def _locks(targets: Iterable[str]) -> ExitStack:
    """The locks of all folders concerned, always taken in the same order."""
    with ExitStack() as stack:
        for folder in sorted({os.path.dirname(target) for target in targets}):
            stack.enter_context(Lock(folder))
        return stack.pop_all()


def _journal(layout: Layout, plan_id: str, suffix: str) -> str:
    if not plan_id.replace("-", "").isalnum() or not plan_id.isascii():
        raise Refused(f"`{plain(plan_id)}` is no id of a plan", "ids are letters, digits and hyphens")
    return str(layout.journal / (plan_id + suffix))


def _names(layout: Layout) -> list[str]:
    try:
        return os.listdir(layout.journal)
    except FileNotFoundError:
        return []


def _discard(staged: Iterable[str | None]) -> None:
    for temp in staged:
        if temp is not None:
            discard(temp)


def _encode(entries: Iterable[_Entry], note: Mapping[str, Any] | None) -> bytes:
    edits = [
        {
            "path": entry.path,
            "before": entry.before,
            "content": None if entry.content is None else base64.b64encode(entry.content).decode(),
        }
        for entry in entries
    ]
    return json.dumps({"edits": edits, "note": note}).encode()


def _decode(path: str) -> tuple[list[_Entry], Mapping[str, Any] | None]:
    values = read_json(path, limit=1 << 30) or {}
    try:
        entries = [
            _Entry(
                str(edit["path"]),
                edit["before"],
                None if edit["content"] is None else base64.b64decode(edit["content"], validate=True),
            )
            for edit in values["edits"]
        ]
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise BadRecord(f"it is not a journal: {error}") from None
    return entries, values.get("note")
