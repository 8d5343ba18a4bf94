"""Earlier milestones on disk: `milestones/ID.md`, as each was when the next one began, and `ID-handover.md`."""

import os
from collections.abc import Mapping

from coordinator.errors import CoordError
from coordinator.storage.documents import HANDOVER, LIMIT, is_milestone_id
from coordinator.storage.files import make_folder, read_limited, sha256, write_atomic
from coordinator.storage.paths import Layout, folder_within

_MOST = 1000
"""Files of the folder that are read."""


def earlier_milestones(layout: Layout) -> Mapping[str, bytes]:
    """Id → file, in the order of ids. What can't be read is left out."""
    found = ((name, _read(layout, name)) for name in earlier_names(layout))
    return {name: data for name, data in found if data is not None}


def earlier_names(layout: Layout) -> tuple[str, ...]:
    """Ids of milestones that have a file there, in their order."""
    return tuple(name for name in _names(layout) if is_milestone_id(name))


def read_handover(layout: Layout, name: str) -> str:
    """The hand-over page of a milestone, by its id; empty where there is none. Untrusted text."""
    return (_read(layout, _page(name)) or b"").decode("utf-8", "replace")


def handover_of(layout: Layout, name: str) -> str:
    """Where the hand-over page of a milestone is, relative to the root; empty where there is none."""
    try:
        path = folder_within(layout, layout.milestones) / f"{_page(name)}.md"
    except CoordError:
        return ""
    return layout.rel(layout.milestones / path.name) if path.is_file() and not path.is_symlink() else ""


def write_page(layout: Layout, name: str, text: str) -> str:
    """Write the hand-over page of a milestone, durable; the path, relative to the root. An equal one stays.

    Raises OSError and CoordError where it can't be written: Refused where its folder leads out of the project.
    """
    path = folder_within(layout, layout.milestones) / f"{_page(name)}.md"
    data = text.encode("utf-8", "replace")
    before = _read(layout, _page(name))
    if before != data:
        make_folder(str(path.parent))
        write_atomic(path, data, expect=None if before is None else sha256(before))
    return layout.rel(layout.milestones / path.name)


def _page(name: str) -> str:
    """What a milestone's page is called, also that of one without an id."""
    return f"{name if is_milestone_id(name) else 'milestone'}{HANDOVER}"


def _names(layout: Layout) -> list[str]:
    try:
        found = os.listdir(folder_within(layout, layout.milestones))
    except (OSError, CoordError):
        return []
    names = (name.removesuffix(".md") for name in found if name.endswith(".md"))
    return sorted(names, key=lambda name: (len(name), name))[:_MOST]


def _read(layout: Layout, name: str) -> bytes | None:
    try:
        return read_limited(folder_within(layout, layout.milestones) / f"{name}.md", LIMIT)
    except (OSError, CoordError):
        return None
