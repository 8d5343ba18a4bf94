"""A plan of several files, applied whole or not at all: also when the process is killed at any moment.

The new versions are written beside their targets first, then one journal file that holds the whole plan. That file is
the commit: before it nothing was changed; after it everything will be, if need be by the next one who looks. A file
that somebody changed after the commit keeps that change: the plan is merged into it by value, and what it comes to is
written into the journal before anything else is.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress

from coordinator.errors import CoordError, Refused, StalePlan
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.lazy.typing import Any
from coordinator.model.plan import FileEdit
from coordinator.model.text import plain
from coordinator.storage.files import (
    Lock,
    NotAFile,
    digest_of,
    discard,
    failure,
    install,
    make_folder,
    put,
    stage,
    stage_all,
    sweep_stale_temps,
    sync_folder,
    take_away,
)
from coordinator.storage.journal_entries import Entry, decode, digest, encode, merged_with, present_at, sentences
from coordinator.storage.kept_aside import move_aside
from coordinator.storage.paths import Layout, places_within
from coordinator.storage.records import BadRecord

Recorder = Callable[[str, Mapping[str, Any]], None]
"""Called with the plan's id and its note once the files are in place; may be called again after a crash."""

_BUSY = "a plan is being applied by another process"
_PATIENCE = 0.25
"""Seconds in which somebody else's merge may let go of the attempt that a plan is about."""
_COMMITTED = ".json"
_PLACED = ".placed"
"""The files are in place, the note is not recorded yet."""
_TRIES = 8
_MANY = 64
"""From how many files on several of a plan's are written at once."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A file that somebody changed after a plan was committed, and what the plan made of that version."""

    path: str
    before: bytes | None
    after: bytes | None
    """None: there is no file."""
    lost: str = ""
    """Why something of the plan is not in it, as the end of a sentence; empty when all of it is."""


Telling = Callable[[str, Sequence[Merged]], None]
"""Called with a plan's id and its merged files before its note is recorded; may be called again after a crash."""


class Busy(CoordError):
    """A living process holds what is needed to finish a plan."""


def apply_edits(
    layout: Layout,
    plan_id: str,
    edits: Sequence[FileEdit],
    *,
    note: Mapping[str, Any] | None = None,
    reads: Mapping[str, str | None] | None = None,
    record: Recorder | None = None,
    telling: Telling | None = None,
) -> list[str]:
    """Apply all edits or none; return a sentence for each file that somebody changed at this very moment.

    `reads` are further files, with the digests of the versions that the edits rest on; None: there is no such file.

    `record` is called with `note` (any JSON) when the files are in place; if the process is killed before it returns,
    `recover` makes up for it. Raises StalePlan when a file is no longer the version that was planned for, Refused for a
    path outside of the project, CoordError for what the system refuses: nothing is changed then. Only a failure after
    the commit, and its message says so, leaves the plan to be finished by `recover`.
    """
    entries = [Entry(e.path, e.before, None if e.change == "delete" else e.content) for e in edits]
    targets = places_within(layout, [entry.path for entry in entries])
    if len(set(targets)) < len(targets):
        raise Refused("the plan edits a file twice", "make one edit of the two")
    try:
        make_folder(str(layout.journal))
        for folder in _folders(targets):
            make_folder(folder)
    except OSError as error:
        raise failure("make a folder for", plain(error.filename or ""), error) from error
    with Lock(layout.journal):
        _finish_all(layout, record, telling)
        with _locks(targets):
            _check_reads(layout, reads or {})
            placed = _commit_and_place(layout, plan_id, entries, targets, note)
        _record(layout, plan_id, placed, note, record, telling)
    return sentences(placed)


def pending(layout: Layout) -> bool:
    """A plan was committed and not finished; `recover` finishes it. Costs one look at an empty folder."""
    return any(name.endswith((_COMMITTED, _PLACED)) for name in _names(layout))


@contextmanager
def at_rest(layout: Layout) -> Iterator[bool]:
    """Keep plans from being applied meanwhile; False where one is under way, or waits to be finished."""
    try:
        make_folder(str(layout.journal))
    except OSError as error:
        raise failure("make", str(layout.journal), error) from error
    lock = Lock(layout.journal)
    if not lock.acquire(wait=False):
        yield False
        return
    try:
        yield not pending(layout)
    finally:
        lock.release()


def recover(
    layout: Layout, record: Recorder | None = None, telling: Telling | None = None, *, patience: float | None = None
) -> list[str]:
    """Finish what killed processes left: committed plans roll forward, all else is swept away.

    Returns a sentence for each thing done, for people. Safe beside live writers and other calls, and may be repeated.
    Notes are kept until a call has a `record`. Raises Busy where a live writer does not end within `patience` seconds
    (None: however long it takes), CoordError for what the system refuses.
    """
    done: list[str] = []
    if _names(layout):
        lock = Lock(layout.journal)
        if not lock.acquire(wait=patience is None, patience=patience or 0):
            raise Busy(_BUSY, "wait a moment; if it hangs, end it, and whoever looks next finishes the plan")
        try:
            done = _finish_all(layout, record, telling)
        finally:
            lock.release()
    for folder in (layout.coord, layout.prompts, layout.journal):
        sweep_stale_temps(folder)
    return done


def _commit_and_place(
    layout: Layout, plan_id: str, entries: Sequence[Entry], targets: Sequence[str], note: Mapping[str, Any] | None
) -> list[Entry]:
    journal = _journal(layout, plan_id, _COMMITTED)
    staged: list[str | None] = []
    try:
        whole = _checked(entries, targets)
        _stage_all(whole, targets, staged)
        put(journal, encode(whole, note))
    except OSError as error:
        _discard(staged)
        discard(journal)
        raise failure("apply the plan:", str(error.filename or journal), error) from error
    except BaseException:
        _discard(staged)
        raise
    try:
        return _place(layout, plan_id, whole, targets, staged, note)
    except OSError as error:
        raise CoordError(
            f"the plan is committed but not finished: {plain(str(error))}", "the next coord command will finish it"
        ) from error


def _stage_all(entries: Sequence[Entry], targets: Sequence[str], staged: list[str | None]) -> None:
    """Write all new versions beside their targets, durable; `staged` has those that were also where one fails."""
    pairs = [(target, entry.content) for entry, target in zip(entries, targets, strict=True)]
    if len(pairs) < _MANY:
        for target, content in pairs:
            staged.append(None if content is None else stage(target, content))
        return
    made = stage_all([(target, content) for target, content in pairs if content is not None])
    failed: BaseException | None = None
    for _, content in pairs:
        temp = None if content is None else next(made)
        failed = temp if isinstance(temp, BaseException) else failed
        staged.append(temp if isinstance(temp, str) else None)
    if failed is not None:
        raise failed


def _check_reads(layout: Layout, reads: Mapping[str, str | None]) -> None:
    stale = [plain(path) for path, digest in reads.items() if digest_of(os.path.join(layout.root, path)) != digest]
    if stale:
        raise _stale(stale)


def _stale(paths: Iterable[str]) -> StalePlan:
    return StalePlan(f"changed since the plan was made: {', '.join(paths)}", "nothing was written; plan again")


def _checked(entries: Sequence[Entry], targets: Sequence[str]) -> list[Entry]:
    """The entries with the versions that they replace; StalePlan where those are others than planned for."""
    whole, stale = [], []
    for entry, target in zip(entries, targets, strict=True):
        base = present_at(target)
        whole.append(replace(entry, base=base))
        if digest(base) != entry.before:
            stale.append(entry.path)
    if stale:
        raise _stale(map(plain, stale))
    return whole


def _place(
    layout: Layout,
    plan_id: str,
    entries: Sequence[Entry],
    targets: Sequence[str],
    staged: list[str | None],
    note: Mapping[str, Any] | None,
) -> list[Entry]:
    """Put every file in its place, then end the journal, or leave its note to be recorded; what was placed."""
    entries = list(entries)
    try:
        for _ in range(_TRIES):
            _merge_changed(layout, plan_id, entries, targets, staged, note)
            with suppress(StalePlan):  # an editor saved at this very moment
                for entry, target, temp in zip(entries, targets, staged, strict=True):
                    _place_one(entry, target, temp)
                break
        else:
            raise OSError(f"{', '.join(entry.path for entry in entries)} keep changing")
    finally:
        _discard(staged)
    for folder in _folders(targets):
        sync_folder(folder)
    journal = _journal(layout, plan_id, _COMMITTED)
    if note is None:
        os.unlink(journal)
    else:
        os.rename(journal, _journal(layout, plan_id, _PLACED))
    sync_folder(str(layout.journal))
    return entries


def _merge_changed(
    layout: Layout,
    plan_id: str,
    entries: list[Entry],
    targets: Sequence[str],
    staged: list[str | None],
    note: Mapping[str, Any] | None,
) -> None:
    """Change the entries of files that are neither as planned for nor as planned; the journal says so first."""
    changed = False
    for place, (entry, target) in enumerate(zip(entries, targets, strict=True)):
        try:
            present = present_at(target)
        except NotAFile:  # nothing can be merged into it
            aside = move_aside(target, plan_id)
            lost = f"what stood there was no file, and is {aside}"
            entries[place] = replace(entry, before=None, base=None, merged=True, lost=lost)
            changed = True
            continue
        if digest(present) in (entry.before, digest(entry.content)):
            continue
        entries[place] = made = merged_with(entry, target, present, plan_id)
        temp = staged[place]
        if temp is not None:
            discard(temp)
        staged[place] = None if made.content is None or made.content == present else stage(target, made.content)
        changed = True
    if changed:
        put(_journal(layout, plan_id, _COMMITTED), encode(entries, note))


def _place_one(entry: Entry, target: str, temp: str | None) -> None:
    """Bring one file to its new version; StalePlan when it is none of the two that it may be."""
    if digest_of(target) == digest(entry.content):
        return
    if entry.content is None:
        take_away(target, entry.before or "")
        return
    if temp is None or not os.path.lexists(temp):
        temp = stage(target, entry.content)
    try:
        install(temp, target, entry.before)
    finally:
        discard(temp)


def _finish_all(layout: Layout, record: Recorder | None, telling: Telling | None) -> list[str]:
    """Roll every committed plan forward. Call under the lock of the journal."""
    done: list[str] = []
    for name in sorted(_names(layout)):
        plan_id, suffix = os.path.splitext(name)
        if suffix not in (_COMMITTED, _PLACED):
            continue
        try:
            entries, note = decode(str(layout.journal / name))
            targets = places_within(layout, [entry.path for entry in entries])
        except (BadRecord, Refused) as error:
            done.append(_put_aside(layout, name, error))
            continue
        if suffix == _COMMITTED:
            done.append(f"plan {plain(plan_id)} was interrupted and is finished now")
            entries = _roll_forward(layout, plan_id, entries, targets, note)
            done += sentences(entries)
        try:
            _record(layout, plan_id, entries, note, record, telling)
        except BadRecord as error:
            done.append(_put_aside(layout, f"{plan_id}{_PLACED}", error))
    return done


def _put_aside(layout: Layout, name: str, error: Exception) -> str:
    os.rename(layout.journal / name, layout.journal / f"{name}.broken")
    return f"the journal of plan {plain(name.partition('.')[0])} can't be read and is put aside: {error}"


def _roll_forward(
    layout: Layout, plan_id: str, entries: Sequence[Entry], targets: Sequence[str], note: Mapping[str, Any] | None
) -> list[Entry]:
    try:
        for folder in _folders(targets):
            make_folder(folder)
        with _attempts(targets), _locks(targets):
            return _place(layout, plan_id, entries, targets, [None] * len(entries), note)
    except OSError as error:
        raise failure(f"finish plan {plain(plan_id)}:", str(error.filename or ""), error) from error


@contextmanager
def _attempts(targets: Iterable[str]) -> Iterator[None]:
    """Keep others from changing the attempts whose `step.json` a plan changes; Busy where that can't be had now."""
    with ExitStack() as stack:
        steps = {os.path.dirname(os.path.dirname(target)) for target in targets if target.endswith("/step.json")}
        for folder in sorted(steps):
            lock = Lock(folder)
            if not lock.acquire(wait=False, patience=_PATIENCE):
                raise Busy(_BUSY, "wait until its change is merged or its agent has ended")
            stack.callback(lock.release)
        yield


def _record(
    layout: Layout,
    plan_id: str,
    entries: Iterable[Entry],
    note: Mapping[str, Any] | None,
    record: Recorder | None,
    telling: Telling | None,
) -> None:
    if note is None or record is None:
        return
    merged = [Merged(entry.path, entry.base, entry.content, entry.lost) for entry in entries if entry.merged]
    if merged and telling is not None:
        telling(plan_id, merged)
    record(plan_id, note)
    discard(_journal(layout, plan_id, _PLACED))
    sync_folder(str(layout.journal))


def _folders(targets: Iterable[str]) -> list[str]:
    """The folders of files, each once, always in the same order."""
    return sorted({os.path.dirname(target) for target in targets})


def _locks(targets: Iterable[str]) -> ExitStack:
    """The locks of all folders concerned, always taken in the same order."""
    with ExitStack() as stack:
        for folder in _folders(targets):
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
