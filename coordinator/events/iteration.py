"""Which iteration a run is in, as the run's own record beside the log says."""

import json
from pathlib import Path

from coordinator.regular import read_part

_LIMIT = 64 * 1024
_FIRST = 1


def iteration_of(database: Path, run: str) -> int:
    """The iteration that events of a run belong to now: the first where its record tells of none."""
    try:
        record = json.loads(read_part(database.parent / "runs" / run / "run.json", _LIMIT))
        found = record.get("iteration", _FIRST)
    except (OSError, ValueError, AttributeError, RecursionError):
        return _FIRST
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 1 << 31 else _FIRST
