"""The contract of a turn as the log has it: an agent that rewrites the file of it changes nothing about it."""

import shutil
from contextlib import suppress
from pathlib import Path

from coordinator.apply.steps import event_id
from coordinator.errors import CoordError
from coordinator.formats.digest import sha256
from coordinator.loop.context import Context
from coordinator.model.event import Draft, Event
from coordinator.model.step import Attempt
from coordinator.storage.reading import read_limited
from coordinator.storage.records import read_json, write_json
from coordinator.storage.turn_files import CONTRACT

_LIMIT = 1 << 20
_BEGAN = 500
"""Names of what was not committed that the log holds; with more it holds none, and all of it counts as the turn's."""
_TOLD = "stage.prepared"


def tell_contract(context: Context, attempt: Attempt) -> None:
    """Have the contract that was just written on the log, before the agent of its turn is started.

    A start that was cut off may have told one before: the last one counts.
    """
    directory = context.directory(attempt)
    digest = _digest(directory)
    last, free = _last(context, attempt)
    if last is not None and last.data.get("digest") == digest:
        return
    values = read_json(str(directory / CONTRACT)) or {}
    if len(values.get("began") or ()) > _BEGAN:
        values["began"] = []
    told = {"attempt": attempt.attempt, "agent": attempt.agent, "contract": values, "digest": digest}
    context.log_about(attempt, Draft(_TOLD, attempt.work.subject, told, free))


def is_changed(context: Context, attempt: Attempt) -> bool:
    """Whether the contract is another one than the log has, or gone."""
    last, _ = _last(context, attempt)
    return last is not None and last.data.get("digest") != _digest(context.directory(attempt))


def restore_contract(context: Context, attempt: Attempt) -> None:
    """Write it again as the log has it."""
    last, _ = _last(context, attempt)
    values = last.data.get("contract") if last is not None else None
    if not isinstance(values, dict):
        return
    place = context.directory(attempt) / CONTRACT
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    write_json(place, values)


def _last(context: Context, attempt: Attempt) -> tuple[Event | None, str]:
    """What the log was told last of it, and the id that is free for another one."""
    found: Event | None = None
    number = 1
    while True:
        key = event_id(attempt, _TOLD if number == 1 else f"{_TOLD}/{number}")
        event = context.log.get(key)
        if event is None:
            return found, key
        found = event
        number += 1


def _digest(directory: Path) -> str:
    with suppress(OSError, CoordError):
        return sha256(read_limited(directory / CONTRACT, _LIMIT))
    return ""
