"""What waited for a human up to some event, kept in a file beside the log: few look at all of a long log for a figure.

The file is a cache, and nothing but figures comes from it: it may go at any time, and any doubt about it means to read
the log. Its name is one of those that are ignored, and that nobody is told of.
"""

import json
import math
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from coordinator.eventlog.store import EventLog
from coordinator.lazy.typing import Any
from coordinator.model.snapshot import Span
from coordinator.model.work_times import KINDS, Waiting
from coordinator.safefiles.regular import read_part, replace_file

NAME = ".coord-status.json.waits"
_FORMAT = 1
_LIMIT = 1 << 26
"""Bytes."""


def kept(log: EventLog, birth: str) -> tuple[int, Waiting]:
    """The number of an event, and what waited up to that; 0 and nothing where that is not known of this log.

    `birth`: id of the log's first event.
    """
    try:
        told = json.loads(read_part(_path(log), _LIMIT, follow=False))
        seq, digest = told["seq"], told["hash"]
        if (told["format"], told["birth"]) != (_FORMAT, birth) or type(seq) is not int:
            return 0, Waiting()
        event = log.get(seq)
        if event is None or event.hash != digest:
            return 0, Waiting()
        closed = [_span(row) for row in told["closed"]]
        return seq, Waiting({str(key): _span(row) for key, row in told["open"].items()}, closed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return 0, Waiting()


def keep(log: EventLog, birth: str, seq: int, waiting: Waiting) -> None:
    """Keep what waited up to an event for the next one who looks; failing to is no failure."""
    event = log.get(seq)
    if event is None:
        return
    state = {
        "format": _FORMAT,
        "birth": birth,
        "seq": seq,
        "hash": event.hash,
        "open": waiting.open,
        "closed": waiting.closed,
    }
    with suppress(OSError, ValueError):
        replace_file(_path(log), json.dumps(state, allow_nan=False, separators=(",", ":")).encode(), 0o600)


def _path(log: EventLog) -> Path:
    return log.path.with_name(NAME)


def _span(row: Iterable[Any]) -> Span:
    """ValueError or TypeError for what is none."""
    kind, start, end, prompt = row
    if kind not in KINDS or not math.isfinite(start) or not (end is None or math.isfinite(end)):
        raise ValueError(kind)
    if not (prompt is None or type(prompt) is int):
        raise TypeError(prompt)
    return Span(kind, start, end, prompt)
