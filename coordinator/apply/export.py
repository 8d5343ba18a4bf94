"""Telling other tools' own files what became of work that went on here; or a copy of these files, elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path

from coordinator.apply.humans import humans_only
from coordinator.apply.write_back import look_back, write_back
from coordinator.errors import CoordError, Refused, StalePlan, UsageError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.event import Event
from coordinator.model.problem import Problem
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.observe.foreign_runs import read_beside, read_file, walk
from coordinator.observe.trust import require_trust
from coordinator.services.export import KINDS, Export, Exported, PlotFile, events_of, linked, plan_plot
from coordinator.services.importing import imported_prompts
from coordinator.storage.files import make_folder, sha256, write_atomic
from coordinator.storage.paths import Layout
from coordinator.storage.reading import read_limited

_PAGE = 5_000
_TRIES = 5
"""Versions of the files that may come while they are written."""
_FILE_LIMIT = 64 * 1024 * 1024
"""Bytes of a file that is copied."""
PLACES = (".runs", ".agents", ".plot", ".planning")
"""What is copied: where other tools keep their runs. What is read beside them is copied, too."""


def look_export(layout: Layout, snapshot: Snapshot) -> Exported:
    """What would be written in the project itself."""
    tasks = tuple(look_back(layout, snapshot, ".", form) for form in _forms(snapshot))
    return Exported(_plots(layout), tasks)


def write_export(layout: Layout, snapshot: Snapshot) -> Exported:
    """Write it. What somebody saves at the same time is planned for again.

    Refused for an agent, and in a project that nobody trusts.
    """
    humans_only(layout, "export")
    require_trust(layout)
    tasks = tuple(write_back(layout, snapshot, ".", form) for form in _forms(snapshot))
    for turn in range(_TRIES):
        planned, failed = _plots(layout), list[Problem]()
        for path, content in planned.files.items():  # events, then the object: what was told is known by them
            before = planned.versions.get(path)
            try:
                write_atomic(layout.root / path, content, expect=None if before is None else sha256(before))
            except StalePlan as error:
                failed.append(_unwritable(path, error))
                break
            except CoordError as error:
                return Exported(replace(planned, problems=(*planned.problems, _unwritable(path, error))), tasks)
        if not failed or turn == _TRIES - 1:
            break
    return Exported(replace(planned, problems=(*planned.problems, *failed)), tasks)


def _unwritable(path: str, error: CoordError) -> Problem:
    return Problem(plain(path), 0, "unwritable", error.message, error.remedy)


def copy_export(layout: Layout, snapshot: Snapshot, to: Path) -> Exported:
    """Write a copy of all that other tools left, with what is new, to a folder that is empty or not there yet.

    Bytes that nothing is new of are those that lie there. Refused for an agent; UsageError for a folder that has files,
    or lies in what is copied.
    """
    humans_only(layout, "export")
    target = _empty(layout, to)
    planned = look_export(layout, snapshot)
    new = {path: data for one in planned.tasks for path, data in one.files.items()} | dict(planned.export.files)
    problems: list[Problem] = []
    copied: list[str] = []
    for path in dict.fromkeys((*_all(layout, problems), *new)):
        try:
            data = new[path] if path in new else read_limited(layout.root / path, _FILE_LIMIT)
            make_folder(str((target / path).parent))
            write_atomic(target / path, data, expect=None, mode=os.stat(layout.root / path).st_mode & 0o777)
        except CoordError as error:
            problems.append(Problem(plain(path), 0, "unreadable", error.message, error.remedy))
        except OSError as error:
            why = f"{path}: {(error.strerror or 'unreadable').lower()}"
            problems.append(Problem(plain(path), 0, "unreadable", plain(why), "it was left out"))
        else:
            copied.append(path)
    export = replace(planned.export, problems=(*planned.export.problems, *problems))
    return Exported(export, planned.tasks, tuple(copied))


def _forms(snapshot: Snapshot) -> list[str]:
    """Formats of files that prompts came from."""
    from coordinator.formats.imports.registry import names

    return [name for name in names() if name != "github" and imported_prompts(snapshot.prompts.values(), name)]


def _plots(layout: Layout) -> Export:
    """What is new of every plot that a milestone is attached to."""
    files: dict[str, bytes] = {}
    versions: dict[str, bytes | None] = {}
    told: list[str] = []
    problems: list[Problem] = []
    with EventLog.open(layout.events_db, missing_ok=True) as log:
        found = linked(tuple(_every(log)))
    for path, events in found.items():
        data = read_file(str(layout.root), path, problems)
        if data is None:
            message = f"{path} is attached to a milestone, and is not there"
            problems.append(
                Problem(plain(path), 0, "no-plot", plain(message), "nothing is written there", warning=True)
            )
            continue
        log_of = read_file(str(layout.root), events_of(path), problems)
        if log_of is None and os.path.lexists(layout.root / events_of(path)):
            continue  # it can't be read, which is told
        made = plan_plot(PlotFile(path, data, log_of), events)
        files |= made.files
        versions |= made.versions
        told += made.told
        problems += made.problems
    return Export(files, tuple(told), tuple(problems), versions)


def _every(log: EventLog) -> Iterator[Event]:
    seq = 0
    while page := log.since(seq, _PAGE, Filter(kinds=KINDS)):
        yield from page
        seq = page[-1].seq


def _all(layout: Layout, problems: list[Problem]) -> Iterator[str]:
    """Every regular file of other tools, relative to the project's root."""
    for place in PLACES:
        yield from walk(str(layout.root), place, problems)
    yield from read_beside(layout.root)


def _empty(layout: Layout, to: Path) -> Path:
    """The folder of a copy. UsageError where it has files, or lies in the project's own folders."""
    target = Path(os.path.realpath(to))
    if os.path.lexists(target) and (not target.is_dir() or any(os.scandir(target))):
        raise UsageError(f"{plain(str(to))} is no empty folder", "name one that is empty, or is not there yet")
    inside = [place for place in (*PLACES, ".coord") if _is_below(target, layout.root / place)]
    if inside:
        raise Refused(f"{plain(str(to))} lies in {inside[0]}, which is copied", "name a folder elsewhere")
    return target


def _is_below(path: Path, folder: Path) -> bool:
    real = Path(os.path.realpath(folder))
    return path == real or real in path.parents
