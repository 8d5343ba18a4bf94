"""Prompt numbers are append-only: each is claimed once, for ever, also when its file is deleted later."""

import os
from collections.abc import Sequence
from contextlib import suppress

from coordinator.errors import CoordError
from coordinator.formats.prompt_schema import number_in_name
from coordinator.storage.files import Lock, failure, make_folder, put, read_limited
from coordinator.storage.paths import Layout


def claim_number(layout: Layout, floor: int, folders: Sequence[str] = (), *, count: int = 1) -> int:
    """Claim the next prompt number, or the first of `count`, durably; as many processes at once as like get others.

    `floor`: the highest number that the event log and the read prompts know. File names and earlier claims count by
    themselves, so that neither a deleted file nor a lost counter ever brings a number back.
    """
    try:
        make_folder(str(layout.coord))
        with Lock(layout.coord):
            number = max(floor, highest_claimed(layout), highest_named(layout, folders)) + 1
            put(str(layout.counter), f"{number + count - 1}\n".encode())
            return number
    except OSError as error:
        raise failure("write", str(layout.counter), error) from error


def keep_highest(layout: Layout, folders: Sequence[str] = ()) -> None:
    """Remember the highest number that a file has, as it is deleted later perhaps. Writes only what is new."""
    if highest_named(layout, folders) <= highest_claimed(layout):
        return
    try:
        with Lock(layout.coord):
            number = max(highest_claimed(layout), highest_named(layout, folders))
            put(str(layout.counter), f"{number}\n".encode())
    except OSError as error:
        raise failure("write", str(layout.counter), error) from error


def highest_named(layout: Layout, folders: Sequence[str] = ()) -> int:
    """The highest number that a file name starts with, in our prompts folder and these; 0 when there is none."""
    names: list[str] = []
    for folder in (layout.prompts, *(layout.root / folder for folder in folders)):
        with suppress(OSError):
            names += os.listdir(folder)
    return max((number_in_name(name) or 0 for name in names), default=0)


def highest_claimed(layout: Layout) -> int:
    """The highest number that was ever claimed here; 0 when none was, or nobody can read it: the log knows it too."""
    try:
        digits = read_limited(layout.counter, 64).strip()
    except (CoordError, OSError):
        return 0
    return int(digits) if digits.isdigit() else 0
