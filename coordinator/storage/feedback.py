"""The findings of a project on disk: `feedback/NNN-slug.md`, one file each."""

import os

from coordinator.errors import CoordError, StalePlan
from coordinator.formats.feedback_text import file_name, number_of, read, render
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.feedback import Feedback
from coordinator.model.problem import Problem
from coordinator.model.text import plain
from coordinator.storage.files import make_folder, read_limited, write_atomic
from coordinator.storage.gc_pause import no_collection
from coordinator.storage.paths import Layout

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
    try:
        names = sorted(name for name in os.listdir(layout.feedback) if name.endswith(".md"))
    except OSError:
        return Findings((), (), 0)
    items: dict[int, Feedback] = {}
    problems: list[Problem] = []
    with no_collection(len(names)):
        for name in names:
            found = _read(layout, name)
            if isinstance(found, Feedback) and found.number in items:
                found = _twice(found, items[found.number])
            if isinstance(found, Problem):
                problems.append(found)
            else:
                items[found.number] = found
    highest = max(map(number_of, names), default=0)
    return Findings(tuple(items[number] for number in sorted(items)), tuple(problems), highest)


def _read(layout: Layout, name: str) -> Feedback | Problem:
    path, number = plain(f"{layout.rel(layout.feedback)}/{name}"), number_of(name)
    if not number:
        message = "it isn't called like a finding, and is not read"
        return Problem(path, 0, "bad-name", message, "call it 007-what-it-is.md", warning=True)
    try:
        return read(read_limited(layout.feedback / name, LIMIT), path, number)
    except (OSError, CoordError) as error:
        message = error.message if isinstance(error, CoordError) else (error.strerror or "unreadable").lower()
        return Problem(path, 0, "unreadable", message, "check the file and its permissions")


def _twice(found: Feedback, known: Feedback) -> Problem:
    message = f"{known.path} has the number {found.number} already"
    return Problem(found.path, 0, "duplicate-number", message, "give one of them a number that is free")


def add_finding(layout: Layout, item: Feedback, floor: int) -> Feedback:
    """Write a new finding with the next free number, which is returned with it; two writers at once get two.

    `floor`: the highest number that the log knows, also of files that are gone.
    """
    make_folder(str(layout.feedback))
    number = max(floor, read_findings(layout).highest) + 1
    for _ in range(_TRIES):
        named = replace(item, number=number)
        path = layout.feedback / file_name(number, item.title)
        data = render(named)
        try:
            write_atomic(path, data, expect=None)
        except StalePlan:
            number += 1
            continue
        return replace(named, path=layout.rel(path), document=data)
    raise CoordError("no number is free for another finding", "look into .coord/feedback")
