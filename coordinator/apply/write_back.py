"""What became of imported tasks, written into their tool's own files: only the bytes of a status change."""

import os

from coordinator.errors import CoordError, StalePlan, UsageError
from coordinator.formats.imports.registry import form as form_named
from coordinator.model.problem import Problem
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.observe.github_issues import close, comment
from coordinator.observe.task_files import read_tree
from coordinator.observe.trust import require_trust
from coordinator.services.write_back import Change, WriteBack, plan_online, plan_write_back, wanted, what_landed
from coordinator.storage.files import sha256, write_atomic
from coordinator.storage.paths import Layout
from coordinator.storage.task_places import is_online, last_written, note_written

_TRIES = 5
"""Versions of the files that may come while they are written."""


def look_back(layout: Layout, snapshot: Snapshot, place: str, form: str) -> WriteBack:
    """What would be written at a place, relative to the root. UsageError when there is nothing there."""
    if is_online(place):
        return plan_online(snapshot, place, last_written(layout))
    return _planned(layout, snapshot, place, form)[0]


def write_back(layout: Layout, snapshot: Snapshot, place: str, form: str) -> WriteBack:
    """Write what has become of the prompts of a place's tasks; returns what was written, and what stays as it is.

    A file that somebody saves at the same time is planned for again. Refused in a project that nobody trusts;
    UsageError when there is nothing at the place.
    """
    require_trust(layout)
    if is_online(place):
        return _tell_forge(layout, look_back(layout, snapshot, place, form), place, form, snapshot)
    done: list[Change] = []
    for turn in range(_TRIES):
        planned, versions = _planned(layout, snapshot, place, form)
        try:
            for path, content in planned.files.items():
                write_atomic(os.path.join(layout.root, path), content, expect=sha256(versions[path]))
                written = [change for change in planned.changes if (change.file or change.path) == path]
                note_written(layout, {change.source: change.status.value for change in written})
                done += written
        except CoordError as error:
            if isinstance(error, StalePlan) and turn < _TRIES - 1:
                continue
            code = "status-conflict" if isinstance(error, StalePlan) else "unwritable"
            problem = Problem(plain(place), 0, code, error.message, error.remedy)
            return WriteBack(tuple(done), {}, (*planned.problems, problem))
        break
    return WriteBack(tuple(done), planned.files, planned.problems)


def _tell_forge(layout: Layout, planned: WriteBack, place: str, how: str, snapshot: Snapshot) -> WriteBack:
    """Comment on the issues of merged prompts, each once, and close them where that was asked for."""
    done: list[Change] = []
    problems = list(planned.problems)
    for change in planned.changes:
        number = int(change.source.rpartition("#")[2])
        try:
            comment(layout.root, place, number, what_landed(snapshot, change.number))
            note_written(layout, {change.source: change.status.value})
            if how == "close":
                close(layout.root, place, number)
        except CoordError as error:
            problems.append(Problem(plain(place), 0, "unwritable", error.message, error.remedy, (change.number,)))
            continue
        done.append(change)
    return WriteBack(tuple(done), {}, tuple(problems))


def _planned(layout: Layout, snapshot: Snapshot, place: str, form: str) -> tuple[WriteBack, dict[str, bytes]]:
    """What is to be written, and the versions of the files that it was planned for."""
    found = form_named(form)
    if not wanted(snapshot, form, place):
        return WriteBack(), {}
    tree, name = read_tree(layout.root, layout.root / place, found.may_be)
    if name != os.path.normpath(place):
        raise UsageError(
            f"{plain(place)} is a link by now, to {plain(name)}", "nothing is written there: name that itself"
        )
    return plan_write_back(snapshot, found, tree, name, last_written(layout)), dict(tree.files)
