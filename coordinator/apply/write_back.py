"""What became of imported tasks, written into their tool's own files: only the bytes of a status change."""

import os

from coordinator.errors import CoordError, StalePlan
from coordinator.formats.imports.registry import form as form_named
from coordinator.model.problem import Problem
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.observe.task_files import read_tree
from coordinator.observe.trust import require_trust
from coordinator.services.write_back import Change, WriteBack, plan_write_back, wanted
from coordinator.storage.files import sha256, write_atomic
from coordinator.storage.paths import Layout
from coordinator.storage.task_places import last_written, note_written

_TRIES = 5
"""Versions of the files that may come while they are written."""


def look_back(layout: Layout, snapshot: Snapshot, place: str, form: str) -> WriteBack:
    """What would be written at a place, relative to the root. UsageError when there is nothing there."""
    return _planned(layout, snapshot, place, form)[0]


def write_back(layout: Layout, snapshot: Snapshot, place: str, form: str) -> WriteBack:
    """Write what has become of the prompts of a place's tasks; returns what was written, and what stays as it is.

    A file that somebody saves at the same time is planned for again. Refused in a project that nobody trusts;
    UsageError when there is nothing at the place.
    """
    require_trust(layout)
    done: list[Change] = []
    for turn in range(_TRIES):
        planned, versions = _planned(layout, snapshot, place, form)
        try:
            for path, content in planned.files.items():
                write_atomic(os.path.join(layout.root, path), content, expect=sha256(versions[path]))
                written = [change for change in planned.changes if change.path == path]
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


def _planned(layout: Layout, snapshot: Snapshot, place: str, form: str) -> tuple[WriteBack, dict[str, bytes]]:
    """What is to be written, and the versions of the files that it was planned for."""
    found = form_named(form)
    if not wanted(snapshot, form, place):
        return WriteBack(), {}
    tree, name = read_tree(layout.root, layout.root / place, found.may_be)
    return plan_write_back(snapshot, found, tree, name, last_written(layout)), dict(tree.files)
