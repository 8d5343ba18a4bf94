"""The findings of a project on disk: `feedback/NNN-slug.md`, one file each."""

import os
import time
from _thread import allocate_lock  # `threading` takes longer to load than a short command has
from collections.abc import Mapping

from coordinator.errors import CoordError, StalePlan
from coordinator.formats.feedback_text import file_name, number_of, read, render
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.feedback import Feedback
from coordinator.model.problem import Problem
from coordinator.model.text import plain
from coordinator.storage.files import FileKey, file_key, is_settled, make_folder, read_limited, write_atomic
from coordinator.storage.gc_pause import no_collection
from coordinator.storage.paths import Layout, folder_within

LIMIT = 256 * 1024
"""Bytes of a finding."""
_TRIES = 50


class Findings(NamedTuple):
    """What there is."""

    items: tuple[Feedback, ...]
    """By number; of two files with one number the first by name."""
    problems: tuple[Problem, ...]
    highest: int
    """The highest number that a file has, readable or not; 0 for none."""


def read_findings(layout: Layout) -> Findings:
    """Every finding, and what is wrong with the files that can't be read as one."""
    return FindingReader(layout).read()


class FindingReader:
    """Reads the findings of a project and keeps them, so that the next look reads only what changed. For any thread."""

    def __init__(self, layout: Layout) -> None:
        # Once: a path costs as much as reading a file.
        self._folder, self._shown = str(layout.feedback), layout.rel(layout.feedback)
        self._entries: dict[str, _Entry] = {}
        self._found = Findings((), (), 0)
        self._one_at_a_time = allocate_lock()

    def read(self) -> Findings:
        """What there is now; the very same while nothing is new."""
        with self._one_at_a_time:
            start = time.time_ns()
            try:
                names = self._names()
            except OSError as error:
                return Findings((), (self._unreadable(error),), 0)
            todo = [name for name, key in names.items() if key is None or self._key_of(name) != key]
            if todo or names.keys() != self._entries.keys():
                entries = {name: known for name, known in self._entries.items() if name in names}
                with no_collection(len(todo)):
                    entries |= {name: self._take(name, names[name], start) for name in todo}
                # Both at once: a read that is broken off leaves what was known as it was.
                self._found, self._entries = _together(entries), entries
            return self._found

    def _names(self) -> dict[str, FileKey | None]:
        """Each file with what tells its present version from others; None where that can't be told.

        Raises OSError where there is a folder that can't be read.
        """
        try:
            with os.scandir(self._folder) as entries:
                return {entry.name: _listed(entry) for entry in entries if entry.name.endswith(".md")}
        except FileNotFoundError:
            return {}

    def _unreadable(self, error: OSError) -> Problem:
        message = (error.strerror or "unreadable").lower()
        return Problem(plain(self._shown), 0, "unreadable", message, "check the folder's permissions")

    def _key_of(self, name: str) -> FileKey | None:
        known = self._entries.get(name)
        return known.key if known is not None else None

    def _take(self, name: str, key: FileKey | None, start: int) -> "_Entry":
        """Read a file that was as `key` says after `start`, in nanoseconds."""
        path, number = plain(f"{self._shown}/{name}"), number_of(name)
        if not number:
            message = "it isn't called like a finding, and is not read"
            return _Entry(key, Problem(path, 0, "bad-name", message, "call it 007-what-it-is.md", warning=True))
        try:
            found = read(read_limited(f"{self._folder}/{name}", LIMIT), path, number)
        except (OSError, CoordError) as error:
            message = error.message if isinstance(error, CoordError) else (error.strerror or "unreadable").lower()
            # Without a key: what keeps a file from being read may pass without changing the file.
            return _Entry(None, Problem(path, 0, "unreadable", message, "check the file and its permissions"))
        settled = key is not None and is_settled(key.newest, start)
        return _Entry(key if settled else None, found)


class _Entry(NamedTuple):
    key: FileKey | None
    """None: to be read again at the next look."""
    result: Feedback | Problem


def _listed(entry: os.DirEntry[str]) -> FileKey | None:
    try:
        return file_key(entry.stat(follow_symlinks=False))
    except OSError:
        return None


def _together(entries: Mapping[str, _Entry]) -> Findings:
    items: dict[int, Feedback] = {}
    problems: list[Problem] = []
    for name in sorted(entries):
        found = entries[name].result
        if isinstance(found, Feedback) and found.number in items:
            found = _twice(found, items[found.number])
        if isinstance(found, Problem):
            problems.append(found)
        else:
            items[found.number] = found
    highest = max(map(number_of, entries), default=0)
    return Findings(tuple(items[number] for number in sorted(items)), tuple(problems), highest)


def _twice(found: Feedback, known: Feedback) -> Problem:
    message = f"{known.path} has the number {found.number} already"
    return Problem(found.path, 0, "duplicate-number", message, "give one of them a number that is free")


def add_finding(layout: Layout, item: Feedback, floor: int) -> Feedback:
    """Write a new finding with the next free number, which is returned with it; two writers at once get two.

    `floor`: the highest number that the log knows, also of files that are gone. Refused where their folder leads out
    of the project.
    """
    folder = folder_within(layout, layout.feedback)
    make_folder(str(folder))
    number = max(floor, read_findings(layout).highest) + 1
    for _ in range(_TRIES):
        named = replace(item, number=number)
        path = folder / file_name(number, item.title)
        data = render(named)
        try:
            write_atomic(path, data, expect=None)
        except StalePlan:
            number += 1
            continue
        return replace(named, path=layout.rel(layout.feedback / path.name), document=data)
    raise CoordError("no number is free for another finding", "look into .coord/feedback")
